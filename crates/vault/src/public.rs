//! Public halves of keys.

use alloy_primitives::{Address, hex};
use core::fmt;
use hallpass_policy::grant::SessionKey;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The curve and scheme of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// ECDSA on secp256k1.
    Secp256k1,
    /// ECDSA on P-256 with SHA-256 (FIPS 186-5).
    P256,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// A key's public half. As text it is hex: 20 bytes, 64 or 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicKey {
    /// The address.
    Secp256k1(Address),
    /// x and y, big-endian.
    P256([u8; 64]),
    /// The compressed point.
    Ed25519([u8; 32]),
}

impl PublicKey {
    /// The curve and scheme.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secp256k1(_) => Algorithm::Secp256k1,
            Self::P256(_) => Algorithm::P256,
            Self::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The bytes that a grant's `key` has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Secp256k1(address) => address.as_slice(),
            Self::P256(point) => point,
            Self::Ed25519(point) => point,
        }
    }

    /// The address of a secp256k1 key; others have none.
    #[must_use]
    pub const fn address(&self) -> Option<Address> {
        match self {
            Self::Secp256k1(address) => Some(*address),
            Self::P256(_) | Self::Ed25519(_) => None,
        }
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            20 => Some(Self::Secp256k1(Address::from_slice(bytes))),
            64 => bytes.try_into().ok().map(Self::P256),
            32 => bytes.try_into().ok().map(Self::Ed25519),
            _ => None,
        }
    }
}

/// As a grant names it. `keyKind` counts secp256k1, P-256, WebAuthn, Ed25519 from 1.
impl From<PublicKey> for SessionKey {
    fn from(key: PublicKey) -> Self {
        match key {
            PublicKey::Secp256k1(address) => Self::Secp256k1(address),
            PublicKey::P256(point) => Self::Other(2, point.into()),
            PublicKey::Ed25519(point) => Self::Other(4, point.into()),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_prefixed(self.as_bytes()))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes: Vec<u8> = hex::serde::deserialize(deserializer)?;
        Self::from_bytes(&bytes).ok_or_else(|| D::Error::custom("a public key has 20, 64 or 32 bytes"))
    }
}
