//! One 32-byte ABI word.

use super::Ty;
use alloy_primitives::{Address, I256, U256};
use core::cmp::Ordering;

/// 32 bytes as calldata holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word(pub [u8; 32]);

impl Word {
    /// As an unsigned integer.
    #[must_use]
    pub const fn uint(self) -> U256 {
        U256::from_be_bytes(self.0)
    }

    /// From an unsigned integer.
    #[must_use]
    pub const fn from_uint(value: U256) -> Self {
        Self(value.to_be_bytes())
    }

    /// The last twenty bytes.
    #[must_use]
    pub fn address(self) -> Address {
        Address::from_word(self.0.into())
    }

    /// From an address.
    #[must_use]
    pub fn from_address(address: Address) -> Self {
        Self(address.into_word().0)
    }

    /// Whether the word is the one encoding of a value of `ty`; false for what is not a word type.
    #[must_use]
    pub fn is_canonical(self, ty: &Ty) -> bool {
        match ty {
            Ty::Uint(bytes) => self.leading(32 - usize::from(*bytes)).iter().all(|b| *b == 0),
            Ty::Int(bytes) => self.is_sign_extended(*bytes),
            Ty::FixedBytes(bytes) => self.0.iter().skip(usize::from(*bytes)).all(|b| *b == 0),
            Ty::Address => self.leading(12).iter().all(|b| *b == 0),
            Ty::Bool => self.uint() <= U256::from(1),
            Ty::Bytes | Ty::String | Ty::FixedArray(..) | Ty::Array(_) | Ty::Tuple(_) => false,
        }
    }

    /// Signed order for `intN`, unsigned for `uintN`; `None` for a type without an order.
    #[must_use]
    pub fn compare(self, other: Self, ty: &Ty) -> Option<Ordering> {
        match ty {
            Ty::Uint(_) => Some(self.uint().cmp(&other.uint())),
            Ty::Int(_) => Some(I256::from_raw(self.uint()).cmp(&I256::from_raw(other.uint()))),
            _ => None,
        }
    }

    fn leading(&self, count: usize) -> &[u8] {
        self.0.get(..count).unwrap_or(&[])
    }

    fn is_sign_extended(self, bytes: u8) -> bool {
        let head = 32 - usize::from(bytes);
        let negative = self.0.get(head).is_some_and(|b| b & 0x80 != 0);
        let fill = if negative { 0xff } else { 0 };
        self.leading(head).iter().all(|b| *b == fill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word(U256::from_str_radix(text, 16).unwrap().to_be_bytes())
    }

    #[test]
    fn each_type_has_one_encoding_of_each_value() {
        let ones = Word([0xff; 32]);
        assert!(word("ff").is_canonical(&Ty::Uint(1)) && !word("100").is_canonical(&Ty::Uint(1)));
        assert!(ones.is_canonical(&Ty::Uint(32)) && ones.is_canonical(&Ty::Int(1)));
        assert!(!word("80").is_canonical(&Ty::Int(1)) && word("7f").is_canonical(&Ty::Int(1)));
        assert!(word("1").is_canonical(&Ty::Bool) && !word("2").is_canonical(&Ty::Bool));
        assert!(!word("10000000000000000000000000000000000000000").is_canonical(&Ty::Address));
        assert!(ones.is_canonical(&Ty::FixedBytes(32)) && !ones.is_canonical(&Ty::FixedBytes(31)));
        assert!(!word("0").is_canonical(&Ty::Bytes));
    }

    #[test]
    fn signed_order_follows_the_type() {
        let minus_one = Word([0xff; 32]);
        assert_eq!(minus_one.compare(word("1"), &Ty::Int(32)), Some(Ordering::Less));
        assert_eq!(minus_one.compare(word("1"), &Ty::Uint(32)), Some(Ordering::Greater));
        assert_eq!(minus_one.compare(word("1"), &Ty::FixedBytes(32)), None);
    }
}
