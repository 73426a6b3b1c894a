//! Types, values, and the one canonical ABI encoding: decode, encode again, compare.

use crate::json::two_to;
use alloy_primitives::keccak256;
use num_bigint::{BigInt, Sign};
use std::collections::BTreeMap;

pub enum Type {
    Uint(u64),
    Int(u64),
    FixedBytes(u64),
    Address,
    Bool,
    /// `bytes` or `string`.
    Blob,
    /// Of a fixed length, or of any.
    Array(Box<Type>, Option<usize>),
    Tuple(Vec<Type>),
}

/// A value. A word is held as the unsigned number that its 32 bytes spell.
pub enum Tree {
    Word(BigInt),
    Blob(Vec<u8>),
    List(Vec<Tree>),
}

/// EIP-712's structs by name: the name and type of each member in order.
pub type Structs<'a> = BTreeMap<&'a str, Vec<(&'a str, &'a str)>>;

pub fn unsigned(bytes: &[u8]) -> BigInt {
    BigInt::from_bytes_be(Sign::Plus, bytes)
}

pub fn keccak(bytes: &[u8]) -> BigInt {
    unsigned(keccak256(bytes).as_slice())
}

/// Two's complement in a word.
pub fn to_word(number: BigInt) -> BigInt {
    if number < BigInt::ZERO { number + two_to(256) } else { number }
}

pub fn from_word(word: &BigInt, signed: bool) -> BigInt {
    if signed && *word >= two_to(255) { word - two_to(256) } else { word.clone() }
}

pub fn elementary(name: &str) -> Option<Type> {
    let size = |prefix| name.strip_prefix(prefix).filter(|d| !d.starts_with(['0', '+']))?.parse::<u64>().ok();
    let bits = |prefix| size(prefix).filter(|n| n % 8 == 0 && *n <= 256);
    match name {
        "address" => Some(Type::Address),
        "bool" => Some(Type::Bool),
        "bytes" | "string" => Some(Type::Blob),
        _ => (bits("uint").map(Type::Uint).or(bits("int").map(Type::Int)))
            .or(size("bytes").filter(|n| *n <= 32).map(Type::FixedBytes)),
    }
}

/// A layout is at most 255 bytes, of which each type takes one.
pub const MOST_TYPES: usize = 255;

/// Reads a type from the start of a text; gives what follows it. `left` bounds the types in it, and so refuses a struct
/// that contains itself.
pub fn parse<'a>(text: &'a str, structs: &Structs, left: &mut usize) -> Option<(Type, &'a str)> {
    *left = left.checked_sub(1)?;
    let (mut ty, mut rest) = if text.starts_with('(') {
        let (mut members, mut rest) = (Vec::new(), text);
        while let Some(next) = rest.strip_prefix(if members.is_empty() { '(' } else { ',' }) {
            let (member, behind) = parse(next, structs, left)?;
            members.push(member);
            rest = behind;
        }
        (Type::Tuple(members), rest.strip_prefix(')')?)
    } else {
        let (name, rest) = text.split_at(text.find([',', ')', '[']).unwrap_or(text.len()));
        let member = |(_, ty): &(&str, &str)| parse(ty, structs, left).filter(|(_, r)| r.is_empty()).map(|(ty, _)| ty);
        let of_struct = || structs.get(name)?.iter().map(member).collect::<Option<_>>().map(Type::Tuple);
        (elementary(name).or_else(of_struct)?, rest)
    };
    while let Some((count, behind)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
        *left = left.checked_sub(1)?;
        let fixed = count.parse::<u16>().ok().filter(|_| !count.starts_with(['0', '+'])).map(usize::from);
        if fixed.is_none() && !count.is_empty() {
            return None;
        }
        (ty, rest) = (Type::Array(Box::new(ty), fixed), behind);
    }
    Some((ty, rest))
}

/// The arguments of a function, as a tuple. Those of empty calldata (the empty signature) are none.
pub fn arguments(signature: &str) -> Option<Type> {
    match signature.split_at(signature.find('(').unwrap_or(signature.len())) {
        ("", "") | (_, "()") => Some(Type::Tuple(Vec::new())),
        (_, arguments) => {
            parse(arguments, &Structs::new(), &mut { MOST_TYPES }).filter(|(_, rest)| rest.is_empty()).map(|p| p.0)
        }
    }
}

fn dynamic(ty: &Type) -> bool {
    match ty {
        Type::Blob | Type::Array(_, None) => true,
        Type::Array(element, Some(_)) => dynamic(element),
        Type::Tuple(members) => members.iter().any(dynamic),
        _ => false,
    }
}

/// Bytes that a value takes in the heads: itself, or its offset.
fn head_size(ty: &Type) -> usize {
    match ty {
        Type::Array(element, Some(count)) if !dynamic(ty) => head_size(element).saturating_mul(*count),
        Type::Tuple(members) if !dynamic(ty) => members.iter().map(head_size).fold(0, usize::saturating_add),
        _ => 32,
    }
}

fn members(ty: &Type, count: usize) -> Vec<&Type> {
    match ty {
        Type::Tuple(members) => members.iter().collect(),
        Type::Array(element, _) => vec![element.as_ref(); count],
        _ => Vec::new(),
    }
}

/// D2: what a word means as a value of the type, written as a canonical word. It differs where the word was not one.
fn clean(ty: &Type, word: BigInt) -> BigInt {
    match ty {
        Type::Uint(bits) => word % two_to(*bits),
        Type::Int(bits) => {
            let low = word % two_to(*bits);
            to_word(if low >= two_to(bits - 1) { low - two_to(*bits) } else { low })
        }
        Type::FixedBytes(count) => &word - &word % two_to(8 * (32 - count)),
        Type::Address => word % two_to(160),
        _ => word.min(BigInt::from(1)),
    }
}

/// Reads a value without asking for its canonical form. `left` counts words: a canonical encoding has each read once.
fn read(ty: &Type, area: &[u8], left: &mut usize) -> Option<Tree> {
    let mut word = |at: usize| {
        *left = left.checked_sub(1)?;
        area.get(at..at.checked_add(32)?).map(unsigned)
    };
    let (count, area) = match ty {
        Type::Tuple(_) => (0, area),
        Type::Array(_, Some(count)) => (*count, area),
        Type::Array(_, None) => (usize::try_from(word(0)?).ok().filter(|n| *n <= area.len() / 32)?, area.get(32..)?),
        Type::Blob => return area.get(32..)?.get(..usize::try_from(word(0)?).ok()?).map(|b| Tree::Blob(b.to_vec())),
        _ => return Some(Tree::Word(clean(ty, word(0)?))),
    };
    let (mut head, mut values) = (0usize, Vec::new());
    for member in members(ty, count) {
        let value = area.get(head..)?;
        let offset = if dynamic(member) { read(&Type::Uint(256), value, left)? } else { Tree::Word(head.into()) };
        let Tree::Word(offset) = offset else { return None };
        values.push(read(member, area.get(usize::try_from(offset).ok()?..)?, left)?);
        head = head.checked_add(head_size(member))?;
    }
    Some(Tree::List(values))
}

fn word(number: usize) -> Tree {
    Tree::Word(number.into())
}

fn write(ty: &Type, tree: &Tree) -> Vec<u8> {
    let values = match tree {
        Tree::Word(word) => {
            let (_, bytes) = word.to_bytes_be();
            return [vec![0; 32usize.saturating_sub(bytes.len())], bytes].concat();
        }
        Tree::Blob(content) => {
            let padding = vec![0; content.len().next_multiple_of(32) - content.len()]; // D4
            return [write(ty, &word(content.len())), content.clone(), padding].concat();
        }
        Tree::List(values) => values,
    };
    // D3: offsets count from the start of the heads; the first dynamic value follows the heads, each next one the last.
    let types = members(ty, values.len());
    let size: usize = types.iter().map(|ty| head_size(ty)).sum();
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    for (ty, value) in types.into_iter().zip(values) {
        if dynamic(ty) {
            heads.extend(write(ty, &word(size + tails.len())));
            tails.extend(write(ty, value));
        } else {
            heads.extend(write(ty, value));
        }
    }
    let length = if matches!(ty, Type::Array(_, None)) { write(ty, &word(values.len())) } else { Vec::new() };
    [length, heads, tails].concat()
}

/// D1 to D6: the values, if these bytes are their one canonical encoding.
pub fn decode(ty: &Type, data: &[u8]) -> Option<Tree> {
    read(ty, data, &mut (data.len() / 32)).filter(|tree| write(ty, tree) == data)
}
