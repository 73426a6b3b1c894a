//! The three algorithms, each against an implementation that is not the one that signs.

use super::*;
use crate::sign::{lower_s, software};
use crate::{Algorithm, KeyHome, PublicKey, SessionSignature, Signature65};
use alloy_primitives::U256;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use hallpass_memory::Wiped;
use k256::ecdsa::SigningKey;
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

/// What `hallpass-vault` signed before, with k256: RFC 6979 without extra data, the lower s.
fn by_k256(secret: &[u8; 32], digest: B256) -> Option<Signature65> {
    let key = SigningKey::from_slice(secret).ok()?;
    let (signature, id) = key.sign_prehash_recoverable(digest.as_slice()).ok()?;
    let signature = Signature::from_signature_and_parity(signature, id.is_y_odd()).normalized_s();
    let bytes = signature.as_bytes();
    Some(Signature65::new(bytes[..64].try_into().unwrap(), bytes[64] == 28))
}

fn by_us(secret: &[u8; 32], digest: B256) -> Option<Signature65> {
    match software::sign(secret, &PublicKey::Secp256k1(Address::ZERO), digest).ok()? {
        SessionSignature::Secp256k1(signature) => Some(signature),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn secp256k1_signs_as_k256_does(secret: [u8; 32], digest: [u8; 32]) {
        let digest = B256::from(digest);
        prop_assert_eq!(by_us(&secret, digest), by_k256(&secret, digest));
    }

    #[test]
    fn every_signature_verifies_elsewhere_and_has_the_lower_s(seed: [u8; 32], digest: [u8; 32]) {
        let digest = B256::from(digest);
        for algorithm in [Algorithm::Secp256k1, Algorithm::P256, Algorithm::Ed25519] {
            let mut secret = Wiped::zeros();
            let public = software::generate(algorithm, &Seeded(seed), &mut secret).unwrap();
            let signature = software::sign(&secret, &public, digest).unwrap();
            prop_assert_eq!(signature.algorithm(), algorithm);
            prop_assert!(verifies(&public, digest, &signature));
            if algorithm != Algorithm::Ed25519 {
                let rs: [u8; 64] = signature.as_bytes()[..64].try_into().unwrap();
                prop_assert_eq!(lower_s(rs, algorithm), Some(rs));
            }
        }
    }
}

/// Bytes that are a key of all three.
struct Seeded([u8; 32]);

impl Rng for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        out.copy_from_slice(&keccak256(self.0)[..out.len()]);
        // Below every order.
        out[0] &= 0x7f;
        Ok(())
    }
}

pub(super) fn verifies(public: &PublicKey, digest: B256, signature: &SessionSignature) -> bool {
    match (public, signature) {
        (PublicKey::Secp256k1(address), SessionSignature::Secp256k1(signature)) => {
            let signature = Signature::from_raw_array(signature.as_bytes()).unwrap();
            signature.recover_address_from_prehash(&digest).ok() == Some(*address)
        }
        // The verifier hashes: what is verified is SHA-256 of the digest.
        (PublicKey::P256(point), SessionSignature::P256(rs)) => {
            let sec1 = [&[4], &point[..]].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, sec1).verify(digest.as_slice(), rs).is_ok()
        }
        (PublicKey::Ed25519(point), SessionSignature::Ed25519(bytes)) => {
            UnparsedPublicKey::new(&ED25519, point).verify(digest.as_slice(), bytes).is_ok()
        }
        _ => false,
    }
}

/// RFC 6979 reduces the digest first (2.3.4), which k256 leaves to its caller.
#[test]
fn digests_at_and_above_the_order_are_signed_as_what_they_reduce_to() {
    let secret = [0x11; 32];
    let order = U256::from_be_bytes(crate::sign::ORDERS[0]);
    for digest in [U256::ZERO, U256::from(1), order - U256::from(1), order, order + U256::from(1), U256::MAX] {
        let made = by_us(&secret, digest.into());
        assert_eq!(made, by_k256(&secret, (digest % order).into()), "{digest}");
        assert!(made.is_some());
    }
    assert!(by_us(&[0; 32], B256::ZERO).is_none());
}

#[test]
fn the_higher_s_is_lowered_on_both_curves_and_nothing_out_of_range_is_taken() {
    for (order, algorithm) in crate::sign::ORDERS.iter().zip([Algorithm::Secp256k1, Algorithm::P256]) {
        let order = U256::from_be_bytes(*order);
        let one = U256::from(1);
        let rs = |r: U256, s: U256| {
            let bytes = [r.to_be_bytes::<32>(), s.to_be_bytes::<32>()];
            <[u8; 64]>::try_from(bytes.as_flattened()).unwrap()
        };
        assert_eq!(lower_s(rs(one, order - one), algorithm), Some(rs(one, one)));
        assert_eq!(lower_s(rs(one, one), algorithm), Some(rs(one, one)));
        let half = order >> 1;
        assert_eq!(lower_s(rs(one, half), algorithm), Some(rs(one, half)));
        assert_eq!(lower_s(rs(one, half + one), algorithm), Some(rs(one, half)));
        for (r, s) in [(one, order), (order, one), (one - one, one), (one, one - one)] {
            assert_eq!(lower_s(rs(r, s), algorithm), None);
        }
    }
    assert_eq!(lower_s([1; 64], Algorithm::Ed25519), None);
}

#[test]
fn a_session_key_of_each_algorithm_is_made_sealed_and_named_as_a_grant_names_it() {
    let (vault, rng) = (vault(), Recorder::default());
    for (algorithm, length) in [(Algorithm::Secp256k1, 20), (Algorithm::P256, 64), (Algorithm::Ed25519, 32)] {
        let record = vault.create_session_key_in([1; 16], algorithm, KeyHome::Record, &rng).unwrap();
        assert_eq!((record.public.algorithm(), record.public.as_bytes().len()), (algorithm, length));
        let read: SealedRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(read, record);
        let digest = B256::repeat_byte(0x42);
        let signature = vault.sign_for_test(&read, digest).unwrap();
        assert!(verifies(&record.public, digest, &signature));
    }
    for text in ["\"0x\"", "\"0x00\"", "\"00\"", "7"] {
        assert!(serde_json::from_str::<PublicKey>(text).is_err(), "{text}");
    }
}
