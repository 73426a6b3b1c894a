//! User operations: one budget with the direct route, numbers of their own, and nothing signed that was not judged.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use alloy_primitives::{Address, Bytes, Signature, U256};
use common::{BACKEND, Bench, Held, PAYS, SHOP, START, chain, pay};
use hallpass_policy::{Batch, Call, Draft, EntryPoint, Fill, Paymaster, Spent, UserOp, UserOpGas, text};
use hallpass_session::{ChainView, Counter, EntryKey, Lane, Route};
use hallpass_signer::{Answer, Signed, Wanted, WantedUserOp};
use std::sync::Arc;

const PAYMASTER: Address = Address::repeat_byte(0x70);

/// A session that may pay 100 in all, over every route, with its EntryPoints' counters at 0.
async fn session(bench: &Bench) -> Held {
    let record = bench.vault.create_session_key([9; 16], &*bench.rng).unwrap();
    let source = format!(
        "chain = \"eip155:5\"\naccount = \"{}\"\nbackend = \"{BACKEND}\"\nepoch = 0\nkey = \"{}\"\n\
         salt = \"0x{:032x}\"\nender = \"{}\"\nfrom = {START}\nuntil = {}\n\
         [relay]\nroutes = [\"direct\", \"entrypoint-0.7\", \"entrypoint-0.8\"]\nrelayer = \"any\"\n\
         paymasters = [\"{PAYMASTER}\"]\n[gas]\nper_op = 100\nfee_per_op = 600\nfee_cap = 1000\n{PAYS}",
        Address::repeat_byte(0xac),
        record.address().unwrap(),
        9,
        Address::repeat_byte(0xed),
        START + 86_400,
    );
    let draft: Draft = text::parse(&source).unwrap();
    let held = bench.add(9, &Arc::new(draft.complete(&Fill::default()).unwrap()), &record).await;
    seen(&held, |view| {
        for entry_point in EntryPoint::ALL {
            for lane in 0..Lane::COUNT {
                let key = EntryKey::new(entry_point, held.grant.id(), Lane::new(lane).unwrap());
                view.head_counters.insert(key, 0);
                view.settled_counters.insert(key, 0);
            }
        }
    })
}

/// The same session with another view of the chain.
fn seen(held: &Held, change: impl FnOnce(&mut ChainView)) -> Held {
    let mut view = ChainView::clone(&held.view);
    change(&mut view);
    Held { view: Arc::new(view), ..held.clone() }
}

fn key(held: &Held, lane: u8) -> EntryKey {
    EntryKey::new(EntryPoint::V08, held.grant.id(), Lane::new(lane).unwrap())
}

/// A payment that costs no gas to speak of: 30 units at a wei.
fn op(amount: u64) -> WantedUserOp {
    let call = Call { to: SHOP, value: U256::from(amount), data: Bytes::new() };
    WantedUserOp {
        batch: Batch { chain: chain(), calls: vec![call] },
        entry_point: EntryPoint::V08,
        lane: Lane::default(),
        sequence: None,
        gas: UserOpGas { call: 10, verification: 10, pre_verification: 10, max_fee: 1, max_priority_fee: 1 },
        paymaster: None,
    }
}

fn wanted(op: WantedUserOp) -> Wanted {
    Wanted::UserOp(Box::new(op))
}

fn lane(lane: u8, op: WantedUserOp) -> Wanted {
    wanted(WantedUserOp { lane: Lane::new(lane).unwrap(), ..op })
}

#[tokio::test]
async fn the_key_signs_the_hash_of_what_was_judged_and_a_retry_is_the_same_operation() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    for (name, entry_point) in [("a", EntryPoint::V07), ("b", EntryPoint::V08)] {
        let ask = || wanted(WantedUserOp { entry_point, ..op(7) });
        let Signed { reservation, signature, .. } = bench.signed(&held, name, ask()).await;
        assert_eq!((reservation.route, reservation.sequence), (Route::EntryPoint, 0));
        let UserOp { op, signed, .. } = UserOp::decode(&reservation.op).unwrap();
        assert_eq!(signed.userOpHash, op.hash(entry_point, 5));
        assert_eq!(reservation.digest, signed.digest(5, held.grant.account));
        let signer = Signature::from_raw(signature.as_ref().unwrap()).unwrap();
        let signer = signer.recover_address_from_prehash(&reservation.digest).unwrap();
        assert_eq!(hallpass_policy::grant::SessionKey::Secp256k1(signer), held.grant.key);
        let again = bench.signed(&held, name, ask()).await;
        assert_eq!((again.reservation.id, again.signature), (reservation.id, signature));
    }
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_request_to_the_last_field() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    let pays = |address| Some(Paymaster { address, verification_gas: 1, post_op_gas: 2, data: Bytes::new() });
    let first = WantedUserOp { paymaster: pays(PAYMASTER), ..op(7) };
    bench.signed(&held, "a", wanted(first.clone())).await;
    let changes: [fn(&mut WantedUserOp); 15] = [
        |o| o.batch.calls[0].value += U256::from(1),
        |o| o.batch.calls.push(o.batch.calls[0].clone()),
        |o| o.entry_point = EntryPoint::V07,
        |o| o.lane = Lane::new(1).unwrap(),
        |o| o.sequence = Some(0),
        |o| o.gas.call += 1,
        |o| o.gas.verification += 1,
        |o| o.gas.pre_verification += 1,
        |o| o.gas.max_fee += 1,
        |o| o.gas.max_priority_fee += 1,
        |o| o.paymaster = None,
        |o| o.paymaster.as_mut().unwrap().address = SHOP,
        |o| o.paymaster.as_mut().unwrap().verification_gas += 1,
        |o| o.paymaster.as_mut().unwrap().post_op_gas += 1,
        |o| o.paymaster.as_mut().unwrap().data = Bytes::from_static(&[0]),
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let mut other = first.clone();
        change(&mut other);
        assert_eq!(bench.refused(&held, "a", wanted(other)).await, "idempotency_conflict", "change {i}");
    }
    assert_eq!(bench.refused(&held, "a", pay(7)).await, "idempotency_conflict");
}

#[tokio::test]
async fn routes_and_lanes_share_one_budget_and_no_number() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    assert_eq!(bench.signed(&held, "a", wanted(op(40))).await.reservation.sequence, 0);
    assert_eq!(bench.signed(&held, "b", lane(1, op(30))).await.reservation.sequence, 0);
    let other = bench.signed(&held, "c", wanted(WantedUserOp { entry_point: EntryPoint::V07, ..op(20) })).await;
    assert_eq!(other.reservation.sequence, 0);
    let direct = bench.signed(&held, "d", pay(9)).await.reservation;
    assert_eq!((direct.route, direct.sequence, direct.counter), (Route::Direct, 0, Counter::Own));
    for (name, more) in [("e", pay(2)), ("f", wanted(op(2))), ("g", lane(2, op(2)))] {
        assert_eq!(bench.refused(&held, name, more).await, "meter_exceeded");
    }
    assert_eq!(bench.signed(&held, "h", wanted(op(1))).await.reservation.sequence, 1);
}

#[tokio::test]
async fn what_takes_the_place_of_another_is_held_with_it_as_the_dearer_of_the_two() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    let named = |sequence, op| WantedUserOp { sequence: Some(sequence), ..op };
    bench.signed(&held, "a", wanted(op(60))).await;
    let cheaper = bench.signed(&held, "b", wanted(named(0, op(10)))).await.reservation;
    assert_eq!(cheaper.sequence, 0);
    assert_eq!(bench.refused(&held, "c", wanted(op(41))).await, "meter_exceeded");
    // The same number in another lane is another number.
    assert_eq!(bench.refused(&held, "d", lane(1, named(0, op(41)))).await, "meter_exceeded");
    bench.signed(&held, "e", wanted(named(0, op(100)))).await;
    assert_eq!(bench.refused(&held, "f", wanted(op(1))).await, "meter_exceeded");
    assert_eq!(bench.refused(&held, "g", wanted(named(0, op(101)))).await, "value_over_max");
    assert_eq!(bench.refused(&held, "h", wanted(named(2, op(0)))).await, "sequence_too_far");
    // The fees are held likewise: of a thousand 30 were for each, and a price of 31 is 930.
    let priced = |price, op: WantedUserOp| WantedUserOp { gas: UserOpGas { max_fee: price, ..op.gas }, ..op };
    bench.signed(&held, "i", wanted(named(0, priced(20, op(1))))).await;
    assert_eq!(bench.refused(&held, "j", wanted(priced(14, op(0)))).await, "fee_over_cap");
    bench.signed(&held, "k", wanted(priced(13, op(0)))).await;
}

#[tokio::test]
async fn an_operation_is_held_until_a_final_block_shows_its_number_used() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    bench.signed(&held, "a", wanted(op(60))).await;
    // In a block that is not final: the number is taken, and what it cost counts once.
    let head = seen(&held, |view| {
        view.head_counters.insert(key(&held, 0), 1);
        view.head.meters.push(Spent { meter: 0, window: 0, spent: 60 });
    });
    assert!(matches!(bench.ask(&head, "a", wanted(op(60))).await, Ok(Answer::Earlier(_))));
    let below = WantedUserOp { sequence: Some(0), ..op(1) };
    assert_eq!(bench.refused(&head, "b", wanted(below)).await, "nonce_used");
    assert_eq!(bench.refused(&head, "c", wanted(op(41))).await, "meter_exceeded");
    // A node that forgets what it counted at the head frees nothing.
    let forgets = seen(&head, |view| view.head.meters.clear());
    assert_eq!(bench.refused(&forgets, "d", wanted(op(41))).await, "meter_exceeded");
    // Nor one of which the final counter was not read.
    let unread = seen(&forgets, |view| view.settled_counters.clear());
    assert_eq!(bench.refused(&unread, "e", wanted(op(41))).await, "meter_exceeded");
    let last = seen(&head, |view| {
        view.settled_counters.insert(key(&held, 0), 1);
        view.settled = view.head.clone();
    });
    assert_eq!(bench.refused(&last, "f", wanted(op(41))).await, "meter_exceeded");
    assert_eq!(bench.signed(&last, "g", wanted(op(40))).await.reservation.sequence, 1);
}

#[tokio::test]
async fn without_its_counter_and_beyond_sixty_four_nothing_is_signed() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    let unread = seen(&held, |view| view.head_counters.clear());
    assert_eq!(bench.refused(&unread, "a", wanted(op(1))).await, "counter_unread");
    bench.signed(&unread, "direct", pay(0)).await;
    let free = |op: WantedUserOp| WantedUserOp { gas: UserOpGas { max_fee: 0, ..op.gas }, ..op };
    for n in 0..64 {
        bench.signed(&held, &format!("{n}"), lane(n % 16, free(op(0)))).await;
    }
    assert_eq!(bench.refused(&held, "65th", lane(0, free(op(0)))).await, "too_many_in_flight");
    // In the place of one that is out there is room.
    bench.signed(&held, "instead", lane(0, WantedUserOp { sequence: Some(3), ..free(op(0)) })).await;
    // What is done makes room.
    let head = seen(&held, |view| view.head_counters.extend([(key(&held, 0), 1)]));
    bench.signed(&head, "room", lane(0, free(op(0)))).await;
}

#[tokio::test]
async fn sixteen_may_take_the_place_of_one_another_and_no_more() {
    let bench = Bench::new().await;
    let held = session(&bench).await;
    let named = |sequence| wanted(WantedUserOp { sequence: Some(sequence), ..op(1) });
    for n in 0..16 {
        bench.signed(&held, &format!("{n}"), named(0)).await;
    }
    assert_eq!(bench.refused(&held, "17th", named(0)).await, "too_many_in_flight");
    // The next number is another's.
    bench.signed(&held, "next", named(1)).await;
}
