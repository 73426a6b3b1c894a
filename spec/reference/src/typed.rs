//! EIP-712 messages: read by their own types into values (D7).

use crate::abi::{MOST_TYPES, Structs, Tree, Type, elementary, parse, to_word, unsigned};
use crate::json::{Res, address, bytes, decimal, get, list, need, only, text, two_to, unreadable_if};
use num_bigint::BigInt;
use serde_json::Value;
use std::collections::BTreeSet;

/// The five fields of a domain, in EIP-712's order, with their types.
const DOMAIN: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

pub struct Message<'a> {
    pub json: &'a Value,
    /// In canonical JSON.
    pub domain: String,
    pub encode_type: String,
}

/// Keeps a name from passing for several members in the text of `encodeType`.
fn identifier(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// Reads `types`, without the domain's own; that one must list exactly the domain's fields.
fn structs<'a>(types: &'a Value, domain: &Value) -> Res<Structs<'a>> {
    let mut all = Structs::new();
    for (name, members) in need(types.as_object(), "`types` is not an object")? {
        let mut fields = Vec::new();
        for member in list(members)? {
            only(member, &["name", "type"])?;
            let (field, ty) = (text(get(member, "name")?)?, text(get(member, "type")?)?);
            unreadable_if(
                !identifier(field) || ty.contains('(') || fields.iter().any(|(other, _)| *other == field),
                "a member that cannot be read, or stands twice",
            )?;
            fields.push((field, ty));
        }
        if name != "EIP712Domain" {
            all.insert(name, fields);
            continue;
        }
        let own: Vec<_> = DOMAIN.into_iter().filter(|(field, _)| domain.get(field).is_some()).collect();
        unreadable_if(fields != own, "EIP712Domain does not list the domain's fields")?;
    }
    unreadable_if(
        all.keys().any(|name| !identifier(name) || elementary(name).is_some()),
        "a struct's name that is none",
    )?;
    Ok(all)
}

/// The domain in canonical JSON (RFC 8785): its fields in alphabetical order, each as text.
fn canonical(domain: &Value) -> Res<String> {
    let (fields, mut written) = (only(domain, &DOMAIN.map(|(field, _)| field))?, Vec::new());
    for field in ["chainId", "name", "salt", "verifyingContract", "version"] {
        let Some(value) = fields.get(field) else { continue };
        let canonical = match (field, leaf("bytes32", value)) {
            ("chainId", _) => integer(value, BigInt::ZERO, two_to(256))?.to_string(),
            ("salt", salt) => salt.and(text(value))?.to_ascii_lowercase(),
            ("verifyingContract", _) => address(value)?.to_checksum(None),
            _ => text(value)?.to_owned(),
        };
        written.push(format!("\"{field}\":{}", Value::String(canonical)));
    }
    Ok(format!("{{{}}}", written.join(",")))
}

fn referenced<'a>(structs: &Structs<'a>, ty: &'a str, found: &mut BTreeSet<&'a str>) {
    let base = ty.split('[').next().unwrap_or(ty);
    if let Some(members) = structs.get(base)
        && found.insert(base)
    {
        members.iter().for_each(|(_, ty)| referenced(structs, ty, found));
    }
}

/// The primary struct, then those that it refers to, by name.
fn encode_type<'a>(structs: &Structs<'a>, primary: &'a str) -> String {
    let mut names = BTreeSet::new();
    referenced(structs, primary, &mut names);
    names.remove(primary);
    let one = |name| {
        let members = structs.get(name).into_iter().flatten().map(|(name, ty)| format!("{ty} {name}"));
        format!("{name}({})", members.collect::<Vec<_>>().join(","))
    };
    std::iter::once(primary).chain(names).map(one).collect()
}

fn value(structs: &Structs, ty: &str, json: &Value) -> Res<Tree> {
    let values: Res<_> = if let Some((element, count)) = ty.strip_suffix(']').and_then(|t| t.rsplit_once('[')) {
        let values = list(json)?;
        unreadable_if(!count.is_empty() && count != values.len().to_string(), "an array of another length")?;
        values.iter().map(|v| value(structs, element, v)).collect()
    } else if let Some(members) = structs.get(ty) {
        only(json, &members.iter().map(|(name, _)| *name).collect::<Vec<_>>())?;
        members.iter().map(|(name, ty)| value(structs, ty, get(json, name)?)).collect()
    } else {
        return leaf(ty, json);
    };
    values.map(Tree::List)
}

fn leaf(ty: &str, json: &Value) -> Res<Tree> {
    Ok(Tree::Word(match need(elementary(ty), "a type that is not known")? {
        Type::Uint(bits) => integer(json, BigInt::ZERO, two_to(bits))?,
        Type::Int(bits) => to_word(integer(json, -two_to(bits - 1), two_to(bits - 1))?),
        Type::Address => unsigned(address(json)?.as_slice()),
        Type::Bool => u8::from(need(json.as_bool(), "not a bool")?).into(),
        Type::FixedBytes(size) => {
            let content = Some(bytes(json)?).filter(|b| b.len() as u64 == size);
            unsigned(&need(content, "bytes of another length")?) << (8 * (32 - size))
        }
        _ if ty == "bytes" => return bytes(json).map(Tree::Blob),
        _ => return Ok(Tree::Blob(text(json)?.into())),
    }))
}

/// A JSON integer, a decimal text or a 0x text, from `least` to below `limit`.
fn integer(json: &Value, least: BigInt, limit: BigInt) -> Res<BigInt> {
    let spelled = |text: &str| match text.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => BigInt::parse_bytes(digits.as_bytes(), 16),
        Some(_) => None,
        None => decimal(text),
    };
    let number = json.as_u64().map(BigInt::from).or(json.as_i64().map(BigInt::from));
    need(number.or_else(|| spelled(json.as_str()?)).filter(|n| *n >= least && *n < limit), "not an integer of its type")
}

/// Reads a message, with the type and the values of its primary struct.
pub fn read(json: &Value) -> Res<(Message<'_>, Type, Tree)> {
    only(json, &["types", "primaryType", "domain", "message"])?;
    let (primary, domain) = (text(get(json, "primaryType")?)?, get(json, "domain")?);
    let (domain, structs) = (canonical(domain)?, structs(get(json, "types")?, domain)?);
    need(structs.get(primary), "the primary type is not one of the types")?;
    let (ty, _) = need(parse(primary, &structs, &mut { MOST_TYPES }), "a type that is not known or contains itself")?;
    let tree = value(&structs, primary, get(json, "message")?)?;
    Ok((Message { json, domain, encode_type: encode_type(&structs, primary) }, ty, tree))
}
