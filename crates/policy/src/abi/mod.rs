//! The part of the contract ABI that rules speak about.
//!
//! - [`signature`]: reads `transfer(address to, uint256 amount)` into types and names.
//! - [`layout`]: the one-byte-a-type form of `spec/encoding.md`, both ways.
//! - [`word`]: 32-byte words, strictly canonical for their type.

pub mod layout;
pub mod signature;
pub mod word;

pub use signature::{Function, SignatureError};
pub use word::Word;

/// An ABI type (Contract ABI Specification, "Types").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Ty {
    /// `uintN`, N in bytes, 1 to 32.
    Uint(u8),
    /// `intN`, N in bytes, 1 to 32.
    Int(u8),
    /// `bytesN`, 1 to 32.
    FixedBytes(u8),
    /// `address`.
    Address,
    /// `bool`.
    Bool,
    /// `bytes`.
    Bytes,
    /// `string`.
    String,
    /// `T[n]`, n at least 1.
    FixedArray(Box<Ty>, u16),
    /// `T[]`.
    Array(Box<Ty>),
    /// A tuple of at most 255 members.
    Tuple(Vec<Ty>),
}

/// The deepest nesting of types, the argument tuple counted.
pub const MAX_DEPTH: usize = 16;

impl Ty {
    /// Whether a value is exactly one word.
    #[must_use]
    pub const fn is_word(&self) -> bool {
        matches!(self, Self::Uint(_) | Self::Int(_) | Self::FixedBytes(_) | Self::Address | Self::Bool)
    }

    /// Whether `<`, `>` and sums mean anything.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        matches!(self, Self::Uint(_) | Self::Int(_))
    }

    /// How deep the type nests; a word is 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::FixedArray(inner, _) | Self::Array(inner) => 1 + inner.depth(),
            Self::Tuple(members) => 1 + members.iter().map(Self::depth).max().unwrap_or(0),
            _ => 1,
        }
    }
}

impl core::fmt::Display for Ty {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Uint(n) => write!(f, "uint{}", u16::from(*n) * 8),
            Self::Int(n) => write!(f, "int{}", u16::from(*n) * 8),
            Self::FixedBytes(n) => write!(f, "bytes{n}"),
            Self::Address => f.write_str("address"),
            Self::Bool => f.write_str("bool"),
            Self::Bytes => f.write_str("bytes"),
            Self::String => f.write_str("string"),
            Self::FixedArray(inner, n) => write!(f, "{inner}[{n}]"),
            Self::Array(inner) => write!(f, "{inner}[]"),
            Self::Tuple(members) => {
                f.write_str("(")?;
                for (i, member) in members.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{member}")?;
                }
                f.write_str(")")
            }
        }
    }
}
