//! Many at once on one budget: what was signed never exceeds the cap, and nothing that still fitted was refused.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use alloy_primitives::U256;
use alloy_primitives::aliases::U192;
use alloy_sol_types::SolValue;
use common::{BACKEND, Bench, Held, PAYS, ask, pay, post};
use hallpass_policy::LaneUsed;
use hallpass_policy::eip712::SessionOp;
use hallpass_session::ChainView;
use hallpass_signer::{Answer, AskError, Wanted};
use hallpass_store::testing::SeededRng;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Amounts of each of 64 askers.
const EACH: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_spend_the_cap_and_no_more() {
    let bench = Bench::new().await;
    // Lifetime budget of a million, in a window that holds more askers than sequences: an app's, which has none.
    let rules = "[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nspend = \"words <= 1000000\"\n";
    let held = bench.session(9, BACKEND, rules).await;
    let tasks: Vec<_> = (0..64_u64)
        .map(|n| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move {
                let rng = SeededRng::new(n);
                let (mut spent, mut refused) = (0, Vec::new());
                for i in 0..EACH {
                    let amount = rng.below(2000) + 1;
                    let wanted = post(i64::try_from(amount).unwrap());
                    match signer.ask(ask(&held, &format!("{n}-{i}"), wanted)).await.unwrap() {
                        Answer::Signed(_) => spent += amount,
                        Answer::Denied { denial, .. } => refused.push((amount, denial.bound.unwrap())),
                        other => panic!("{other:?}"),
                    }
                }
                (spent, refused)
            })
        })
        .collect();
    let (mut spent, mut refused) = (0, Vec::new());
    for task in tasks {
        let (more, others) = task.await.unwrap();
        spent += more;
        refused.extend(others);
    }
    assert!(spent <= 1_000_000, "{spent}");
    assert!(!refused.is_empty(), "the budget was not reached");
    // What is left at the end never fitted what was refused: budgets only shrink.
    let left = 1_000_000 - spent;
    for (amount, bound) in refused {
        assert!(amount > left, "{amount} was refused, and {left} is left");
        assert!(bound.parse::<u64>().unwrap() >= left);
    }
    let mut tx = bench.store.read().await.unwrap();
    let counted = tx.reservations().counted(held.grant.id()).await.unwrap();
    assert_eq!(counted.iter().map(|c| c.spent).sum::<u128>(), u128::from(spent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_share_the_cap_and_no_sequence() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    let tasks: Vec<_> = (0..64_u64)
        .map(|n| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move { signer.ask(ask(&held, &format!("{n}"), pay(n % 7 + 1))).await })
        })
        .collect();
    let (mut spent, mut sequences, mut denied) = (0, BTreeSet::new(), 0);
    for (n, task) in (0..64_u64).zip(tasks) {
        match task.await.unwrap() {
            Ok(Answer::Signed(signed)) => {
                spent += n % 7 + 1;
                assert!(sequences.insert(signed.reservation.sequence), "a sequence was given twice");
                assert_eq!(signed.signature.unwrap().len(), 65);
            }
            Ok(Answer::Denied { denial, .. }) => {
                denied += 1;
                assert_eq!(denial.code.as_str(), "meter_exceeded");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(spent <= 100 && denied > 0);
    assert_eq!(bench.refused(&held, "last", pay(100 - spent + 1)).await, "meter_exceeded");
    if spent < 100 {
        bench.signed(&held, "rest", pay(100 - spent)).await;
    }
    assert_eq!(bench.refused(&held, "over", pay(1)).await, "meter_exceeded");
}

/// Every sequence there is.
const ALL: &str = "0..4294967296";

/// The same session, with what a node shows of lanes 1 to `lanes`.
fn with_lanes(held: &Held, lanes: u8) -> Held {
    let mut view = ChainView::clone(&held.view);
    for ledger in [&mut view.head, &mut view.settled] {
        ledger.lanes = (1..=lanes).map(|lane| LaneUsed::fresh(U192::from(lane))).collect();
    }
    Held { view: Arc::new(view), ..held.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_are_in_flight_in_lane_0_and_192_in_every_further_one_that_was_read() {
    let bench = Bench::new().await;
    let held = bench.numbered(9, BACKEND, ALL, PAYS).await;
    let mut given = BTreeSet::new();
    let mut out = 0;
    for (lanes, width) in [(0, 64), (1, 192), (2, 192), (3, 192)] {
        let held = with_lanes(&held, lanes);
        for _ in 0..width {
            let signed = bench.signed(&held, &format!("{out}"), pay(0)).await;
            let nonce = signed.reservation.nonce();
            assert_eq!(nonce.counter.further().unwrap_or(0), lanes);
            let op = SessionOp::abi_decode(&signed.reservation.op).unwrap();
            assert_eq!(Some(U256::from(op.nonce)), nonce.packed());
            assert!(given.insert(nonce), "{nonce:?} given twice");
            out += 1;
        }
        assert_eq!(bench.refused(&held, "more", pay(0)).await, "too_many_in_flight");
    }
    let all = with_lanes(&held, 3);
    // A named sequence is lane 0's.
    let named = |sequence| match pay(0) {
        Wanted::Calls(batch, _, relayer) => Wanted::Calls(batch, Some(sequence), relayer),
        other => other,
    };
    assert_eq!(bench.refused(&all, "named", named(64)).await, "too_many_in_flight");
    // A retry is the same operation, in whatever lane, although that was not read.
    let again = bench.signed(&held, "200", pay(0)).await.reservation.nonce();
    assert_eq!((again.counter.further(), again.sequence), (Some(1), 136));
    // One of lane 2 is in a block: its lane has room again.
    let mut view = ChainView::clone(&all.view);
    view.head.lanes[1].used = U192::from(1_u8);
    let room = bench.signed(&Held { view: Arc::new(view), ..all }, "room", pay(0)).await.reservation.nonce();
    assert_eq!((room.counter.further(), room.sequence), (Some(2), 192));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lanes_share_one_budget() {
    let bench = Bench::new().await;
    let held = with_lanes(&bench.numbered(9, BACKEND, ALL, PAYS).await, 1);
    for n in 0..64 {
        bench.signed(&held, &format!("{n}"), pay(1)).await;
    }
    assert_eq!(bench.signed(&held, "lane-1", pay(30)).await.reservation.counter.further(), Some(1));
    assert_eq!(bench.refused(&held, "over", pay(7)).await, "meter_exceeded");
    bench.signed(&held, "rest", pay(6)).await;
    assert_eq!(bench.refused(&held, "one", pay(1)).await, "meter_exceeded");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pass_that_bounds_its_sequences_has_lane_0_alone() {
    let bench = Bench::new().await;
    let held = with_lanes(&bench.numbered(9, BACKEND, "0..4294967295", PAYS).await, 3);
    for n in 0..64 {
        bench.signed(&held, &format!("{n}"), pay(0)).await;
    }
    assert_eq!(bench.refused(&held, "65th", pay(0)).await, "too_many_in_flight");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_key_is_one_operation_however_often_it_is_asked_at_once() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (signer, held) = (bench.signer.clone(), held.clone());
            tokio::spawn(async move { signer.ask(ask(&held, "same", pay(60))).await })
        })
        .collect();
    let mut all = BTreeSet::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(Answer::Signed(s)) => drop(all.insert((s.reservation.id.to_string(), s.signature.unwrap()))),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(all.len(), 1);
    match bench.ask(&held, "same", pay(61)).await {
        Err(AskError::OtherRequest) => {}
        other => panic!("{other:?}"),
    }
    bench.signed(&held, "other", pay(40)).await;
}
