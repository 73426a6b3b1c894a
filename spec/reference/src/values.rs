//! Reading values: from JSON by the forms of `vectors/README.md`, from calldata in the one canonical ABI encoding (D1 to
//! D6), from EIP-712 messages (D7). Types stay texts, and are taken apart again at each step.

use alloy_primitives::{Address, hex};
use num_bigint::{BigInt, Sign};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Why an action was not allowed: a code and a place, or `unreadable` and what is; and which call of several.
pub struct Stop(pub &'static str, pub String, pub Option<usize>);
pub type Res<T> = Result<T, Stop>;
pub const ZERO: BigInt = BigInt::ZERO;

pub fn need<T>(value: Option<T>, what: &str) -> Res<T> {
    value.ok_or_else(|| Stop("unreadable", what.to_owned(), None))
}

pub fn deny_if(fails: bool, code: &'static str, at: &str) -> Res<()> {
    if fails { Err(Stop(code, at.to_owned(), None)) } else { Ok(()) }
}

pub fn two_to(bits: u64) -> BigInt {
    BigInt::from(1) << bits
}

pub fn unsigned(bytes: &[u8]) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, bytes)
}

/// What stands at a path such as `/rest/gas`: null if nothing does.
pub fn part<'a>(value: &'a Value, path: &str) -> &'a Value {
    value.pointer(path).unwrap_or(&Value::Null)
}

/// The entry that has the number at a path: null if none does.
pub fn by_id<'a>(entries: &'a [Value], path: &str, id: &BigInt) -> &'a Value {
    entries.iter().find(|entry| number(part(entry, path)).as_ref() == Some(id)).unwrap_or(&Value::Null)
}

pub fn list(value: &Value) -> Res<&[Value]> {
    if value.is_null() { Ok(&[]) } else { need(value.as_array().map(Vec::as_slice), "a list") }
}

pub fn text(value: &Value) -> Res<&str> {
    need(value.as_str(), "a text")
}

/// A JSON integer, a 0x text, or a decimal text in its one spelling: no plus sign, no leading zero, no `-0`.
pub fn number(value: &Value) -> Option<BigInt> {
    let text = value.as_str().map_or(value.to_string(), str::to_owned);
    match text.strip_prefix("0x").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        Some(digits) => BigInt::parse_bytes(digits.as_bytes(), 16),
        None => text.parse::<BigInt>().ok().filter(|number| number.to_string() == text),
    }
}

pub fn int(value: &Value) -> Res<BigInt> {
    need(number(value).filter(|number| *number >= ZERO), "an unsigned integer")
}

pub fn int_or(value: &Value, default: &BigInt) -> Res<BigInt> {
    if value.is_null() { Ok(default.clone()) } else { int(value) }
}

pub fn bytes(value: &Value) -> Res<Vec<u8>> {
    let text = value.as_str().or(value.is_null().then_some("0x")).filter(|text| text.starts_with("0x"));
    need(text.and_then(|text| hex::decode(text).ok()), "0x and hex")
}

/// C12: `0x` and 40 hex digits, all lower case or with a correct EIP-55 checksum.
pub fn address(value: &Value) -> Res<BigInt> {
    let bytes = bytes(value)?;
    let checksum = Address::try_from(bytes.as_slice()).map(|address| address.to_checksum(None)).unwrap_or_default();
    let spelled = *value == *checksum || *value == *checksum.to_lowercase();
    need(spelled.then(|| unsigned(&bytes)), "an address")
}

/// A word, and whether its type is signed; `bytes` or a `string`; an array or a tuple; or the attributes of an app action,
/// of which each is read by the type that is asked for (C11).
#[derive(Clone, PartialEq)]
pub enum Tree {
    Word(BigInt, bool),
    Blob(Vec<u8>),
    List(Vec<Tree>),
    Attributes(Value),
}

/// What the unsigned number of 32 bytes means.
pub fn from_word(word: &BigInt, signed: bool) -> BigInt {
    if signed && *word >= two_to(255) { word - two_to(256) } else { word.clone() }
}

/// The element and the count of an array type; the count is empty where it is not fixed.
fn array(ty: &str) -> Option<(&str, &str)> {
    ty.strip_suffix(']')?.rsplit_once('[')
}

/// The members of a tuple type such as `(bool,(int8,bytes)[])`.
fn members(ty: &str) -> Option<Vec<&str>> {
    let (inside, mut depth) = (ty.strip_prefix('(')?.strip_suffix(')')?, 0);
    let outer_comma = |c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    };
    Some(inside.split(outer_comma).collect())
}

/// `uint8` is `uint` and 8.
fn split(ty: &str) -> (&str, u64) {
    let (name, digits) = ty.split_at(ty.find(|c: char| c.is_ascii_digit()).unwrap_or(ty.len()));
    (name, digits.parse().unwrap_or(0))
}

/// D2: a number as a value of the type, if it is one; `bytesN` stands at the upper end of its word.
fn word(ty: &str, number: BigInt) -> Option<Tree> {
    let (low, high) = match split(ty) {
        ("uint", bits @ 8..=256) => (ZERO, two_to(bits)),
        ("int", bits @ 8..=256) => (-two_to(bits - 1), two_to(bits - 1)),
        ("bytes", n @ 1..=32) if &number % two_to(256 - 8 * n) == ZERO => (ZERO, two_to(256)),
        ("address", _) => (ZERO, two_to(160)),
        ("bool", _) => (ZERO, two_to(1)),
        _ => return None,
    };
    (low <= number && number < high).then_some(Tree::Word(number, ty.starts_with("int")))
}

/// How many bytes a value of a static type takes; none for a dynamic type.
fn static_size(ty: &str) -> Option<BigInt> {
    if let Some((element, count)) = array(ty) {
        Some(count.parse::<BigInt>().ok()? * static_size(element)?)
    } else if let Some(members) = members(ty) {
        members.into_iter().map(static_size).sum()
    } else {
        (ty != "bytes" && ty != "string").then(|| BigInt::from(32))
    }
}

/// Reads a value from the start of the data; gives it, and how many bytes it takes.
fn read(ty: &str, data: &[u8]) -> Option<(Tree, usize)> {
    let (first, behind) = (unsigned(data.get(..32)?), data.get(32..)?);
    if let Some((element, count)) = array(ty) {
        let (count, start) = if count.is_empty() { (first, 32) } else { (count.parse().ok()?, 0) };
        let count = usize::try_from(count).ok().filter(|count| *count <= data.len() / 32)?; // each has a word or more
        let (elements, size) = read_row(&vec![element; count], data.get(start..)?)?;
        Some((elements, start + size))
    } else if let Some(members) = members(ty) {
        read_row(&members, data)
    } else if ty == "bytes" || ty == "string" {
        let (content, padding) = behind.split_at_checked(usize::try_from(first).ok()?)?;
        let padded = content.len().next_multiple_of(32);
        let zero = padding.get(..padded - content.len())?.iter().all(|byte| *byte == 0); // D4
        zero.then(|| (Tree::Blob(content.to_vec()), 32 + padded))
    } else {
        Some((word(ty, from_word(&first, ty.starts_with("int")))?, 32))
    }
}

/// Reads the members of a tuple or the elements of an array.
fn read_row(types: &[&str], data: &[u8]) -> Option<(Tree, usize)> {
    let heads = types.iter().map(|ty| static_size(ty).unwrap_or(BigInt::from(32))).sum::<BigInt>();
    let (mut head, mut end, mut values) = (0, usize::try_from(heads).ok()?, Vec::new());
    for ty in types {
        let at_head = data.get(head..)?;
        let dynamic = static_size(ty).is_none();
        let canonical = !dynamic || unsigned(at_head.get(..32)?) == end.into(); // D3
        let (value, size) = read(ty, if dynamic { data.get(end..)? } else { at_head }).filter(|_| canonical)?;
        values.push(value);
        (head, end) = if dynamic { (head + 32, end + size) } else { (head + size, end) };
    }
    Some((Tree::List(values), end))
}

/// D1: the arguments of a function, if the data is their one canonical encoding.
pub fn decode(signature: &str, data: &[u8]) -> Option<Tree> {
    let arguments = signature.get(signature.find('(').unwrap_or(0)..).filter(|text| !["", "()"].contains(text)); // D6
    let (tree, size) = read_row(&arguments.map_or(Some(Vec::new()), members)?, data)?;
    (size == data.len()).then_some(tree) // D5
}

/// The primary struct, then those that it refers to, by name.
fn encode_type(types: &Value, primary: &str) -> Res<String> {
    let (mut left, mut texts) = (vec![primary], BTreeMap::new());
    while let Some(name) = left.pop() {
        let Some(listed) = types.get(name).filter(|_| !texts.contains_key(name)) else { continue };
        let mut members = Vec::new();
        for member in list(listed)? {
            let (name, ty) = (text(part(member, "/name"))?, text(part(member, "/type"))?);
            members.push(format!("{ty} {name}"));
            left.extend(ty.split('[').next());
        }
        texts.insert(name, format!("{name}({})", members.join(",")));
    }
    let first = need(texts.remove(primary), "the primary type")?;
    Ok(texts.into_values().fold(first, |all, one| all + &one))
}

/// A JSON value as one of a type of EIP-712's; `types` has the structs.
fn value(types: &Value, ty: &str, json: &Value) -> Res<Tree> {
    if let Some((element, count)) = array(ty) {
        let all = need(json.as_array().filter(|all| ["", &all.len().to_string()].contains(&count)), "an array")?;
        return all.iter().map(|one| value(types, element, one)).collect::<Res<_>>().map(Tree::List);
    }
    if let Some(members) = types.get(ty) {
        let members = list(members)?;
        need(json.as_object().filter(|json| json.len() == members.len()), "a struct")?;
        let of_member = |name, ty| value(types, text(ty)?, need(json.get(text(name)?), "a member")?);
        let all = members.iter().map(|member| of_member(part(member, "/name"), part(member, "/type")));
        return all.collect::<Res<_>>().map(Tree::List);
    }
    let number = match split(ty) {
        ("string", _) => return Ok(Tree::Blob(text(json)?.into())),
        ("bytes", 0) => return Ok(Tree::Blob(bytes(json)?)),
        ("bytes", size @ 1..=32) => {
            Some(bytes(json)?).filter(|b| b.len() as u64 == size).map(|b| unsigned(&b) << (256 - 8 * size))
        }
        ("address", _) => Some(address(json)?),
        ("bool", _) => json.as_bool().map(BigInt::from),
        _ => number(json),
    };
    need(number.and_then(|number| word(ty, number)), "a value of its type")
}

/// R4: the values of a domain's fields, behind the list of these in EIP-712's order.
pub fn domain(json: &Value) -> Res<(Value, Tree)> {
    let fields = [("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address")];
    let fields = fields.into_iter().chain([("salt", "bytes32")]).filter(|(name, _)| json.get(name).is_some());
    let fields = fields.map(|(name, ty)| json!({ "name": name, "type": ty })).collect::<Value>();
    Ok((fields.clone(), value(&json!({ "EIP712Domain": fields }), "EIP712Domain", json)?))
}

/// Reads a message: its `encodeType`, and its members. A member's name must not pass for several in the former.
pub fn message(json: &Value) -> Res<(String, Tree)> {
    let (primary, types) = (text(part(json, "/primaryType"))?, part(json, "/types"));
    let (fields, _) = domain(part(json, "/domain"))?;
    let listed = types.get("EIP712Domain").is_none_or(|listed| *listed == fields);
    deny_if(!listed || types.to_string().contains([' ', '(', ')']), "unreadable", "`types`")?;
    Ok((encode_type(types, primary)?, value(types, primary, part(json, "/message"))?))
}
