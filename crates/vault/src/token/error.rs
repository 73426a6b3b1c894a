//! What a token says no with.

use cryptoki::error::{Error, RvError};

/// Why a token did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The module cannot be loaded.
    #[error("the PKCS#11 module cannot be loaded: {0}")]
    Module(String),
    /// No token of this label is there.
    #[error("there is no token labelled `{0}`")]
    NoSuchToken(String),
    /// Several tokens of one label.
    #[error("there is more than one token labelled `{0}`")]
    Ambiguous(String),
    /// A wrong PIN, or none that could be one.
    #[error("the token refuses the PIN")]
    WrongPin,
    /// Too many wrong PINs.
    #[error("the token has locked its PIN")]
    PinLocked,
    /// It cannot do what is asked.
    #[error("the token has no {0}")]
    LacksMechanism(&'static str),
    /// The object that a record or slot names is not there, or there twice.
    #[error("the token does not hold the key, or holds two of one id")]
    NoKey,
    /// It made a key that could leave it.
    #[error("the token made a key that can be read out; the key was destroyed")]
    Extractable,
    /// It gave a public key or a signature that is none, or not of the key.
    #[error("the token's answer is not a signature or a key of this kind")]
    BadAnswer,
    /// No token was given.
    #[error("no token is open")]
    NotOpen,
    /// Taken out, or logged out.
    #[error("the token was removed, or logged out")]
    Gone,
    /// No randomness.
    #[error("the operating system gave no random bytes")]
    Randomness,
    /// Anything else, in PKCS#11's words.
    #[error("the token failed: {0}")]
    Failed(String),
}

impl TokenError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Module(_) => "token_module",
            Self::NoSuchToken(_) => "no_such_token",
            Self::Ambiguous(_) => "token_ambiguous",
            Self::WrongPin => "wrong_pin",
            Self::PinLocked => "pin_locked",
            Self::LacksMechanism(_) => "token_lacks_mechanism",
            Self::NoKey => "token_key_missing",
            Self::Extractable => "token_key_extractable",
            Self::BadAnswer => "token_bad_answer",
            Self::NotOpen => "token_not_open",
            Self::Gone => "token_gone",
            Self::Randomness => "no_randomness",
            Self::Failed(_) => "token_failed",
        }
    }
}

pub(super) fn failed(error: Error) -> TokenError {
    match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinExpired, _) => {
            TokenError::WrongPin
        }
        Error::Pkcs11(RvError::PinLocked, _) => TokenError::PinLocked,
        Error::Pkcs11(
            RvError::DeviceRemoved | RvError::TokenNotPresent | RvError::UserNotLoggedIn | RvError::SlotIdInvalid,
            _,
        ) => TokenError::Gone,
        Error::Pkcs11(RvError::MechanismInvalid, _) => TokenError::LacksMechanism("mechanism for this"),
        Error::Pkcs11(RvError::KeyHandleInvalid | RvError::ObjectHandleInvalid, _) => TokenError::NoKey,
        // The words are the crate's own; nothing of the call's data is in them.
        other => TokenError::Failed(other.to_string()),
    }
}
