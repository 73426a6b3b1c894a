//! Project Wycheproof's vectors for every verifier that this crate relies on.
//!
//! Ours take r and s as they stand, 64 bytes, and refuse a high s on chain; so of ECDSA the P1363 sets are run.

use crate::Algorithm;
use crate::sign::lower_s;
use ::wycheproof::{TestResult, ecdsa, eddsa};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, ecdsa::Signature as Ecdsa};
use sha2::{Digest, Sha256};

/// Runs `verify` over a set and gives how many were taken and refused.
fn ecdsa_set(name: ecdsa::TestName, verify: impl Fn(&[u8], &[u8], &[u8]) -> bool) -> (usize, usize) {
    let set = ecdsa::TestSet::load(name).unwrap();
    let mut counts = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let taken = verify(&group.key.key, &test.msg, &test.sig);
            let expected = test.result == TestResult::Valid;
            assert_eq!(taken, expected, "{name:?} {}: {} {:?}", test.tc_id, test.comment, test.flags);
            if taken { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    counts
}

#[test]
fn p256_takes_what_is_valid_and_nothing_else() {
    let counts = ecdsa_set(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, |key, message, signature| {
        let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, signature).is_ok();
        // Lowering s keeps a signature valid, and takes nothing that is out of range.
        let lowered = signature.try_into().ok().and_then(|rs| lower_s(rs, Algorithm::P256));
        let again = |rs: [u8; 64]| UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(message, &rs).is_ok();
        assert_eq!(lowered.is_some_and(again), verified);
        verified
    });
    assert_eq!(counts, (173, 89));
}

#[test]
fn secp256k1_takes_what_is_valid_and_nothing_else() {
    let counts = ecdsa_set(ecdsa::TestName::EcdsaSecp256k1Sha256P1363, |key, message, signature| {
        let Ok(key) = secp256k1::PublicKey::from_slice(key) else { return false };
        let Ok(rs) = <[u8; 64]>::try_from(signature) else { return false };
        let Some(rs) = lower_s(rs, Algorithm::Secp256k1) else { return false };
        let digest = Message::from_digest(Sha256::digest(message).into());
        let verified = Ecdsa::from_compact(&rs).is_ok_and(|signature| key.verify(digest, &signature).is_ok());
        // Recovery, which is how a token's v is found, meets the key in the same cases.
        let recovers = [RecoveryId::Zero, RecoveryId::One, RecoveryId::Two, RecoveryId::Three].into_iter().any(|id| {
            RecoverableSignature::from_compact(&rs, id).and_then(|s| s.recover_ecdsa(digest)).is_ok_and(|k| k == key)
        });
        assert_eq!(recovers, verified);
        verified
    });
    assert_eq!(counts, (167, 85));
}

#[test]
fn ed25519_takes_what_is_valid_and_nothing_else() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut counts = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let taken = UnparsedPublicKey::new(&ED25519, &group.key.pk[..]).verify(&test.msg, &test.sig).is_ok();
            assert_eq!(taken, test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            if taken { counts.0 += 1 } else { counts.1 += 1 }
        }
    }
    assert!(counts.0 > 50 && counts.1 > 50, "{counts:?}");
}
