//! `checks` bytes by `spec/encoding.md`, read once more; with no judgement of types and values, as our reader.

use alloy_primitives::U256;
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{Amount, Attribute, Condition, Kind, Path, Test, Use};

/// Conditions and uses, if the bytes are these and nothing more.
pub type Read<P> = Option<(Vec<Condition<P>>, Vec<Use<P>>)>;

/// Behind the layout of a call rule or a typed rule.
#[must_use]
pub fn of_paths(bytes: &[u8]) -> Read<Path> {
    whole(bytes, |rest| {
        let steps = usize::from(take(rest, 1)?[0]);
        let steps = take(rest, 2 * steps)?.chunks(2).map(|s| u16::from_be_bytes([s[0], s[1]])).collect::<Vec<_>>();
        (!steps.is_empty()).then_some(Path(steps))
    })
}

/// Of an app rule.
#[must_use]
pub fn of_attributes(bytes: &[u8]) -> Read<Attribute> {
    whole(bytes, |rest| {
        let kind = match take(rest, 1)?[0] {
            0x3f => Kind::Number,
            0x60 => Kind::Address,
            0x61 => Kind::Bool,
            0x63 => Kind::Text,
            _ => return None,
        };
        let length = usize::from(take(rest, 1)?[0]);
        Some(Attribute { name: std::str::from_utf8(take(rest, length)?).ok()?.to_owned(), kind })
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    rest.split_off(..count)
}

fn word(rest: &mut &[u8]) -> Option<Word> {
    Some(Word(take(rest, 32)?.try_into().ok()?))
}

fn whole<P>(bytes: &[u8], path: impl Fn(&mut &[u8]) -> Option<P>) -> Read<P> {
    let mut all = bytes;
    let rest = &mut all;
    let mut conditions = Vec::new();
    for _ in 0..take(rest, 1)?[0] {
        let operator = take(rest, 1)?[0];
        let left = path(rest)?;
        let test = match operator {
            1 => Test::Eq(word(rest)?),
            2 => Test::Ne(word(rest)?),
            3 => Test::Le(word(rest)?),
            4 => Test::Ge(word(rest)?),
            5 => Test::Lt(word(rest)?),
            6 => Test::Gt(word(rest)?),
            7 => {
                let count = take(rest, 1)?[0];
                Test::In((0..count).map(|_| word(rest)).collect::<Option<_>>()?)
            }
            8 => Test::Mask(word(rest)?, word(rest)?),
            9 => {
                let right = path(rest)?;
                let [up, down] = [word(rest)?, word(rest)?].map(|w| U256::from_be_bytes(w.0));
                Test::Ratio(right, up, down)
            }
            _ => return None,
        };
        conditions.push(Condition { path: left, test });
    }
    let mut uses = Vec::new();
    for _ in 0..take(rest, 1)?[0] {
        let meter = take(rest, 2)?;
        let meter = u16::from_be_bytes([meter[0], meter[1]]);
        let amount = match take(rest, 1)?[0] {
            1 => Amount::One,
            2 => Amount::Value,
            3 => Amount::Path(path(rest)?),
            _ => return None,
        };
        uses.push(Use { meter, amount });
    }
    rest.is_empty().then_some((conditions, uses))
}
