//! Objects that know where they stand, and which members they expect.

use alloy_primitives::{Address, U256, hex};
use core::str::FromStr;
use hallpass_types::{UnixSeconds, account::parse_address};
use serde_json::{Map, Value};

/// A JSON value that is not what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {says}")]
pub struct AskError {
    /// The path, such as `action.batch[1].call.to`.
    pub at: String,
    /// The value, and what is allowed.
    pub says: String,
}

impl AskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "bad_json"
    }

    pub(crate) fn new(at: &str, says: impl Into<String>) -> Self {
        Self { at: at.to_owned(), says: says.into() }
    }

    fn expected(at: &str, found: &Value, what: &str) -> Self {
        let mut found = found.to_string();
        if found.chars().count() > 80 {
            found = found.chars().take(77).chain("...".chars()).collect();
        }
        Self::new(at, format!("expected {what}, found {found}"))
    }
}

pub type Read<T> = Result<T, AskError>;

/// A value and its path.
#[derive(Clone)]
pub struct Node<'v> {
    pub at: String,
    pub value: &'v Value,
}

impl<'v> Node<'v> {
    pub fn new(at: impl Into<String>, value: &'v Value) -> Self {
        Self { at: at.into(), value }
    }

    pub fn bad<T>(&self, what: &str) -> Read<T> {
        Err(AskError::expected(&self.at, self.value, what))
    }

    /// An object with no other members than these.
    pub fn object(&self, known: &[&str]) -> Read<Object<'v>> {
        let Some(map) = self.value.as_object() else { return self.bad("an object") };
        if let Some(key) = map.keys().find(|k| !known.contains(&k.as_str())) {
            let says = format!("is not known here; known: {}", known.join(", "));
            return Err(AskError::new(&format!("{}.{key}", self.at), says));
        }
        Ok(Object { at: self.at.clone(), map })
    }

    /// The elements of a list.
    pub fn list(&self) -> Read<Vec<Node<'v>>> {
        let Some(items) = self.value.as_array() else { return self.bad("a list") };
        Ok(items.iter().enumerate().map(|(i, item)| Node::new(format!("{}[{i}]", self.at), item)).collect())
    }

    pub fn text(&self) -> Read<&'v str> {
        self.value.as_str().map_or_else(|| self.bad("a string"), Ok)
    }

    pub fn flag(&self) -> Read<bool> {
        self.value.as_bool().map_or_else(|| self.bad("true or false"), Ok)
    }

    /// A JSON integer, or a decimal string.
    pub fn integer<T: TryFrom<U256>>(&self, what: &str) -> Read<T> {
        let read = match self.value {
            Value::Number(n) => n.as_u64().map(U256::from),
            Value::String(text) => {
                let shaped = !text.is_empty()
                    && text.bytes().all(|b| b.is_ascii_digit())
                    && (text == "0" || !text.starts_with('0'));
                if shaped { U256::from_str(text).ok() } else { None }
            }
            _ => None,
        };
        read.and_then(|n| T::try_from(n).ok()).map_or_else(|| self.bad(what), Ok)
    }

    pub fn seconds(&self) -> Read<UnixSeconds> {
        let what = "Unix seconds below 2^48";
        UnixSeconds::new(self.integer(what)?).map_or_else(|| self.bad(what), Ok)
    }

    pub fn address(&self) -> Read<Address> {
        parse_address(self.text()?).map_err(|e| AskError::new(&self.at, format!("{}: {e}", self.value)))
    }

    pub fn bytes(&self) -> Read<Vec<u8>> {
        let bytes = self.text()?.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
        bytes.map_or_else(|| self.bad("`0x` and an even number of hex digits"), Ok)
    }
}

/// An object and its path.
pub struct Object<'v> {
    at: String,
    map: &'v Map<String, Value>,
}

impl<'v> Object<'v> {
    pub fn get(&self, key: &str) -> Option<Node<'v>> {
        self.map.get(key).map(|value| Node::new(format!("{}.{key}", self.at), value))
    }

    pub fn need(&self, key: &str) -> Read<Node<'v>> {
        self.get(key).ok_or_else(|| AskError::new(&format!("{}.{key}", self.at), "is missing"))
    }

    pub fn keys(&self) -> impl Iterator<Item = &'v str> {
        self.map.keys().map(String::as_str)
    }
}
