//! The `checks` of a rule: unpacked by `encoding.md`, and its conditions judged (C1 to C12).

use crate::abi::{Tree, Type, from_word, keccak, to_word, unsigned};
use crate::json::{Res, address, decimal, deny, need, two_to, unreadable};
use num_bigint::BigInt;
use serde_json::{Map, Value};

const EVERY: usize = 0xfffe;
const SOME: usize = 0xffff;

/// What conditions and meters read from.
pub enum Subject<'a> {
    /// Arguments of a call or members of a message; the text is the code for an index beyond an array (C4).
    Values(Type, Tree, &'static str),
    Attributes(&'a Map<String, Value>),
}

/// Where a value stands: a path, or an attribute's type and name.
pub enum Place {
    Path(Vec<usize>),
    Attribute(usize, String),
}

/// A word, and whether it is a signed integer.
type Leaf = (BigInt, bool);
type Test<'a> = dyn FnMut(Leaf) -> Res<bool> + 'a;

/// C2 to C4: follows the path, and asks the test of what it leads to.
fn walk(ty: &Type, tree: &Tree, path: &[usize], bad: &'static str, at: &str, test: &mut Test) -> Res<bool> {
    match (ty, tree, path.split_first()) {
        (_, Tree::Word(word), None) => test((word.clone(), matches!(ty, Type::Int(_)))),
        (_, Tree::Blob(content), None) => test((keccak(content), false)), // C5
        (Type::Tuple(types), Tree::List(values), Some((index, rest))) => {
            let (ty, value) = need(types.get(*index).zip(values.get(*index)), "a path to no member")?;
            walk(ty, value, rest, bad, at, test)
        }
        (Type::Array(element, _), Tree::List(values), Some((&(EVERY | SOME), rest))) => {
            let settles = path.starts_with(&[SOME]);
            for value in values {
                if walk(element, value, rest, bad, at, test)? == settles {
                    return Ok(settles);
                }
            }
            Ok(!settles)
        }
        (Type::Array(element, _), Tree::List(values), Some((index, rest))) => match values.get(*index) {
            Some(value) => walk(element, value, rest, bad, at, test),
            None => deny(bad, at), // C4, M8
        },
        _ => unreadable("a path that leads to no word"),
    }
}

/// C10 to C12: an attribute's value as a word, if it is of the type.
fn attribute(value: &Value, kind: usize) -> Option<Leaf> {
    let word = match kind {
        0x3f => {
            let number = value.as_i64().map(BigInt::from).or_else(|| decimal(value.as_str()?));
            to_word(number.filter(|n| *n >= -two_to(255) && *n < two_to(255))?)
        }
        0x60 => unsigned(address(value).ok()?.as_slice()),
        0x61 => BigInt::from(u8::from(value.as_bool()?)),
        _ => keccak(value.as_str()?.as_bytes()),
    };
    Some((word, kind == 0x3f))
}

/// Asks the test of the value at a place, or of those that `every` and `some` name.
fn visit(subject: &Subject, place: &Place, at: &str, test: &mut Test) -> Res<bool> {
    match (subject, place) {
        (Subject::Values(ty, tree, bad), Place::Path(path)) => walk(ty, tree, path, bad, at, test),
        (Subject::Attributes(attributes), Place::Attribute(kind, name)) => {
            match attributes.get(name).and_then(|value| attribute(value, *kind)) {
                Some(leaf) => test(leaf),
                None => deny("bad_attribute", at), // C10
            }
        }
        _ => unreadable("a place of another kind of rule"),
    }
}

/// The integer at a place without `every` and `some`.
pub fn integer(subject: &Subject, place: &Place, at: &str) -> Res<BigInt> {
    let mut found = None;
    visit(subject, place, at, &mut |(word, signed)| {
        found = Some(from_word(&word, signed));
        Ok(true)
    })?;
    need(found, "a path that leads nowhere")
}

/// Reads `checks` from their start.
pub struct Reader<'a> {
    pub rest: &'a [u8],
    pub app: bool,
}

impl<'a> Reader<'a> {
    pub fn take(&mut self, count: usize) -> Res<&'a [u8]> {
        let (taken, rest) = need(self.rest.split_at_checked(count), "bytes end too early")?;
        self.rest = rest;
        Ok(taken)
    }

    /// One or two bytes.
    pub fn number(&mut self, size: usize) -> Res<usize> {
        Ok(self.take(size)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }

    pub fn word(&mut self) -> Res<BigInt> {
        self.take(32).map(unsigned)
    }

    pub fn text(&mut self) -> Res<&'a str> {
        let length = self.number(1)?;
        need(std::str::from_utf8(self.take(length)?).ok(), "not a text")
    }

    pub fn place(&mut self) -> Res<Place> {
        if self.app {
            return Ok(Place::Attribute(self.number(1)?, self.text()?.to_owned()));
        }
        let steps = self.number(1)?;
        (0..steps).map(|_| self.number(2)).collect::<Res<_>>().map(Place::Path)
    }

    /// Reads a condition; C1: whether it holds.
    pub fn condition(&mut self, subject: &Subject, at: &str) -> Res<bool> {
        let (operator, place) = (self.number(1)?, self.place()?);
        let right = if operator == 9 { Some(self.place()?) } else { None };
        let count = if operator == 7 { self.number(1)? } else { 1 };
        let list = (0..count).map(|_| self.word()).collect::<Res<Vec<_>>>()?;
        let first = need(list.first(), "a condition without a value")?;
        let second = if operator >= 8 { self.word()? } else { BigInt::ZERO };
        visit(subject, &place, at, &mut |(word, signed)| {
            let (value, bound) = (from_word(&word, signed), from_word(first, signed));
            Ok(match (operator, &right) {
                (1, _) => word == *first,
                (2, _) => word != *first,
                (3, _) => value <= bound, // C6
                (4, _) => value >= bound,
                (5, _) => value < bound,
                (6, _) => value > bound,
                (7, _) => list.contains(&word),   // C7
                (8, _) => word & first == second, // C8
                (9, Some(right)) => {
                    let (left, right) = (value, integer(subject, right, at)?); // C9
                    let (more, less) = (&left * &second, &right * first);
                    let positive = left >= BigInt::ZERO && right >= BigInt::ZERO;
                    positive && more < two_to(256) && less < two_to(256) && more >= less
                }
                _ => return unreadable("an operator that is not known"),
            })
        })
    }
}
