//! Keys of owners and of sessions.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use hallpass_policy::grant::SessionKey;

/// A secp256k1 key.
#[derive(Debug, Clone)]
pub struct Key(k256::ecdsa::SigningKey);

/// A P-256 key.
#[derive(Debug, Clone)]
pub struct P256Key(p256::ecdsa::SigningKey);

/// The orders of the curves.
pub const SECP256K1: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
pub const P256: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

impl Key {
    pub fn new(seed: u8) -> Self {
        Self(k256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub fn address(&self) -> Address {
        let point = self.0.verifying_key().to_encoded_point(false);
        Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
    }

    /// r, s and v; s is low.
    pub fn sign(&self, digest: B256) -> Bytes {
        let (signature, parity) = self.0.sign_prehash_recoverable(digest.as_slice()).unwrap();
        [&signature.to_bytes()[..], &[27 + parity.to_byte()]].concat().into()
    }
}

impl P256Key {
    pub fn new(seed: u8) -> Self {
        Self(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    /// As a grant names it.
    pub fn public(&self) -> SessionKey {
        let point = self.0.verifying_key().to_encoded_point(false);
        SessionKey::Other(2, Bytes::copy_from_slice(&point.as_bytes()[1..]))
    }

    /// r and s over SHA-256 of the digest; s is low.
    pub fn sign(&self, digest: B256) -> Bytes {
        use p256::ecdsa::signature::Signer;
        let signature: p256::ecdsa::Signature = self.0.sign(digest.as_slice());
        let signature = signature.normalize_s().unwrap_or(signature);
        Bytes::copy_from_slice(&signature.to_bytes())
    }
}

/// The other signature of the same digest by the same key: s on the other side of half the order, and v turned.
pub fn mirrored(signature: &Bytes, order: &str) -> Bytes {
    let mut out = signature.to_vec();
    let s = U256::from_be_slice(&out[32..64]);
    let order = U256::from_str_radix(order, 16).unwrap();
    out[32..64].copy_from_slice(&(order - s).to_be_bytes::<32>());
    if let Some(v) = out.get_mut(64) {
        *v = 27 + 28 - *v;
    }
    out.into()
}
