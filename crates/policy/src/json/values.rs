//! Spellings of single values: decimal strings, EIP-55 addresses.

use crate::grant::{BadGrant, check::BadGrant as Bad};
use alloy_primitives::{Address, U256};
use core::str::FromStr;
use hallpass_types::{UnixSeconds, account::parse_address};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A decimal string.
pub struct Dec(pub U256);

impl Dec {
    pub fn to<T: TryFrom<U256>>(&self, at: &str) -> Result<T, BadGrant> {
        T::try_from(self.0).map_err(|_| Bad::new(at, format!("`{}` is too large", self.0)))
    }

    pub fn seconds(&self, at: &str) -> Result<UnixSeconds, BadGrant> {
        UnixSeconds::new(self.to(at)?).ok_or_else(|| Bad::new(at, "a time is below 2^48 seconds"))
    }
}

impl From<u64> for Dec {
    fn from(value: u64) -> Self {
        Self(U256::from(value))
    }
}

impl Serialize for Dec {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Dec {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let digits =
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let value = if digits { U256::from_str(&text).ok() } else { None };
        value
            .map(Self)
            .ok_or_else(|| D::Error::custom(format_args!("expected a decimal string below 2^256, found `{text}`")))
    }
}

#[derive(Serialize, Deserialize)]
pub struct Addr(#[serde(with = "checksummed")] pub Address);

/// Addresses as EIP-55 text, and nothing else.
pub mod checksummed {
    use super::{Address, Deserialize, Deserializer, Serializer, parse_address};
    use serde::de::Error as _;

    /// Writes EIP-55.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(address: &Address, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&address.to_checksum(None))
    }

    /// Reads EIP-55.
    ///
    /// # Errors
    /// Another spelling, or no address.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Address, D::Error> {
        let text = String::deserialize(d)?;
        parse_address(&text).map_err(|e| D::Error::custom(format_args!("`{text}`: {e}")))
    }
}
