//! Why one rule does not allow, in a few words of memory: a later rule may allow, and then nobody reads this.

use super::{Code, Denial};
use crate::abi::{Ty, Word};
use crate::grant::Test;
use alloy_primitives::{Address, I256, U256, hex};
use core::fmt;

/// The first thing in a rule that failed.
#[derive(Debug, Clone, Copy)]
pub struct Fail {
    /// The code.
    pub code: Code,
    /// The place in the rule.
    pub at: Place,
    /// What was found.
    pub found: Found,
    /// What would have been allowed; for a condition its own text says so.
    pub bound: Found,
}

/// A place in a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The rule as a whole.
    Rule,
    /// `maxValue`
    MaxValue,
    /// `signature`
    Signature,
    /// `conditions[i]`
    Condition(usize),
    /// `uses[i]`
    Use(usize),
}

/// A value that can be shown later.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    /// Nothing to show.
    Nothing,
    /// A whole number.
    Number(U256),
    /// A value of some type.
    Value(Word, Shown),
    /// One sentence.
    Says(&'static str),
}

/// How a word of a type is written, without the type.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    /// `uintN`
    Unsigned,
    /// `intN`
    Signed,
    /// `bool`
    Bool,
    /// `address`
    Address,
    /// `bytesN`
    Bytes(u8),
    /// The keccak-256 of `bytes` or of a `string`.
    Hash,
}

impl Fail {
    /// A failure of the rule as a whole, with nothing to show.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, at: Place::Rule, found: Found::Nothing, bound: Found::Nothing }
    }

    /// At a place.
    #[must_use]
    pub const fn at(self, at: Place) -> Self {
        Self { at, ..self }
    }

    /// With what was found.
    #[must_use]
    pub const fn found(self, found: Found) -> Self {
        Self { found, ..self }
    }

    /// With what would have been allowed.
    #[must_use]
    pub const fn bound(self, bound: Found) -> Self {
        Self { bound, ..self }
    }

    /// The denial of rule `number`; `test` gives the text of a condition that did not hold.
    #[must_use]
    pub fn denial(self, number: usize, test: impl FnOnce(usize, Option<Shown>) -> Option<String>) -> Denial {
        let at = match self.at {
            Place::Rule => format!("rules[{number}]"),
            Place::MaxValue => format!("rules[{number}].maxValue"),
            Place::Signature => format!("rules[{number}].signature"),
            Place::Condition(i) => format!("rules[{number}].conditions[{i}]"),
            Place::Use(i) => format!("rules[{number}].uses[{i}]"),
        };
        let how = match self.found {
            Found::Value(_, how) => Some(how),
            _ => None,
        };
        let wanted = match (self.code, self.at) {
            (Code::ConditionFailed, Place::Condition(i)) => test(i, how),
            _ => None,
        };
        let text = |found: Found| match found {
            Found::Nothing => None,
            Found::Number(n) => Some(n.to_string()),
            Found::Value(word, how) => Some(how.show(word)),
            Found::Says(text) => Some(text.to_owned()),
        };
        Denial { code: self.code, at, found: text(self.found), bound: wanted.or_else(|| text(self.bound)), call: None }
    }
}

impl From<u32> for Found {
    fn from(n: u32) -> Self {
        Self::Number(U256::from(n))
    }
}

impl From<u128> for Found {
    fn from(n: u128) -> Self {
        Self::Number(U256::from(n))
    }
}

impl From<Address> for Found {
    fn from(address: Address) -> Self {
        Self::Value(Word::from_address(address), Shown::Address)
    }
}

impl Shown {
    /// How values of a type are written.
    #[must_use]
    pub const fn of(ty: &Ty) -> Self {
        match ty {
            Ty::Uint(_) => Self::Unsigned,
            Ty::Int(_) => Self::Signed,
            Ty::Bool => Self::Bool,
            Ty::Address => Self::Address,
            Ty::FixedBytes(n) => Self::Bytes(*n),
            _ => Self::Hash,
        }
    }

    /// A word as people write it.
    #[must_use]
    pub fn show(self, word: Word) -> String {
        match self {
            Self::Unsigned => word.uint().to_string(),
            Self::Signed => I256::from_raw(word.uint()).to_string(),
            Self::Bool => (!word.uint().is_zero()).to_string(),
            Self::Address => word.address().to_checksum(None),
            Self::Bytes(n) => hex::encode_prefixed(word.0.get(..usize::from(n)).unwrap_or(&[])),
            Self::Hash => format!("keccak:{}", hex::encode_prefixed(word.0)),
        }
    }
}

/// A value as people write it; `keccak:0x...` for what is compared by its hash.
#[must_use]
pub fn show(word: Word, ty: &Ty) -> String {
    Shown::of(ty).show(word)
}

/// What a test would have taken.
#[must_use]
pub fn wanted<P>(test: &Test<P>, how: Option<Shown>) -> String {
    let show = |op: &str, w: &Word| format!("{op} {}", how.unwrap_or(Shown::Hash).show(*w));
    match test {
        Test::Eq(w) => show("==", w),
        Test::Ne(w) => show("!=", w),
        Test::Le(w) => show("<=", w),
        Test::Ge(w) => show(">=", w),
        Test::Lt(w) => show("<", w),
        Test::Gt(w) => show(">", w),
        Test::In(list) => format!("one of {} values", list.len()),
        Test::Mask(mask, expected) => {
            format!("bits {} as {}", hex::encode_prefixed(mask.0), hex::encode_prefixed(expected.0))
        }
        Test::Ratio(_, n, d) => format!("this * {d} >= the other * {n}"),
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)
    }
}
