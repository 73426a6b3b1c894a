//! Reading JSON: whatever is not as written in `vectors/README.md` is unreadable.

use alloy_primitives::{Address, hex};
use num_bigint::BigInt;
use serde_json::{Map, Value};

/// Why judging stopped before an action was allowed.
pub enum Stop {
    /// The code, the place, and which call.
    Denied(&'static str, String, Option<usize>),
    Unreadable(String),
}
pub type Res<T> = Result<T, Stop>;

pub fn deny<T>(code: &'static str, at: &str) -> Res<T> {
    Err(Stop::Denied(code, at.to_owned(), None))
}

pub fn unreadable<T>(why: &str) -> Res<T> {
    Err(Stop::Unreadable(why.to_owned()))
}

pub fn deny_if(fails: bool, code: &'static str, at: &str) -> Res<()> {
    if fails { deny(code, at) } else { Ok(()) }
}

pub fn unreadable_if(fails: bool, why: &str) -> Res<()> {
    if fails { unreadable(why) } else { Ok(()) }
}

pub fn need<T>(value: Option<T>, why: &str) -> Res<T> {
    value.map_or_else(|| unreadable(why), Ok)
}

pub fn two_to(bits: u64) -> BigInt {
    BigInt::from(1) << bits
}

pub fn get<'a>(value: &'a Value, key: &str) -> Res<&'a Value> {
    need(value.get(key), &format!("`{key}` is missing"))
}

/// An object that has no member but these.
pub fn only<'a>(value: &'a Value, keys: &[&str]) -> Res<&'a Map<String, Value>> {
    need(value.as_object().filter(|map| map.keys().all(|k| keys.contains(&k.as_str()))), "an object of other members")
}

pub fn list(value: &Value) -> Res<&Vec<Value>> {
    need(value.as_array(), "not a list")
}

pub fn text(value: &Value) -> Res<&str> {
    need(value.as_str(), "not a text")
}

/// A decimal number in its one spelling: no plus sign, no leading zero, no `-0`.
pub fn decimal(text: &str) -> Option<BigInt> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let spelled = text == "0" || (!digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()));
    if spelled && (1..=78).contains(&digits.len()) { text.parse().ok() } else { None }
}

/// An integer from 0 to 2^256 - 1, as a JSON integer or a decimal text.
pub fn int(value: &Value) -> Res<BigInt> {
    let number = value.as_u64().map(BigInt::from).or_else(|| decimal(value.as_str()?));
    need(number.filter(|n| *n >= BigInt::ZERO && *n < two_to(256)), "not an unsigned integer")
}

pub fn bytes(value: &Value) -> Res<Vec<u8>> {
    let digits = value.as_str().and_then(|t| t.strip_prefix("0x")).filter(|d| !d.starts_with("0x"));
    need(digits.and_then(|d| hex::decode(d).ok()), "not 0x and hex")
}

/// C12: `0x` and 40 hex digits, all lower case or with a correct EIP-55 checksum.
pub fn address(value: &Value) -> Res<Address> {
    let parsed = bytes(value).ok().and_then(|b| Address::try_from(b.as_slice()).ok());
    let spelled = |a: &Address| [a.to_checksum(None), a.to_checksum(None).to_lowercase()].iter().any(|t| value == t);
    need(parsed.filter(spelled), "not an address")
}
