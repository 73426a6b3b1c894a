use super::*;
use crate::{KdfParams, VaultHeader};
use alloy_primitives::hex;
use std::collections::BTreeSet;

#[test]
fn index_keys_differ_by_label_and_vault_and_open_no_record() {
    let vault = vault();
    let key = vault.derive_index_key("sessions");
    assert_eq!(key, Vault::new(&[9; 32]).derive_index_key("sessions"));
    assert_ne!(key, vault.derive_index_key("session"));
    assert_ne!(key, Vault::new(&[8; 32]).derive_index_key("sessions"));

    // The id of a record, as a label: still another key than the record's.
    let record = vault.create_ender_key(*b"0123456789abcdef", &Recorder::default()).unwrap();
    let key = vault.derive_index_key("0123456789abcdef");
    assert!(crate::aead::open(&key, &record.nonce, &record.aad(), &record.ciphertext).is_err());
}

#[test]
fn a_vault_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&vault());
}

/// Whether `text` shows eight bytes of `secret` in a row: as hex, base64, a list of numbers, or as they are.
fn shows(text: &str, secret: &[u8]) -> bool {
    let numbers = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>();
    secret.windows(8).any(|part| {
        let raw = text.as_bytes().windows(8).any(|at| at == part);
        // 6 bytes are 8 characters of base64, at whichever of the three places they begin.
        let base64 = [base64(&part[..6], b"+/"), base64(&part[..6], b"-_")];
        raw || text.to_lowercase().contains(&hex::encode(part))
            || base64.iter().any(|b| text.contains(b))
            || text.contains(&numbers(part).join(", "))
            || text.contains(&numbers(part).join(","))
    })
}

fn base64(six: &[u8], last: &[u8; 2]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let bits = six.iter().fold(0_u64, |bits, b| bits << 8 | u64::from(*b));
    (0..8).rev().map(|i| char::from(alphabet[(bits >> (6 * i)) as usize & 63])).collect()
}

#[test]
fn nothing_shown_or_stored_has_a_key_in_it() {
    let rng = Recorder::default();
    let (vault, header) = VaultHeader::create(&passphrase("correct horse"), KdfParams::MINIMUM, &rng).unwrap();
    let vault = vault.with_relay_policy(RelayPolicy::new(&[INSTALL]));
    let session = vault.create_session_key([1; 16], &rng).unwrap();
    let ender = vault.create_ender_key([2; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([3; 16], &rng).unwrap();
    let end = vault.sign_end(&ender, 1, BACKEND, GRANT).unwrap();
    let raw = vault.sign_relay(&relayer, &call()).unwrap();
    let refused = [
        vault.sign_end(&session, 1, BACKEND, GRANT).unwrap_err(),
        vault.sign_end(&SealedRecord { version: 2, ..ender.clone() }, 1, BACKEND, GRANT).unwrap_err(),
    ];
    let records = [session, ender, relayer];
    let shown = [
        format!("{vault:?} {vault:#?} {header:?} {records:?} {end:?} {end} {raw:?} {refused:?} {refused:#?}"),
        serde_json::to_string(&(&header, &records, &end)).unwrap(),
    ]
    .concat();

    assert_eq!(rng.secrets().len(), 4, "the root key and three private keys");
    for secret in rng.secrets() {
        assert!(!shows(&shown, &secret));
    }
    assert!(!shown.contains("correct horse"));

    // The search finds what is there: a nonce, and each other way in which bytes are written.
    assert!(shows(&shown, &records[0].nonce));
    assert!(shows("0102030405060708", &[1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(shows("AQIDBAUG", &[1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(shows("[1, 2, 3, 4, 5, 6, 7, 8]", &[1, 2, 3, 4, 5, 6, 7, 8]));
}

/// A new public item or field, or a new trait on the vault, is a decision: it has to be written down here.
#[test]
fn the_public_interface_is_this_list() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(source).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_dir() {
            assert_eq!(file.file_name(), "tests", "a folder that this test would not read");
            continue;
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in code.lines().map(str::trim) {
            if let Some(item) = line.strip_prefix("pub ").filter(|item| !item.starts_with("use ")) {
                let item = item.trim_start_matches("const fn ").trim_start_matches("fn ");
                found.insert(item.split(['(', ':', '<', ';']).next().unwrap().trim_end_matches(" {").to_owned());
            }
            if line.starts_with("impl") && line.contains(" for Vault ") {
                found.insert(line.to_owned());
            }
        }
        assert!(!code.contains(")]\npub struct Vault {"), "a derived trait shows fields");
    }
    let types = [
        "enum CreateError",
        "enum KdfParamsError",
        "enum KeyKind",
        "enum RelayRefusal",
        "enum RelayTx",
        "enum SignError",
        "enum UnsealError",
        "struct KdfParams",
        "struct RelayPolicy",
        "struct SealedRecord",
        "struct Signature65",
        "struct Vault",
        "struct VaultHeader",
    ];
    let fields = ["id", "kind", "version", "public", "nonce", "ciphertext", "const MAXIMUM", "const MINIMUM"];
    let functions = [
        "as_bytes",
        "code",
        "create",
        "create_ender_key",
        "create_relayer_key",
        "create_session_key",
        "derive_index_key",
        "impl fmt::Debug for Vault {",
        "lanes",
        "memory_kib",
        "new",
        "passes",
        "rewrap",
        "sign_end",
        "sign_session",
        "sign_relay",
        "unseal",
        "with_relay_policy",
    ];
    let expected = types.iter().chain(&fields).chain(&functions).map(|name| (*name).to_owned()).collect();
    assert_eq!(found, expected);
}
