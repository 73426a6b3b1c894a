//! The grant as values: what an owner hands out, complete and well formed.
//!
//! - this file: the grant and its call rules; [`rest`]: what the chain seldom opens, with typed and app rules and requirements.
//! - [`pack`] / [`unpack`]: the `checks` bytes of `spec/encoding.md`, both ways.
//! - [`check`]: what makes a grant a bad one, whoever signed it.
//! - [`message`]: to and from the EIP-712 `Grant`.

pub mod check;
pub mod check_rule;
pub mod message;
pub mod pack;
pub mod rest;
pub mod unpack;

use crate::abi::{EVERY, Function, Ty, Word, signature::selector};
use alloy_primitives::{Address, Bytes, U256};
use core::num::NonZeroU32;
use hallpass_types::{ChainId, UnixSeconds};

pub use check::BadGrant;
pub use rest::{AppRule, Attribute, Gas, Kind, Require, Rest, TypedRule};

/// A complete grant. Its id is [`Grant::id`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The only chain it is good on.
    pub chain: ChainId,
    /// The account it spends from.
    pub account: Address,
    /// The contract that enforces it; zero where only the signer does.
    pub backend: Address,
    /// The account's epoch it was made in.
    pub epoch: u64,
    /// Tells grants of one account and epoch apart; counters belong to it.
    pub salt: [u8; 16],
    /// The key that may sign operations.
    pub key: SessionKey,
    /// Inclusive.
    pub not_before: UnixSeconds,
    /// Exclusive.
    pub not_after: UnixSeconds,
    /// First sequence, inclusive.
    pub first_seq: u64,
    /// Last sequence, exclusive; at most 2^32.
    pub end_seq: u64,
    /// The ways an operation may reach the account.
    pub routes: Routes,
    /// The only relayer, or zero for any.
    pub relayer: Address,
    /// In order; a rule's number is its place.
    pub calls: Vec<CallRule>,
    /// By ascending id.
    pub meters: Vec<Meter>,
    /// What the chain seldom opens.
    pub rest: Rest,
}

/// A session key's public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionKey {
    /// secp256k1, named by its address.
    Secp256k1(Address),
    /// A kind that is carried and hashed but not judged yet: its number and its bytes.
    Other(u8, Bytes),
}

/// Bits: 1 direct, 2 EntryPoint 0.7, 4 EntryPoint 0.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routes(u8);

impl Routes {
    /// Calls sent straight to the account.
    pub const DIRECT: Self = Self(1);

    /// `None` for no route, or for a bit that has no meaning.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits == 0 || bits > 7 { None } else { Some(Self(bits)) }
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the direct route is open.
    #[must_use]
    pub const fn direct(self) -> bool {
        self.0 & 1 != 0
    }
}

/// One contract and function that may be called, and within what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRule {
    /// The contract.
    pub target: Address,
    /// The canonical signature; empty for empty calldata.
    pub signature: String,
    /// The argument types that derive from it; `None` for empty calldata, which is not selector 0x00000000.
    pub arguments: Option<Vec<Ty>>,
    /// Most wei a single call may carry, inclusive.
    pub max_value: U256,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What a call charges; each meter at most once.
    pub uses: Vec<Use>,
}

impl CallRule {
    /// The selector, or `None` for empty calldata.
    #[must_use]
    pub fn selector(&self) -> Option<[u8; 4]> {
        self.arguments.as_ref().map(|_| selector(&self.signature))
    }

    /// The type at `path` in the arguments.
    #[must_use]
    pub fn type_at(&self, path: &Path) -> Option<&Ty> {
        Ty::at(self.arguments.as_ref()?, &path.0)
    }
}

/// A row of steps from the argument tuple.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(pub Vec<u16>);

impl Path {
    /// The argument at `index`.
    #[must_use]
    pub fn argument(index: u16) -> Self {
        Self(vec![index])
    }

    /// Whether some step is `every` or `some`.
    #[must_use]
    pub fn is_quantified(&self) -> bool {
        self.0.iter().skip(1).any(|step| *step >= EVERY)
    }

    /// The index, for a path of one step.
    #[must_use]
    pub fn as_argument(&self) -> Option<usize> {
        match self.0.as_slice() {
            [index] => Some(usize::from(*index)),
            _ => None,
        }
    }
}

/// One requirement on the arguments, or on an app's attributes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition<P = Path> {
    /// Where the value stands.
    pub path: P,
    /// What it must satisfy.
    pub test: Test<P>,
}

/// What a value must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test<P = Path> {
    /// `==`
    Eq(Word),
    /// `!=`
    Ne(Word),
    /// `<=`
    Le(Word),
    /// `>=`
    Ge(Word),
    /// `<`
    Lt(Word),
    /// `>`
    Gt(Word),
    /// One of these; strictly ascending, at least two.
    In(Vec<Word>),
    /// `value & mask == expected`.
    Mask(Word, Word),
    /// `left * denominator >= right * numerator`; the right path, numerator, denominator.
    Ratio(P, U256, U256),
}

/// A meter that a call charges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use<P = Path> {
    /// The meter's id.
    pub meter: u16,
    /// How much.
    pub amount: Amount<P>,
}

/// How much a call charges to a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount<P = Path> {
    /// One for each call.
    One,
    /// The native value of the call.
    Value,
    /// The unsigned integer at a path.
    Path(P),
}

/// Caps what a session may spend of one thing in each fixed window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// Its name in the grant; 65535 is the fee cap's own.
    pub id: u16,
    /// What is counted.
    pub what: What,
    /// Inclusive cap a window, in the smallest unit; below 2^120.
    pub cap: u128,
    /// Seconds, at least 60; `None` is one window for the grant's whole life.
    pub period: Option<NonZeroU32>,
    /// Inclusive start of window 0; never after the grant's start.
    pub anchor: UnixSeconds,
}

/// The first value that no cap may have.
pub const CAP_LIMIT: u128 = 1 << 120;
/// The shortest window, in seconds.
pub const MIN_PERIOD: u32 = 60;
/// The id of the fee cap's meter, which no other meter may have.
pub const FEE_METER: u16 = u16::MAX;

/// What a meter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Wei that calls carry.
    Native,
    /// What is asked of an ERC-20 token.
    Token(Address),
    /// Calls.
    Calls,
    /// Whatever number stands at the path.
    Custom,
}

/// Reads a rule's signature into argument types; the empty text is empty calldata.
///
/// # Errors
/// [`BadGrant`] where the text is not a canonical signature.
pub fn arguments_of(signature: &str) -> Result<Option<Vec<Ty>>, BadGrant> {
    if signature.is_empty() {
        return Ok(None);
    }
    match Function::parse(signature) {
        Ok(f) if f.canonical() == signature => Ok(Some(f.types)),
        _ => Err(BadGrant::new("signature", format!("`{signature}` is not a canonical function signature"))),
    }
}
