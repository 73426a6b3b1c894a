//! Signatures of contract wallets: ERC-1271, ERC-6492 and EIP-7702, in the order of ERC-6492.
//!
//! - this file: [`prove`], which decides, and why it refuses.
//! - [`reader`]: what it asks of a chain. This crate reaches none; `hallpass-chain` answers.
//! - [`cache`]: what stood at an account in a block, remembered. [`wrapper`]: the form of ERC-6492.

pub mod cache;
pub mod reader;
mod wrapper;

#[cfg(test)]
mod tests;

use crate::signature::{SignatureError, recover};
use alloy_primitives::B256;
use hallpass_types::AccountId;
use reader::{Answer, Block, Code, ContractReader, Question, ReadError};
use wrapper::Wrapper;

pub use wrapper::MAGIC;

/// The longest signature that is looked at, in bytes: it has to fit, with its question, into a contract's creation code
/// (EIP-3860), and into a request's body.
pub const MAX_SIGNATURE: usize = 24 * 1024;

/// Whether an account's own key proves it before its chain was asked what stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Eoa {
    /// The key is enough, and no chain is asked. Whoever has the key of an address can, at any time, send its transactions and
    /// end whatever it is delegated to (EIP-7702); and no contract stands at an address that has a key.
    #[default]
    WithoutRpc,
    /// The chain is asked first, and what stands at the address has the first word: for chains on which a key may have lost its
    /// power, or on which contracts stand at chosen addresses.
    CodeFirst,
}

/// What proved an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Its own key (ERC-191, `ecrecover`): good for as long as the key is.
    Key,
    /// Its contract's answer at a block (ERC-1271): to be asked again, since another block may answer otherwise.
    Contract(Block),
    /// The same, once it was prepared (ERC-6492), which most often means that it was not deployed yet.
    Prepared(Block),
}

impl Evidence {
    /// Whether the proof is as old as its block, and has to be asked for again while a session lives.
    #[must_use]
    pub const fn ages(&self) -> bool {
        !matches!(self, Self::Key)
    }
}

/// Proves that `account` accepts `signature` as its own over `digest`. In this order:
///
/// 1. A signature that ends in [`MAGIC`] is unwrapped; the account is asked as it stands, and where it does not accept, prepared
///    and asked again, in one question. Nothing else can prove such a signature, no key either.
/// 2. Under [`Eoa::WithoutRpc`], a signature by the account's own key is enough.
/// 3. Where the account has code, it is asked (ERC-1271).
/// 4. Where it has none, or its code is a delegation (EIP-7702) that does not accept, its key must have signed.
///
/// Steps 1, 3 and 4 read one block, the newest.
///
/// # Errors
/// [`WalletError`]. [`WalletError::Unread`] and [`WalletError::OtherChain`] say nothing of the signature: it was not judged.
pub async fn prove<R: ContractReader>(
    account: AccountId,
    digest: B256,
    signature: &[u8],
    eoa: Eoa,
    reader: &R,
) -> Result<Evidence, WalletError> {
    if signature.len() > MAX_SIGNATURE {
        return Err(WalletError::TooLong);
    }
    let by_key = || match recover(digest, signature) {
        Ok(signer) if signer == account.address => Ok(Evidence::Key),
        Ok(_) => Err(WalletError::Signature(SignatureError::WrongSigner)),
        Err(error) => Err(error.into()),
    };
    let wrapper = Wrapper::of(signature)?;
    if wrapper.is_none() && eoa == Eoa::WithoutRpc && by_key().is_ok() {
        return Ok(Evidence::Key);
    }
    if reader.chain() != account.chain {
        return Err(WalletError::OtherChain);
    }
    let block = reader.head().await?;
    let question = |signature, prepare| Question { account: account.address, digest, signature, prepare };
    if let Some(wrapper) = &wrapper {
        let asked = question(&wrapper.signature, Some(&wrapper.prepare));
        return judged(reader.ask(&asked, block).await?, block);
    }
    let asked = question(signature, None);
    match reader.code(account.address, block).await? {
        Code::None => by_key(),
        Code::Contract => judged(reader.ask(&asked, block).await?, block),
        // The delegate is a program that the key has chosen: where it does not speak for the key, the key does.
        Code::Delegation(_) => match reader.ask(&asked, block).await? {
            Answer::Accepted => Ok(Evidence::Contract(block)),
            _ => by_key(),
        },
    }
}

const fn judged(answer: Answer, block: Block) -> Result<Evidence, WalletError> {
    match answer {
        Answer::Accepted => Ok(Evidence::Contract(block)),
        Answer::AcceptedWhenPrepared => Ok(Evidence::Prepared(block)),
        Answer::Refused => Err(WalletError::Refused),
        Answer::NoCode => Err(WalletError::NotDeployed),
        Answer::PreparationFailed => Err(WalletError::PreparationFailed),
    }
}

/// Why a signature proves no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WalletError {
    /// More than [`MAX_SIGNATURE`] bytes.
    #[error("a signature has at most 24576 bytes")]
    TooLong,
    /// It ends as ERC-6492 has it, and the rest is not its form.
    #[error("the signature ends as ERC-6492 has it, but what stands before is not `(address, bytes, bytes)`")]
    Wrapper,
    /// The account has no contract, and its key did not make the signature.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The contract answered otherwise than by the one word, or not at all.
    #[error("the contract wallet does not accept the signature")]
    Refused,
    /// After the preparation nothing stands at the account.
    #[error("no contract stands at the account, and the signature's preparation deploys none there")]
    NotDeployed,
    /// The preparation reverts.
    #[error("the preparation that the signature names fails")]
    PreparationFailed,
    /// The node that is asked is on another chain than the account: not judged.
    #[error("the account is on another chain than the node that is asked")]
    OtherChain,
    /// The chain could not be read: not judged.
    #[error(transparent)]
    Unread(#[from] ReadError),
}

impl WalletError {
    /// The stable code; a signature's or the node's own where that failed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "signature_too_long",
            Self::Wrapper => "signature_wrapper",
            Self::Signature(error) => error.code(),
            Self::Refused => "contract_refused",
            Self::NotDeployed => "contract_not_deployed",
            Self::PreparationFailed => "preparation_failed",
            Self::OtherChain => "chain_not_read",
            Self::Unread(error) => error.code,
        }
    }

    /// Whether the signature was judged. Where not, nothing is known of it: the caller denies all the same, and may ask again.
    #[must_use]
    pub const fn is_verdict(&self) -> bool {
        !matches!(self, Self::OtherChain | Self::Unread(_))
    }
}
