//! Reads `checks` back; whatever is not the one encoding of a rule is refused.

use super::{Amount, BadGrant, CallRule, Condition, Path, Test, Use, arguments_of, pack};
use crate::abi::{Word, layout};
use alloy_primitives::{Address, U256};

/// Reads one rule of the EIP-712 message. Types and values are judged by [`super::check`], not here.
///
/// # Errors
/// [`BadGrant`] where the bytes are not canonical, or the layout is not the signature's.
pub fn rule(target: Address, signature: &str, max_value: U256, checks: &[u8]) -> Result<CallRule, BadGrant> {
    let arguments = arguments_of(signature)?;
    let mut reader = Reader(checks);
    let bad = || BadGrant::new("checks", "the bytes are not a canonical encoding".to_owned());
    let len = reader.byte().ok_or_else(bad)?;
    let layout = reader.take(usize::from(len)).ok_or_else(bad)?;
    if layout != arguments.as_deref().map(layout::encode).unwrap_or_default() {
        return Err(BadGrant::new("checks", format!("the layout is not that of `{signature}`")));
    }
    let conditions = reader.list(Reader::condition).ok_or_else(bad)?;
    let uses = reader.list(Reader::used).ok_or_else(bad)?;
    let rule = CallRule { target, signature: signature.to_owned(), arguments, max_value, conditions, uses };
    if reader.0.is_empty() && pack::checks(&rule) == checks { Ok(rule) } else { Err(bad()) }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn word(&mut self) -> Option<Word> {
        Some(Word(self.take(32)?.try_into().ok()?))
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.byte()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn path(&mut self) -> Option<Path> {
        self.list(Self::short).filter(|steps| !steps.is_empty()).map(Path)
    }

    fn condition(&mut self) -> Option<Condition> {
        let op = self.byte()?;
        let path = self.path()?;
        let test = match op {
            1 => Test::Eq(self.word()?),
            2 => Test::Ne(self.word()?),
            3 => Test::Le(self.word()?),
            4 => Test::Ge(self.word()?),
            5 => Test::Lt(self.word()?),
            6 => Test::Gt(self.word()?),
            7 => Test::In(self.list(Self::word)?),
            8 => Test::Mask(self.word()?, self.word()?),
            9 => Test::Ratio(self.path()?, self.word()?.uint(), self.word()?.uint()),
            _ => return None,
        };
        Some(Condition { path, test })
    }

    fn used(&mut self) -> Option<Use> {
        let meter = self.short()?;
        let amount = match self.byte()? {
            1 => Amount::One,
            2 => Amount::Value,
            3 => Amount::Path(self.path()?),
            _ => return None,
        };
        Some(Use { meter, amount })
    }
}
