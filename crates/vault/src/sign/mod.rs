//! Signatures, and the only functions that make them.
//!
//! - this file: what a signature is, and why there is none. `software`: with a key from a record.

pub(crate) mod software;

use crate::{Algorithm, RelayRefusal, TokenError};
use alloy_primitives::{Signature, U256, hex};
use core::fmt;
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

    /// `rs` with the lower s, and the parity that belongs to it.
    pub(crate) fn new(rs: [u8; 64], odd: bool) -> Self {
        let mut bytes = [27 + u8::from(odd); 65];
        for (to, from) in bytes.iter_mut().zip(rs) {
            *to = from;
        }
        Self(bytes)
    }

    pub(crate) const fn from_bytes(bytes: [u8; 65]) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_alloy(self) -> Result<Signature, SignError> {
        Signature::from_raw_array(&self.0).map_err(|_| SignError::Failed)
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

/// What a session key signs, in the form that the chain takes for its algorithm.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SessionSignature {
    /// Over the digest as it is.
    Secp256k1(Signature65),
    /// `r || s` over SHA-256 of the digest, with `s` in the lower half.
    P256([u8; 64]),
    /// `R || S` over the digest's 32 bytes as the message (RFC 8032).
    Ed25519([u8; 64]),
}

impl SessionSignature {
    /// The bytes: 65, 64 or 64.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Secp256k1(signature) => signature.as_bytes(),
            Self::P256(bytes) | Self::Ed25519(bytes) => bytes,
        }
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secp256k1(_) => Algorithm::Secp256k1,
            Self::P256(_) => Algorithm::P256,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }
}

impl fmt::Display for SessionSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.as_bytes()))
    }
}

impl fmt::Debug for SessionSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SessionSignature {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// The key is on a token that this vault was not given.
    #[error("the key is on a token that is not open")]
    NoToken,
    /// The token's answer.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// ECDSA gave no signature, which has a chance of about 2^-256.
    #[error("the signature could not be made")]
    Failed,
}

impl SignError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::WrongKind => "wrong_kind",
            Self::Tampered => "record_tampered",
            Self::KeyMismatch => "key_mismatch",
            Self::Relay(_) => "relay_refused",
            Self::NoToken => "token_not_open",
            Self::Token(error) => error.code(),
            Self::Failed => "signing_failed",
        }
    }
}

/// The orders of the groups of secp256k1 (SEC 2) and P-256 (FIPS 186-5).
pub(crate) const ORDERS: [[u8; 32]; 2] = [
    hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
    hex!("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
];

/// `rs` with the lower of the two values of s. `None` where r or s is out of range, as no signature's is.
pub(crate) fn lower_s(rs: [u8; 64], algorithm: Algorithm) -> Option<[u8; 64]> {
    let [secp256k1, p256] = ORDERS.map(U256::from_be_bytes);
    let order = match algorithm {
        Algorithm::Secp256k1 => secp256k1,
        Algorithm::P256 => p256,
        Algorithm::Ed25519 => return None,
    };
    let (r, s) = rs.split_at(32);
    let (r, s) = (U256::try_from_be_slice(r)?, U256::try_from_be_slice(s)?);
    if r.is_zero() || s.is_zero() || r >= order || s >= order {
        return None;
    }
    let s = if s > order >> 1 { order - s } else { s };
    let mut out = [0; 64];
    for (to, from) in out.iter_mut().zip([r.to_be_bytes::<32>(), s.to_be_bytes::<32>()].as_flattened()) {
        *to = *from;
    }
    Some(out)
}
