//! One thing wrong with one call: its function, value, arguments, or what it charges.

use crate::generator::{Past, Step, call, left, meter_of, plain_types, with_arguments, words};
use crate::grants::Tag;
use crate::rng::Rng;
use crate::spoil::Aim;
use crate::values;
use alloy_primitives::{Address, U256};
use hallpass_policy::grant::{Amount, CallRule};
use hallpass_policy::{Call, Code};

/// Spoils one call of the operation.
pub fn in_a_call(rng: &mut Rng, past: Past<'_>, aim: Aim, step: &mut Step) -> bool {
    let grant = &past.made.grant;
    let k = rng.index(step.action.calls.len());
    let tag = match aim {
        Code::TargetForbidden => Tag::Forbidden,
        Code::BadGrant => Tag::Bad,
        Code::NotYetSupported => Tag::Unsupported,
        _ => Tag::Plain,
    };
    let rules: Vec<&CallRule> =
        grant.calls.iter().zip(&past.made.tags).filter(|(_, t)| **t == tag).map(|(r, _)| r).collect();
    if rules.is_empty() {
        return false;
    }
    for _ in 0..12 {
        let of = rules[rng.index(rules.len())];
        let mut made = call(rng, past, of);
        if spoil_call(rng, past, aim, of, &mut made, step) {
            let k = k.min(step.action.calls.len() - 1);
            step.action.calls[k] = made;
            return true;
        }
    }
    false
}

fn spoil_call(rng: &mut Rng, past: Past<'_>, aim: Aim, of: &CallRule, made: &mut Call, step: &mut Step) -> bool {
    let mut data = made.data.to_vec();
    let mut arguments = words(made);
    match aim {
        Code::NoRule => match rng.below(6) {
            0 => made.to = Address::from(rng.bytes::<20>()),
            1 => made.to = crate::world::TARGETS[2],
            2 => data = data.into_iter().take(1 + rng.index(3)).collect(),
            3 => data.clear(),
            4 => data = vec![0; 4],
            _ if data.is_empty() => return false,
            _ => data[rng.index(4)] ^= 1 << rng.below(8),
        },
        Code::ValueOverMax if of.max_value == U256::MAX => return false,
        Code::ValueOverMax => {
            made.value =
                if rng.chance(70) { of.max_value + U256::from(1) } else { U256::MAX - U256::from(rng.below(2)) };
        }
        Code::BadCalldata if data.is_empty() => return false,
        Code::BadCalldata => match rng.below(8) {
            0 => data.extend([0; 32]),
            1 => data.push(rng.word() as u8),
            2 if data.len() > 4 => drop(data.pop()),
            3 if data.len() > 4 => data.truncate(data.len() - 32),
            _ => {
                let Some(types) = plain_types(of).filter(|t| !t.is_empty()) else { return false };
                let i = rng.index(types.len());
                let Some(word) = values::dirty(rng, arguments[i], &types[i]) else { return false };
                data[4 + 32 * i..36 + 32 * i].copy_from_slice(&word.0);
            }
        },
        Code::ConditionFailed => {
            let Some(types) = plain_types(of).filter(|_| !of.conditions.is_empty()) else { return false };
            let i = of.conditions[rng.index(of.conditions.len())].path.as_argument().unwrap();
            let wild = rng.chance(40);
            arguments[i] =
                if wild { values::canonical(rng, &types[i]) } else { values::near(rng, arguments[i], &types[i]) };
            data = with_arguments(of, &arguments, made.value).data.to_vec();
        }
        Code::MeterExceeded => {
            let Some(meter) = meter_of(&past.made.grant, of) else { return false };
            let left = left(past.ledger, &meter, past.now);
            let more = U256::from(left) + U256::from(1);
            let amount =
                if rng.chance(70) { more } else { rng.pick(&[U256::MAX, U256::from(1) << 120, values::ones(128)]) };
            match &of.uses[0].amount {
                Amount::One if left < 4 => step.action.calls = vec![made.clone(); left as usize + 1],
                Amount::One => return false,
                Amount::Value if amount > of.max_value => return false,
                Amount::Value => made.value = amount,
                Amount::Path(path) => {
                    let i = path.as_argument().unwrap();
                    arguments[i] = hallpass_policy::abi::Word::from_uint(amount);
                    if !values::is_value(arguments[i], &plain_types(of).unwrap()[i]) {
                        return false;
                    }
                    data = with_arguments(of, &arguments, made.value).data.to_vec();
                }
            }
        }
        Code::NotYetSupported if data.len() > 4 && of.conditions.is_empty() => data.extend(rng.bytes::<32>()),
        _ => {}
    }
    made.data = data.into();
    true
}
