//! What only one side says, and where both deny by different words.
//!
//! Signer only: `gas_over_cap`. Chain only:
//! `bad_signature` (also in the differential test), `call_failed`, `gas_floor_unmet`, `malformed`, and what no signer
//! writes, such as arguments for a rule of empty calldata.
//! For grants that break a rule see `bad_grants`.

use crate::compare::judge;
use crate::compare::{ALLOWED, send, state};
use crate::generator::{Signing, Step, with_arguments};
use crate::grants::{CALLERS, Made, Tag, seconds};
use crate::rng::Rng;
use crate::world::{Account, CHAIN, Key, Outcome, REFUSES, TARGETS, World};
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IHallpass;
use hallpass_chain::wire;
use hallpass_policy::abi::Word;
use hallpass_policy::eval::At;
use hallpass_policy::grant::{Amount, CallRule, Gas, Meter, Rest, Routes, SessionKey, Use, What, arguments_of};
use hallpass_policy::{Batch, Call, Grant, Ledger, OpBounds};
use hallpass_types::ChainId;

pub const START: u64 = 1_800_000_000;

pub struct Bench {
    world: World,
    account: Account,
    pub made: Made,
    ledger: Ledger,
}

pub fn rule(target: Address, signature: &str) -> CallRule {
    let arguments = arguments_of(signature).unwrap();
    CallRule {
        target,
        signature: signature.to_owned(),
        arguments,
        max_value: U256::ZERO,
        conditions: Vec::new(),
        uses: Vec::new(),
    }
}

pub fn word(value: u64) -> Word {
    Word::from_uint(U256::from(value))
}

pub fn meter(id: u16, what: What) -> Meter {
    Meter { id, what, cap: 100, period: None, anchor: seconds(START) }
}

/// An account with one grant installed: `f(uint64,address)` of a target that accepts anything, but for `change`.
pub fn bench(change: impl FnOnce(&mut Grant)) -> Bench {
    let mut rng = Rng::new(7, 7);
    let mut world = World::new(&mut rng);
    let account = world.accounts[1].clone();
    let (session, ender) = (Key::random(&mut rng), Key::random(&mut rng));
    let mut grant = Grant {
        chain: ChainId::new(CHAIN).unwrap(),
        account: account.at,
        backend: account.backend,
        epoch: 0,
        salt: [9; 16],
        key: SessionKey::Secp256k1(session.address),
        not_before: seconds(START),
        not_after: seconds(START + 3600),
        first_seq: 0,
        end_seq: 1 << 32,
        routes: Routes::DIRECT,
        relayer: Address::ZERO,
        calls: vec![rule(TARGETS[0], "f(uint64,address)")],
        meters: Vec::new(),
        rest: Rest { gas: Gas { units_per_op: 1000, ..Gas::default() }, ..Rest::default() },
    };
    change(&mut grant);
    let call = IHallpass::installCall {
        grant: wire::install(&grant).into(),
        signature: account.owner.sign(grant.message().digest()).into(),
    };
    let now = grant.not_before.get();
    let outcome = world.send(CALLERS[0], account.at, call.abi_encode().into(), now, CHAIN);
    assert_eq!(outcome, Outcome::Done);
    let ledger = Ledger::fresh(&grant);
    let made = Made { id: grant.id(), tags: vec![Tag::Plain; grant.calls.len()], grant, session, ender };
    Bench { world, account, made, ledger }
}

impl Bench {
    pub fn step(&self, calls: Vec<Call>) -> Step {
        let (grant, now) = (self.made.grant.clone(), self.made.grant.not_before);
        Step {
            aim: None,
            ours: true,
            action: Batch { chain: grant.chain, calls },
            op: OpBounds {
                valid_from: now,
                valid_until: now.plus(60).unwrap(),
                lane: U192::ZERO,
                sequence: 0,
                relayer: Address::ZERO,
                max_fee: 0,
                gas_floors: Vec::new(),
            },
            at: At { now, chain: grant.chain, caller: Some(CALLERS[0]) },
            signing: Signing::Good,
            open_all: true,
            grant,
        }
    }

    /// The two words, the first rule named; a denial leaves the chain as it was. What both allow is in the ledger from then on.
    pub fn words(&mut self, step: &Step) -> (&'static str, &'static str) {
        let verdict = judge(&step.grant, &self.ledger, &step.action, &step.op, &step.at);
        let outcome = send(&mut self.world, &self.account, &self.made, step, &vec![0; step.action.calls.len()]);
        if let (Ok(verdict), Outcome::Done) = (&verdict, &outcome) {
            self.ledger.apply(step.op.lane, u32::try_from(step.op.sequence).unwrap(), &verdict.costs);
        }
        if outcome != Outcome::Done {
            let (id, grant) = (self.made.id, self.made.grant.clone());
            state(&mut self.world, &self.account, &grant, id, &self.ledger, &|| format!("{outcome:?}"));
        }
        (verdict.map_or_else(|denial| denial.code.as_str(), |_| ALLOWED), outcome.word())
    }

    pub fn words_of(&mut self, arguments: &[Word]) -> (&'static str, &'static str) {
        let call = with_arguments(&self.made.grant.calls[0], arguments, U256::ZERO);
        let step = self.step(vec![call]);
        self.words(&step)
    }
}

pub const ADDRESS: Word = Word([0; 32]);

#[test]
fn gas_floors_are_bounded_by_the_signer_alone() {
    let mut bench = bench(|_| {});
    let call = with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
    let mut step = bench.step(vec![call]);
    step.op.gas_floors = vec![1001];
    assert_eq!(bench.words(&step), ("gas_over_cap", ALLOWED));
}

#[test]
fn an_unmet_gas_floor_undoes_the_operation() {
    let mut bench = bench(|grant| grant.rest.gas.units_per_op = u64::MAX);
    let call = with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
    let mut step = bench.step(vec![call.clone(), call]);
    step.op.gas_floors = vec![0, u32::MAX];
    assert_eq!(bench.words(&step), (ALLOWED, "gas_floor_unmet"));
    step.op.gas_floors = vec![0, 10_000_000];
    assert_eq!(bench.words(&step), (ALLOWED, ALLOWED));
}

#[test]
fn a_call_that_reverts_undoes_the_operation() {
    let mut bench = bench(|grant| {
        grant.calls[0].target = REFUSES;
        grant.calls[0].uses = vec![Use { meter: 0, amount: Amount::One }];
        grant.meters = vec![meter(0, What::Calls)];
    });
    assert_eq!(bench.words_of(&[word(1), ADDRESS]), (ALLOWED, "call_failed"));
}

#[test]
fn each_lane_has_its_own_window_on_both_sides() {
    let mut bench = bench(|_| {});
    let call = with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
    let mut say = |lane: u64, sequence: u64| {
        let mut step = bench.step(vec![call.clone()]);
        (step.op.lane, step.op.sequence) = (U192::from(lane), sequence);
        let (signer, chain) = bench.words(&step);
        assert_eq!(signer, chain);
        chain
    };
    assert_eq!((say(1, 0), say(1, 0), say(2, 0), say(1, 191)), (ALLOWED, "nonce_used", ALLOWED, ALLOWED));
    // 192 moves the window by one: 0 falls out, used or not, and 1 is the lowest.
    assert_eq!(
        (say(1, 192), say(1, 192), say(1, 0), say(1, 1), say(1, 1)),
        (ALLOWED, "nonce_used", "nonce_used", ALLOWED, "nonce_used")
    );
    assert_eq!((say(1, 10_000), say(1, 9_808), say(1, 9_809)), (ALLOWED, "nonce_used", ALLOWED));
    assert_eq!((say(2, 191), say(1, 1 << 32)), (ALLOWED, "sequence_out_of_range"));
}

#[test]
fn where_sequences_are_bounded_no_other_lane_counts_them_once_more() {
    for (first, end) in [(0, 2), (1, 1 << 32), (0, (1 << 32) - 1)] {
        let mut bench = bench(|grant| (grant.first_seq, grant.end_seq) = (first, end));
        let call = with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO);
        for lane in [U192::from(1), U192::MAX] {
            let mut step = bench.step(vec![call.clone()]);
            (step.op.lane, step.op.sequence) = (lane, 1);
            assert_eq!(bench.words(&step), ("sequence_out_of_range", "sequence_out_of_range"));
        }
        let mut step = bench.step(vec![call.clone()]);
        step.op.sequence = 1;
        assert_eq!(bench.words(&step), (ALLOWED, ALLOWED));
    }
}

#[test]
fn empty_calldata_takes_no_arguments() {
    let mut bench = bench(|grant| grant.calls[0] = rule(TARGETS[0], ""));
    let call = |data: &[u8]| vec![Call { to: TARGETS[0], value: U256::ZERO, data: Bytes::copy_from_slice(data) }];
    for data in [&[0; 5][..], &[0; 36]] {
        let step = bench.step(call(data));
        assert_eq!(bench.words(&step), ("no_rule", "bad_calldata"));
    }
    let step = bench.step(call(&[]));
    assert_eq!(bench.words(&step), (ALLOWED, ALLOWED));
}

#[test]
fn a_wire_one_byte_longer_or_shorter_is_refused() {
    let mut bench = bench(|_| {});
    let op = hallpass_policy::eip712::SessionOp {
        grant: bench.made.id,
        nonce: U256::ZERO,
        validFrom: alloy_primitives::Uint::from(START),
        validUntil: alloy_primitives::Uint::from(START + 1),
        relayer: Address::ZERO,
        maxFee: alloy_primitives::Uint::ZERO,
        calls: crate::encode::calls(
            &[with_arguments(&bench.made.grant.calls[0], &[word(1), ADDRESS], U256::ZERO)],
            &[0],
            &[],
        )
        .into(),
    };
    let signature = bench.made.session.sign(op.digest(CHAIN, bench.account.at));
    let opening = wire::Opening::needed(&bench.made.grant, &[0], CALLERS[0]);
    let good = wire::execute(&bench.made.grant, &op, &opening, &signature);
    let mut send = |wire: &[u8]| {
        let data = IHallpass::executeCall { wire: Bytes::copy_from_slice(wire) }.abi_encode().into();
        bench.world.send(CALLERS[0], bench.account.at, data, START, CHAIN).word()
    };
    assert_eq!(send(&good[..good.len() - 1]), "malformed");
    assert_eq!(send(&[good.as_slice(), &[0]].concat()), "malformed");
    assert_eq!(send(&good), ALLOWED);
    assert_eq!(send(&good), "nonce_used");
}

#[test]
fn an_installed_grant_stays_one() {
    let mut bench = bench(|_| {});
    let grant: Bytes = wire::install(&bench.made.grant).into();
    let signature: Bytes = bench.account.owner.sign(bench.made.grant.message().digest()).into();
    let again = IHallpass::installCall { grant, signature }.abi_encode();
    assert_eq!(bench.world.send(CALLERS[0], bench.account.at, again.into(), START, CHAIN).word(), "grant_installed");
    let end = IHallpass::endCall { grant: bench.made.id, signature: Bytes::new() }.abi_encode();
    assert_eq!(bench.world.send(CALLERS[0], bench.account.at, end.into(), START, CHAIN).word(), "not_owner");
}
