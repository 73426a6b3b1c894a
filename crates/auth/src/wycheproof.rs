//! Project Wycheproof's vectors for the one verifier here: recovery of secp256k1.
//!
//! A signature of ours is r and s as they stand, 64 bytes, and v; so the P1363 set is run, with each v that there is.

use crate::signature::{SignatureError, recover};
use ::wycheproof::{TestResult, ecdsa};
use alloy_primitives::{Address, B256};
use sha2::{Digest, Sha256};

/// What `recover` says of `rs` with each of the two values of v, in both ways of writing them.
fn recovered(digest: B256, rs: &[u8]) -> [Result<Address, SignatureError>; 2] {
    [0, 1].map(|v| {
        let small = recover(digest, &[rs, &[v]].concat());
        assert_eq!(recover(digest, &[rs, &[v + 27]].concat()), small);
        small
    })
}

#[test]
fn recovery_names_the_key_of_a_valid_signature_and_of_no_other() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256k1Sha256P1363).unwrap();
    let (mut taken, mut high, mut refused) = (0, 0, 0);
    for group in &set.test_groups {
        let [4, point @ ..] = &group.key.key[..] else { panic!("a key in another form") };
        let signer = Address::from_raw_public_key(point);
        for test in &group.tests {
            let digest = B256::from_slice(&Sha256::digest(&test.msg));
            let found = recovered(digest, &test.sig);
            let names = found.iter().filter(|f| **f == Ok(signer)).count();
            let is_high = found == [Err(SignatureError::HighS); 2];
            let what = format!("{}: {} {:?} {found:?}", test.tc_id, test.comment, test.flags);
            match (test.result == TestResult::Valid, is_high) {
                // One v of the two is right.
                (true, false) => {
                    assert_eq!(names, 1, "{what}");
                    taken += 1;
                }
                // Valid, and refused all the same (EIP-2).
                (true, true) => high += 1,
                (false, _) => {
                    assert_eq!(names, 0, "{what}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((taken, high, refused), (95, 72, 85));
}
