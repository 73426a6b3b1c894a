//! The one canonical encoding of values (Contract ABI Specification, "Formal Specification of the Encoding").

use super::{Ty, Word, heads};
use alloy_primitives::U256;

/// A value, apart from its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// One word.
    Word(Word),
    /// The content of `bytes` or of a `string`.
    Bytes(Vec<u8>),
    /// The members of a tuple, or the elements of an array.
    List(Vec<Value>),
}

/// The arguments as they stand behind a selector; `None` where a value is not of its type.
#[must_use]
pub fn encode(types: &[Ty], values: &[Value]) -> Option<Vec<u8>> {
    if types.len() != values.len() {
        return None;
    }
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    let size = heads(types);
    for (ty, value) in types.iter().zip(values) {
        if ty.is_dynamic() {
            head.extend(word(size + tail.len()));
            tail.extend(one(ty, value)?);
        } else {
            head.extend(one(ty, value)?);
        }
    }
    head.extend(tail);
    Some(head)
}

fn one(ty: &Ty, value: &Value) -> Option<Vec<u8>> {
    match (ty, value) {
        (Ty::Bytes | Ty::String, Value::Bytes(bytes)) => {
            let mut out = word(bytes.len()).to_vec();
            out.extend(bytes);
            out.resize(out.len().next_multiple_of(32), 0);
            Some(out)
        }
        (Ty::Array(inner), Value::List(items)) => {
            let mut out = word(items.len()).to_vec();
            out.extend(row(inner, items)?);
            Some(out)
        }
        (Ty::FixedArray(inner, n), Value::List(items)) if items.len() == usize::from(*n) => row(inner, items),
        (Ty::Tuple(members), Value::List(items)) => encode(members, items),
        (_, Value::Word(w)) if w.is_canonical(ty) => Some(w.0.to_vec()),
        _ => None,
    }
}

fn row(inner: &Ty, items: &[Value]) -> Option<Vec<u8>> {
    let types: Vec<Ty> = items.iter().map(|_| inner.clone()).collect();
    encode(&types, items)
}

fn word(n: usize) -> [u8; 32] {
    U256::from(n).to_be_bytes()
}
