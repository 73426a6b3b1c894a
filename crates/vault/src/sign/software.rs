//! Keys that stand in a record: made, and used for one signature.
//!
//! What leaves a scrubbed call is written, whole, to a place of the caller's: a value that is returned has gaps, and
//! what stood on the stack goes along in them.

use super::{SessionSignature, SignError, Signature65, lower_s};
use crate::{Algorithm, CreateError, PublicKey};
use alloy_primitives::{Address, B256};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use hallpass_memory::{Wiped, scrubbed};
use hallpass_types::Rng;
use secp256k1::ecdsa::RecoverableSignature;
use secp256k1::{Message, SecretKey};

/// What these libraries use, unoptimised, stays within it.
const STACK: usize = 64 * 1024;

/// Fills `secret`, and gives its public half.
///
/// Zero, or past the group's order: one in 2^32 on P-256 and in 2^128 on secp256k1, unless the source of randomness
/// is broken; so a few are tried.
pub(crate) fn generate(algorithm: Algorithm, rng: &dyn Rng, secret: &mut Wiped<32>) -> Result<PublicKey, CreateError> {
    for _ in 0..4 {
        let mut bytes = [0; 64];
        let length = scrubbed::<STACK, _>(|| {
            if rng.fill(secret.as_mut_slice()).is_err() {
                return u8::MAX;
            }
            public(algorithm, secret, &mut bytes).unwrap_or(0)
        });
        match bytes.get(..usize::from(length)).map(PublicKey::from_bytes) {
            None => return Err(CreateError::Randomness),
            Some(None) => {}
            Some(Some(public)) => return Ok(public),
        }
    }
    Err(CreateError::Randomness)
}

/// Writes the public half to `out`, and gives its length, where `secret` is a key of this algorithm.
fn public(algorithm: Algorithm, secret: &[u8; 32], out: &mut [u8; 64]) -> Option<u8> {
    let mut put = |bytes: &[u8]| {
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
        u8::try_from(bytes.len()).ok()
    };
    match algorithm {
        Algorithm::Secp256k1 => {
            let mut key = SecretKey::from_secret_bytes(*secret).ok()?;
            let point = key.public_key().serialize_uncompressed();
            key.non_secure_erase();
            put(Address::from_raw_public_key(point.get(1..)?).as_slice())
        }
        Algorithm::P256 => {
            let key = PrivateKey::from_private_key(&ECDH_P256, secret).ok()?;
            put(key.compute_public_key().ok()?.as_ref().get(1..)?)
        }
        Algorithm::Ed25519 => put(Ed25519KeyPair::from_seed_unchecked(secret).ok()?.public_key().as_ref()),
    }
}

/// Signs `digest` as [`SessionSignature`] says.
pub(crate) fn sign(secret: &[u8; 32], public: &PublicKey, digest: B256) -> Result<SessionSignature, SignError> {
    let mut out = [0; 65];
    let done = scrubbed::<STACK, _>(|| match public {
        PublicKey::Secp256k1(_) => secp256k1(secret, digest, &mut out),
        PublicKey::P256(point) => p256(secret, point, digest, &mut out),
        PublicKey::Ed25519(point) => ed25519(secret, point, digest, &mut out),
    });
    done.map_err(|Failed| SignError::Failed)?;
    let (rs, _) = out.split_first_chunk::<64>().ok_or(SignError::Failed)?;
    match public {
        PublicKey::Secp256k1(_) => Ok(SessionSignature::Secp256k1(Signature65::from_bytes(out))),
        PublicKey::P256(_) => lower_s(*rs, Algorithm::P256).map(SessionSignature::P256).ok_or(SignError::Failed),
        PublicKey::Ed25519(_) => Ok(SessionSignature::Ed25519(*rs)),
    }
}

/// No size, so no gaps.
struct Failed;

/// The nonce is RFC 6979's, `s` the lower one, the parity that of the lower one.
fn secp256k1(secret: &[u8; 32], digest: B256, out: &mut [u8; 65]) -> Result<(), Failed> {
    let mut key = SecretKey::from_secret_bytes(*secret).map_err(|_| Failed)?;
    let signature = RecoverableSignature::sign_ecdsa_recoverable(Message::from_digest(digest.0), &key);
    key.non_secure_erase();
    let (id, rs) = signature.serialize_compact();
    // 2 and 3 are x above the group's order: one in 2^128, and `v` could not say so.
    let v = match id.to_u8() {
        parity @ (0 | 1) => 27 + parity,
        _ => return Err(Failed),
    };
    put(out, &rs);
    if let Some(last) = out.last_mut() {
        *last = v;
    }
    Ok(())
}

/// The nonce is random, mixed with the key and the message.
fn p256(secret: &[u8; 32], point: &[u8; 64], digest: B256, out: &mut [u8; 65]) -> Result<(), Failed> {
    let mut sec1 = [4; 65];
    for (to, from) in sec1.iter_mut().skip(1).zip(point) {
        *to = *from;
    }
    let key = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, &sec1)
        .map_err(|_| Failed)?;
    let signature = key.sign(&SystemRandom::new(), digest.as_slice()).map_err(|_| Failed)?;
    put(out, signature.as_ref());
    if signature.as_ref().len() == 64 { Ok(()) } else { Err(Failed) }
}

fn ed25519(secret: &[u8; 32], point: &[u8; 32], digest: B256, out: &mut [u8; 65]) -> Result<(), Failed> {
    let key = Ed25519KeyPair::from_seed_and_public_key(secret, point).map_err(|_| Failed)?;
    put(out, key.sign(digest.as_slice()).as_ref());
    Ok(())
}

fn put(out: &mut [u8; 65], bytes: &[u8]) {
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
}
