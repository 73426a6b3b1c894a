//! What is asked: an action, the operation around it, when and where, and what is known of the world.

use crate::message::Message;
use crate::message::read::number;
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Bytes, I256, U256};
use hallpass_types::{ChainId, UnixSeconds};
use std::collections::BTreeMap;

/// Something that a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Calls from the account.
    Calls(Batch),
    /// A typed message, signed for the session key alone.
    Typed(Message),
    /// An action inside an app.
    App(AppAction),
}

/// Calls on one chain, all or nothing, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The chain.
    pub chain: ChainId,
    /// At least one.
    pub calls: Vec<Call>,
}

/// One contract call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub to: Address,
    /// Wei.
    pub value: U256,
    /// Calldata; empty is its own thing, never selector 0x00000000.
    pub data: Bytes,
}

/// An action inside an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppAction {
    /// The app.
    pub app: String,
    /// What is done.
    pub verb: String,
    /// Its attributes.
    pub attrs: BTreeMap<String, Attr>,
}

/// An attribute's value, as JSON has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attr {
    /// A string: a text, an address, or a number in decimal.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A JSON integer of at most 2^53 - 1 in size.
    Integer(i64),
    /// Anything else; of no type, so that no rule can read it.
    Other,
}

impl Attr {
    /// As a number, where it is one in its one spelling.
    #[must_use]
    pub fn number(&self) -> Option<I256> {
        match self {
            Self::Integer(n) => I256::try_from(*n).ok(),
            Self::Text(text) => number(text),
            Self::Bool(_) | Self::Other => None,
        }
    }
}

/// A complete operation around calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpBounds {
    /// Inclusive.
    pub valid_from: UnixSeconds,
    /// Exclusive; at most 600 s after `valid_from`.
    pub valid_until: UnixSeconds,
    /// 0 alone where the grant bounds its sequences.
    pub lane: U192,
    /// Below 2^32.
    pub sequence: u64,
    /// Who may send it, or zero for anyone; zero only where the grant's is.
    pub relayer: Address,
    /// Most that the account repays, in the fee token's smallest unit.
    pub max_fee: u128,
    /// Gas that each call gets at least, in call order; a missing entry is 0.
    pub gas_floors: Vec<u32>,
}

/// An operation of which some may be left open (`spec/policy.md`, T5, T6, N1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Op {
    /// Inclusive; the moment of the decision where not given.
    pub valid_from: Option<UnixSeconds>,
    /// Exclusive; as late as may be where not given.
    pub valid_until: Option<UnixSeconds>,
    /// Lane and sequence; not asked for where not given.
    pub nonce: Option<(U192, u64)>,
    /// The sum of the gas floors.
    pub gas: u64,
    /// In the fee token's smallest unit.
    pub fee: u128,
    /// The grant's where not given.
    pub relayer: Option<Address>,
    /// One bit, as in [`crate::grant::Routes`]; the lowest of the grant's where not given.
    pub route: Option<u8>,
    /// What a user operation asks beside; `None` where it is none.
    pub entry: Option<ByEntryPoint>,
}

/// What is judged of a user operation beside the rest (ERC-4337).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByEntryPoint {
    /// Who pays in the account's place.
    pub paymaster: Option<Address>,
    /// The number in the EntryPoint's counter.
    pub sequence: u64,
    /// The next number that the EntryPoint takes there.
    pub next: u64,
}

impl From<&OpBounds> for Op {
    /// On the direct route.
    fn from(op: &OpBounds) -> Self {
        Self {
            valid_from: Some(op.valid_from),
            valid_until: Some(op.valid_until),
            nonce: Some((op.lane, op.sequence)),
            gas: op.gas_floors.iter().fold(0, |sum, floor| sum.saturating_add(u64::from(*floor))),
            fee: op.max_fee,
            relayer: Some(op.relayer),
            route: Some(crate::grant::Routes::DIRECT.bits()),
            entry: None,
        }
    }
}

/// When and where it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The second of the decision; on chain the block's.
    pub now: UnixSeconds,
    /// The chain of the decision.
    pub chain: ChainId,
    /// Who sends it, where that is known.
    pub caller: Option<Address>,
}

/// What is known of the world: what requirements ask for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Balances of the account.
    pub holds: Vec<Held>,
    /// Roles of the holder.
    pub roles: Vec<String>,
    /// Credentials of the holder: issuer and type.
    pub credentials: Vec<(String, String)>,
}

/// A balance, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The token.
    pub token: Address,
    /// One id of an ERC-1155 token.
    pub id: Option<U256>,
    /// At the newest block.
    pub newest: U256,
    /// At a final block.
    pub finalized: U256,
    /// When both were read.
    pub read_at: UnixSeconds,
}
