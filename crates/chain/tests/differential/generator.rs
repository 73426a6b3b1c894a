//! One operation: first one that should be allowed, then perhaps spoiled in one place.

use crate::compare::judge;
use crate::grants::{CALLERS, Made, Tag, seconds};
use crate::rng::Rng;
use crate::spoil::Aim;
use crate::values;
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Bytes, U256};
use hallpass_policy::abi::Decoded;
use hallpass_policy::abi::{Ty, Word};
use hallpass_policy::eval::rule::{Arguments, conditions};
use hallpass_policy::eval::{At, Code, meters::window_of};
use hallpass_policy::grant::{Amount, CallRule, FEE_METER, Grant, Meter};
use hallpass_policy::{Batch, Call, LaneUsed, Ledger, OpBounds};

/// What the operation is made from.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    pub made: &'a Made,
    pub ledger: &'a Ledger,
    pub now: u64,
}

/// How the operation is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// By the session key.
    Good,
    /// By another key.
    OtherKey,
    /// By the session key, with s above half the order.
    HighS,
    /// By the session key, with another v: 0, 1, 26, 29 ...
    WrongV(u8),
    /// By the session key, for another operation.
    OtherOp,
    /// r is zero, so that nobody is recovered.
    ZeroR,
}

/// One operation as it is judged and sent.
#[derive(Debug, Clone)]
pub struct Step {
    /// What the generator was after; the verdict need not follow.
    pub aim: Option<Aim>,
    /// What the wire says.
    pub grant: Grant,
    /// Whether that is the history's grant; an altered one was never installed.
    pub ours: bool,
    pub action: Batch,
    pub op: OpBounds,
    pub at: At,
    pub signing: Signing,
    /// Whether rules and meters that are not needed are sent in full too.
    pub open_all: bool,
}

/// An operation that is allowed, unless budgets, times or sequences are used up.
pub fn valid(rng: &mut Rng, past: Past<'_>) -> Step {
    let mut step = candidate(rng, past);
    for _ in 0..5 {
        if judge(&step.grant, past.ledger, &step.action, &step.op, &step.at).is_ok() {
            break;
        }
        step = candidate(rng, past);
    }
    step
}

fn candidate(rng: &mut Rng, past: Past<'_>) -> Step {
    let grant = &past.made.grant;
    let plain: Vec<usize> = (0..grant.calls.len()).filter(|i| past.made.tags[*i] == Tag::Plain).collect();
    let many = if rng.chance(65) { 1 } else { 2 + rng.below(3) };
    let favourite = plain[rng.index(plain.len())];
    let mut used = Vec::new();
    let calls: Vec<Call> = (0..many)
        .map(|_| {
            let index = if rng.chance(50) { favourite } else { plain[rng.index(plain.len())] };
            used.extend(meter_of(grant, &grant.calls[index]));
            call(rng, past, &grant.calls[index])
        })
        .collect();
    let (from, until) = life(rng, past, &used);
    let caller = if grant.relayer.is_zero() { rng.pick(&CALLERS) } else { grant.relayer };
    let relayer = if grant.relayer.is_zero() && rng.chance(70) { Address::ZERO } else { caller };
    let floors = if rng.chance(80) { 0 } else { calls.len() };
    let (lane, sequence) = if rng.chance(40) && !grant.bounds_sequences() {
        in_a_lane(rng, past)
    } else {
        (U192::ZERO, sequence(rng, past))
    };
    Step {
        aim: None,
        grant: grant.clone(),
        ours: true,
        op: OpBounds {
            valid_from: seconds(from),
            valid_until: seconds(until),
            lane,
            sequence,
            relayer,
            max_fee: fee(rng, past),
            gas_floors: (0..floors).map(|_| rng.below(30_000) as u32).collect(),
        },
        action: Batch { chain: grant.chain, calls },
        at: At { now: seconds(past.now), chain: grant.chain, caller: Some(caller) },
        signing: Signing::Good,
        open_all: rng.chance(10),
    }
}

/// Mostly nothing, else at or below what the grant allows.
fn fee(rng: &mut Rng, past: Past<'_>) -> u128 {
    let gas = &past.made.grant.rest.gas;
    let spent = past.ledger.meters.iter().find(|s| s.meter == FEE_METER).map_or(0, |s| s.spent);
    let most = gas.fee_per_op.min(gas.fee_cap.saturating_sub(spent));
    if rng.chance(70) { 0 } else { rng.pick(&[most, most, most / 2, most.min(1)]) }
}

/// The meter that a rule charges.
pub fn meter_of(grant: &Grant, rule: &CallRule) -> Option<Meter> {
    let used = rule.uses.first()?;
    grant.meters.iter().find(|m| m.id == used.meter).cloned()
}

/// What the meter still holds at `now`.
pub fn left(ledger: &Ledger, meter: &Meter, now: u64) -> u128 {
    let window = window_of(meter.anchor, meter.period, seconds(now));
    let spent = ledger.meters.iter().find(|s| s.meter == meter.id && Some(s.window) == window).map_or(0, |s| s.spent);
    meter.cap.saturating_sub(spent)
}

/// A call that fits the rule, if one is found; what it charges is at, below or just above what is left.
pub fn call(rng: &mut Rng, past: Past<'_>, of: &CallRule) -> Call {
    let meter = meter_of(&past.made.grant, of);
    let left = meter.map_or(0, |m| left(past.ledger, &m, past.now));
    let amount = U256::from(match rng.below(8) {
        0..=2 => left,
        3 => 0,
        4 => left / 2,
        5 => u128::from(rng.below(4)).min(left),
        6 => left + 1,
        _ => (u128::from(rng.word()) << 56 | u128::from(rng.word())) % (left + 1),
    });
    let place = of.uses.first().and_then(|u| match &u.amount {
        Amount::Path(path) => path.as_argument(),
        _ => None,
    });
    let value = match of.uses.first().map(|u| &u.amount) {
        Some(Amount::Value) => {
            if rng.chance(10) {
                of.max_value
            } else {
                amount.min(of.max_value)
            }
        }
        _ => U256::ZERO,
    };
    let mut made = with_arguments(of, &values::arguments(rng, of, place.map(|p| (p, amount))), value);
    for _ in 0..16 {
        if allows(of, &made) {
            break;
        }
        made = with_arguments(of, &values::arguments(rng, of, place.map(|p| (p, amount))), value);
    }
    made
}

/// Selector and words.
pub fn with_arguments(of: &CallRule, words: &[Word], value: U256) -> Call {
    let mut data = of.selector().map(|s| s.to_vec()).unwrap_or_default();
    data.extend(words.iter().flat_map(|w| w.0));
    Call { to: of.target, value, data: Bytes::from(data) }
}

/// The words of a call to a rule of plain arguments.
pub fn words(call: &Call) -> Vec<Word> {
    call.data.get(4..).unwrap_or_default().as_chunks::<32>().0.iter().map(|w| Word(*w)).collect()
}

/// The types of a rule, where all are words.
pub fn plain_types(of: &CallRule) -> Option<&[Ty]> {
    of.arguments.as_deref().filter(|types| types.iter().all(Ty::is_word))
}

/// Start (inclusive) and end (exclusive) of the meter's window at `now`.
pub fn window(meter: &Meter, now: u64) -> Option<(u64, u64)> {
    let period = u64::from(meter.period?.get());
    let anchor = meter.anchor.get();
    let since = now.checked_sub(anchor)?;
    let start = anchor + since / period * period;
    Some((start, start + period))
}

/// A life around `now` inside the grant and one window of each meter: often up to the very edges.
fn life(rng: &mut Rng, past: Past<'_>, used: &[Meter]) -> (u64, u64) {
    let now = past.now;
    let mut low = past.made.grant.not_before.get();
    let mut high = past.made.grant.not_after.get();
    for (start, end) in used.iter().filter_map(|m| window(m, now)) {
        (low, high) = (low.max(start), high.min(end));
    }
    let from = match rng.below(3) {
        0 => now,
        1 => low.max(now.saturating_sub(599)),
        _ => low.max(now.saturating_sub(rng.below(600))),
    };
    let from = from.min(now);
    let most = high.min(from + 600).max(now + 1);
    let until = match rng.below(3) {
        0 => now + 1,
        1 => most,
        _ => now + 1 + rng.below(most - now),
    };
    (from, until)
}

/// A sequence that is free, if one is found: the next, one left out before, or one far ahead.
fn sequence(rng: &mut Rng, past: Past<'_>) -> u64 {
    let (grant, base) = (&past.made.grant, u64::from(past.ledger.base));
    let next = base + u64::from(64 - past.ledger.used.leading_zeros());
    let mut candidate = next;
    for _ in 0..12 {
        candidate = match rng.below(12) {
            0 => base + 63,
            1 => base + 64,
            2 => base + 64 + rng.below(140),
            3 | 4 => base + rng.below(64),
            5 => next + rng.below(3),
            _ => next,
        };
        let ahead = candidate - base;
        let free = ahead >= 64 || past.ledger.used >> ahead & 1 == 0;
        if free && (grant.first_seq..grant.end_seq).contains(&candidate) {
            break;
        }
    }
    candidate
}

/// One of three further lanes, and a sequence there: about the edges of its window, used ones too.
fn in_a_lane(rng: &mut Rng, past: Past<'_>) -> (U192, u64) {
    let lane = rng.pick(&[U192::from(1), U192::from(2), U192::MAX]);
    let used = past.ledger.lane(lane).copied().unwrap_or_else(|| LaneUsed::fresh(lane));
    let next = (used.base..).find(|s| !used.is_used(*s)).unwrap();
    let sequence = match rng.below(12) {
        0 => used.base + 191,
        1 | 2 => used.base + 192 + rng.below(3),
        3 => used.base + 192 + rng.below(400),
        4 => used.base + rng.below(192),
        5 => used.base.saturating_sub(1),
        _ => next,
    };
    (lane, sequence)
}

/// Whether the rule allows the call, budgets apart.
fn allows(rule: &CallRule, call: &Call) -> bool {
    let decoded = Decoded::new(rule.arguments.as_deref().unwrap_or(&[]), call.data.get(4..).unwrap_or(&[]));
    let source = decoded.map(|decoded| Arguments { decoded, missing: Code::BadCalldata });
    call.value <= rule.max_value && source.is_some_and(|source| conditions(&rule.conditions, &source).is_ok())
}
