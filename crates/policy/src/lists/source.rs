//! JSON that others wrote: where a value stands, and what it must be to be shown.

use super::{Contract, Entries};
use crate::json::strict;
use crate::labels::is_deceptive;
use alloy_primitives::Address;
use hallpass_types::{AccountId, ChainId, account::parse_address};
use serde_json::Value;
use std::collections::BTreeMap;

/// Largest file that is read, in bytes; a token list of 10,000 tokens is about 5 MiB.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Longest name, intent or argument name, in characters.
pub const MAX_NAME: usize = 128;
/// Longest symbol, in characters.
pub const MAX_SYMBOL: usize = 32;
/// Most decimals, as in a grant's own labels: `10^77` is the last power of ten below `2^256`.
pub const MAX_DECIMALS: u8 = 77;

/// Why a source of names cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// More than [`MAX_BYTES`].
    #[error("a source of names is at most 16 MiB")]
    TooLarge,
    /// No JSON, or an object with two members of one name.
    #[error("no JSON as it should be: {0}")]
    Json(String),
    /// Something in it is not what was expected there.
    #[error("{at}: {says}")]
    Bad {
        /// The path, such as `tokens[3].symbol`.
        at: String,
        /// What is wrong.
        says: String,
    },
}

impl SourceError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Json(_) => "bad_json",
            Self::Bad { .. } => "bad_labels",
        }
    }
}

pub type Read<T> = Result<T, SourceError>;

pub fn parse(text: &str) -> Read<Value> {
    if text.len() > MAX_BYTES {
        return Err(SourceError::TooLarge);
    }
    strict::parse(text).map_err(|e| SourceError::Json(e.to_string()))
}

/// A value and its path.
#[derive(Debug, Clone)]
pub struct Place<'j> {
    at: String,
    value: &'j Value,
}

impl<'j> Place<'j> {
    pub fn top(value: &'j Value) -> Self {
        Self { at: String::new(), value }
    }

    pub fn bad(&self, says: impl Into<String>) -> SourceError {
        let at = if self.at.is_empty() { "the whole file" } else { self.at.as_str() };
        SourceError::Bad { at: at.to_owned(), says: says.into() }
    }

    fn expected<T>(&self, what: &str) -> Read<T> {
        let found = match self.value {
            Value::Array(_) => "a list".to_owned(),
            Value::Object(_) => "an object".to_owned(),
            // Escapes whatever a terminal would not show as it is.
            Value::String(text) => format!("{:?}", text.chars().take(80).collect::<String>()),
            short => short.to_string(),
        };
        Err(self.bad(format!("expected {what}, found {found}")))
    }

    pub fn is_text(&self) -> bool {
        self.value.is_string()
    }

    pub fn is_list(&self) -> bool {
        self.value.is_array()
    }

    /// The members of an object, in the order of their names.
    pub fn members(&self) -> Read<BTreeMap<&'j str, Place<'j>>> {
        let Some(members) = self.value.as_object() else { return self.expected("an object") };
        Ok(members.iter().map(|(key, value)| (key.as_str(), Place { at: self.below(key), value })).collect())
    }

    /// A member that may be absent; `null` is absent too.
    pub fn member(&self, key: &str) -> Read<Option<Place<'j>>> {
        let Some(members) = self.value.as_object() else { return self.expected("an object") };
        let found = members.get(key).filter(|value| !value.is_null());
        Ok(found.map(|value| Place { at: self.below(key), value }))
    }

    pub fn need(&self, key: &str) -> Read<Place<'j>> {
        let missing = || SourceError::Bad { at: self.below(key), says: "is missing".to_owned() };
        self.member(key)?.ok_or_else(missing)
    }

    pub fn list(&self) -> Read<Vec<Place<'j>>> {
        let Some(items) = self.value.as_array() else { return self.expected("a list") };
        Ok(items.iter().enumerate().map(|(i, value)| Place { at: format!("{}[{i}]", self.at), value }).collect())
    }

    pub fn text(&self) -> Read<&'j str> {
        self.value.as_str().map_or_else(|| self.expected("a string"), Ok)
    }

    /// A text that is shown as fact.
    pub fn name(&self) -> Read<String> {
        let text = self.text()?;
        if is_harmless(text, MAX_NAME) { Ok(text.to_owned()) } else { self.expected(HARMLESS_NAME) }
    }

    pub fn symbol(&self) -> Read<String> {
        let text = self.text()?;
        if is_harmless(text, MAX_SYMBOL) { Ok(text.to_owned()) } else { self.expected(HARMLESS_SYMBOL) }
    }

    pub fn decimals(&self) -> Read<u8> {
        let read = self.value.as_u64().and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= MAX_DECIMALS);
        read.map_or_else(|| self.expected("a whole number from 0 to 77"), Ok)
    }

    /// `chainId` and `address`, as token lists and descriptors have them.
    pub fn contract(&self) -> Read<(ChainId, Address)> {
        let (chain, address) = (self.need("chainId")?, self.need("address")?);
        let chain_id = chain.value.as_u64().and_then(ChainId::new);
        let chain_id = chain_id.map_or_else(|| chain.expected("a chain's number, which is never 0"), Ok)?;
        let read = parse_address(address.text()?);
        Ok((chain_id, read.or_else(|e| address.expected(&format!("an address ({e})")))?))
    }

    /// Adds what is said of a contract; the same a second time adds nothing.
    pub fn enter(&self, entries: &mut Entries, (chain, address): (ChainId, Address), contract: Contract) -> Read<()> {
        let account = AccountId { chain, address };
        match entries.get(&(chain, address)) {
            Some(before) if *before != contract => {
                Err(self.bad(format!("says something else of {account} than an entry before it")))
            }
            _ => {
                entries.insert((chain, address), contract);
                Ok(())
            }
        }
    }

    fn below(&self, key: &str) -> String {
        let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'));
        match (plain, self.at.is_empty()) {
            (true, true) => key.to_owned(),
            (true, false) => format!("{}.{key}", self.at),
            (false, _) => format!("{}[{key:?}]", self.at),
        }
    }
}

/// What a name must be.
pub const HARMLESS_NAME: &str =
    "1 to 128 letters, digits, spaces and signs, no space at either end, no quotation marks, nothing invisible";
const HARMLESS_SYMBOL: &str =
    "1 to 32 letters, digits, spaces and signs, no space at either end, no quotation marks, nothing invisible";

/// Whether a text can be shown without quotation marks: the rule of titles, and no spaces at its ends, so that it is
/// not all spaces.
pub fn is_harmless(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(is_deceptive)
}
