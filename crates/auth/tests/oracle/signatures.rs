//! Who signed, beside the oracle: the same, but for spellings of a signature that ours refuses.

use super::{runner, texts};
use alloy_primitives::{Address, U256, hex, keccak256};
use hallpass_auth::{SignatureError, personal_hash, recover};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

const ORDER: [u8; 32] = hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");

#[test]
fn both_name_the_same_signer_of_a_message() {
    let mut runner = runner();
    let (mut same, mut high, mut v) = (0, 0, 0);
    let (texts, changes) = (texts::valid(), (any::<[u8; 32]>(), 0..6_u8, 0..65_usize, 1..=255_u8));
    for _ in 0..300 {
        let (secret, kind, place, flip) = changes.new_tree(&mut runner).unwrap().current();
        let text = texts.new_tree(&mut runner).unwrap().current();
        let Ok(mut message) = text.parse::<signinwithethereum::Message>() else { continue };
        let key = SigningKey::from_slice(&secret).unwrap();
        let signer = Address::from_word(keccak256(&key.verifying_key().to_encoded_point(false).as_bytes()[1..]));
        message.address = signer.0.0;
        message.address_raw = None;
        let text = message.to_string();
        let (rs, id) = key.sign_prehash_recoverable(personal_hash(&text).as_slice()).unwrap();
        let mut signature = [0; 65];
        signature[..64].copy_from_slice(&rs.to_bytes());
        signature[64] = 27 + id.to_byte();
        match kind {
            0 => {}
            1 => signature[64] -= 27,
            2 => {
                let s = U256::from_be_slice(&signature[32..64]);
                signature[32..64].copy_from_slice(&(U256::from_be_bytes(ORDER) - s).to_be_bytes::<32>());
                signature[64] = 55 - signature[64];
            }
            3 => signature[64] += 27,
            _ => signature[place] ^= flip,
        }
        let ours = recover(personal_hash(&text), &signature);
        let theirs = message.verify_eip191(&signature).is_ok();
        match ours {
            Err(SignatureError::HighS) => {
                assert!(!theirs);
                high += 1;
            }
            // They take v modulo 27.
            Err(SignatureError::V) => v += u32::from(theirs),
            ours => {
                assert_eq!(ours == Ok(signer), theirs, "{}", hex::encode(signature));
                same += u32::from(theirs);
            }
        }
    }
    assert!(same > 50 && high > 20 && v > 20, "{same} {high} {v}");
}
