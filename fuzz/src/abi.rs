//! The contract ABI once more: an encoder, and a decoder that follows every offset and repairs every word. Bytes are the
//! one canonical encoding exactly where encoding what was decoded gives them again.

use crate::Feed;
use alloy_primitives::{Address, I256, U256, hex, keccak256};
use hallpass_policy::abi::{LENGTH, Named, Ty, encode};
use serde_json::{Map, Value, json};

/// A value, apart from its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// 32 bytes.
    Word([u8; 32]),
    /// The content of `bytes` or of a `string`.
    Blob(Vec<u8>),
    /// Members of a tuple, elements of an array.
    List(Vec<Tree>),
}

fn dynamic(ty: &Ty) -> bool {
    match ty {
        Ty::Bytes | Ty::String | Ty::Array(_) => true,
        Ty::Tuple(all) => all.iter().any(dynamic),
        Ty::FixedArray(inner, _) => dynamic(inner),
        _ => false,
    }
}

/// Bytes in the head; as many as there may be, where that overflows.
fn size(ty: &Ty) -> u128 {
    match ty {
        _ if dynamic(ty) => 32,
        Ty::Tuple(all) => all.iter().map(size).fold(0, u128::saturating_add),
        Ty::FixedArray(inner, n) => size(inner).saturating_mul(u128::from(*n)),
        _ => 32,
    }
}

/// Encodes a tuple of values.
#[must_use]
pub fn write(types: &[Ty], values: &[Tree]) -> Vec<u8> {
    let parts: Vec<(bool, Vec<u8>)> = types.iter().zip(values).map(|(ty, v)| (dynamic(ty), alone(ty, v))).collect();
    let heads: usize = parts.iter().map(|(dynamic, part)| if *dynamic { 32 } else { part.len() }).sum();
    let (mut out, mut tail) = (Vec::new(), Vec::new());
    for (dynamic, part) in parts {
        if dynamic {
            out.extend(number(heads + tail.len()));
            tail.extend(part);
        } else {
            out.extend(part);
        }
    }
    out.append(&mut tail);
    out
}

fn alone(ty: &Ty, value: &Tree) -> Vec<u8> {
    match (ty, value) {
        (Ty::Tuple(types), Tree::List(values)) => write(types, values),
        (Ty::FixedArray(inner, _), Tree::List(values)) => write(&vec![(**inner).clone(); values.len()], values),
        (Ty::Array(inner), Tree::List(values)) => {
            [number(values.len()).to_vec(), write(&vec![(**inner).clone(); values.len()], values)].concat()
        }
        (_, Tree::Blob(content)) => {
            let padding = vec![0; (32 - content.len() % 32) % 32];
            [number(content.len()).to_vec(), content.clone(), padding].concat()
        }
        (_, Tree::Word(word)) => word.to_vec(),
        _ => unreachable!("a value of another type"),
    }
}

fn number(n: usize) -> [u8; 32] {
    U256::from(n).to_be_bytes()
}

/// Decodes a tuple. `None` where something lies outside the bytes, or where more values come out than a canonical encoding of
/// that length can hold: offsets may all point to the same place.
#[must_use]
pub fn read(types: &[Ty], data: &[u8]) -> Option<Vec<Tree>> {
    Reader { left: data.len() / 32 }.tuple(types.iter(), data)
}

struct Reader {
    left: usize,
}

impl Reader {
    fn tuple<'t>(&mut self, types: impl Iterator<Item = &'t Ty>, data: &[u8]) -> Option<Vec<Tree>> {
        let (mut at, mut out) = (0, Vec::new());
        for ty in types {
            let head = data.get(at..)?;
            at += usize::try_from(size(ty)).ok().filter(|size| *size <= head.len())?;
            let place = if dynamic(ty) { data.get(usize(head)?..)? } else { head };
            out.push(self.one(ty, place)?);
        }
        Some(out)
    }

    fn row(&mut self, inner: &Ty, count: usize, data: &[u8]) -> Option<Tree> {
        let needed = size(inner).checked_mul(count as u128)?;
        if needed > data.len() as u128 {
            return None;
        }
        self.tuple(std::iter::repeat_n(inner, count), data).map(Tree::List)
    }

    fn one(&mut self, ty: &Ty, data: &[u8]) -> Option<Tree> {
        match ty {
            Ty::Tuple(types) => return self.tuple(types.iter(), data).map(Tree::List),
            Ty::FixedArray(inner, n) => return self.row(inner, usize::from(*n), data),
            _ => self.left = self.left.checked_sub(1)?,
        }
        match ty {
            Ty::Array(inner) => self.row(inner, usize(data)?, data.get(32..)?),
            Ty::Bytes | Ty::String => data.get(32..)?.get(..usize(data)?).map(|content| Tree::Blob(content.to_vec())),
            _ => data.first_chunk().map(|word| Tree::Word(repair(ty, *word))),
        }
    }
}

fn usize(data: &[u8]) -> Option<usize> {
    U256::from_be_bytes(*data.first_chunk::<32>()?).try_into().ok()
}

/// The nearest word that is a value of the type.
#[must_use]
pub fn repair(ty: &Ty, mut word: [u8; 32]) -> [u8; 32] {
    match ty {
        Ty::Uint(n) => word[..32 - usize::from(*n)].fill(0),
        Ty::Int(n) => {
            let sign = if word[32 - usize::from(*n)] < 0x80 { 0 } else { 0xff };
            word[..32 - usize::from(*n)].fill(sign);
        }
        Ty::FixedBytes(n) => word[usize::from(*n)..].fill(0),
        Ty::Address => word[..12].fill(0),
        Ty::Bool => word = number(usize::from(word != [0; 32])),
        _ => {}
    }
    word
}

/// What values are made of, where the fuzzer does not make its own.
#[derive(Debug, Default, Clone)]
pub struct Pool {
    /// Words that a grant speaks of.
    pub words: Vec<[u8; 32]>,
    /// Texts that it speaks of.
    pub texts: Vec<String>,
}

/// Values of these types; `None` for types that take more than 512 of them.
#[must_use]
pub fn make(types: &[Ty], pool: &Pool, feed: &mut Feed<'_>, left: &mut usize) -> Option<Vec<Tree>> {
    types.iter().map(|ty| make_one(ty, pool, feed, left)).collect()
}

fn make_one(ty: &Ty, pool: &Pool, feed: &mut Feed<'_>, left: &mut usize) -> Option<Tree> {
    *left = left.checked_sub(1)?;
    let many = |inner: &Ty, count: usize, feed: &mut Feed<'_>, left: &mut usize| {
        (0..count).map(|_| make_one(inner, pool, feed, left)).collect::<Option<_>>().map(Tree::List)
    };
    match ty {
        Ty::Tuple(types) => make(types, pool, feed, left).map(Tree::List),
        Ty::FixedArray(inner, n) => many(inner, usize::from(*n), feed, left),
        Ty::Array(inner) => many(inner, feed.below(5), feed, left),
        Ty::Bytes | Ty::String => Some(Tree::Blob(match feed.byte() % 4 {
            0 => feed.of(&pool.texts).map_or_else(Vec::new, |text| text.clone().into_bytes()),
            1 => feed.of(&pool.words).map_or_else(Vec::new, |word| word.to_vec()),
            _ => {
                let length = feed.below(70);
                feed.bytes(length).to_vec()
            }
        })),
        _ => Some(Tree::Word(repair(ty, word(pool, feed)))),
    }
}

fn word(pool: &Pool, feed: &mut Feed<'_>) -> [u8; 32] {
    let kind = feed.byte() % 8;
    let near = U256::from_be_bytes(feed.of(&pool.words).copied().unwrap_or_default());
    match kind {
        0..=2 => near.to_be_bytes(),
        3 => near.wrapping_add(U256::from(1)).to_be_bytes(),
        4 => near.wrapping_sub(U256::from(1)).to_be_bytes(),
        5 => U256::from(feed.byte()).to_be_bytes(),
        6 => U256::from(u64::from_be_bytes(feed.array())).to_be_bytes(),
        _ => feed.array(),
    }
}

/// As the crate under test has it.
#[must_use]
pub fn ours(tree: &Tree) -> encode::Value {
    match tree {
        Tree::Word(word) => encode::Value::Word(hallpass_policy::abi::Word(*word)),
        Tree::Blob(content) => encode::Value::Bytes(content.clone()),
        Tree::List(all) => encode::Value::List(all.iter().map(ours).collect()),
    }
}

/// Every path to a value, with the word that stands there: of `bytes` the hash, of lengths the number. Of long arrays the first
/// elements alone.
pub fn paths(ty: &Ty, tree: &Tree, path: &mut Vec<u16>, out: &mut Vec<(Vec<u16>, [u8; 32])>) {
    let mut into = |step: u16, ty: &Ty, tree: &Tree| {
        path.push(step);
        paths(ty, tree, path, out);
        path.pop();
    };
    match (ty, tree) {
        (_, Tree::Word(word)) => out.push((path.clone(), *word)),
        (_, Tree::Blob(content)) => {
            out.push((path.clone(), keccak256(content).0));
            out.push(([path.as_slice(), &[LENGTH]].concat(), number(content.len())));
        }
        (Ty::Tuple(types), Tree::List(all)) => {
            for ((ty, tree), step) in types.iter().zip(all).zip(0..) {
                into(step, ty, tree);
            }
        }
        (Ty::Array(inner) | Ty::FixedArray(inner, _), Tree::List(all)) => {
            for (tree, step) in all.iter().zip(0..4) {
                into(step, inner, tree);
            }
            if matches!(ty, Ty::Array(_)) {
                out.push(([path.as_slice(), &[LENGTH]].concat(), number(all.len())));
            }
        }
        _ => unreachable!("a value of another type"),
    }
}

/// As `eth_signTypedData_v4` takes it.
#[must_use]
pub fn to_json(ty: &Ty, named: &Named, tree: &Tree) -> Value {
    match (ty, tree) {
        (Ty::Tuple(types), Tree::List(all)) => members(types, &named.members, all),
        (Ty::Array(inner) | Ty::FixedArray(inner, _), Tree::List(all)) => {
            all.iter().map(|tree| to_json(inner, named, tree)).collect()
        }
        (Ty::String, Tree::Blob(content)) => json!(String::from_utf8_lossy(content)),
        (_, Tree::Blob(content)) => json!(format!("0x{}", hex::encode(content))),
        (Ty::Int(_), Tree::Word(word)) => json!(I256::from_raw(U256::from_be_bytes(*word)).to_string()),
        (Ty::Bool, Tree::Word(word)) => json!(word[31] == 1),
        (Ty::Address, Tree::Word(word)) => json!(Address::from_word((*word).into()).to_checksum(None)),
        (Ty::FixedBytes(n), Tree::Word(word)) => json!(format!("0x{}", hex::encode(&word[..usize::from(*n)]))),
        (_, Tree::Word(word)) => json!(U256::from_be_bytes(*word).to_string()),
        _ => unreachable!("a value of another type"),
    }
}

/// A struct as an object.
#[must_use]
pub fn members(types: &[Ty], names: &[Named], values: &[Tree]) -> Value {
    let each = types.iter().zip(names).zip(values);
    Value::Object(each.map(|((ty, named), tree)| (named.name.clone(), to_json(ty, named, tree))).collect::<Map<_, _>>())
}
