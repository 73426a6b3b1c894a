//! A signed sign-in message against what the server expects.

use crate::{
    signature::{SignatureError, personal_hash, recover},
    siwe::{Message, Nonce, ParseError},
    wallet::{Eoa, Evidence, WalletError, prove, reader::ContractReader},
};
use core::cmp::Ordering;
use hallpass_types::{AccountId, ChainId, UnixSeconds};

/// How far, in seconds, a message's `Issued At` may lie after the server's clock.
pub const MAX_SKEW: u64 = 60;

/// What a message must say. Every field is the server's own knowledge, none is taken from the request, and none can be left
/// out: there is no default, and an empty text or set agrees with no message.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The server's authority as browsers show it; compared byte by byte.
    pub domain: &'a str,
    /// The server's sign-in URI; compared byte by byte.
    pub uri: &'a str,
    /// The nonce that the server issued to this visitor. Its age, and that it is used once, are the caller's to check.
    pub nonce: &'a str,
    /// The chains that may be named. Empty allows none.
    pub chains: &'a [ChainId],
    /// The present second.
    pub now: UnixSeconds,
}

/// An account that signed in just now. Only [`verify()`] and [`verify_on()`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenAccount {
    account: AccountId,
    nonce: Nonce,
    evidence: Evidence,
}

impl ProvenAccount {
    /// The account, on the chain that the message named.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The nonce, to be used up before a session is made.
    #[must_use]
    pub fn nonce(&self) -> &str {
        self.nonce.as_str()
    }

    /// What proved it: a key, or a contract's answer, which has to be asked for again.
    #[must_use]
    pub const fn evidence(&self) -> Evidence {
        self.evidence
    }
}

/// Verifies that the key of the account named in `text` signed it (ERC-191), and that it is the message `expected`
/// (ERC-4361, section "Verifying a signed Message"). Checks run in the order of [`VerifyError`]'s variants.
///
/// `signature` is taken as [`recover`] takes it. Expiry is half-open: at `Expiration Time` the message is no longer
/// valid, at `Not Before` it is.
///
/// # Errors
/// The first check that fails.
pub fn verify(text: &str, signature: &[u8], expected: &Expected<'_>) -> Result<ProvenAccount, VerifyError> {
    let message = as_expected(text, expected)?;
    if recover(personal_hash(text), signature)? != message.address {
        return Err(SignatureError::WrongSigner.into());
    }
    Ok(proven(message, Evidence::Key))
}

/// The same for every kind of account, contract wallets included (ERC-1271, ERC-6492, EIP-7702): [`prove`] says how. The message
/// is judged before the chain is asked anything.
///
/// # Errors
/// The first check that fails. Where [`VerifyError::is_verdict`] says no, the signature was not judged.
pub async fn verify_on<R: ContractReader>(
    text: &str,
    signature: &[u8],
    expected: &Expected<'_>,
    eoa: Eoa,
    reader: &R,
) -> Result<ProvenAccount, VerifyError> {
    let message = as_expected(text, expected)?;
    let account = AccountId { chain: message.chain_id, address: message.address };
    let evidence = prove(account, personal_hash(text), signature, eoa, reader).await?;
    Ok(proven(message, evidence))
}

fn proven(message: Message, evidence: Evidence) -> ProvenAccount {
    let account = AccountId { chain: message.chain_id, address: message.address };
    ProvenAccount { account, nonce: message.nonce, evidence }
}

/// The message, if it is the one that is expected. Who signed it is not looked at.
fn as_expected(text: &str, expected: &Expected<'_>) -> Result<Message, VerifyError> {
    let message: Message = text.parse()?;
    if message.domain.as_str() != expected.domain {
        return Err(VerifyError::Domain);
    }
    if message.domain.has_userinfo() {
        return Err(VerifyError::Userinfo);
    }
    if message.uri.as_str() != expected.uri {
        return Err(VerifyError::Uri);
    }
    let own_scheme = expected.uri.split_once(':').map(|(scheme, _)| scheme);
    if message.scheme.as_ref().is_some_and(|scheme| Some(scheme.as_str()) != own_scheme) {
        return Err(VerifyError::Scheme);
    }
    if message.nonce.as_str() != expected.nonce {
        return Err(VerifyError::Nonce);
    }
    if !expected.chains.contains(&message.chain_id) {
        return Err(VerifyError::Chain);
    }
    let latest = expected.now.plus(MAX_SKEW).unwrap_or(expected.now);
    if message.issued_at.cmp_unix(latest) == Ordering::Greater {
        return Err(VerifyError::IssuedInFuture);
    }
    if message.expiration_time.as_ref().is_some_and(|time| time.cmp_unix(expected.now) != Ordering::Greater) {
        return Err(VerifyError::Expired);
    }
    if message.not_before.as_ref().is_some_and(|time| time.cmp_unix(expected.now) == Ordering::Greater) {
        return Err(VerifyError::NotYetValid);
    }
    Ok(message)
}

/// Why a sign-in is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Not a message of ERC-4361.
    #[error(transparent)]
    Message(#[from] ParseError),
    /// Another domain: a message made for another site.
    #[error("the message was made for another domain")]
    Domain,
    /// A user name before the domain's host, expected or not.
    #[error("the domain has a user name before an `@`, which no browser shows")]
    Userinfo,
    /// Another URI.
    #[error("the message names another uri")]
    Uri,
    /// A scheme is named, and it is not that of the expected URI.
    #[error("the message was asked for over another scheme")]
    Scheme,
    /// Another nonce.
    #[error("the message carries another nonce; ask for a new one and sign again")]
    Nonce,
    /// A chain outside the set.
    #[error("the message names a chain that this server does not serve")]
    Chain,
    /// More than [`MAX_SKEW`] seconds ahead.
    #[error("the message was issued in the future: a clock is wrong")]
    IssuedInFuture,
    /// At or after its expiration time.
    #[error("the message has expired")]
    Expired,
    /// Before its not-before time.
    #[error("the message is not valid yet")]
    NotYetValid,
    /// The signature is not one, or not the account's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The same, where contract wallets are asked too; or the chain could not be.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

impl VerifyError {
    /// The stable code; a message's, a signature's or a node's own where that failed.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Message(error) => error.code(),
            Self::Domain => "domain_mismatch",
            Self::Userinfo => "domain_userinfo",
            Self::Uri => "uri_mismatch",
            Self::Scheme => "scheme_mismatch",
            Self::Nonce => "nonce_mismatch",
            Self::Chain => "chain_not_allowed",
            Self::IssuedInFuture => "issued_in_future",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Signature(error) => error.code(),
            Self::Wallet(error) => error.code(),
        }
    }

    /// Whether the sign-in was judged. Where not, the chain could not be read: it is denied all the same, and may be tried again.
    #[must_use]
    pub const fn is_verdict(&self) -> bool {
        match self {
            Self::Wallet(error) => error.is_verdict(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
