use super::*;
use crate::VaultHeader;
use alloy_primitives::hex;
use std::collections::BTreeSet;

#[test]
fn index_keys_differ_by_label_and_vault_and_open_no_record() {
    let vault = vault();
    let key = vault.derive_index_key("sessions");
    assert_eq!(*key, *opened([9; 32]).derive_index_key("sessions"));
    assert_ne!(*key, *vault.derive_index_key("session"));
    assert_ne!(*key, *opened([8; 32]).derive_index_key("sessions"));

    // The id of a record, as a label: still another key than the record's.
    let record = vault.create_ender_key(*b"0123456789abcdef", &Recorder::default()).unwrap();
    let key = vault.derive_index_key("0123456789abcdef");
    let aad = record.aad().unwrap();
    assert!(crate::aead::open(&key, &record.nonce, &aad, &record.ciphertext, &mut [0; 32]).is_err());
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

pub(super) fn base64(six: &[u8], last: &[u8; 2]) -> String {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let bits = six.iter().fold(0_u64, |bits, b| bits << 8 | u64::from(*b));
    (0..8).rev().map(|i| char::from(alphabet[(bits >> (6 * i)) as usize & 63])).collect()
}

#[test]
fn nothing_shown_or_stored_has_a_key_in_it() {
    let rng = Recorder::default();
    let (vault, header) = VaultHeader::create(&passphrase("correct horse"), &rng).unwrap();
    let vault = vault.with_relay_policy(RelayPolicy::new(&[INSTALL]));
    let session = vault.create_session_key([1; 16], &rng).unwrap();
    let ender = vault.create_ender_key([2; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([3; 16], &rng).unwrap();
    let end = vault.sign_end(&ender, 1, BACKEND, GRANT).unwrap();
    let raw = vault.sign_relay(&relayer, &call()).unwrap();
    let refused = [
        vault.sign_end(&session, 1, BACKEND, GRANT).unwrap_err(),
        vault.sign_end(&SealedRecord { version: 3, ..ender.clone() }, 1, BACKEND, GRANT).unwrap_err(),
    ];
    let records = [session, ender, relayer];
    // What holds a secret in clear while it is at work.
    let secret: [u8; 32] = rng.secrets()[0][..].try_into().unwrap();
    let wiped = hallpass_memory::Wiped::new(secret);
    let mut locked = hallpass_memory::LockedBytes::new(32).unwrap();
    locked.bytes_mut().copy_from_slice(&secret);
    let (opener, text) = (passphrase("correct horse"), ::secrecy::SecretString::from("correct horse"));
    let wrong = header.unseal(&passphrase("wrong horse")).map(drop).unwrap_err();
    let holding = [
        format!("{wiped:?} {wiped:#?} {locked:?} {locked:#?} {opener:?} {opener:#?} {text:?} {text:#?}"),
        format!("{wrong:?} {wrong:#?} {wrong} {:?} {:#?}", KdfParams::MINIMUM, header.slots()),
    ];
    let shown = [
        format!("{vault:?} {vault:#?} {header:?} {records:?} {end:?} {end} {raw:?} {refused:?} {refused:#?}"),
        holding.concat(),
        serde_json::to_string(&(&header, &records, &end)).unwrap(),
    ]
    .concat();

    assert_eq!(rng.secrets().len(), 5, "the root key, a data key and three private keys");
    for secret in rng.secrets() {
        assert!(!shows(&shown, &secret));
    }
    assert!(!shown.contains("horse"));

    // The search finds what is there: a nonce, and each other way in which bytes are written.
    assert!(shows(&shown, &records[0].nonce));
    assert!(shows("0102030405060708", &[1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(shows("AQIDBAUG", &[1, 2, 3, 4, 5, 6, 7, 8]));
    assert!(shows("[1, 2, 3, 4, 5, 6, 7, 8]", &[1, 2, 3, 4, 5, 6, 7, 8]));
}

/// A new public item or field, or a new trait on the vault, is a decision: it has to be written down here.
#[test]
fn the_public_interface_is_this_list() {
    let mut found = BTreeSet::new();
    for file in sources(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = std::fs::read_to_string(file).unwrap();
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
        "enum Algorithm",
        "enum CreateError",
        "enum HeaderError",
        "enum KdfParamsError",
        "enum KeyHome",
        "enum KeychainError",
        "enum KeyKind",
        "enum ProviderError",
        "enum PublicKey",
        "enum RelayRefusal",
        "enum RelayTx",
        "enum SessionSignature",
        "enum SignError",
        "enum TokenError",
        "enum UnsealError",
        "struct KdfParams",
        "struct Keychain",
        "struct Passphrase",
        "struct RelayPolicy",
        "struct SealedRecord",
        "struct Signature65",
        "struct SlotInfo",
        "struct Token",
        "struct TokenSlot",
        "struct Vault",
        "struct VaultHeader",
        "trait RootKeyProvider",
        "type SlotFacts = BTreeMap",
    ];
    let fields = ["id", "kind", "version", "public", "data_key", "token", "nonce", "ciphertext"];
    let slots = ["number", "provider", "facts", "const MAXIMUM", "const MINIMUM"];
    let functions = [
        "add_slot",
        "address",
        "algorithm",
        "as_bytes",
        "code",
        "create",
        "create_ender_key",
        "create_relayer_key",
        "create_session_key",
        "create_session_key_in",
        "derive_index_key",
        "generation",
        "impl fmt::Debug for Vault {",
        "label",
        "lanes",
        "memory_kib",
        "new",
        "open",
        "opened_by",
        "passes",
        "protection",
        "remove_slot",
        "replace_slot",
        "reseal",
        "rotate_root",
        "sign_end",
        "sign_session",
        "sign_relay",
        "slots",
        "unseal",
        "unseal_slot",
        "upgraded",
        "with_relay_policy",
        "with_token",
    ];
    let expected = types.iter().chain(&fields).chain(&slots).chain(&functions);
    assert_eq!(found, expected.map(|name| (*name).to_owned()).collect());
}

fn sources(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true if path.ends_with("tests") => vec![],
            true => sources(&path),
            false => vec![path],
        })
        .collect()
}
