//! A message as `eth_signTypedData_v4` takes it.

use super::types::is_identifier;
use super::{Domain, Message, StructType};
use crate::abi::encode::{Value as Abi, encode};
use crate::abi::{Named, Ty, Word};
use alloy_primitives::{I256, U256, hex};
use core::str::FromStr;
use hallpass_types::account::parse_address;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Why a message could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {says}")]
pub struct ReadError {
    /// The path in the JSON, such as `message.order.maker`.
    pub at: String,
    /// One sentence.
    pub says: String,
}

impl ReadError {
    fn new(at: impl Into<String>, says: impl Into<String>) -> Self {
        Self { at: at.into(), says: says.into() }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "bad_typed_data"
    }
}

/// Reads `{ types, primaryType, domain, message }`. `EIP712Domain` may be left out of the types; where it is there, it lists
/// the fields of the domain in EIP-712's order.
///
/// # Errors
/// [`ReadError`] for anything unknown, missing, or not of its type.
pub fn message(value: &Value) -> Result<Message, ReadError> {
    let map = value.as_object().ok_or_else(|| ReadError::new("typed", "typed data is an object"))?;
    let known = ["types", "primaryType", "domain", "message"];
    if let Some(key) = map.keys().find(|k| !known.contains(&k.as_str())) {
        return Err(ReadError::new(key, "is not known here; known: types, primaryType, domain, message"));
    }
    let need = |key: &str| map.get(key).ok_or_else(|| ReadError::new(key, "is missing"));
    let domain = Domain::read(need("domain")?).map_err(|says| ReadError::new("domain", says))?;
    let mut structs = structs(need("types")?)?;
    if let Some(listed) = structs.remove("EIP712Domain") {
        let given: Vec<(&str, &str)> = listed.iter().map(|(name, ty)| (name.as_str(), ty.as_str())).collect();
        if given != domain.members().collect::<Vec<_>>() {
            return Err(ReadError::new(
                "types.EIP712Domain",
                "lists other fields than the domain has, or in another order",
            ));
        }
    }
    let primary = need("primaryType")?.as_str().ok_or_else(|| ReadError::new("primaryType", "is a text"))?;
    let ty = StructType::build(primary, &structs).map_err(|e| ReadError::new("types", e.0))?;
    let values = members(&ty.types, &ty.names, need("message")?, "message")?;
    let data = encode(&ty.types, &values).ok_or_else(|| ReadError::new("message", "does not fit its types"))?;
    Ok(Message { domain, ty, data })
}

fn structs(value: &Value) -> Result<BTreeMap<String, Vec<(String, String)>>, ReadError> {
    let bad = |name: &str| ReadError::new(format!("types.{name}"), "is a list of { name, type }");
    let map = value.as_object().ok_or_else(|| ReadError::new("types", "is an object"))?;
    let mut out = BTreeMap::new();
    for (name, listed) in map {
        let listed = listed.as_array().ok_or_else(|| bad(name))?;
        let field = |f: &Map<String, Value>, key: &str| f.get(key)?.as_str().map(str::to_owned);
        let one = |f: &Value| {
            let f = f.as_object().filter(|f| f.len() == 2)?;
            Some((field(f, "name")?, field(f, "type")?))
        };
        let members = listed.iter().map(one).collect::<Option<Vec<_>>>().ok_or_else(|| bad(name))?;
        // Of structs that nothing refers to as well: what no `encodeType` can hold is not read.
        let spelled = |ty: &str| ty.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'[' | b']'));
        if !is_identifier(name) || !members.iter().all(|(member, ty)| is_identifier(member) && spelled(ty)) {
            return Err(ReadError::new(format!("types.{name}"), "has a name or a type that is none"));
        }
        out.insert(name.clone(), members);
    }
    Ok(out)
}

fn members(types: &[Ty], names: &[Named], value: &Value, at: &str) -> Result<Vec<Abi>, ReadError> {
    let map = value.as_object().ok_or_else(|| ReadError::new(at, "is an object"))?;
    if let Some(key) = map.keys().find(|k| !names.iter().any(|n| n.name == **k)) {
        return Err(ReadError::new(format!("{at}.{key}"), "is no member of its type"));
    }
    let mut out = Vec::with_capacity(types.len());
    for (ty, named) in types.iter().zip(names) {
        let at = format!("{at}.{}", named.name);
        let value = map.get(&named.name).ok_or_else(|| ReadError::new(&at, "is missing"))?;
        out.push(one(ty, named, value, &at)?);
    }
    Ok(out)
}

fn one(ty: &Ty, named: &Named, value: &Value, at: &str) -> Result<Abi, ReadError> {
    let bad = || ReadError::new(at, format!("`{value}` is no `{ty}`"));
    let text = || value.as_str().ok_or_else(bad);
    let bytes = || hex::decode(text()?.strip_prefix("0x").ok_or_else(bad)?).map_err(|_| bad());
    let word = match ty {
        Ty::Tuple(types) => return members(types, &named.members, value, at).map(Abi::List),
        Ty::Array(inner) | Ty::FixedArray(inner, _) => {
            let items = value.as_array().ok_or_else(bad)?;
            let read = |(i, item)| one(inner, named, item, &format!("{at}[{i}]"));
            let items: Vec<Abi> = items.iter().enumerate().map(read).collect::<Result<_, _>>()?;
            let fits = !matches!(ty, Ty::FixedArray(_, n) if usize::from(*n) != items.len());
            return if fits { Ok(Abi::List(items)) } else { Err(bad()) };
        }
        Ty::Bytes => return Ok(Abi::Bytes(bytes()?)),
        Ty::String => return Ok(Abi::Bytes(text()?.as_bytes().to_vec())),
        Ty::Uint(_) => Word::from_uint(unsigned(value).ok_or_else(bad)?),
        Ty::Int(_) => Word::from_uint(signed(value).ok_or_else(bad)?.into_raw()),
        Ty::Address => {
            Word::from_address(parse_address(text()?).map_err(|e| ReadError::new(at, format!("`{value}`: {e}")))?)
        }
        Ty::Bool => Word::from_uint(U256::from(value.as_bool().ok_or_else(bad)?)),
        Ty::FixedBytes(n) => {
            let bytes = bytes()?;
            if bytes.len() != usize::from(*n) {
                return Err(bad());
            }
            let mut word = [0; 32];
            word.iter_mut().zip(bytes).for_each(|(slot, b)| *slot = b);
            Word(word)
        }
    };
    if word.is_canonical(ty) { Ok(Abi::Word(word)) } else { Err(bad()) }
}

/// A JSON integer, a decimal string, or `0x` and hex digits.
pub(super) fn unsigned(value: &Value) -> Option<U256> {
    match value {
        Value::Number(n) => n.as_u64().map(U256::from),
        Value::String(s) => match s.strip_prefix("0x") {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                U256::from_str_radix(digits, 16).ok()
            }
            Some(_) => None,
            None => decimal(s),
        },
        _ => None,
    }
}

fn signed(value: &Value) -> Option<I256> {
    match value {
        Value::Number(n) => n.as_i64().map(|n| I256::try_from(n).unwrap_or_default()),
        Value::String(s) => number(s).or_else(|| unsigned(value).and_then(|n| I256::try_from(n).ok())),
        _ => None,
    }
}

/// A decimal string without sign or leading zero.
fn decimal(text: &str) -> Option<U256> {
    let shaped =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if shaped { U256::from_str(text).ok() } else { None }
}

/// A decimal string from -2^255 to 2^255 - 1, in its one spelling.
pub(crate) fn number(text: &str) -> Option<I256> {
    match text.strip_prefix('-') {
        Some("0") => None,
        Some(digits) => {
            let size = decimal(digits)?;
            let least = U256::from(1) << 255;
            (size <= least).then(|| I256::from_raw(size.wrapping_neg()))
        }
        None => I256::try_from(decimal(text)?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(message: Value) -> Value {
        json!({
            "types": { "Order": [
                { "name": "maker", "type": "address" }, { "name": "size", "type": "int64" },
                { "name": "legs", "type": "Leg[]" } ],
                "Leg": [{ "name": "tag", "type": "bytes2" }, { "name": "note", "type": "string" }] },
            "primaryType": "Order", "domain": { "name": "X" }, "message": message,
        })
    }

    #[test]
    fn a_message_is_kept_as_its_abi_encoding() {
        let good = json!({ "maker": "0x5fbdb2315678afecb367f032d93f642f64180aa3", "size": "-2", "legs": [{ "tag": "0x0102", "note": "hi" }] });
        let read = message(&order(good.clone())).unwrap();
        assert_eq!(read.ty.text, "Order(address maker,int64 size,Leg[] legs)Leg(bytes2 tag,string note)");
        assert!(crate::abi::Decoded::new(&read.ty.types, &read.data).is_some());
        for (key, value) in [
            ("maker", json!("0x5FBDB2315678afecb367f032d93f642f64180aa3")),
            ("size", json!("9223372036854775808")),
            ("size", json!("-0")),
            ("size", json!(1.5)),
            ("legs", json!([{ "tag": "0x01", "note": "hi" }])),
            ("legs", json!([{ "tag": "0x0102" }])),
            ("legs", json!({})),
            ("more", json!(1)),
        ] {
            let mut changed = good.clone();
            changed[key] = value;
            assert!(message(&order(changed.clone())).is_err(), "{changed}");
        }
    }

    #[test]
    fn numbers_have_one_spelling() {
        let least = format!("-{}", U256::from(1) << 255);
        assert_eq!(number(&least), Some(I256::MIN));
        assert_eq!(number("-1"), Some(I256::MINUS_ONE));
        for bad in ["", "-", "-0", "+1", "01", "-01", "1.0", " 1", "1e3", "0x1"] {
            assert_eq!(number(bad), None, "{bad}");
        }
        assert_eq!(number(&I256::MIN.into_raw().to_string()), None);
    }

    #[test]
    fn a_struct_that_nothing_refers_to_is_spelled_right_or_the_message_is_not_read() {
        let good = order(json!({ "maker": "0x5fbdb2315678afecb367f032d93f642f64180aa3", "size": 1, "legs": [] }));
        let with = |name: &str, member: &str, ty: &str| {
            let mut given = good.clone();
            given["types"][name] = json!([{ "name": member, "type": ty }]);
            message(&given)
        };
        assert_eq!(with("Unused", "a", "uint8[2][]"), message(&good));
        for (name, member, ty) in
            [("EIP71)Domain", "a", "uint8"), ("Unused", "a b", "uint8"), ("Unused", "a", "uint8 b")]
        {
            assert_eq!(with(name, member, ty).unwrap_err().at, format!("types.{name}"));
        }
    }
}
