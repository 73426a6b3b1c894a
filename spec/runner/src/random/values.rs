//! Values of any ABI type, from few enough that two of them are often the same.

use super::Rng;
use alloy_primitives::{Address, I256, U256, keccak256};
use hallpass_policy::abi::encode::Value;
use hallpass_policy::abi::{Ty, Word};

/// The account, two tokens, Permit2 and two others.
#[must_use]
pub fn addresses() -> [Address; 6] {
    [
        Address::repeat_byte(0xac),
        Address::repeat_byte(0x70),
        Address::repeat_byte(0x71),
        hallpass_policy::known::PERMIT2,
        Address::repeat_byte(0x51),
        Address::repeat_byte(0x9a),
    ]
}

const TEXTS: [&str; 5] = ["", "a", "general", "ärger", "thirty-three bytes of text, padded"];

/// A text.
pub fn text(rng: &mut Rng) -> String {
    rng.one(&TEXTS).map_or_else(String::new, |t| (*t).to_owned())
}

/// A word of a word type, or the keccak-256 of a content of the others.
pub fn word(rng: &mut Rng, ty: &Ty) -> Word {
    match ty {
        Ty::Uint(n) => {
            let most = U256::MAX >> (256 - 8 * usize::from(*n));
            let small = U256::from(rng.pick(&[0_u64, 1, 2, 2, 3, 3, 5, 10]));
            Word::from_uint(match rng.below(12) {
                0 => most,
                1 => most - U256::from(1),
                2 => small.saturating_mul(U256::from(1_u64 << 60)) & most,
                _ => small,
            })
        }
        Ty::Int(n) => {
            let bits = 8 * usize::from(*n) - 1;
            let least = I256::from_raw(U256::MAX << bits);
            let small = I256::try_from(rng.pick(&[-2_i64, -1, 0, 0, 1, 2, 3])).unwrap_or_default();
            let value = match rng.below(10) {
                0 => least,
                1 => I256::from_raw(!(U256::MAX << bits)),
                _ => small,
            };
            Word::from_uint(value.into_raw())
        }
        Ty::Address => Word::from_address(rng.pick(&addresses())),
        Ty::Bool => Word::from_uint(U256::from(rng.below(2))),
        Ty::FixedBytes(n) => {
            let mut bytes = [0; 32];
            let filler = rng.pick(&[0_u8, 1, 0xff]);
            bytes.iter_mut().take(usize::from(*n)).for_each(|b| *b = filler);
            Word(bytes)
        }
        _ => Word(keccak256(text(rng)).0),
    }
}

/// A value; words of the types in `wanted` are often taken from there.
pub fn value(rng: &mut Rng, ty: &Ty, wanted: &[(Ty, Word)]) -> Value {
    match ty {
        Ty::Bytes | Ty::String => Value::Bytes(text(rng).into_bytes()),
        Ty::Tuple(members) => Value::List(members.iter().map(|m| value(rng, m, wanted)).collect()),
        Ty::Array(inner) => {
            let count = rng.pick(&[0_u64, 1, 1, 2, 2, 3]);
            Value::List((0..count).map(|_| value(rng, inner, wanted)).collect())
        }
        Ty::FixedArray(inner, n) => Value::List((0..*n).map(|_| value(rng, inner, wanted)).collect()),
        _ => {
            let fitting: Vec<Word> = wanted.iter().filter(|(of, _)| of == ty).map(|(_, w)| *w).collect();
            let near = fitting.first().filter(|_| rng.chance(70)).and_then(|_| rng.one(&fitting).copied());
            Value::Word(match near {
                Some(w) => nudged(rng, w, ty),
                None => word(rng, ty),
            })
        }
    }
}

/// The value, or one beside it.
fn nudged(rng: &mut Rng, w: Word, ty: &Ty) -> Word {
    if !ty.is_integer() || rng.chance(60) {
        return w;
    }
    let step = U256::from(rng.below(3));
    let moved = if rng.chance(50) { w.uint().wrapping_add(step) } else { w.uint().wrapping_sub(step) };
    let moved = Word::from_uint(moved);
    if moved.is_canonical(ty) { moved } else { w }
}
