//! What can open a vault: [`RootKeyProvider`], and those that are built in.
//!
//! - `passphrase`: Argon2id. `keychain`: the desktop's Secret Service. `pkcs11`: a token.
//!
//! A KMS or a TPM is one more implementation of the trait: `enroll` has the service make or seal 32 random bytes (KMS
//! `GenerateDataKey`, TPM 2.0 seal) and keeps the ciphertext among the slot's facts; `key` has them decrypted or
//! unsealed.

mod keychain;
mod passphrase;
mod pkcs11;

pub use keychain::{Keychain, KeychainError};
pub use passphrase::Passphrase;
pub use pkcs11::TokenSlot;

use crate::TokenError;
use alloy_primitives::hex;
use hallpass_memory::Wiped;
use hallpass_types::{Rng, RngError};
use std::collections::BTreeMap;

/// What a slot keeps beside the wrapped root key: public, authenticated, and read by its provider alone.
/// At most 16 entries, of at most 8 KiB each.
pub type SlotFacts = BTreeMap<String, String>;

/// Something that gives the same 32 secret bytes again, and by that opens the vault.
///
/// The bytes wrap the root key under the vault's own cipher, so a provider decides nothing about the header's form. It
/// must give bytes that nobody can guess who has the header, and must never put them, or what leads to them, among the
/// facts or into an error.
pub trait RootKeyProvider {
    /// The word that the slots of this provider carry, such as `passphrase`. A slot is only ever tried by the provider
    /// of its word.
    fn name(&self) -> &'static str;

    /// Makes the key of a new slot, writes it to `key`, and gives what is needed to find it again. `vault` is the
    /// vault's id, to name things by.
    ///
    /// # Errors
    /// [`ProviderError`]; no slot is made then.
    fn enroll(&self, vault: &[u8; 16], rng: &dyn Rng, key: &mut Wiped<32>) -> Result<SlotFacts, ProviderError>;

    /// Writes the key of a slot to `key`. A wrong passphrase is no error here: it gives another key, and as late as the
    /// right one.
    ///
    /// # Errors
    /// [`ProviderError`] where there is no answer at all.
    fn key(&self, facts: &SlotFacts, key: &mut Wiped<32>) -> Result<(), ProviderError>;

    /// Takes away what `enroll` left outside the header. Called after the header without the slot has been stored.
    ///
    /// # Errors
    /// [`ProviderError`]; the slot is gone from the header all the same.
    fn forget(&self, facts: &SlotFacts) -> Result<(), ProviderError> {
        let _ = facts;
        Ok(())
    }
}

/// Why a provider gave no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The facts are not such as this provider writes.
    #[error("the slot's facts are not of its provider")]
    BadFacts,
    /// A vault that opens for everyone.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// No randomness.
    #[error("the operating system gave no random bytes")]
    Randomness,
    /// The memory that Argon2's costs ask for could not be had.
    #[error("there is not enough memory to derive a key from the passphrase")]
    OutOfMemory,
    /// The keychain's answer.
    #[error(transparent)]
    Keychain(#[from] KeychainError),
    /// The token's answer.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Another provider's: a stable code and a sentence.
    #[error("{1}")]
    Other(&'static str, String),
}

impl ProviderError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadFacts => "bad_header",
            Self::EmptyPassphrase => "empty_passphrase",
            Self::Randomness => "no_randomness",
            Self::OutOfMemory => "out_of_memory",
            Self::Keychain(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Other(code, _) => code,
        }
    }
}

impl From<RngError> for ProviderError {
    fn from(_: RngError) -> Self {
        Self::Randomness
    }
}

fn text<'a>(facts: &'a SlotFacts, name: &str) -> Result<&'a str, ProviderError> {
    facts.get(name).map(String::as_str).ok_or(ProviderError::BadFacts)
}

fn number(facts: &SlotFacts, name: &str) -> Result<u32, ProviderError> {
    let text = text(facts, name)?;
    let number: u32 = text.parse().map_err(|_| ProviderError::BadFacts)?;
    if number.to_string() == text { Ok(number) } else { Err(ProviderError::BadFacts) }
}

fn bytes<const N: usize>(facts: &SlotFacts, name: &str) -> Result<[u8; N], ProviderError> {
    hex::decode_to_array(text(facts, name)?).map_err(|_| ProviderError::BadFacts)
}

/// The facts have these names and no others.
fn only(facts: &SlotFacts, names: &[&str]) -> Result<(), ProviderError> {
    let known = facts.len() == names.len() && names.iter().all(|name| facts.contains_key(*name));
    if known { Ok(()) } else { Err(ProviderError::BadFacts) }
}
