//! One condition: `hero in [1, 2, 3]`, `to == 0x51f0...`, `flags mask 0xff == 0x01`, `minOut >= amountIn * 0.98 * eth`.

use super::fields::{Problem, Read, Text};
use super::path::{self, Scope};
use super::ratio::{Prices, factors};
use super::units;
use crate::abi::{Ty, Word};
use crate::grant::check_rule::is_attribute;
use crate::grant::{Attribute, Condition, Kind, Path, Test};
use crate::labels::{Labels, is_plain_text};
use alloy_primitives::{B256, I256, U256, hex, keccak256};
use core::cell::RefCell;
use core::ops::Range;
use core::str::FromStr;
use hallpass_types::account::parse_address;
use std::collections::BTreeSet;

const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// What a condition may speak of, beside its rule's arguments.
pub struct Names<'a> {
    /// Tokens, for addresses and units.
    pub labels: &'a Labels,
    /// Prices.
    pub prices: &'a Prices,
    /// Every text that something was compared with.
    pub texts: &'a RefCell<BTreeSet<String>>,
}

/// How a rule's paths and values are read.
pub trait Place {
    /// What a path is.
    type Path: Clone;

    /// The bytes at the start of `text` that can be a path.
    fn length(&self, text: &str) -> usize;

    /// Reads the path at `span` that is compared with `value`, and the type that values of it have.
    fn path(&self, text: &Text, span: Range<usize>, value: Compared<'_>) -> Read<(Self::Path, Ty)>;
}

/// What tells the type of an attribute.
#[derive(Clone, Copy)]
pub enum Compared<'v> {
    /// The value beside it.
    With(&'v str),
    /// It is counted, or compared with another one.
    AsNumber,
}

impl Place for Scope<'_> {
    type Path = Path;

    fn length(&self, text: &str) -> usize {
        path::length(text)
    }

    fn path(&self, text: &Text, span: Range<usize>, _: Compared<'_>) -> Read<(Path, Ty)> {
        path::read(text, span, self).map(|(path, ty)| (path, ty.clone()))
    }
}

/// The attributes of an app action.
#[derive(Clone, Copy)]
pub struct Attributes<'a>(pub &'a Labels);

impl Place for Attributes<'_> {
    type Path = Attribute;

    fn length(&self, text: &str) -> usize {
        text.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count()
    }

    fn path(&self, text: &Text, span: Range<usize>, value: Compared<'_>) -> Read<(Attribute, Ty)> {
        let name = text.text.get(span.clone()).unwrap_or("");
        if !is_attribute(name) {
            return Err(Problem::bad(text.part(span), format!("`{name}` is no name of an attribute"))
                .hint("1 to 64 letters, digits, `_`, `-` or `.`, beginning with a letter or `_`"));
        }
        let kind = match value {
            Compared::AsNumber => Kind::Number,
            Compared::With(raw) => match raw {
                "true" | "false" => Kind::Bool,
                raw if raw.starts_with('\'') || raw.starts_with("keccak:") => Kind::Text,
                raw if raw.starts_with("0x") || self.0.tokens.contains_key(raw) => Kind::Address,
                _ => Kind::Number,
            },
        };
        Ok((Attribute { name: name.to_owned(), kind }, kind.ty().clone()))
    }
}

/// Reads a condition.
pub fn condition<P: Place>(text: &Text, place: &P, names: &Names<'_>) -> Read<Condition<P::Path>> {
    let source = text.text.as_str();
    let end = source.len();
    let start = end - source.trim_start().len();
    let left = start..start + place.length(source.get(start..).unwrap_or(""));
    let rest = source.get(left.end..).unwrap_or("");
    let at = left.end + (rest.len() - rest.trim_start().len());
    let rest = rest.trim();
    let word = |offset: usize, raw: &str, ty: &Ty| {
        value(raw, ty, names).map_err(|says| Problem::bad(text.part(at + offset..end), says))
    };
    if let Some(list) = rest.strip_prefix("in ").or_else(|| rest.strip_prefix("in").filter(|l| l.starts_with('['))) {
        let inner = list.trim().strip_prefix('[').and_then(|l| l.strip_suffix(']'));
        let inner = inner.ok_or_else(|| Problem::bad(text.part(at..end), "a list is written `[1, 2, 3]`"))?;
        let items = split(inner);
        let (path, ty) = place.path(text, left, Compared::With(items.first().copied().unwrap_or("")))?;
        let mut words = items.iter().map(|item| word(3, item, &ty)).collect::<Read<Vec<_>>>()?;
        words.sort_unstable();
        if words.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(Problem::bad(text.part(at..end), "a value stands in the list twice"));
        }
        if words.len() < 2 {
            return Err(
                Problem::bad(text.part(at..end), "a list has at least two values").hint("write `==` for a single one")
            );
        }
        return Ok(Condition { path, test: Test::In(words) });
    }
    if let Some(masked) = rest.strip_prefix("mask ") {
        let parts = masked.split_once("==");
        let (mask, expected) =
            parts.ok_or_else(|| Problem::bad(text.part(at..end), "a mask is written `flags mask 0xff == 0x01`"))?;
        let (path, ty) = place.path(text, left, Compared::With(mask.trim()))?;
        let test = Test::Mask(word(5, mask.trim(), &ty)?, word(5, expected.trim(), &ty)?);
        return Ok(Condition { path, test });
    }
    let op = OPERATORS.iter().find(|op| rest.starts_with(**op));
    let Some(op) = op else {
        place.path(text, left, Compared::AsNumber)?;
        return Err(Problem::bad(text.part(at..end.max(at + 1)), "expected an operator")
            .hint("one of ==, !=, <=, >=, <, >, in, mask"));
    };
    let raw = rest.get(op.len()..).unwrap_or("").trim_start();
    let offset = rest.len() - raw.len();
    // An order has a number on its right, or another path: a word that begins like a name.
    let named = raw.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    if matches!(*op, "<=" | ">=") && named {
        let right = at + offset..at + offset + place.length(raw);
        let tail = source.get(right.end..).unwrap_or("");
        let fraction =
            factors(tail, names.prices).map_err(|says| Problem::bad(text.part(right.end.min(end)..end), says))?;
        let (left, ty) = place.path(text, left, Compared::AsNumber)?;
        let (right_path, right_ty) = place.path(text, right.clone(), Compared::AsNumber)?;
        if let Some(odd) = [&ty, &right_ty].into_iter().find(|ty| !ty.is_integer()) {
            return Err(Problem::bad(text.part(right), format!("only integers can be compared, and one is `{odd}`")));
        }
        // left >= right * n / d, or right * n / d >= left.
        return Ok(if *op == ">=" {
            Condition { path: left, test: Test::Ratio(right_path, fraction.numerator, fraction.denominator) }
        } else {
            Condition { path: right_path, test: Test::Ratio(left, fraction.denominator, fraction.numerator) }
        });
    }
    let (path, ty) = place.path(text, left, Compared::With(raw))?;
    let word = word(offset, raw, &ty)?;
    let test = match *op {
        "==" => Test::Eq(word),
        "!=" => Test::Ne(word),
        "<=" => Test::Le(word),
        ">=" => Test::Ge(word),
        "<" => Test::Lt(word),
        _ => Test::Gt(word),
    };
    Ok(Condition { path, test })
}

/// The items of a list; a comma inside quotes does not part them.
fn split(list: &str) -> Vec<&str> {
    let mut quoted = false;
    list.split(|c: char| {
        quoted ^= c == '\'';
        c == ',' && !quoted
    })
    .map(str::trim)
    .collect()
}

fn value(raw: &str, ty: &Ty, names: &Names<'_>) -> Result<Word, String> {
    let bad = || format!("`{raw}` is no `{ty}`");
    let labels = names.labels;
    let word = match ty {
        Ty::Uint(_) => match raw.strip_prefix("0x") {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Word::from_uint(U256::from_str_radix(digits, 16).map_err(|_| bad())?)
            }
            Some(_) => return Err(bad()),
            None => Word::from_uint(units::amount(raw, labels)?),
        },
        Ty::Int(_) => Word::from_uint(signed(raw, labels)?.into_raw()),
        Ty::Address => match labels.tokens.get(raw) {
            Some(token) => Word::from_address(token.address),
            None => Word::from_address(parse_address(raw).map_err(|e| format!("`{raw}`: {e}"))?),
        },
        Ty::Bool => match raw {
            "true" => Word::from_uint(U256::from(1)),
            "false" => Word::from_uint(U256::ZERO),
            _ => return Err(bad()),
        },
        Ty::FixedBytes(n) => {
            let bytes = raw.strip_prefix("0x").and_then(|d| hex::decode(d).ok()).filter(|b| b.len() == usize::from(*n));
            let bytes = bytes.ok_or_else(bad)?;
            let mut word = [0; 32];
            word.iter_mut().zip(bytes).for_each(|(slot, b)| *slot = b);
            Word(word)
        }
        Ty::String | Ty::Bytes => hashed(raw, ty, names)?,
        Ty::FixedArray(..) | Ty::Array(_) | Ty::Tuple(_) => {
            return Err(format!(
                "a `{ty}` cannot be compared as a whole: say which part of it, or `[every]` or `[some]`"
            ));
        }
    };
    let fits = matches!(ty, Ty::String | Ty::Bytes) || word.is_canonical(ty);
    if fits { Ok(word) } else { Err(format!("`{raw}` does not fit `{ty}`")) }
}

fn hashed(raw: &str, ty: &Ty, names: &Names<'_>) -> Result<Word, String> {
    if let Some(hash) = raw.strip_prefix("keccak:") {
        let shaped = hash.starts_with("0x") && hash.len() == 66;
        let hash = B256::from_str(hash).ok().filter(|_| shaped);
        return Ok(Word(hash.ok_or_else(|| format!("`{raw}`: write `keccak:0x` and 64 hex digits"))?.0));
    }
    if *ty == Ty::Bytes {
        let bytes = raw.strip_prefix("0x").and_then(|d| hex::decode(d).ok());
        return Ok(Word(
            keccak256(bytes.ok_or_else(|| format!("`{raw}` is no `bytes`: write `0x` and hex digits"))?).0,
        ));
    }
    let inner = raw.strip_prefix('\'').and_then(|r| r.strip_suffix('\''));
    let inner = inner.ok_or_else(|| format!("write a string as `'...'`, not `{raw}`"))?;
    if !is_plain_text(inner) {
        return Err(
            "a text has at most 1,024 letters, digits, spaces and signs, without quotation marks or anything invisible"
                .to_owned(),
        );
    }
    names.texts.borrow_mut().insert(inner.to_owned());
    Ok(Word(keccak256(inner).0))
}

fn signed(raw: &str, labels: &Labels) -> Result<I256, String> {
    let bad = || format!("`{raw}` is no whole number between -2^255 and 2^255 - 1");
    let size = units::amount(raw.strip_prefix('-').unwrap_or(raw), labels)?;
    let least = U256::from(1) << 255;
    match raw.starts_with('-') {
        true if size > least || size.is_zero() => Err(bad()),
        true => Ok(I256::from_raw(size.wrapping_neg())),
        false => I256::try_from(size).map_err(|_| bad()),
    }
}
