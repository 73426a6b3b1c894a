//! Strict decoding (`spec/policy.md`, D1 to D5): bytes are the one canonical encoding of values of given types, or nothing.
//!
//! Nothing is copied and nothing is allocated: [`Decoded`] holds the bytes, and walks to a value when it is asked for one.

use super::encode::Value;
use super::{EVERY, LENGTH, SOME, Ty, Word, heads};
use alloy_primitives::{U256, keccak256};
use core::cell::RefCell;
use smallvec::SmallVec;

/// The bytes of a tuple of arguments, known to be canonical.
#[derive(Debug, Clone, Copy)]
pub struct Decoded<'a> {
    types: &'a [Ty],
    data: &'a [u8],
    hashes: Option<&'a Hashes>,
}

/// Hashes of contents that were asked for before: many conditions on one long text hash it once.
#[derive(Debug, Default)]
pub struct Hashes(RefCell<SmallVec<[(usize, Word); 4]>>);

/// Most contents whose hash is remembered; looking through more would cost what it saves.
const REMEMBERED: usize = 64;

impl Hashes {
    fn of(&self, content: &[u8]) -> Word {
        // Within one calldata, a content is told by where it begins: behind its length, where no other begins.
        let place = content.as_ptr().addr();
        let mut known = self.0.borrow_mut();
        if let Some((_, hash)) = known.iter().find(|(at, _)| *at == place) {
            return *hash;
        }
        let hash = Word(keccak256(content).0);
        if known.len() < REMEMBERED {
            known.push((place, hash));
        }
        hash
    }
}

/// What a path leads to: a word as it stands, a length, or the keccak-256 of `bytes` or of a `string`.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a> {
    /// The word, or the hash.
    pub word: Word,
    /// The type it has.
    pub ty: &'a Ty,
}

/// Why a walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The path asks for an element that the array does not have.
    NoElement,
    /// The path does not fit the types; a grant with such a path is a bad one.
    NoPath,
}

impl<'a> Decoded<'a> {
    /// Judges the arguments behind a selector.
    #[must_use]
    pub fn new(types: &'a [Ty], data: &'a [u8]) -> Option<Self> {
        let size = tuple(types, data)?;
        (size == data.len()).then_some(Self { types, data, hashes: None })
    }

    /// The same, remembering hashes; `hashes` are of these very bytes.
    #[must_use]
    pub const fn remembering(self, hashes: &'a Hashes) -> Self {
        Self { hashes: Some(hashes), ..self }
    }

    /// Asks `test` of the values at `path`: of the one value; of each in turn where the path says `every`, as long as it
    /// holds; of each where it says `some`, until it holds. So `every` holds for an empty array, and `some` does not.
    ///
    /// # Errors
    /// [`Lost`], as `E`, and whatever `test` returns.
    pub fn test<E: From<Lost>>(
        &self,
        path: &[u16],
        test: &mut dyn FnMut(Leaf<'a>) -> Result<bool, E>,
    ) -> Result<bool, E> {
        let (first, rest) = path.split_first().ok_or(Lost::NoPath)?;
        let (ty, data) = member(self.types, self.data, *first).ok_or(Lost::NoPath)?;
        walk(ty, data, rest, self.hashes, test)
    }

    /// Every value, copied out.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        // The bytes are canonical, so everything is there.
        values(self.types, self.data).unwrap_or_default()
    }

    /// The one value at a path without `every` and `some`.
    ///
    /// # Errors
    /// [`Lost`].
    pub fn one(&self, path: &[u16]) -> Result<Leaf<'a>, Lost> {
        let mut found = None;
        if path.iter().skip(1).any(|step| *step >= EVERY) {
            return Err(Lost::NoPath);
        }
        self.test(path, &mut |leaf| {
            found = Some(leaf);
            Ok::<bool, Lost>(true)
        })?;
        found.ok_or(Lost::NoPath)
    }
}

/// The values of a tuple that is known to be canonical.
fn values(types: &[Ty], data: &[u8]) -> Option<Vec<Value>> {
    let each = |(index, ty): (usize, &Ty)| {
        let (_, data) = member(types, data, u16::try_from(index).ok()?)?;
        whole(ty, data)
    };
    types.iter().enumerate().map(each).collect()
}

fn whole(ty: &Ty, data: &[u8]) -> Option<Value> {
    let all = |inner: &Ty, count: usize, data: &[u8]| {
        (0..count).map(|i| whole(inner, element(inner, data, i)?)).collect::<Option<_>>().map(Value::List)
    };
    match ty {
        Ty::Bytes | Ty::String => Some(Value::Bytes(data.get(32..32_usize.checked_add(length(data)?)?)?.to_vec())),
        Ty::Array(inner) => all(inner, length(data)?, data.get(32..)?),
        Ty::FixedArray(inner, n) => all(inner, usize::from(*n), data),
        Ty::Tuple(members) => values(members, data).map(Value::List),
        _ => word(data).map(Value::Word),
    }
}

fn walk<'a, E: From<Lost>>(
    ty: &'a Ty,
    data: &'a [u8],
    path: &[u16],
    hashes: Option<&Hashes>,
    test: &mut dyn FnMut(Leaf<'a>) -> Result<bool, E>,
) -> Result<bool, E> {
    let Some((step, rest)) = path.split_first() else {
        return test(leaf(ty, data, hashes).ok_or(Lost::NoPath)?);
    };
    let (inner, count, data) = match ty {
        Ty::Array(_) | Ty::Bytes | Ty::String if *step == LENGTH => {
            return walk(&Ty::Uint(32), data, rest, hashes, test);
        }
        Ty::Tuple(members) => {
            let (ty, data) = member(members, data, *step).ok_or(Lost::NoPath)?;
            return walk(ty, data, rest, hashes, test);
        }
        Ty::FixedArray(inner, n) => (inner, usize::from(*n), data),
        Ty::Array(inner) => (inner, length(data).ok_or(Lost::NoPath)?, data.get(32..).ok_or(Lost::NoPath)?),
        _ => return Err(Lost::NoPath.into()),
    };
    match *step {
        EVERY | SOME => {
            let some = *step == SOME;
            for i in 0..count {
                let data = element(inner, data, i).ok_or(Lost::NoPath)?;
                if walk(inner, data, rest, hashes, test)? == some {
                    return Ok(some);
                }
            }
            Ok(!some)
        }
        index if usize::from(index) < count && index < LENGTH => {
            let data = element(inner, data, usize::from(index)).ok_or(Lost::NoPath)?;
            walk(inner, data, rest, hashes, test)
        }
        _ => Err(Lost::NoElement.into()),
    }
}

fn leaf<'a>(ty: &'a Ty, data: &'a [u8], hashes: Option<&Hashes>) -> Option<Leaf<'a>> {
    let word = match ty {
        Ty::Bytes | Ty::String => {
            let content = data.get(32..32_usize.checked_add(length(data)?)?)?;
            hashes.map_or_else(|| Word(keccak256(content).0), |hashes| hashes.of(content))
        }
        _ if ty.is_word() => word(data)?,
        _ => return None,
    };
    Some(Leaf { word, ty })
}

/// The member at `index` of a tuple whose encoding begins with `data`.
fn member<'a>(members: &'a [Ty], data: &'a [u8], index: u16) -> Option<(&'a Ty, &'a [u8])> {
    let index = usize::from(index);
    let ty = members.get(index)?;
    let at = heads(members.get(..index)?);
    Some((ty, value(ty, data, at)?))
}

fn element<'a>(inner: &Ty, data: &'a [u8], index: usize) -> Option<&'a [u8]> {
    value(inner, data, index.checked_mul(inner.head_size())?)
}

/// The bytes from where the value begins whose head is at `at`.
fn value<'a>(ty: &Ty, data: &'a [u8], at: usize) -> Option<&'a [u8]> {
    if ty.is_dynamic() { data.get(length(data.get(at..)?)?..) } else { data.get(at..) }
}

fn word(data: &[u8]) -> Option<Word> {
    data.first_chunk().copied().map(Word)
}

/// The word at the start, where it is small enough to be a length or an offset.
fn length(data: &[u8]) -> Option<usize> {
    usize::try_from(word(data)?.uint()).ok()
}

/// The size of the canonical encoding of a tuple that `data` begins with; `None` where it is not canonical.
fn tuple(members: &[Ty], data: &[u8]) -> Option<usize> {
    let head = heads(members);
    if head > data.len() {
        return None;
    }
    let (mut at, mut tail) = (0, head);
    for ty in members {
        at += one(ty, data, at, &mut tail)?;
    }
    Some(tail)
}

/// Judges the value whose head is at `at`; a dynamic one moves `tail` behind it. Returns the size of the head.
fn one(ty: &Ty, data: &[u8], at: usize, tail: &mut usize) -> Option<usize> {
    let place = data.get(at..)?;
    if ty.is_word() {
        return word(place)?.is_canonical(ty).then_some(32);
    }
    if ty.is_dynamic() {
        if word(place)?.uint() != U256::from(*tail) {
            return None;
        }
        *tail = tail.checked_add(dynamic(ty, data.get(*tail..)?)?)?;
        return Some(32);
    }
    match ty {
        Ty::Tuple(members) => tuple(members, place),
        Ty::FixedArray(inner, n) => row(inner, usize::from(*n), place),
        _ => None,
    }
}

fn dynamic(ty: &Ty, data: &[u8]) -> Option<usize> {
    match ty {
        Ty::Bytes | Ty::String => {
            let size = length(data)?;
            let end = size.checked_next_multiple_of(32)?.checked_add(32)?;
            let padding = data.get(32 + size..end)?;
            padding.iter().all(|b| *b == 0).then_some(end)
        }
        Ty::Array(inner) => Some(32 + row(inner, length(data)?, data.get(32..)?)?),
        Ty::FixedArray(inner, n) => row(inner, usize::from(*n), data),
        Ty::Tuple(members) => tuple(members, data),
        _ => None,
    }
}

/// `count` values of one type, encoded as a tuple of them. No type has a head of size 0, so `count` is bounded by the bytes.
fn row(inner: &Ty, count: usize, data: &[u8]) -> Option<usize> {
    let head = inner.head_size().checked_mul(count)?;
    if head > data.len() {
        return None;
    }
    let (mut at, mut tail) = (0, head);
    for _ in 0..count {
        at += one(inner, data, at, &mut tail)?;
    }
    Some(tail)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
