use super::*;
use crate::{Algorithm, CreateError, KeyHome, KeyKind, PublicKey, VaultHeader};

#[test]
fn a_record_changed_in_any_bit_does_not_open() {
    let vault = vault();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    assert_eq!(ends(&vault, &record), Ok(record.address().unwrap()));
    let flip = |at: usize, bit: u8| {
        let mut r = record.clone();
        let (mut version, mut data_key) = (r.version.to_be_bytes(), r.data_key.to_be_bytes());
        let mut public: [u8; 20] = r.public.as_bytes().try_into().unwrap();
        let fields: [&mut [u8]; 6] =
            [&mut r.id, &mut version, &mut public, &mut data_key, &mut r.nonce, &mut r.ciphertext];
        *fields.into_iter().flatten().nth(at).unwrap() ^= 1 << bit;
        (r.version, r.data_key) = (u32::from_be_bytes(version), u32::from_be_bytes(data_key));
        r.public = PublicKey::Secp256k1(public.into());
        r
    };
    for at in 0..16 + 4 + 20 + 4 + 24 + 48 {
        for bit in 0..8 {
            assert_eq!(ends(&vault, &flip(at, bit)), Err(SignError::Tampered), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn no_two_records_share_a_nonce_or_a_key_even_under_one_id() {
    let (vault, rng) = (vault(), Recorder::default());
    let [one, two] = [(); 2].map(|()| vault.create_ender_key([1; 16], &rng).unwrap());
    assert_ne!(one.nonce, two.nonce);
    assert_ne!(one.public, two.public);
}

#[test]
fn a_record_does_not_open_as_another_id_or_kind_or_in_another_vault() {
    let (vault, rng) = (vault(), Recorder::default());
    let ender = vault.create_ender_key([1; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([2; 16], &rng).unwrap();

    assert_eq!(ends(&vault, &SealedRecord { id: [2; 16], ..ender.clone() }), Err(SignError::Tampered));
    assert_eq!(ends(&vault, &SealedRecord { kind: KeyKind::Ender, ..relayer.clone() }), Err(SignError::Tampered));
    let moved = SealedRecord { ciphertext: relayer.ciphertext, nonce: relayer.nonce, ..ender.clone() };
    assert_eq!(ends(&vault, &moved), Err(SignError::Tampered));
    let moved = SealedRecord { kind: KeyKind::Relayer, ..ender.clone() };
    assert_eq!(vault.sign_relay(&moved, &call()), Err(SignError::Tampered));
    assert_eq!(ends(&opened([8; 32]), &ender), Err(SignError::Tampered));
}

#[test]
fn a_record_of_another_algorithm_or_home_does_not_open() {
    let (vault, rng) = (vault(), Recorder::default());
    let record = vault.create_ender_key([1; 16], &rng).unwrap();
    for public in [PublicKey::P256([7; 64]), PublicKey::Ed25519([7; 32])] {
        assert_eq!(ends(&vault, &SealedRecord { public, ..record.clone() }), Err(SignError::Tampered));
    }
    let moved = SealedRecord { token: Some("hsm".to_owned()), ..record.clone() };
    assert_eq!(ends(&vault, &moved), Err(SignError::Tampered));
    assert_eq!(ends(&vault, &SealedRecord { data_key: 1, ..record.clone() }), Err(SignError::Tampered));
    assert_eq!(ends(&vault, &SealedRecord { data_key: u32::MAX, ..record }), Err(SignError::Tampered));
}

#[test]
fn a_key_is_not_made_without_randomness_or_a_token() {
    for algorithm in [Algorithm::Secp256k1, Algorithm::P256, Algorithm::Ed25519] {
        let made = vault().create_session_key_in([1; 16], algorithm, KeyHome::Record, &Broken);
        assert_eq!(made, Err(CreateError::Randomness));
        let made = vault().create_session_key_in([1; 16], algorithm, KeyHome::Token, &Recorder::default());
        assert_eq!(made.unwrap_err().code(), "token_not_open");
    }
    // No keys of these curves: zero, and above the order.
    for algorithm in [Algorithm::Secp256k1, Algorithm::P256] {
        for byte in [0, 0xff] {
            let made = vault().create_session_key_in([1; 16], algorithm, KeyHome::Record, &Stuck(byte));
            assert_eq!(made, Err(CreateError::Randomness), "{algorithm:?} {byte}");
        }
    }
}

#[test]
fn resealing_keeps_the_key_and_moves_it_under_the_newest_data_key() {
    let (vault, header) = VaultHeader::create(&passphrase("right"), &Recorder::default()).unwrap();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let (rotated, _) = vault.rotate_root(&header, &[(0, &passphrase("right"))], &[], &Recorder::default()).unwrap();
    let resealed = rotated.reseal(&record, &Recorder::default()).unwrap();
    assert_eq!((record.data_key, resealed.data_key), (0, 1));
    assert_eq!(ends(&rotated, &resealed), Ok(record.address().unwrap()));
    assert_eq!(ends(&vault, &resealed), Err(SignError::Tampered));
    let broken = SealedRecord { ciphertext: [0; 48], ..record };
    assert_eq!(rotated.reseal(&broken, &Recorder::default()), Err(SignError::Tampered));
}
