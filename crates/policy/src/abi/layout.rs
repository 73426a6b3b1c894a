//! Types in one byte each, in pre-order (`spec/encoding.md`, "Layout of arguments").

use super::{MAX_DEPTH, Ty};

/// Most bytes a layout may take.
pub const MAX_BYTES: usize = 255;

/// The layout of the argument tuple.
#[must_use]
pub fn encode(arguments: &[Ty]) -> Vec<u8> {
    let mut out = vec![0x72, u8::try_from(arguments.len()).unwrap_or(u8::MAX)];
    for ty in arguments {
        push(ty, &mut out);
    }
    out
}

/// Reads the layout of an argument tuple; `None` unless it is canonical, complete and within the limits.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<Ty>> {
    if bytes.len() > MAX_BYTES {
        return None;
    }
    let (ty, rest) = read(bytes, 1)?;
    match ty {
        Ty::Tuple(members) if rest.is_empty() => Some(members),
        _ => None,
    }
}

fn push(ty: &Ty, out: &mut Vec<u8>) {
    match ty {
        Ty::Uint(n) => out.push(n - 1),
        Ty::Int(n) => out.push(0x20 + n - 1),
        Ty::FixedBytes(n) => out.push(0x40 + n - 1),
        Ty::Address => out.push(0x60),
        Ty::Bool => out.push(0x61),
        Ty::Bytes => out.push(0x62),
        Ty::String => out.push(0x63),
        Ty::FixedArray(inner, n) => {
            out.push(0x70);
            out.extend(n.to_be_bytes());
            push(inner, out);
        }
        Ty::Array(inner) => {
            out.push(0x71);
            push(inner, out);
        }
        Ty::Tuple(members) => {
            out.push(0x72);
            out.push(u8::try_from(members.len()).unwrap_or(u8::MAX));
            for member in members {
                push(member, out);
            }
        }
    }
}

fn read(bytes: &[u8], depth: usize) -> Option<(Ty, &[u8])> {
    if depth > MAX_DEPTH {
        return None;
    }
    let (&tag, rest) = bytes.split_first()?;
    let word = |ty| Some((ty, rest));
    match tag {
        0x00..=0x1f => word(Ty::Uint(tag + 1)),
        0x20..=0x3f => word(Ty::Int(tag - 0x20 + 1)),
        0x40..=0x5f => word(Ty::FixedBytes(tag - 0x40 + 1)),
        0x60 => word(Ty::Address),
        0x61 => word(Ty::Bool),
        0x62 => word(Ty::Bytes),
        0x63 => word(Ty::String),
        0x70 => {
            let (count, rest) = rest.split_first_chunk::<2>()?;
            let count = u16::from_be_bytes(*count);
            let (inner, rest) = read(rest, depth + 1)?;
            (count > 0).then(|| (Ty::FixedArray(Box::new(inner), count), rest))
        }
        0x71 => {
            let (inner, rest) = read(rest, depth + 1)?;
            Some((Ty::Array(Box::new(inner)), rest))
        }
        0x72 => {
            let (&count, mut rest) = rest.split_first()?;
            if count == 0 && depth > 1 {
                return None;
            }
            let mut members = Vec::with_capacity(usize::from(count));
            for _ in 0..count {
                let (member, after) = read(rest, depth + 1)?;
                members.push(member);
                rest = after;
            }
            Some((Ty::Tuple(members), rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::hex;

    #[test]
    fn the_examples_of_the_specification() {
        assert_eq!(hex::encode(encode(&[Ty::Address, Ty::Uint(32)])), "7202601f");
        assert_eq!(hex::encode(encode(&[])), "7200");
    }

    #[test]
    fn what_is_not_a_whole_argument_tuple_is_refused() {
        for bad in
            ["", "60", "7201", "720260", "720160ff", "720170000000", "72017000ff", "720164", "720071", "72017200"]
        {
            assert_eq!(decode(&hex::decode(bad).unwrap()), None, "{bad}");
        }
        let mut deep = vec![0x72, 1];
        deep.extend([0x71; 15]);
        deep.push(0x00);
        assert_eq!(decode(&deep), None);
        deep.remove(2);
        assert!(decode(&deep).is_some());
    }
}
