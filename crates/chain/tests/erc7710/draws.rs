//! Questions about a grant: mostly such as its rules are for, biased to the edges of caps, windows and times.

use crate::asks::{Ask, Bench, Chain, Mode, Who};
use crate::grants;
use crate::rng::Rng;
use crate::world::TARGETS;
use alloy_primitives::{Address, U256};
use hallpass_policy::abi::Word;
use hallpass_policy::eval::meters::window_of;
use hallpass_policy::grant::{Amount, Test};
use hallpass_policy::{Call, Grant};

/// Time goes on: by nothing, by a little, to an edge of the grant or of a window.
pub fn step(grant: &Grant, now: u64, rng: &mut Rng) -> u64 {
    let to = |t: u64| t.saturating_sub(now);
    let (from, until) = (grant.not_before.get(), grant.not_after.get());
    let meter = grant.meters.get(rng.index(grant.meters.len().max(1)));
    let edge = meter.and_then(|m| {
        let period = u64::from(m.period?.get());
        let anchor = m.anchor.get();
        Some(anchor + (now.max(anchor) - anchor + period) / period * period)
    });
    match rng.below(20) {
        0..=8 => rng.below(2),
        9..=11 => rng.below(40),
        12..=14 => edge.map_or(1, |edge| to(edge - 1 + rng.below(3))),
        15 => to(from - 1 + rng.below(2)),
        16 if rng.chance(60) => to(until - 1 + rng.below(2)),
        _ => 1,
    }
}

/// One question.
pub fn draw(bench: &Bench, now: u64, rng: &mut Rng) -> Ask {
    let grant = &bench.grant;
    let rule = rng.index(grant.calls.len());
    let count = if rng.chance(15) { 2 } else { 1 };
    let mut calls: Vec<Call> = (0..count).map(|_| good(bench, rule, now, rng)).collect();
    if rng.chance(25) {
        let at = rng.index(calls.len());
        spoil(&mut calls[at], rng);
    }
    let usual = if grant.relayer.is_zero() { Who::Key } else { Who::Relayer };
    Ask {
        rule,
        calls,
        who: if rng.chance(90) { usual } else { rng.pick(&[Who::Key, Who::Relayer, Who::Stranger]) },
        chain: if rng.chance(95) {
            Chain::Right
        } else {
            rng.pick(&[Chain::LeafByOther, Chain::RootByKey, Chain::RootCut, Chain::NoRoot])
        },
        mode: if rng.chance(95) { Mode::Single } else { rng.pick(&[Mode::Batch, Mode::Try]) },
        now,
    }
}

/// What is left of the smallest cap that `wanted` uses are charged to, at `now`.
fn left(bench: &Bench, rule: usize, now: u64, wanted: fn(&Amount) -> bool) -> Option<u128> {
    let uses = bench.grant.calls[rule].uses.iter().filter(|u| wanted(&u.amount));
    let left = |u: &hallpass_policy::grant::Use| {
        let m = bench.grant.meters.iter().find(|m| m.id == u.meter)?;
        let window = window_of(m.anchor, m.period, grants::seconds(now))?;
        let spent = bench.ledger.meters.iter().find(|s| s.meter == m.id && s.window == window);
        Some(m.cap - spent.map_or(0, |s| s.spent))
    };
    uses.filter_map(left).min()
}

fn amount(left: Option<u128>, rng: &mut Rng) -> U256 {
    let left = U256::from(left.unwrap_or(1000));
    match rng.below(12) {
        0 => U256::ZERO,
        1 => U256::MAX,
        2 | 3 => left,
        4 => left + U256::from(1),
        5 => left.saturating_sub(U256::from(1)),
        _ => U256::from(rng.below(1 + left.to::<u64>().min(20) / 3)),
    }
}

/// A call that the rule is for.
fn good(bench: &Bench, number: usize, now: u64, rng: &mut Rng) -> Call {
    let rule = &bench.grant.calls[number];
    let pin = |path: &[u16]| {
        rule.conditions.iter().find(|c| c.path.0 == path).and_then(|c| match c.test {
            Test::Eq(word) => Some(word),
            _ => None,
        })
    };
    let mut data = rule.selector().map(|s| s.to_vec()).unwrap_or_default();
    if rule.signature == "transfer(address,uint256)" {
        let to = pin(&[0]).unwrap_or(Word::from_address(Address::with_last_byte(rng.below(5) as u8)));
        let free = amount(left(bench, number, now, |a| matches!(a, Amount::Path(_))), rng);
        data.extend(to.0);
        data.extend(pin(&[1]).filter(|_| !rng.chance(10)).unwrap_or(Word::from_uint(free)).0);
    } else {
        let mut words: Vec<_> = rule.conditions.iter().map(|c| (c.path.0.clone(), pin(&c.path.0).unwrap())).collect();
        words.sort();
        data.extend(words.iter().flat_map(|(_, w)| w.0));
    }
    let most = left(bench, number, now, |a| *a == Amount::Value).unwrap_or(0).min(rule.max_value.to());
    let value = match rng.below(8) {
        _ if rule.max_value.is_zero() => U256::ZERO,
        0 => U256::ZERO,
        1 => U256::from(most),
        2 => U256::from(most + 1),
        3 => rule.max_value,
        4 => rule.max_value + U256::from(1),
        _ => U256::from(rng.below(1 + most as u64 / 4)),
    };
    Call { to: rule.target, value, data: data.into() }
}

/// Something that the rule is not for, most of the time.
fn spoil(call: &mut Call, rng: &mut Rng) {
    let mut data = call.data.to_vec();
    match rng.below(9) {
        0 => data.extend(vec![0; 1 + rng.index(33)]),
        1 => data.truncate(rng.index(data.len() + 1)),
        2 => data.truncate(4),
        // The padding of an address, a bit of a small number.
        3 if data.len() >= 36 => data[4 + rng.index(12)] ^= 1 << rng.below(8),
        4 if data.len() >= 36 => {
            let at = 4 + rng.index(data.len() - 4);
            data[at] ^= 1 << rng.below(8);
        }
        5 if !data.is_empty() => data[rng.index(4)] ^= 1,
        6 => call.to = if call.to == TARGETS[0] { TARGETS[1] } else { TARGETS[0] },
        7 => data = vec![0; rng.index(5)],
        _ => call.value += U256::from(1),
    }
    call.data = data.into();
}
