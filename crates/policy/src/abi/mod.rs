//! The part of the contract ABI that rules speak about.
//!
//! - [`signature`]: reads `transfer(address to, uint256 amount)` into types and names.
//! - [`layout`]: the one-byte-a-type form of `spec/encoding.md`, both ways.
//! - [`names`]: what arguments and members are called, beside their types.
//! - [`word`]: 32-byte words, strictly canonical for their type.
//! - [`encode`]: the one encoding of values.
//! - [`decode`]: whether bytes are the one encoding of values of given types, and the values at a path.

pub mod decode;
pub mod encode;
pub mod layout;
pub mod names;
pub mod signature;
pub mod word;

pub use decode::{Decoded, Hashes, Leaf};
pub use names::Named;
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
/// The last step of a path to the length of an array (in elements), of `bytes` or of a `string` (in bytes).
pub const LENGTH: u16 = 0xfffd;
/// The step of a path that means every element.
pub const EVERY: u16 = 0xfffe;
/// The step of a path that means some element.
pub const SOME: u16 = 0xffff;

/// The size of the heads of a row of types. Saturates.
fn heads(types: &[Ty]) -> usize {
    types.iter().fold(0, |sum: usize, ty| sum.saturating_add(ty.head_size()))
}

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

    /// Whether the encoding's length depends on the value (Contract ABI Specification, "Formal Specification of the Encoding").
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        match self {
            Self::Bytes | Self::String | Self::Array(_) => true,
            Self::FixedArray(inner, _) => inner.is_dynamic(),
            Self::Tuple(members) => members.iter().any(Self::is_dynamic),
            _ => false,
        }
    }

    /// Bytes that the type takes in the head of what it stands in: 32 for a dynamic one. Saturates.
    #[must_use]
    pub fn head_size(&self) -> usize {
        match self {
            Self::FixedArray(inner, n) if !inner.is_dynamic() => inner.head_size().saturating_mul(usize::from(*n)),
            Self::Tuple(members) if !self.is_dynamic() => heads(members),
            _ => 32,
        }
    }

    /// The type that a condition or an amount speaks about at `path` from a tuple of `arguments`; `None` where it leads nowhere.
    #[must_use]
    pub fn at<'t>(arguments: &'t [Self], path: &[u16]) -> Option<&'t Self> {
        let (first, rest) = path.split_first()?;
        let mut ty = arguments.get(usize::from(*first))?;
        for step in rest {
            ty = match ty {
                Self::Array(_) | Self::Bytes | Self::String if *step == LENGTH => &Self::Uint(32),
                Self::Array(inner) => inner,
                Self::FixedArray(inner, n) if *step >= EVERY || (step < n && *step < LENGTH) => inner,
                Self::Tuple(members) => members.get(usize::from(*step))?,
                _ => return None,
            };
        }
        Some(ty)
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
