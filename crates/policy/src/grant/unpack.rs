//! Reads `checks` back; whatever is not the one encoding of a rule is refused.

use super::{Amount, Attribute, BadGrant, CallRule, Condition, Kind, Path, Test, Use, arguments_of, pack};
use crate::abi::{Ty, Word, layout};
use alloy_primitives::{Address, U256};

/// Conditions and uses of a rule.
pub type Checks<P> = (Vec<Condition<P>>, Vec<Use<P>>);

/// Reads one call rule of the EIP-712 message. Types and values are judged by [`super::check`], not here.
///
/// # Errors
/// [`BadGrant`] where the bytes are not canonical, or the layout is not the signature's.
pub fn rule(target: Address, signature: &str, max_value: U256, bytes: &[u8]) -> Result<CallRule, BadGrant> {
    let arguments = arguments_of(signature)?;
    let (conditions, uses) = checks(arguments.as_deref(), bytes, signature)?;
    Ok(CallRule { target, signature: signature.to_owned(), arguments, max_value, conditions, uses })
}

/// Reads the `checks` of a rule whose arguments have these types; `of` names what they derive from.
///
/// # Errors
/// [`BadGrant`] where the bytes are not canonical, or the layout is another one.
pub fn checks(arguments: Option<&[Ty]>, bytes: &[u8], of: &str) -> Result<Checks<Path>, BadGrant> {
    let mut reader = Reader(bytes);
    let len = reader.byte().ok_or_else(bad)?;
    let layout = reader.take(usize::from(len)).ok_or_else(bad)?;
    if layout != arguments.map(layout::encode).unwrap_or_default() {
        return Err(BadGrant::new("checks", format!("the layout is not that of `{of}`")));
    }
    let (conditions, uses) = reader.all(Reader::path).ok_or_else(bad)?;
    let whole = reader.0.is_empty() && pack::checks(arguments, &conditions, &uses) == bytes;
    if whole { Ok((conditions, uses)) } else { Err(bad()) }
}

/// Reads the `checks` of an app rule.
///
/// # Errors
/// [`BadGrant`] where the bytes are not canonical.
pub fn app_checks(bytes: &[u8]) -> Result<Checks<Attribute>, BadGrant> {
    let mut reader = Reader(bytes);
    let (conditions, uses) = reader.all(Reader::attribute).ok_or_else(bad)?;
    let whole = reader.0.is_empty() && pack::app_checks(&conditions, &uses) == bytes;
    if whole { Ok((conditions, uses)) } else { Err(bad()) }
}

fn bad() -> BadGrant {
    BadGrant::new("checks", "the bytes are not a canonical encoding")
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

    fn attribute(&mut self) -> Option<Attribute> {
        let kind = Kind::from_byte(self.byte()?)?;
        let len = self.byte()?;
        let name = String::from_utf8(self.take(usize::from(len))?.to_vec()).ok()?;
        Some(Attribute { name, kind })
    }

    fn all<P>(&mut self, path: fn(&mut Self) -> Option<P>) -> Option<Checks<P>> {
        let conditions = self.list(|r| r.condition(path))?;
        let uses = self.list(|r| r.used(path))?;
        Some((conditions, uses))
    }

    fn condition<P>(&mut self, path: fn(&mut Self) -> Option<P>) -> Option<Condition<P>> {
        let op = self.byte()?;
        let at = path(self)?;
        let test = match op {
            1 => Test::Eq(self.word()?),
            2 => Test::Ne(self.word()?),
            3 => Test::Le(self.word()?),
            4 => Test::Ge(self.word()?),
            5 => Test::Lt(self.word()?),
            6 => Test::Gt(self.word()?),
            7 => Test::In(self.list(Self::word)?),
            8 => Test::Mask(self.word()?, self.word()?),
            9 => Test::Ratio(path(self)?, self.word()?.uint(), self.word()?.uint()),
            _ => return None,
        };
        Some(Condition { path: at, test })
    }

    fn used<P>(&mut self, path: fn(&mut Self) -> Option<P>) -> Option<Use<P>> {
        let meter = self.short()?;
        let amount = match self.byte()? {
            1 => Amount::One,
            2 => Amount::Value,
            3 => Amount::Path(path(self)?),
            _ => return None,
        };
        Some(Use { meter, amount })
    }
}
