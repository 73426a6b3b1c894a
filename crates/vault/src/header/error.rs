//! Why a vault was not made, not opened, not changed.

use crate::ProviderError;
use hallpass_types::RngError;

/// Why a vault, a slot or a key could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// No randomness, or none that makes a key.
    #[error("the operating system gave no random bytes fit for a key")]
    Randomness,
    /// No pages for keys.
    #[error("the operating system gave no memory for keys")]
    Memory,
    /// The cipher refused, which its documentation excludes for 32 bytes.
    #[error("the key could not be encrypted")]
    Cipher,
    /// The provider of the slot.
    #[error(transparent)]
    Provider(ProviderError),
    /// A key of this kind is of another algorithm, or not on a token.
    #[error("keys of this kind are secp256k1 alone")]
    Algorithm,
    /// The token that was to make the key.
    #[error(transparent)]
    Token(#[from] crate::TokenError),
}

impl CreateError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Randomness => "no_randomness",
            Self::Memory => "out_of_memory",
            Self::Cipher => "cipher_failed",
            Self::Provider(error) => error.code(),
            Self::Algorithm => "wrong_algorithm",
            Self::Token(error) => error.code(),
        }
    }
}

impl From<RngError> for CreateError {
    fn from(_: RngError) -> Self {
        Self::Randomness
    }
}

impl From<ProviderError> for CreateError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Randomness => Self::Randomness,
            other => Self::Provider(other),
        }
    }
}

/// Why a vault stays sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// The passphrase opens no slot.
    #[error("the passphrase is wrong, or its slot in the vault's header was changed")]
    WrongPassphrase,
    /// The keychain or token answered with a key that opens no slot.
    #[error("the key that the slot's provider gave does not open it: it is another's, or the slot was changed")]
    WrongKey,
    /// No slot of this provider, or none of this number.
    #[error("the vault has no such slot")]
    NoSlot,
    /// The slot opens, and the rest is not what was sealed.
    #[error("the vault's header was changed since it was written")]
    Tampered,
    /// Another version, or figures out of bounds.
    #[error("the vault's header is of another version, or its figures are out of bounds")]
    BadHeader,
    /// No pages for keys.
    #[error("the operating system gave no memory for keys")]
    Memory,
    /// The provider gave no key.
    #[error(transparent)]
    Provider(ProviderError),
}

impl UnsealError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongPassphrase => "wrong_passphrase",
            Self::WrongKey => "slot_not_opened",
            Self::NoSlot => "no_slot",
            Self::Tampered => "header_tampered",
            Self::BadHeader => "bad_header",
            Self::Memory => "out_of_memory",
            Self::Provider(error) => error.code(),
        }
    }

    pub(super) fn unopened(provider: &str) -> Self {
        if provider == "passphrase" { Self::WrongPassphrase } else { Self::WrongKey }
    }
}

impl From<ProviderError> for UnsealError {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::BadFacts => Self::BadHeader,
            other => Self::Provider(other),
        }
    }
}

/// Why a header was not changed. The old one stays the valid one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Version 1: it has no slots.
    #[error("the vault's header is of version 1, which has one passphrase and no slots")]
    Old,
    /// Not version 1.
    #[error("the vault's header is of the present version already")]
    NotOld,
    /// Not the header that this vault was opened with, or changed since.
    #[error("the header is not this vault's, or was changed since it was written")]
    NotThisVault,
    /// No slot of this number.
    #[error("the vault has no slot {0}")]
    NoSlot(u32),
    /// Without it nothing would open the vault.
    #[error("slot {0} is the only one; without it nothing opens the vault")]
    LastSlot(u32),
    /// As many slots as a header has.
    #[error("a vault has at most 8 slots")]
    Full,
    /// As many rotations as a header has.
    #[error("a root key is changed at most 1,023 times")]
    Worn,
    /// A rotation leaves no slot behind unasked.
    #[error("slot {0} would be lost: give what opens it, or drop it by name")]
    Unopened(u32),
    /// The new slot could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A slot that has to be opened does not open.
    #[error(transparent)]
    Unseal(#[from] UnsealError),
}

impl HeaderError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Old => "old_header",
            Self::NotOld => "not_old_header",
            Self::NotThisVault => "header_tampered",
            Self::NoSlot(_) => "no_slot",
            Self::LastSlot(_) => "last_slot",
            Self::Full => "slots_full",
            Self::Worn => "rotations_full",
            Self::Unopened(_) => "slot_unopened",
            Self::Create(error) => error.code(),
            Self::Unseal(error) => error.code(),
        }
    }
}
