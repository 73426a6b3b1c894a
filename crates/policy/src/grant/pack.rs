//! Writes `checks` (`spec/encoding.md`, "`checks` of a call rule").

use super::{Amount, CallRule, Condition, Path, Test, Use};
use crate::abi::layout;
use alloy_primitives::U256;

/// The `checks` bytes of a rule. Lengths that do not fit their field were refused when the rule was made.
#[must_use]
pub fn checks(rule: &CallRule) -> Vec<u8> {
    let layout = rule.arguments.as_deref().map(layout::encode).unwrap_or_default();
    let mut out = Vec::with_capacity(3 + layout.len() + 40 * rule.conditions.len() + 8 * rule.uses.len());
    out.push(byte(layout.len()));
    out.extend(layout);
    out.push(byte(rule.conditions.len()));
    for condition in &rule.conditions {
        push_condition(condition, &mut out);
    }
    out.push(byte(rule.uses.len()));
    for used in &rule.uses {
        push_use(used, &mut out);
    }
    out
}

/// A minimal integer: a length byte and no leading zero.
pub fn push_minimal(value: U256, out: &mut Vec<u8>) {
    let len = value.byte_len();
    out.push(byte(len));
    out.extend(value.to_be_bytes::<32>().iter().skip(32 - len));
}

fn byte(n: usize) -> u8 {
    u8::try_from(n).unwrap_or(u8::MAX)
}

fn push_path(path: &Path, out: &mut Vec<u8>) {
    out.push(byte(path.0.len()));
    for step in &path.0 {
        out.extend(step.to_be_bytes());
    }
}

fn push_condition(condition: &Condition, out: &mut Vec<u8>) {
    let op = match &condition.test {
        Test::Eq(_) => 1,
        Test::Ne(_) => 2,
        Test::Le(_) => 3,
        Test::Ge(_) => 4,
        Test::Lt(_) => 5,
        Test::Gt(_) => 6,
        Test::In(_) => 7,
        Test::Mask(..) => 8,
        Test::Ratio(..) => 9,
    };
    out.push(op);
    push_path(&condition.path, out);
    match &condition.test {
        Test::Eq(w) | Test::Ne(w) | Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => out.extend(w.0),
        Test::In(words) => {
            out.push(byte(words.len()));
            words.iter().for_each(|w| out.extend(w.0));
        }
        Test::Mask(mask, expected) => {
            out.extend(mask.0);
            out.extend(expected.0);
        }
        Test::Ratio(right, numerator, denominator) => {
            push_path(right, out);
            out.extend(numerator.to_be_bytes::<32>());
            out.extend(denominator.to_be_bytes::<32>());
        }
    }
}

fn push_use(used: &Use, out: &mut Vec<u8>) {
    out.extend(used.meter.to_be_bytes());
    match &used.amount {
        Amount::One => out.push(1),
        Amount::Value => out.push(2),
        Amount::Path(path) => {
            out.push(3);
            push_path(path, out);
        }
    }
}
