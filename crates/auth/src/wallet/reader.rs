//! What is asked of a chain, and what it may answer.

use alloy_primitives::{Address, B256, Bytes};
use hallpass_types::ChainId;

/// Somebody who reads a chain, and only reads it.
pub trait ContractReader: Sync {
    /// The chain that is read.
    fn chain(&self) -> ChainId;

    /// The newest block.
    fn head(&self) -> impl Future<Output = Result<Block, ReadError>> + Send;

    /// What stands at `account` in `block`.
    fn code(&self, account: Address, block: Block) -> impl Future<Output = Result<Code, ReadError>> + Send;

    /// Asks the account as `block` left it, in a way that can change nothing. An account that reverts, burns its gas or answers
    /// nonsense has refused, which is an answer; an error means that the question was not answered.
    fn ask(&self, question: &Question<'_>, block: Block) -> impl Future<Output = Result<Answer, ReadError>> + Send;
}

/// One block. The hash names it; two blocks of one number are two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Block {
    /// The number, to be shown.
    pub number: u64,
    /// The hash.
    pub hash: B256,
}

/// What stands at an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Nothing.
    None,
    /// A delegation to another contract (EIP-7702).
    Delegation(Address),
    /// A contract.
    Contract,
}

impl Code {
    /// Reads what `eth_getCode` answers: `0xef0100` and an address, 23 bytes, is a delegation, and nothing else is one.
    #[must_use]
    pub fn of(code: &[u8]) -> Self {
        match code {
            [] => Self::None,
            [0xef, 0x01, 0x00, delegate @ ..] if delegate.len() == 20 => {
                Self::Delegation(Address::from_slice(delegate))
            }
            _ => Self::Contract,
        }
    }
}

/// Whether an account accepts a signature (ERC-1271).
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Who is asked.
    pub account: Address,
    /// What was signed.
    pub digest: B256,
    /// Handed over as it is.
    pub signature: &'a [u8],
    /// What is done where the account, as it stands, does not accept; then it is asked again.
    pub prepare: Option<&'a Prepare>,
}

/// A call that makes an account ready to be asked (ERC-6492); most often its factory deploys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepare {
    /// Who is called.
    pub to: Address,
    /// With what.
    pub data: Bytes,
}

/// What an account says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// `0x1626ba7e` in one word, and nothing else, as it stands.
    Accepted,
    /// The same, once prepared.
    AcceptedWhenPrepared,
    /// Anything else.
    Refused,
    /// No contract stands there; where there was a preparation, after it.
    NoCode,
    /// The preparation reverts.
    PreparationFailed,
}

/// The question was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says}")]
pub struct ReadError {
    /// The stable code.
    pub code: &'static str,
    /// One sentence, without a key that may stand in a node's address.
    pub says: String,
}
