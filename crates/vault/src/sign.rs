//! Signatures, and the one function that makes them.

use crate::RelayRefusal;
use alloy_primitives::{B256, Signature, hex};
use core::fmt;
use k256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};

/// `r || s || v` with `v` 27 or 28 and `s` in the lower half, as contracts take it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Signature65(#[serde(with = "hex::serde")] [u8; 65]);

impl Signature65 {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 65] {
        &self.0
    }
}

impl fmt::Display for Signature65 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.0))
    }
}

impl fmt::Debug for Signature65 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Signature> for Signature65 {
    fn from(signature: Signature) -> Self {
        Self(signature.as_bytes())
    }
}

/// Why nothing was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A key of another kind.
    #[error("a key of this kind does not sign that")]
    WrongKind,
    /// A record that was changed, moved to another id or kind, or sealed by another vault.
    #[error("the key's record was changed, moved, or belongs to another vault")]
    Tampered,
    /// The operation was authorised for another session key.
    #[error("the operation was authorised for another session key")]
    KeyMismatch,
    /// A transaction that relayers do not send.
    #[error(transparent)]
    Relay(RelayRefusal),
    /// ECDSA gave no signature, which has a chance of about 2^-256.
    #[error("the signature could not be made")]
    Failed,
}

impl SignError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongKind => "wrong_kind",
            Self::Tampered => "record_tampered",
            Self::KeyMismatch => "key_mismatch",
            Self::Relay(_) => "relay_refused",
            Self::Failed => "signing_failed",
        }
    }
}

/// Signs `digest` as it is: the nonce is RFC 6979's, `s` the lower one, the parity that of the lower one.
pub(crate) fn sign_digest(key: &SigningKey, digest: B256) -> Result<Signature, SignError> {
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).map_err(|_| SignError::Failed)?;
    // x above the group's order: one in 2^128, and `v` could not say so.
    if id.is_x_reduced() {
        return Err(SignError::Failed);
    }
    Ok(Signature::from_signature_and_parity(signature, id.is_y_odd()).normalized_s())
}
