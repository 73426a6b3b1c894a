//! One condition: `hero in [1, 2, 3]`, `direction <= 3`, `to == 0x51f0...`, `flags mask 0xff == 0x01`.

use super::fields::{Problem, Read, Text};
use super::units;
use crate::abi::{Function, Ty, Word};
use crate::grant::{Condition, Path, Test};
use crate::labels::Labels;
use alloy_primitives::{I256, U256, hex, keccak256};
use core::str::FromStr;
use hallpass_types::account::parse_address;

const OPERATORS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];

/// Reads a condition on the arguments of `function`.
pub fn condition(text: &Text, function: &Function, labels: &Labels) -> Read<Condition> {
    let source = text.text.as_str();
    let name_len =
        source.trim_start().bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$')).count();
    let start = source.len() - source.trim_start().len();
    let name = source.get(start..start + name_len).unwrap_or("");
    let index = argument(text, start..start + name_len, name, function)?;
    let ty = function.types.get(index).ok_or_else(|| Problem::bad(text.span.clone(), "no such argument"))?;
    let rest = source.get(start + name_len..).unwrap_or("");
    let at = start + name_len + (rest.len() - rest.trim_start().len());
    let rest = rest.trim();
    let path =
        u16::try_from(index).map(Path::argument).map_err(|_| Problem::bad(text.span.clone(), "no such argument"))?;
    let end = source.len();
    if rest.starts_with('.') || rest.starts_with('[') {
        return Err(Problem::new(
            text.part(at..end),
            "not_yet_supported",
            "conditions inside arrays and tuples cannot be granted yet",
        ));
    }
    let value = |offset: usize, raw: &str| {
        value(raw, ty, labels).map_err(|says| Problem::bad(text.part(at + offset..end), says))
    };
    if let Some(list) = rest.strip_prefix("in ").map(str::trim) {
        let inner = list.strip_prefix('[').and_then(|l| l.strip_suffix(']'));
        let inner = inner.ok_or_else(|| Problem::bad(text.part(at..end), "a list is written `[1, 2, 3]`"))?;
        let mut words = inner.split(',').map(|item| value(3, item.trim())).collect::<Read<Vec<_>>>()?;
        words.sort_unstable();
        if words.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(Problem::bad(text.part(at..end), "a value stands in the list twice"));
        }
        return match words.as_slice() {
            [] => Err(Problem::bad(text.part(at..end), "an empty list allows nothing")),
            [_] => {
                Err(Problem::bad(text.part(at..end), "a list has at least two values")
                    .hint("write `==` for a single one"))
            }
            _ => Ok(Condition { path, test: Test::In(words) }),
        };
    }
    if let Some(masked) = rest.strip_prefix("mask ") {
        let parts = masked.split_once("==");
        let (mask, expected) =
            parts.ok_or_else(|| Problem::bad(text.part(at..end), "a mask is written `flags mask 0xff == 0x01`"))?;
        return Ok(Condition { path, test: Test::Mask(value(5, mask.trim())?, value(5, expected.trim())?) });
    }
    let op = OPERATORS.iter().find(|op| rest.starts_with(**op));
    let op = op.ok_or_else(|| {
        Problem::bad(text.part(at..end.max(at + 1)), "expected an operator")
            .hint("one of ==, !=, <=, >=, <, >, in, mask")
    })?;
    let raw = rest.get(op.len()..).unwrap_or("").trim_start();
    if raw.contains('*') || function.index_of(raw).is_some() {
        return Err(Problem::new(
            text.part(at..end),
            "not_yet_supported",
            "comparing two arguments cannot be granted yet",
        ));
    }
    let word = value(rest.len() - raw.len(), raw)?;
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

/// The index of an argument by its name, or by its place as `$0`.
pub fn argument(text: &Text, span: core::ops::Range<usize>, name: &str, function: &Function) -> Read<usize> {
    let by_place = name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).filter(|n| *n < function.types.len());
    by_place.or_else(|| function.index_of(name)).ok_or_else(|| {
        let names: Vec<String> = function
            .names
            .iter()
            .enumerate()
            .map(|(i, n)| if n.is_empty() { format!("${i}") } else { n.clone() })
            .collect();
        let known = if names.is_empty() {
            "the function takes none".to_owned()
        } else {
            format!("it takes {}", names.join(", "))
        };
        Problem::bad(text.part(span), format!("`{}` has no argument `{name}`", function.name)).hint(known)
    })
}

fn value(raw: &str, ty: &Ty, labels: &Labels) -> Result<Word, String> {
    let bad = || format!("`{raw}` is no `{ty}`");
    let word = match ty {
        Ty::Uint(_) => match raw.strip_prefix("0x") {
            Some(digits) => Word::from_uint(U256::from_str_radix(digits, 16).map_err(|_| bad())?),
            None => Word::from_uint(units::amount(raw, labels)?),
        },
        Ty::Int(_) => Word::from_uint(I256::from_str(raw).map_err(|_| bad())?.into_raw()),
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
        Ty::String => {
            let inner = raw
                .strip_prefix('\'')
                .and_then(|r| r.strip_suffix('\''))
                .ok_or_else(|| format!("write a string as `'...'`, not `{raw}`"))?;
            Word(keccak256(inner).0)
        }
        Ty::Bytes => Word(keccak256(raw.strip_prefix("0x").and_then(|d| hex::decode(d).ok()).ok_or_else(bad)?).0),
        Ty::FixedArray(..) | Ty::Array(_) | Ty::Tuple(_) => {
            return Err(format!("a `{ty}` cannot be compared as a whole"));
        }
    };
    let fits = matches!(ty, Ty::String | Ty::Bytes) || word.is_canonical(ty);
    if fits { Ok(word) } else { Err(format!("`{raw}` does not fit `{ty}`")) }
}
