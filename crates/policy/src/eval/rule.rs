//! The conditions of one rule, on calldata, messages and attributes alike.

use super::fail::{Fail, Found, Place, Shown};
use super::{AppAction, Attr, Code};
use crate::abi::decode::Lost;
use crate::abi::{Decoded, Leaf, Ty, Word};
use crate::grant::{Attribute, CallRule, Condition, Kind, Path, Test};
use alloy_primitives::{I256, U256, keccak256};
use core::cmp::Ordering;
use hallpass_types::account::parse_address;

/// Whether the calldata is for the rule's function. Fewer than four bytes are for none but the empty one.
#[must_use]
pub fn same_function(rule: &CallRule, data: &[u8]) -> bool {
    match rule.selector() {
        None => data.is_empty(),
        Some(selector) => data.starts_with(&selector),
    }
}

/// Where values are read from, by paths of kind `P`.
pub trait Source<P> {
    /// Asks `test` of what is at `path`, as its `every` and `some` have it.
    ///
    /// # Errors
    /// A [`Fail`] without a place where the value is not there, and whatever `test` returns.
    fn test(&self, path: &P, test: &mut dyn FnMut(Leaf<'_>) -> Result<bool, Fail>) -> Result<bool, Fail>;

    /// The one value at `path`.
    ///
    /// # Errors
    /// A [`Fail`] without a place.
    fn one(&self, path: &P) -> Result<Leaf<'_>, Fail>;
}

/// Arguments or members, and the code for an element that is not there.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    /// The values.
    pub decoded: Decoded<'a>,
    /// The code.
    pub missing: Code,
}

impl Arguments<'_> {
    fn lost(&self, lost: Lost) -> Fail {
        match lost {
            Lost::NoElement => Fail::new(self.missing),
            Lost::NoPath => Fail::new(Code::BadGrant),
        }
    }
}

/// A walk's end, or a test's.
enum Stop {
    Lost(Lost),
    Failed(Fail),
}

impl From<Lost> for Stop {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl Source<Path> for Arguments<'_> {
    fn test(&self, path: &Path, test: &mut dyn FnMut(Leaf<'_>) -> Result<bool, Fail>) -> Result<bool, Fail> {
        self.decoded.test::<Stop>(&path.0, &mut |leaf| test(leaf).map_err(Stop::Failed)).map_err(|stop| match stop {
            Stop::Lost(lost) => self.lost(lost),
            Stop::Failed(fail) => fail,
        })
    }

    fn one(&self, path: &Path) -> Result<Leaf<'_>, Fail> {
        self.decoded.one(&path.0).map_err(|lost| self.lost(lost))
    }
}

impl Source<Attribute> for AppAction {
    fn test(&self, path: &Attribute, test: &mut dyn FnMut(Leaf<'_>) -> Result<bool, Fail>) -> Result<bool, Fail> {
        test(self.one(path)?)
    }

    fn one(&self, path: &Attribute) -> Result<Leaf<'_>, Fail> {
        let bad = || Fail::new(Code::BadAttribute);
        let value = self.attrs.get(&path.name).ok_or_else(bad)?;
        let word = match (path.kind, value) {
            (Kind::Number, value) => value.number().map(|n| Word::from_uint(n.into_raw())),
            (Kind::Text, Attr::Text(text)) => Some(Word(keccak256(text).0)),
            (Kind::Address, Attr::Text(text)) => parse_address(text).ok().map(Word::from_address),
            (Kind::Bool, Attr::Bool(b)) => Some(Word::from_uint(U256::from(*b))),
            _ => None,
        };
        Ok(Leaf { word: word.ok_or_else(bad)?, ty: path.kind.ty() })
    }
}

/// Requires every condition to hold, in order.
///
/// # Errors
/// The first [`Fail`].
pub fn conditions<P>(all: &[Condition<P>], source: &impl Source<P>) -> Result<(), Fail> {
    for (i, condition) in all.iter().enumerate() {
        holds(condition, source).map_err(|fail| fail.at(Place::Condition(i)))?;
    }
    Ok(())
}

fn holds<P>(condition: &Condition<P>, source: &impl Source<P>) -> Result<(), Fail> {
    let mut found = Found::Says("no element");
    let held = source.test(&condition.path, &mut |leaf| {
        let held = compare(&condition.test, leaf, source)?;
        if !held {
            found = Found::Value(leaf.word, Shown::of(leaf.ty));
        }
        Ok(held)
    })?;
    if held { Ok(()) } else { Err(Fail::new(Code::ConditionFailed).found(found)) }
}

fn compare<P>(test: &Test<P>, leaf: Leaf<'_>, source: &impl Source<P>) -> Result<bool, Fail> {
    let order = |bound: &Word| leaf.word.compare(*bound, leaf.ty).ok_or_else(|| Fail::new(Code::BadGrant));
    Ok(match test {
        Test::Eq(w) => leaf.word == *w,
        Test::Ne(w) => leaf.word != *w,
        Test::Le(w) => order(w)? != Ordering::Greater,
        Test::Ge(w) => order(w)? != Ordering::Less,
        Test::Lt(w) => order(w)? == Ordering::Less,
        Test::Gt(w) => order(w)? == Ordering::Greater,
        Test::In(list) => list.contains(&leaf.word),
        Test::Mask(mask, expected) => leaf.word.uint() & mask.uint() == expected.uint(),
        Test::Ratio(right, numerator, denominator) => {
            let right = source.one(right)?;
            let product = |leaf: Leaf<'_>, factor: U256| magnitude(leaf).and_then(|n| n.checked_mul(factor));
            match (product(leaf, *denominator), product(right, *numerator)) {
                (Some(left), Some(right)) => left >= right,
                _ => false,
            }
        }
    })
}

/// An integer that is not negative.
fn magnitude(leaf: Leaf<'_>) -> Option<U256> {
    match leaf.ty {
        Ty::Uint(_) => Some(leaf.word.uint()),
        Ty::Int(_) if !I256::from_raw(leaf.word.uint()).is_negative() => Some(leaf.word.uint()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::Address;

    #[test]
    fn calldata_is_for_a_function_by_its_selector_or_by_being_empty() {
        let rule = |signature: &str| CallRule {
            target: Address::ZERO,
            signature: signature.to_owned(),
            arguments: crate::grant::arguments_of(signature).unwrap(),
            max_value: U256::ZERO,
            conditions: Vec::new(),
            uses: Vec::new(),
        };
        let fits = |signature: &str, data: &[u8]| same_function(&rule(signature), data);
        // wycpnbqcyf() has the selector 0x00000000.
        assert!(fits("wycpnbqcyf()", &[0; 4]) && fits("wycpnbqcyf()", &[0; 36]) && fits("", &[]));
        assert!(!fits("wycpnbqcyf()", &[]) && !fits("wycpnbqcyf()", &[0; 3]) && !fits("wycpnbqcyf()", &[0, 0, 0, 1]));
        assert!(!fits("", &[0; 4]) && !fits("", &[0]));
    }
}
