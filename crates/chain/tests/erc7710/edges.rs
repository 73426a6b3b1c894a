//! Each kind of rule at its edges: both sides say the same, and say what is written here.

use crate::asks::{Ask, Bench, Chain, Mode, Who};
use crate::grants::{equals, meter, plain, rule, word};
use crate::rng::Rng;
use crate::world::{START, TARGETS};
use alloy_primitives::{Address, Bytes, U256};
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{Amount, Path, Use, What};
use hallpass_policy::{Call, Grant};

/// A grant that a relayer sends for, changed.
pub fn bench(change: impl FnOnce(&mut Grant)) -> Bench {
    let mut rng = Rng::new(5, 5);
    let bench = Bench::new(&mut rng, |_, account, key, relayer, epoch| {
        let mut grant = plain(account, key.address, relayer.address, epoch);
        change(&mut grant);
        grant
    });
    bench.grant.check().unwrap();
    bench
}

pub fn transfer(to: Address, amount: u64) -> Call {
    let selector = rule(TARGETS[0], "transfer(address,uint256)").selector().unwrap();
    let data = [&selector[..], &to.into_word().0, &word(amount).0].concat();
    Call { to: TARGETS[0], value: U256::ZERO, data: data.into() }
}

pub fn ask(now: u64, calls: Vec<Call>) -> Ask {
    Ask { rule: 0, calls, who: Who::Relayer, chain: Chain::Right, mode: Mode::Single, now }
}

impl Bench {
    /// Asks both; an honest question must be answered alike.
    #[track_caller]
    pub fn both(&mut self, ask: &Ask, expected: bool) {
        let verdict = self.judge(ask);
        let sent = self.send(ask);
        if self.is_honest(ask) {
            assert_eq!(verdict.is_ok(), expected, "the evaluator on {ask:?}: {verdict:?}");
        }
        assert_eq!(sent.is_ok(), expected, "the chain on {ask:?}: {sent:?}");
        if let (Ok(verdict), true) = (verdict, expected) {
            self.ledger.charge(&verdict.costs);
        }
    }
}

const A: Address = Address::with_last_byte(0xa1);
const B: Address = Address::with_last_byte(0xb2);

#[test]
fn a_lifetime_cap_is_met_and_not_passed() {
    let mut bench = bench(|_| {});
    bench.both(&ask(START, vec![transfer(A, 99)]), true);
    bench.both(&ask(START, vec![transfer(A, 2)]), false);
    bench.both(&ask(START, vec![transfer(B, 1), transfer(A, 1)]), false);
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    bench.both(&ask(START, vec![transfer(A, 0)]), true);
    bench.both(&ask(START, vec![transfer(A, 1)]), false);
}

#[test]
fn both_ends_of_the_time_are_the_grants() {
    let mut bench = bench(|_| {});
    for (now, allowed) in [(START - 1, false), (START, true), (START + 3599, true), (START + 3600, false)] {
        bench.both(&ask(now, vec![transfer(A, 1)]), allowed);
    }
}

#[test]
fn a_cap_in_windows_turns_at_the_same_second() {
    let mut bench = bench(|grant| {
        let anchor = START - 30;
        grant.meters = vec![meter(0, What::Token(TARGETS[0]), 10, Some(60), anchor)];
    });
    for (now, amount, allowed) in [
        (START, 10, true),
        (START + 29, 1, false),
        (START + 30, 11, false),
        (START + 30, 10, true),
        (START + 89, 1, false),
        (START + 90, 9, true),
        (START + 90, 1, true),
        (START + 91, 1, false),
        (START + 1000, 10, true),
    ] {
        bench.both(&ask(now, vec![transfer(A, amount)]), allowed);
    }
}

#[test]
fn windows_from_second_zero_are_the_same_windows() {
    let mut bench = bench(|grant| grant.meters = vec![meter(0, What::Token(TARGETS[0]), 10, Some(3600), 0)]);
    // START is a multiple of 3600, and so the edge.
    assert_eq!(START % 3600, 0);
    bench.both(&ask(START, vec![transfer(A, 10)]), true);
    bench.both(&ask(START + 3599, vec![transfer(A, 1)]), false);
}

#[test]
fn native_value_beside_a_token_rule_stays() {
    let mut bench = bench(|_| {});
    for value in [1, u64::MAX] {
        let call = Call { value: U256::from(value), ..transfer(A, 1) };
        bench.both(&ask(START, vec![call]), false);
    }
}

#[test]
fn only_the_pinned_recipient_in_clean_calldata() {
    let mut bench = bench(|grant| grant.calls[0].conditions = vec![equals(&[0], Word::from_address(A))]);
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    bench.both(&ask(START, vec![transfer(B, 1)]), false);
    spoiled(&mut bench);
}

#[test]
fn dirty_short_and_long_calldata_of_a_free_recipient() {
    let mut bench = bench(|_| {});
    spoiled(&mut bench);
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
}

fn spoiled(bench: &mut Bench) {
    let good = transfer(A, 1).data;
    for at in [4, 15] {
        let mut dirty = good.to_vec();
        dirty[at] = 1;
        bench.both(&ask(START, vec![Call { data: dirty.into(), ..transfer(A, 1) }]), false);
    }
    for length in [0, 3, 4, 36, 67] {
        let data = Bytes::copy_from_slice(&good[..length]);
        bench.both(&ask(START, vec![Call { data, ..transfer(A, 1) }]), false);
    }
    for more in [1, 20, 32] {
        let data = [&good[..], &vec![0; more]].concat().into();
        bench.both(&ask(START, vec![Call { data, ..transfer(A, 1) }]), false);
    }
}

#[test]
fn empty_calldata_with_value_in_windows() {
    let mut bench = bench(|grant| {
        let mut pay = rule(TARGETS[1], "");
        pay.max_value = U256::from(7);
        pay.uses = vec![Use { meter: 0, amount: Amount::Value }];
        grant.calls = vec![pay];
        grant.meters = vec![meter(0, What::Native, 10, Some(60), START)];
    });
    let pay =
        |value: u64, data: &[u8]| Call { to: TARGETS[1], value: U256::from(value), data: Bytes::copy_from_slice(data) };
    bench.both(&ask(START, vec![pay(8, &[])]), false);
    bench.both(&ask(START, vec![pay(7, &[0])]), false);
    bench.both(&ask(START, vec![pay(7, &[0; 4])]), false);
    bench.both(&ask(START, vec![pay(7, &[])]), true);
    bench.both(&ask(START + 59, vec![pay(4, &[])]), false);
    bench.both(&ask(START + 59, vec![pay(3, &[])]), true);
    bench.both(&ask(START + 60, vec![pay(5, &[]), pay(5, &[])]), true);
    bench.both(&ask(START + 60, vec![pay(1, &[])]), false);
}

#[test]
fn pinned_arguments_and_calls_over_the_whole_life() {
    let mut bench = bench(|grant| {
        let mut approve = rule(TARGETS[1], "approve(address,uint256)");
        approve.conditions = vec![equals(&[0], Word::from_address(A)), equals(&[1], word(4))];
        approve.uses =
            vec![Use { meter: 0, amount: Amount::One }, Use { meter: 1, amount: Amount::Path(Path::argument(1)) }];
        grant.calls = vec![approve];
        // Five calls, but two of 4 are all that 11 hold.
        grant.meters = vec![meter(0, What::Calls, 5, None, START), meter(1, What::Custom, 11, None, START)];
    });
    let selector = bench.grant.calls[0].selector().unwrap();
    let approve = |amount: u64, more: &[u8]| {
        let data = [&selector[..], &A.into_word().0, &word(amount).0, more].concat();
        Call { to: TARGETS[1], value: U256::ZERO, data: data.into() }
    };
    bench.both(&ask(START, vec![approve(3, &[])]), false);
    bench.both(&ask(START, vec![approve(4, &[0])]), false);
    bench.both(&ask(START, vec![approve(4, &[]), approve(4, &[]), approve(4, &[])]), false);
    bench.both(&ask(START, vec![approve(4, &[])]), true);
    bench.both(&ask(START, vec![approve(4, &[])]), true);
    bench.both(&ask(START, vec![approve(4, &[])]), false);
}
