//! Writes `checks` (`spec/encoding.md`, "`checks` of a call rule", "`AppRule`").

use super::{Amount, Attribute, CallRule, Condition, Path, Test, Use};
use crate::abi::{Ty, layout};
use alloy_primitives::U256;

/// The `checks` bytes of a call rule.
#[must_use]
pub fn of_call(rule: &CallRule) -> Vec<u8> {
    checks(rule.arguments.as_deref(), &rule.conditions, &rule.uses)
}

/// The `checks` bytes of a rule whose arguments have these types, `None` for empty calldata. Lengths that do not fit their
/// field were refused when the rule was made.
#[must_use]
pub fn checks(arguments: Option<&[Ty]>, conditions: &[Condition], uses: &[Use]) -> Vec<u8> {
    let layout = arguments.map(layout::encode).unwrap_or_default();
    let mut out = Vec::with_capacity(3 + layout.len() + 40 * conditions.len() + 8 * uses.len());
    out.push(byte(layout.len()));
    out.extend(layout);
    push_all(conditions, uses, push_path, &mut out);
    out
}

/// The `checks` bytes of an app rule.
#[must_use]
pub fn app_checks(conditions: &[Condition<Attribute>], uses: &[Use<Attribute>]) -> Vec<u8> {
    let mut out = Vec::new();
    push_all(conditions, uses, push_attribute, &mut out);
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

fn push_attribute(attribute: &Attribute, out: &mut Vec<u8>) {
    out.push(attribute.kind.byte());
    out.push(byte(attribute.name.len()));
    out.extend(attribute.name.as_bytes());
}

fn push_all<P>(conditions: &[Condition<P>], uses: &[Use<P>], path: fn(&P, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(byte(conditions.len()));
    for condition in conditions {
        out.push(operator(&condition.test));
        path(&condition.path, out);
        push_values(&condition.test, path, out);
    }
    out.push(byte(uses.len()));
    for used in uses {
        out.extend(used.meter.to_be_bytes());
        match &used.amount {
            Amount::One => out.push(1),
            Amount::Value => out.push(2),
            Amount::Path(at) => {
                out.push(3);
                path(at, out);
            }
        }
    }
}

const fn operator<P>(test: &Test<P>) -> u8 {
    match test {
        Test::Eq(_) => 1,
        Test::Ne(_) => 2,
        Test::Le(_) => 3,
        Test::Ge(_) => 4,
        Test::Lt(_) => 5,
        Test::Gt(_) => 6,
        Test::In(_) => 7,
        Test::Mask(..) => 8,
        Test::Ratio(..) => 9,
    }
}

fn push_values<P>(test: &Test<P>, path: fn(&P, &mut Vec<u8>), out: &mut Vec<u8>) {
    match test {
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
            path(right, out);
            out.extend(numerator.to_be_bytes::<32>());
            out.extend(denominator.to_be_bytes::<32>());
        }
    }
}
