//! Keys that stand in a record: made, and used for one signature.
//!
//! Nothing here wipes the stack: call it within `scrubbed`.

use super::{SessionSignature, SignError, Signature65, lower_s};
use crate::{Algorithm, CreateError, PublicKey};
use alloy_primitives::{Address, B256};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use hallpass_memory::Wiped;
use hallpass_types::Rng;
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};

/// Fills `secret`, and gives its public half.
///
/// Zero, or past the group's order: one in 2^32 on P-256 and in 2^128 on secp256k1, unless the source of randomness
/// is broken; so a few are tried.
pub(crate) fn generate(algorithm: Algorithm, rng: &dyn Rng, secret: &mut Wiped<32>) -> Result<PublicKey, CreateError> {
    for _ in 0..4 {
        rng.fill(secret.as_mut_slice())?;
        if let Some(public) = public(algorithm, secret) {
            return Ok(public);
        }
    }
    Err(CreateError::Randomness)
}

/// The public half, where `secret` is a key of this algorithm.
fn public(algorithm: Algorithm, secret: &[u8; 32]) -> Option<PublicKey> {
    match algorithm {
        Algorithm::Secp256k1 => {
            let key = SecretKey::from_secret_bytes(*secret).ok()?;
            let point = key.public_key().serialize_uncompressed();
            Some(PublicKey::Secp256k1(Address::from_raw_public_key(point.get(1..)?)))
        }
        Algorithm::P256 => {
            let key = PrivateKey::from_private_key(&ECDH_P256, secret).ok()?;
            let point = key.compute_public_key().ok()?;
            Some(PublicKey::P256(point.as_ref().get(1..)?.try_into().ok()?))
        }
        Algorithm::Ed25519 => {
            let key = Ed25519KeyPair::from_seed_unchecked(secret).ok()?;
            Some(PublicKey::Ed25519(key.public_key().as_ref().try_into().ok()?))
        }
    }
}

/// Signs `digest` as [`SessionSignature`] says.
pub(crate) fn sign(secret: &[u8; 32], public: &PublicKey, digest: B256) -> Result<SessionSignature, SignError> {
    match public {
        PublicKey::Secp256k1(_) => secp256k1(secret, digest).map(SessionSignature::Secp256k1),
        PublicKey::P256(point) => p256(secret, point, digest).map(SessionSignature::P256),
        PublicKey::Ed25519(point) => {
            let key = Ed25519KeyPair::from_seed_and_public_key(secret, point).map_err(|_| SignError::Tampered)?;
            let signature = key.sign(digest.as_slice());
            signature.as_ref().try_into().map(SessionSignature::Ed25519).map_err(|_| SignError::Failed)
        }
    }
}

/// The nonce is RFC 6979's, `s` the lower one, the parity that of the lower one.
pub(crate) fn secp256k1(secret: &[u8; 32], digest: B256) -> Result<Signature65, SignError> {
    let mut key = SecretKey::from_secret_bytes(*secret).map_err(|_| SignError::Tampered)?;
    let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest.0), &key);
    key.non_secure_erase();
    let (id, rs) = signature.serialize_compact();
    // 2 and 3 are x above the group's order: one in 2^128, and `v` could not say so.
    match id.to_u8() {
        parity @ (0 | 1) => Ok(Signature65::new(rs, parity == 1)),
        _ => Err(SignError::Failed),
    }
}

/// The nonce is random, mixed with the key and the message.
fn p256(secret: &[u8; 32], point: &[u8; 64], digest: B256) -> Result<[u8; 64], SignError> {
    let mut sec1 = [4; 65];
    for (to, from) in sec1.iter_mut().skip(1).zip(point) {
        *to = *from;
    }
    let key = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, &sec1)
        .map_err(|_| SignError::Tampered)?;
    let signature = key.sign(&SystemRandom::new(), digest.as_slice()).map_err(|_| SignError::Failed)?;
    let rs: [u8; 64] = signature.as_ref().try_into().map_err(|_| SignError::Failed)?;
    lower_s(rs, Algorithm::P256).ok_or(SignError::Failed)
}
