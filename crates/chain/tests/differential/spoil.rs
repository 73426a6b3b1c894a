//! One thing wrong with an operation, each aimed at one denial code: by one second, one unit, one bit, or wildly.

use crate::generator::{Past, Signing, Step, call, meter_of, window};
use crate::grants::{CALLERS, Tag, seconds};
use crate::rng::Rng;
use crate::spoil_call::in_a_call;
use crate::world::CHAIN;
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, U256};
use hallpass_policy::Code;
use hallpass_policy::grant::{CallRule, FEE_METER, Routes};
use hallpass_types::ChainId;

/// The code aimed at.
pub type Aim = Code;

/// What can be reached by spoiling one operation; the others need a past (see `history`).
pub const AIMS: [Aim; 27] = [
    Code::WrongChain,
    Code::RouteNotAllowed,
    Code::GrantNotStarted,
    Code::GrantExpired,
    Code::OpNotYetValid,
    Code::OpExpired,
    Code::OpTooLong,
    Code::OpOutsideGrant,
    Code::RelayerNotAllowed,
    Code::FeeOverCap,
    Code::EmptyBatch,
    Code::SequenceOutOfRange,
    Code::AccountFrozen,
    Code::EpochMoved,
    Code::GrantUnknown,
    Code::NonceUsed,
    Code::BadSignature,
    Code::NoRule,
    Code::TargetForbidden,
    Code::ValueOverMax,
    Code::BadCalldata,
    Code::ConditionFailed,
    Code::WindowCrossed,
    Code::WindowPast,
    Code::MeterExceeded,
    Code::BadGrant,
    Code::NotYetSupported,
];

/// Spoils `step`; false where this grant and past offer no way.
pub fn spoil(rng: &mut Rng, past: Past<'_>, aim: Aim, step: &mut Step) -> bool {
    step.aim = Some(aim);
    match aim {
        Code::WrongChain | Code::RouteNotAllowed | Code::EpochMoved | Code::GrantUnknown => {
            elsewhere(rng, past, aim, step)
        }
        Code::GrantNotStarted
        | Code::GrantExpired
        | Code::OpNotYetValid
        | Code::OpExpired
        | Code::OpTooLong
        | Code::OpOutsideGrant => time(rng, aim, step),
        Code::WindowCrossed | Code::WindowPast => at_a_window(rng, past, aim, step),
        Code::RelayerNotAllowed | Code::FeeOverCap | Code::EmptyBatch | Code::SequenceOutOfRange | Code::NonceUsed => {
            around(rng, past, aim, step)
        }
        Code::BadSignature => {
            let v = rng.pick(&[0, 1, 26, 29, 255]);
            step.signing =
                rng.pick(&[Signing::OtherKey, Signing::HighS, Signing::WrongV(v), Signing::OtherOp, Signing::ZeroR]);
            true
        }
        // `history` freezes the account before.
        Code::AccountFrozen => true,
        _ => in_a_call(rng, past, aim, step),
    }
}

fn elsewhere(rng: &mut Rng, past: Past<'_>, aim: Aim, step: &mut Step) -> bool {
    let other = ChainId::new(rng.pick(&[1, CHAIN - 1, CHAIN + 1, CHAIN + (1 << 32)])).unwrap();
    if aim == Code::WrongChain && rng.chance(60) {
        (step.at.chain, step.action.chain) = (other, if rng.chance(50) { other } else { step.grant.chain });
        return true;
    }
    step.ours = false;
    let grant = &mut step.grant;
    match aim {
        Code::WrongChain => grant.chain = other,
        Code::RouteNotAllowed => grant.routes = Routes::new(rng.pick(&[2, 4, 6])).unwrap(),
        Code::EpochMoved if grant.epoch > 0 && rng.chance(50) => grant.epoch -= 1,
        Code::EpochMoved => grant.epoch += 1,
        _ => match rng.below(7) {
            0 => grant.not_after = seconds(grant.not_after.get() + 1),
            1 => grant.salt[15] ^= 1,
            2 => grant.end_seq += 1,
            3 => grant.rest.ender = past.made.session.address,
            4 => grant.calls[0].max_value ^= U256::from(1),
            5 if !grant.meters.is_empty() => grant.meters[0].cap ^= 1,
            _ => grant.not_before = seconds(grant.not_before.get() - 1),
        },
    }
    true
}

fn time(rng: &mut Rng, aim: Aim, step: &mut Step) -> bool {
    let (start, end) = (step.grant.not_before.get(), step.grant.not_after.get());
    let now = step.at.now.get();
    let some = |rng: &mut Rng| if rng.chance(60) { 0 } else { rng.below(500) };
    let near = rng.below((end - start).min(500));
    match aim {
        Code::GrantNotStarted => step.at.now = seconds(start - 1 - some(rng)),
        Code::GrantExpired => step.at.now = seconds(end + some(rng)),
        Code::OpNotYetValid => {
            step.op.valid_from = seconds(now + 1 + some(rng));
            step.op.valid_until = seconds(now + 1 + some(rng));
        }
        Code::OpExpired => step.op.valid_until = seconds(now - some(rng)),
        Code::OpTooLong => {
            let until = now + 1 + rng.below(600);
            (step.op.valid_from, step.op.valid_until) =
                (seconds(until.saturating_sub(601 + some(rng))), seconds(until));
        }
        _ if rng.chance(50) => {
            step.at.now = seconds(start + near);
            step.op.valid_until = seconds(start + near + 1);
            step.op.valid_from = seconds(start - 1 - some(rng).min(98));
        }
        _ => {
            step.at.now = seconds(end - 1 - near);
            step.op.valid_from = step.at.now;
            step.op.valid_until = seconds(end + 1 + some(rng).min(98));
        }
    }
    true
}

fn at_a_window(rng: &mut Rng, past: Past<'_>, aim: Aim, step: &mut Step) -> bool {
    let grant = &past.made.grant;
    let (start, end) = (grant.not_before.get(), grant.not_after.get());
    let metered: Vec<&CallRule> =
        plain_rules(past).filter(|r| meter_of(grant, r).is_some_and(|m| m.period.is_some())).collect();
    if metered.is_empty() {
        return false;
    }
    for _ in 0..8 {
        let of = metered[rng.index(metered.len())];
        let meter = meter_of(grant, of).unwrap();
        let period = u64::from(meter.period.unwrap().get());
        let k = rng.index(step.action.calls.len());
        if aim == Code::WindowPast {
            let Some(counted) = past.ledger.meters.iter().find(|s| s.meter == meter.id && s.window > 0) else {
                continue;
            };
            let first = meter.anchor.get() + u64::from(counted.window) * period;
            let back = if rng.chance(60) { 1 } else { 1 + rng.below(period) };
            if first < start + back {
                continue;
            }
            step.at.now = seconds(first - back);
            step.op.valid_from = step.at.now;
            step.op.valid_until = seconds(first - back + 1);
        } else {
            let Some((_, edge)) = window(&meter, past.now) else { continue };
            if edge <= start || edge >= end {
                continue;
            }
            let before = (edge - start).min(1 + rng.below(300)).min(period);
            let after = (end - edge).min(if rng.chance(60) { 1 } else { 1 + rng.below(300) });
            (step.op.valid_from, step.op.valid_until) = (seconds(edge - before), seconds(edge + after));
            step.at.now = seconds(edge - before + rng.below(before + after));
        }
        step.action.calls[k] = call(rng, past, of);
        return true;
    }
    false
}

fn around(rng: &mut Rng, past: Past<'_>, aim: Aim, step: &mut Step) -> bool {
    let (grant, ledger) = (&past.made.grant, past.ledger);
    match aim {
        Code::RelayerNotAllowed => match rng.below(4) {
            0 if !grant.relayer.is_zero() => step.op.relayer = Address::ZERO,
            1 if !step.op.relayer.is_zero() => {
                step.at.caller = Some(CALLERS.into_iter().find(|c| *c != step.op.relayer).unwrap())
            }
            2 => {
                step.ours = false;
                step.grant.relayer = CALLERS.into_iter().find(|c| Some(*c) != step.at.caller).unwrap();
                step.op.relayer = if rng.chance(50) { step.grant.relayer } else { step.at.caller.unwrap() };
            }
            _ => step.op.relayer = CALLERS.into_iter().find(|c| Some(*c) != step.at.caller).unwrap(),
        },
        Code::FeeOverCap => {
            let gas = &grant.rest.gas;
            let spent = ledger.meters.iter().find(|s| s.meter == FEE_METER).map_or(0, |s| s.spent);
            let left = gas.fee_cap.saturating_sub(spent);
            step.op.max_fee = rng.pick(&[gas.fee_per_op + 1, left + 1, (1 << 120) - 1]).min((1 << 120) - 1);
        }
        Code::EmptyBatch => step.action.calls.clear(),
        Code::SequenceOutOfRange => {
            let below = grant.first_seq.checked_sub(1).unwrap_or(u64::MAX);
            step.op.sequence = rng.pick(&[grant.end_seq, grant.end_seq, below, 1 << 32, u64::MAX]);
            if grant.bounds_sequences() && rng.chance(30) {
                step.op.lane = rng.pick(&[U192::from(1), U192::MAX]);
                step.op.sequence = rng.pick(&[grant.first_seq, grant.end_seq - 1, grant.end_seq]);
            }
        }
        _ => {
            if let Some(lane) = ledger.lanes.first().filter(|_| rng.chance(40)) {
                let used: Vec<u64> = (0..192).map(|bit| lane.base + bit).filter(|s| lane.is_used(*s)).collect();
                (step.op.lane, step.op.sequence) = (lane.lane, used[rng.index(used.len())]);
                return true;
            }
            step.op.lane = U192::ZERO;
            let base = u64::from(ledger.base);
            let dead = base.saturating_sub(grant.first_seq);
            let used: Vec<u64> = (0..64).filter(|bit| ledger.used >> bit & 1 == 1).collect();
            step.op.sequence = match (used.is_empty(), dead) {
                (true, 0) => return false,
                (false, 0) => base + used[rng.index(used.len())],
                (false, _) if rng.chance(60) => base + used[rng.index(used.len())],
                _ => base - 1 - if rng.chance(50) { 0 } else { rng.below(dead) },
            };
        }
    }
    true
}

fn plain_rules<'a>(past: Past<'a>) -> impl Iterator<Item = &'a CallRule> {
    past.made.grant.calls.iter().zip(&past.made.tags).filter(|(_, tag)| **tag == Tag::Plain).map(|(rule, _)| rule)
}
