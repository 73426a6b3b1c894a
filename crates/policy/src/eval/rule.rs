//! One rule against one call: value, calldata, conditions.

use super::{Call, Code, Denial};
use crate::abi::{Ty, Word};
use crate::grant::{CallRule, Condition, Path, Test};
use core::cmp::Ordering;

/// Whether the calldata is for the rule's function. Fewer than four bytes are for none but the empty one.
#[must_use]
pub fn same_function(rule: &CallRule, data: &[u8]) -> bool {
    match rule.selector() {
        None => data.is_empty(),
        Some(selector) => data.starts_with(&selector),
    }
}

/// Value, then strict decoding, then the conditions in order.
///
/// # Errors
/// The first [`Denial`], its path relative to the rule.
pub fn check(rule: &CallRule, call: &Call) -> Result<(), Denial> {
    if call.value > rule.max_value {
        return Err(Denial::new(Code::ValueOverMax, "maxValue").found(call.value).bound(rule.max_value));
    }
    let words = decode(rule, &call.data)?;
    for (i, condition) in rule.conditions.iter().enumerate() {
        holds(rule, condition, &words).map_err(|d| d.under(&format!("conditions[{i}]")))?;
    }
    Ok(())
}

/// The argument words, each canonical, none missing, nothing behind them.
///
/// # Errors
/// [`Code::BadCalldata`]; [`Code::NotYetSupported`] for a type that is not one word.
pub fn decode(rule: &CallRule, data: &[u8]) -> Result<Vec<Word>, Denial> {
    let Some(types) = &rule.arguments else { return Ok(Vec::new()) };
    if !types.iter().all(Ty::is_word) {
        return Err(Denial::new(Code::NotYetSupported, "signature"));
    }
    let arguments = data.get(4..).unwrap_or(&[]);
    let (words, rest) = arguments.as_chunks::<32>();
    if words.len() != types.len() || !rest.is_empty() {
        return Err(Denial::new(Code::BadCalldata, "signature")
            .found(format!("{} bytes of arguments", arguments.len()))
            .bound(format!("{} bytes", 32 * types.len())));
    }
    let words: Vec<Word> = words.iter().map(|w| Word(*w)).collect();
    for (i, (word, ty)) in words.iter().zip(types).enumerate() {
        if !word.is_canonical(ty) {
            return Err(Denial::new(Code::BadCalldata, format!("signature.arguments[{i}]"))
                .found(hex(*word))
                .bound(ty));
        }
    }
    Ok(words)
}

/// The word at a path of one plain step.
#[must_use]
pub fn word_at(words: &[Word], path: &Path) -> Option<Word> {
    words.get(path.as_argument()?).copied()
}

fn holds(rule: &CallRule, condition: &Condition, words: &[Word]) -> Result<(), Denial> {
    let unsupported = || Denial::new(Code::NotYetSupported, "path");
    let bad = || Denial::new(Code::BadGrant, "path");
    condition.path.as_argument().ok_or_else(unsupported)?;
    let value = word_at(words, &condition.path).ok_or_else(bad)?;
    let ty = rule.type_at(&condition.path).ok_or_else(bad)?;
    let order = |bound: &Word| value.compare(*bound, ty).ok_or_else(bad);
    let (holds, bound) = match &condition.test {
        Test::Eq(w) => (value == *w, format!("== {}", show(*w, ty))),
        Test::Ne(w) => (value != *w, format!("!= {}", show(*w, ty))),
        Test::Le(w) => (order(w)? != Ordering::Greater, format!("<= {}", show(*w, ty))),
        Test::Ge(w) => (order(w)? != Ordering::Less, format!(">= {}", show(*w, ty))),
        Test::Lt(w) => (order(w)? == Ordering::Less, format!("< {}", show(*w, ty))),
        Test::Gt(w) => (order(w)? == Ordering::Greater, format!("> {}", show(*w, ty))),
        Test::In(list) => (list.contains(&value), format!("one of {} values", list.len())),
        Test::Mask(mask, expected) => (value.uint() & mask.uint() == expected.uint(), "the masked bits".to_owned()),
        Test::Ratio(..) => return Err(unsupported()),
    };
    if holds { Ok(()) } else { Err(Denial::new(Code::ConditionFailed, "").found(show(value, ty)).bound(bound)) }
}

/// A value as people write it.
#[must_use]
pub fn show(word: Word, ty: &Ty) -> String {
    match ty {
        Ty::Uint(_) => word.uint().to_string(),
        Ty::Int(_) => alloy_primitives::I256::from_raw(word.uint()).to_string(),
        Ty::Bool => (!word.uint().is_zero()).to_string(),
        Ty::Address => word.address().to_checksum(None),
        Ty::FixedBytes(n) => {
            format!("0x{}", alloy_primitives::hex::encode(word.0.get(..usize::from(*n)).unwrap_or(&[])))
        }
        _ => hex(word),
    }
}

fn hex(word: Word) -> String {
    format!("0x{}", alloy_primitives::hex::encode(word.0))
}
