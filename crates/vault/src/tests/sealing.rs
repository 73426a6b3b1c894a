use super::*;
use crate::{CreateError, KdfParams, KeyKind, UnsealError, VaultHeader};
use alloy_primitives::hex;
use std::sync::OnceLock;

#[test]
fn a_key_outlives_the_process_and_the_passphrase() {
    let (vault, header) = created();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let header = serde_json::from_str::<VaultHeader>(&serde_json::to_string(header).unwrap()).unwrap();
    let record = serde_json::from_str::<SealedRecord>(&serde_json::to_string(&record).unwrap()).unwrap();

    let reopened = header.unseal(&passphrase("right")).unwrap();
    assert_eq!(ends(&reopened, &record), Ok(record.public));

    let other = reopened.rewrap(&passphrase("other"), KdfParams::MINIMUM, &Stuck(3)).unwrap();
    let json = serde_json::to_value(&other).unwrap();
    assert_eq!(
        (&json["salt"], &json["nonce"]),
        (&hex::encode_prefixed([3; 16]).into(), &hex::encode_prefixed([3; 24]).into())
    );
    assert_eq!(ends(&other.unseal(&passphrase("other")).unwrap(), &record), Ok(record.public));
    assert_eq!(other.unseal(&passphrase("right")).unwrap_err(), UnsealError::WrongPassphrase);
}

#[test]
fn another_passphrase_or_a_changed_header_opens_nothing() {
    let refused = |header: &VaultHeader, text: &str| header.unseal(&passphrase(text)).unwrap_err().code();
    assert_eq!(refused(&created().1, "Right"), "wrong_passphrase");
    assert_eq!(refused(&created().1, ""), "wrong_passphrase");
    let json = serde_json::to_value(&created().1).unwrap();
    for field in ["salt", "nonce", "wrapped"] {
        let mut bytes = hex::decode(json[field].as_str().unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(refused(&changed(field, hex::encode(bytes)), "right"), "wrong_passphrase", "{field}");
    }
    assert_eq!(refused(&changed("passes", 3), "right"), "wrong_passphrase");
}

#[test]
fn a_header_with_costs_out_of_bounds_is_refused_before_anything_is_allocated() {
    for (field, value) in [
        ("memory_kib", 19 * 1024 - 1),
        ("memory_kib", 8),
        ("memory_kib", 1024 * 1024 + 1),
        ("memory_kib", 4 * 1024 * 1024 + 1),
        ("memory_kib", u32::MAX),
        ("passes", 1),
        ("passes", u32::MAX),
        ("lanes", 0),
        ("lanes", 9),
        ("version", 0),
        ("version", 2),
    ] {
        let refused = changed(field, value).unseal(&passphrase("right")).unwrap_err();
        assert_eq!(refused.code(), "bad_header", "{field} {value}");
    }
}

#[test]
fn a_vault_is_not_made_without_a_passphrase_or_randomness() {
    let refused =
        |text: &str, rng: &dyn Rng| VaultHeader::create(&passphrase(text), KdfParams::MINIMUM, rng).unwrap_err();
    assert_eq!(refused("", &Stuck(1)), CreateError::EmptyPassphrase);
    assert_eq!(refused("right", &Broken), CreateError::Randomness);
    assert_eq!(vault().create_session_key([1; 16], &Broken), Err(CreateError::Randomness));
    // No keys of secp256k1: zero, and above the order.
    assert_eq!(vault().create_session_key([1; 16], &Stuck(0)), Err(CreateError::Randomness));
    assert_eq!(vault().create_session_key([1; 16], &Stuck(0xff)), Err(CreateError::Randomness));
}

#[test]
fn a_record_changed_in_any_bit_does_not_open() {
    let vault = vault();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    assert_eq!(ends(&vault, &record), Ok(record.public));
    let flip = |at: usize, bit: u8| {
        let mut r = record.clone();
        let mut version = r.version.to_be_bytes();
        let fields: [&mut [u8]; 5] =
            [&mut r.id, &mut version, r.public.as_mut_slice(), &mut r.nonce, &mut r.ciphertext];
        *fields.into_iter().flatten().nth(at).unwrap() ^= 1 << bit;
        r.version = u32::from_be_bytes(version);
        r
    };
    for at in 0..16 + 4 + 20 + 24 + 48 {
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
    assert_eq!(ends(&Vault::new(&[8; 32]), &ender), Err(SignError::Tampered));
}

/// One header for the tests that need Argon2, and its vault; the passphrase is `right`.
fn created() -> &'static (Vault, VaultHeader) {
    static CREATED: OnceLock<(Vault, VaultHeader)> = OnceLock::new();
    CREATED.get_or_init(|| VaultHeader::create(&passphrase("right"), KdfParams::MINIMUM, &Recorder::default()).unwrap())
}

/// The header with one field of its JSON replaced.
fn changed(field: &str, value: impl Into<serde_json::Value>) -> VaultHeader {
    let mut json = serde_json::to_value(&created().1).unwrap();
    assert_ne!(json[field], serde_json::Value::Null, "{field}");
    json[field] = value.into();
    serde_json::from_value(json).unwrap()
}

/// Sealed by version 1. A dependency or a change that breaks this loses every key that was ever stored.
#[test]
fn what_version_1_sealed_still_opens() {
    let header = r#"{"version":1,"memory_kib":19456,"passes":2,"lanes":1,
        "salt":"0x6c31fc15422ebad28aaf9089c306702f","nonce":"0x859f11b75569a4eb0496c5138fd42cc52aee8cf5c4e7cfaf",
        "wrapped":"0x4c637c707d02e97e0594362498b48507b809fc47f0def6f8ec7eca37cbd1fce02b766558998390eceed50fa00b1cb604"}"#;
    let record = r#"{"id":"0x01010101010101010101010101010101","kind":"ender","version":1,
        "public":"0xe3f377e01cf5da58c810d1fadfd9f7ac46e3411c",
        "nonce":"0xd2ed8d75f801ae8a206c07ff9b104f0e005238dcd1cbaf84","ciphertext":
        "0xdf4f7b0267562a3b9f3f5d3438607aa034e25472aedd32a1e6be598d9af7050e3c9ebc4b8e7abd92471f7ca24a59bbcf"}"#;
    let header: VaultHeader = serde_json::from_str(header).unwrap();
    let record: SealedRecord = serde_json::from_str(record).unwrap();

    let vault = header.unseal(&passphrase("correct horse battery staple")).unwrap();
    assert_eq!(ends(&vault, &record), Ok(record.public));
    let index = hex!("6c82e78a3986d79aaa38d2bc744f97bb1d5139f32bb9312dc7c7e1b4fe2967b7");
    assert_eq!(*vault.derive_index_key("sessions"), index);
}

#[test]
fn an_unknown_field_is_refused() {
    let mut header = serde_json::to_value(&created().1).unwrap();
    header["hint"] = "pet".into();
    assert!(serde_json::from_value::<VaultHeader>(header).is_err());
    let mut record = serde_json::to_value(vault().create_ender_key([1; 16], &Recorder::default()).unwrap()).unwrap();
    record["hint"] = "pet".into();
    assert!(serde_json::from_value::<SealedRecord>(record).is_err());
}
