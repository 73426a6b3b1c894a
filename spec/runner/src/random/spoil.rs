//! One thing changed in a case, so that it is denied for a wanted reason.

use super::Rng;
use super::actions::Asked;
use super::grants::{BACKEND, everybody};
use super::values::word;
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, U256};
use hallpass_policy::abi::encode::{Value, encode};
use hallpass_policy::abi::{Decoded, Ty};
use hallpass_policy::eval::{Action, Attr, Call, Code, Op};
use hallpass_policy::grant::Meter;
use hallpass_policy::message::{Domain, Message};
use hallpass_policy::{Grant, LaneUsed, Ledger, Spent, Status};
use hallpass_types::{ChainId, UnixSeconds};

/// Changes `asked` and the ledger, aiming at `code`. Whether it hits, the evaluators say.
pub fn spoil(rng: &mut Rng, code: Code, grant: &Grant, asked: &mut Asked, ledger: &mut Ledger) {
    let calls = matches!(asked.action, Action::Calls(_));
    let (from, until) = (grant.not_before, grant.not_after);
    match code {
        Code::WrongChain => {
            if let Action::Calls(batch) = &mut asked.action {
                batch.chain = ChainId::new(6).unwrap_or(ChainId::MAX);
            }
        }
        Code::RouteNotAllowed if calls => {
            let closed: Vec<u8> = [1, 2, 4].into_iter().filter(|bit| grant.routes.bits() & bit == 0).collect();
            asked.op.route = rng.one(&closed).copied();
        }
        Code::GrantNotStarted => asked.at = from.minus(1 + rng.below(2)),
        Code::GrantExpired => asked.at = until.plus(rng.below(2)).unwrap_or(until),
        Code::OpNotYetValid if calls => asked.op.valid_from = asked.at.plus(1 + rng.below(2)),
        Code::OpExpired if calls => asked.op.valid_until = Some(asked.at.minus(rng.below(2))),
        Code::OpTooLong if calls => {
            asked.op.valid_from = Some(asked.at);
            asked.op.valid_until = asked.at.plus(600 + rng.below(2) + rng.below(2));
        }
        Code::OpOutsideGrant if calls => outside(rng, from, until, asked),
        Code::RelayerNotAllowed if calls => {
            asked.op.relayer = Some(rng.pick(&[Address::ZERO, Address::repeat_byte(0xc3), grant.relayer]));
        }
        Code::FeeOverCap if calls => {
            asked.op.fee = rng.pick(&[10, 11, 11, u128::MAX]);
            if rng.chance(60) {
                let spent = 25 - rng.pick(&[0, 9, 10, 11]).min(25);
                ledger.meters.retain(|s| s.meter != 65_535);
                ledger.meters.push(Spent { meter: 65_535, window: 0, spent });
            }
        }
        Code::GasOverCap if calls => asked.op.gas = 1000 + rng.below(3),
        Code::EmptyBatch => {
            if let Action::Calls(batch) = &mut asked.action {
                batch.calls.clear();
            }
        }
        Code::SequenceOutOfRange if calls => {
            let odd = [grant.first_seq.wrapping_sub(1), grant.end_seq, grant.end_seq - 1, 1 << 32, u64::MAX];
            let lane = if rng.chance(30) { U192::from(1 + rng.below(2)) } else { U192::ZERO };
            asked.op.nonce = Some((lane, rng.pick(&odd)));
        }
        Code::NonceUsed if calls => {
            if rng.chance(40) && !grant.bounds_sequences() {
                used_in_a_lane(rng, ledger, asked);
            } else {
                let base = u64::from(ledger.base);
                asked.op.nonce = Some((U192::ZERO, base.saturating_sub(1) + rng.below(4)));
                ledger.used |= 1 << rng.below(3);
            }
        }
        Code::AccountFrozen => ledger.frozen = true,
        Code::EpochMoved => ledger.epoch = grant.epoch + rng.below(3),
        Code::GrantUnknown => ledger.status = Status::Unknown,
        Code::GrantEnded => ledger.status = Status::Ended,
        Code::FactsMissing | Code::FactsStale | Code::RequirementUnmet => facts(rng, code, asked),
        Code::TargetForbidden => forbidden(rng, asked),
        Code::WindowPast => {
            for m in &grant.meters {
                ledger.meters.retain(|s| s.meter != m.id);
                let period = m.period.map_or(u64::MAX, |p| u64::from(p.get()));
                let window = asked.at.get().saturating_sub(m.anchor.get()) / period;
                let window = u32::try_from(window).unwrap_or(u32::MAX).saturating_add(1);
                ledger.meters.push(Spent { meter: m.id, window, spent: 0 });
            }
        }
        Code::MeterExceeded => {
            for m in &grant.meters {
                ledger.meters.retain(|s| s.meter != m.id);
                let period = m.period.map_or(u64::MAX, |p| u64::from(p.get()));
                let window = asked.at.get().saturating_sub(m.anchor.get()) / period;
                let spent = m.cap.saturating_sub(rng.pick(&[0, 0, 1, 2]));
                ledger.meters.push(Spent { meter: m.id, window: u32::try_from(window).unwrap_or(0), spent });
            }
        }
        Code::WindowCrossed if calls => {
            asked.op.valid_from = Some(asked.at.minus(rng.below(3)).max(from));
            asked.op.valid_until = asked.at.plus(rng.pick(&[1, 2, 60, 500])).map(|end| end.min(until));
        }
        Code::BadGrant => last_window(rng, grant, asked),
        Code::BadAttribute | Code::BadMessage | Code::NoRule | Code::ValueOverMax | Code::BadCalldata => {
            action(rng, code, asked)
        }
        // The others come by themselves.
        _ => {}
    }
}

/// A sequence about the edges of a further lane's window.
fn used_in_a_lane(rng: &mut Rng, ledger: &mut Ledger, asked: &mut Asked) {
    let lane = U192::from(1 + rng.below(3));
    let base = rng.pick(&[0_u64, 1, 500]);
    let mut used = U192::ZERO;
    for bit in [0, 63, 64, 190, 191] {
        used.set_bit(bit, rng.chance(50));
    }
    ledger.lanes.retain(|l| l.lane != lane);
    ledger.lanes.push(LaneUsed { lane, base, used });
    asked.op.nonce = Some((lane, base.saturating_sub(1) + rng.pick(&[0_u64, 1, 2, 64, 65, 66, 191, 192, 193])));
}

fn outside(rng: &mut Rng, from: UnixSeconds, until: UnixSeconds, asked: &mut Asked) {
    if rng.chance(50) {
        asked.at = from;
        asked.op = Op { valid_from: Some(from.minus(rng.below(2))), valid_until: from.plus(1), ..asked.op };
    } else {
        asked.at = until.minus(1);
        asked.op = Op { valid_from: Some(asked.at), valid_until: until.plus(rng.below(2)), ..asked.op };
    }
}

/// A moment about the end of the last window that a meter can have a number for.
fn last_window(rng: &mut Rng, grant: &Grant, asked: &mut Asked) {
    let end = |m: &Meter| m.anchor.get().checked_add(u64::from(m.period?.get()) << 32);
    let ends: Vec<u64> = grant.meters.iter().filter_map(end).filter(|end| *end < grant.not_after.get()).collect();
    let Some(end) = rng.one(&ends) else { return };
    let at = (end - 1 + rng.below(4)).clamp(grant.not_before.get(), grant.not_after.get() - 1);
    asked.at = UnixSeconds::new(at).unwrap_or(asked.at);
    let before = asked.at.minus(rng.pick(&[0, 0, 1]));
    asked.op.valid_from = asked.op.valid_from.map(|_| before.max(grant.not_before));
    asked.op.valid_until = asked.op.valid_until.and_then(|_| asked.at.plus(1));
}

fn facts(rng: &mut Rng, code: Code, asked: &mut Asked) {
    let facts = &mut asked.facts;
    match code {
        Code::FactsMissing if rng.chance(50) => facts.holds.clear(),
        Code::FactsMissing => facts.holds.iter_mut().for_each(|h| h.id = Some(U256::from(77))),
        Code::FactsStale => {
            let read =
                if rng.chance(50) { asked.at.plus(1).unwrap_or(asked.at) } else { asked.at.minus(60 + rng.below(3)) };
            facts.holds.iter_mut().for_each(|h| h.read_at = read);
        }
        _ => match rng.below(4) {
            0 => facts.roles.clear(),
            1 => facts.credentials.clear(),
            2 => facts.holds.iter_mut().for_each(|h| h.newest = h.newest.saturating_sub(U256::from(2))),
            _ => facts.holds.iter_mut().for_each(|h| h.finalized = h.finalized.saturating_sub(U256::from(2))),
        },
    }
}

fn forbidden(rng: &mut Rng, asked: &mut Asked) {
    let entry = hallpass_policy::forbidden::ENTRY_POINTS;
    let own = [super::grants::ACCOUNT, BACKEND, entry[0], entry[1], entry[2], Address::repeat_byte(0x51)];
    let target = rng.pick(&own);
    match &mut asked.action {
        Action::Calls(batch) => {
            let index = rng.index(batch.calls.len());
            if let Some(call) = batch.calls.get_mut(index) {
                call.to = target;
            }
        }
        Action::Typed(message) => {
            let change = rng.below(2);
            message.domain = match change {
                0 => Domain { verifying_contract: Some(target), ..message.domain.clone() },
                _ => Domain { name: Some("Hallpass".to_owned()), ..message.domain.clone() },
            };
        }
        Action::App(_) => {}
    }
}

fn action(rng: &mut Rng, code: Code, asked: &mut Asked) {
    match &mut asked.action {
        Action::Calls(batch) => {
            let index = rng.index(batch.calls.len());
            if let Some(call) = batch.calls.get_mut(index) {
                spoil_call(rng, code, call);
            }
        }
        Action::Typed(message) if code == Code::NoRule => {
            message.domain = Domain { version: Some("2".to_owned()), ..message.domain.clone() };
        }
        Action::Typed(message) if code == Code::BadMessage => shorten(rng, message),
        Action::App(app) => match code {
            Code::NoRule if rng.chance(50) => app.verb.push('s'),
            Code::NoRule => app.app.push('s'),
            _ => {
                let names: Vec<String> = app.attrs.keys().cloned().collect();
                let name = rng.pick(&names);
                let odd = match rng.below(8) {
                    0 => Some(Attr::Text("007".to_owned())),
                    1 => Some(Attr::Text("-1".to_owned())),
                    2 => Some(Attr::Bool(true)),
                    3 => Some(Attr::Other),
                    4 => Some(Attr::Integer(-3)),
                    5 => Some(Attr::Text(format!("0x{}", "aB".repeat(20)))),
                    _ => None,
                };
                match odd {
                    Some(attr) => drop(app.attrs.insert(name, attr)),
                    None => drop(app.attrs.remove(&name)),
                }
            }
        },
        Action::Typed(_) => {}
    }
}

/// Takes elements that a path may ask for from the arrays of a message.
fn shorten(rng: &mut Rng, message: &mut Message) {
    let types = &message.ty.types;
    let mut values = Decoded::new(types, &message.data).map(|d| d.values()).unwrap_or_default();
    for (ty, value) in types.iter().zip(&mut values) {
        if let (Ty::Array(_), Value::List(items)) = (ty, value) {
            items.truncate(rng.index(2));
        }
    }
    if let Some(data) = encode(types, &values) {
        message.data = data;
    }
}

fn spoil_call(rng: &mut Rng, code: Code, call: &mut Call) {
    let mut data = call.data.to_vec();
    match code {
        Code::ValueOverMax => call.value += U256::from(rng.pick(&[1_u64, 1000])),
        Code::NoRule => match rng.below(4) {
            0 => call.to = rng.pick(&everybody()),
            1 => data.truncate(rng.index(4)),
            2 => data = vec![0; 4],
            _ => data.iter_mut().take(1).for_each(|b| *b ^= 1),
        },
        _ => match rng.below(6) {
            0 => data.truncate(data.len().saturating_sub(1 + rng.index(40))),
            1 => data.extend(vec![0; 1 + rng.index(33)]),
            2 => data.extend(word(rng, &Ty::Uint(32)).0),
            _ => {
                // A bit anywhere behind the selector, most of the time high in a word.
                let words = data.len().saturating_sub(4) / 32;
                let at = 4 + 32 * rng.index(words) + if rng.chance(50) { rng.index(32) } else { 31 };
                let bit = 1 << rng.below(8);
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= bit;
                }
            }
        },
    }
    call.data = data.into();
}
