//! What the vault promises, held against its public interface.

use crate::{
    CreateError, KdfParams, KeyKind, RelayPolicy, RelayRefusal, RelayTx, SealedRecord, SignError, UnsealError, Vault,
    VaultHeader,
};
use alloy_consensus::{TxEip1559, TxEip7702, transaction::RlpEcdsaDecodableTx};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use alloy_primitives::{Address, B256, Bytes, Signature, TxKind, U256, address, hex, keccak256};
use hallpass_policy::eip712::end_digest;
use hallpass_types::{Rng, RngError};
use k256::ecdsa::SigningKey;
use secrecy::SecretString;
use std::{
    collections::BTreeSet,
    sync::{Mutex, OnceLock},
};

const BACKEND: Address = address!("0x00000000000000000000000000000000000000bb");
const GRANT: B256 = B256::repeat_byte(0x77);
const INSTALL: [u8; 4] = [0xaa, 0xbb, 0xcc, 0xdd];

/// Gives bytes that differ at each call, and remembers them.
#[derive(Default)]
struct Recorder(Mutex<Vec<Vec<u8>>>);

impl Recorder {
    /// Everything of 32 bytes that was given out: root keys and private keys, nothing else.
    fn secrets(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().iter().filter(|given| given.len() == 32).cloned().collect()
    }
}

impl Rng for Recorder {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        let mut given = self.0.lock().unwrap();
        let bytes = keccak256((given.len() as u64).to_be_bytes());
        out.copy_from_slice(&bytes[..out.len()]);
        given.push(out.to_vec());
        Ok(())
    }
}

/// Gives the same byte for ever.
struct Stuck(u8);

impl Rng for Stuck {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        out.fill(self.0);
        Ok(())
    }
}

struct Broken;

impl Rng for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), RngError> {
        Err(RngError)
    }
}

fn passphrase(text: &str) -> SecretString {
    text.into()
}

fn vault() -> Vault {
    Vault::new(&[9; 32]).with_relay_policy(RelayPolicy::new(&[[1, 2, 3, 4], INSTALL]))
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

fn ends(vault: &Vault, record: &SealedRecord) -> Result<Address, SignError> {
    let signature = vault.sign_end(record, 8453, BACKEND, GRANT)?;
    let signature = Signature::from_raw_array(signature.as_bytes()).unwrap();
    Ok(signature.recover_address_from_prehash(&end_digest(8453, BACKEND, GRANT)).unwrap())
}

#[test]
fn a_key_outlives_the_process_and_the_passphrase() {
    let (vault, header) = created();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let header = serde_json::from_str::<VaultHeader>(&serde_json::to_string(header).unwrap()).unwrap();
    let record = serde_json::from_str::<SealedRecord>(&serde_json::to_string(&record).unwrap()).unwrap();

    let reopened = header.unseal(&passphrase("right")).unwrap();
    assert_eq!(ends(&reopened, &record), Ok(record.public));

    let other = reopened.rewrap(&passphrase("other"), KdfParams::MINIMUM, &Stuck(3)).unwrap();
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
    let refused = |text: &str, rng: &dyn Rng| VaultHeader::create(&passphrase(text), KdfParams::MINIMUM, rng).unwrap_err();
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

#[test]
fn each_kind_signs_one_thing() {
    let (vault, rng) = (vault(), Recorder::default());
    let session = vault.create_session_key([1; 16], &rng).unwrap();
    let ender = vault.create_ender_key([2; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([3; 16], &rng).unwrap();
    assert_eq!([session.kind, ender.kind, relayer.kind], [KeyKind::Session, KeyKind::Ender, KeyKind::Relayer]);

    assert!(ends(&vault, &ender).is_ok() && vault.sign_relay(&relayer, &call()).is_ok());
    for other in [&session, &relayer] {
        assert_eq!(ends(&vault, other), Err(SignError::WrongKind));
    }
    for other in [&session, &ender] {
        assert_eq!(vault.sign_relay(other, &call()), Err(SignError::WrongKind));
    }
}

#[test]
fn signatures_have_the_lower_s_and_a_v_that_contracts_take() {
    let (vault, rng) = (vault(), Recorder::default());
    let half = U256::from_be_slice(&hex!("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"));
    let mut parities = BTreeSet::new();
    for n in 0..40 {
        let record = vault.create_ender_key([n; 16], &rng).unwrap();
        let signature = *vault.sign_end(&record, 1, BACKEND, GRANT).unwrap().as_bytes();
        assert!(U256::from_be_slice(&signature[32..64]) <= half);
        assert_eq!(ends(&vault, &record), Ok(record.public));
        parities.insert(signature[64]);
    }
    assert_eq!(parities, BTreeSet::from([27, 28]));
}

#[test]
fn an_end_is_for_one_grant_backend_and_chain() {
    let vault = vault();
    let record = vault.create_ender_key([1; 16], &Recorder::default()).unwrap();
    let all: BTreeSet<_> = [(1, BACKEND, GRANT), (2, BACKEND, GRANT), (1, Address::ZERO, GRANT), (1, BACKEND, B256::ZERO)]
        .map(|(chain, backend, grant)| vault.sign_end(&record, chain, backend, grant).unwrap().to_string())
        .into();
    assert_eq!(all.len(), 4);
}

fn plain() -> TxEip1559 {
    let input = Bytes::from([&INSTALL[..], &[0; 32]].concat());
    TxEip1559 { chain_id: 8453, nonce: 5, gas_limit: 90_000, max_fee_per_gas: 10, to: BACKEND.into(), input, ..Default::default() }
}

fn call() -> RelayTx {
    RelayTx::Eip1559(plain())
}

fn authorization(chain: u64, key: &SigningKey) -> SignedAuthorization {
    let authorization = Authorization { chain_id: U256::from(chain), address: BACKEND, nonce: 1 };
    let (signature, id) = key.sign_prehash_recoverable(authorization.signature_hash().as_slice()).unwrap();
    authorization.into_signed((signature, id).into())
}

fn delegation(authorization_list: Vec<SignedAuthorization>) -> TxEip7702 {
    let TxEip1559 { chain_id, nonce, gas_limit, max_fee_per_gas, input, .. } = plain();
    TxEip7702 { chain_id, nonce, gas_limit, max_fee_per_gas, to: BACKEND, input, authorization_list, ..Default::default() }
}

#[test]
fn a_relayed_call_is_the_one_asked_for_signed_by_the_relayer() {
    let vault = vault();
    let record = vault.create_relayer_key([1; 16], &Recorder::default()).unwrap();
    let owner = SigningKey::from_slice(&[5; 32]).unwrap();

    let raw = vault.sign_relay(&record, &call()).unwrap();
    let signed = TxEip1559::eip2718_decode(&mut raw.as_ref()).unwrap();
    assert_eq!((signed.recover_signer().unwrap(), signed.tx()), (record.public, &plain()));

    let tx = delegation(vec![authorization(8453, &owner)]);
    let raw = vault.sign_relay(&record, &RelayTx::Eip7702(tx.clone())).unwrap();
    let signed = TxEip7702::eip2718_decode(&mut raw.as_ref()).unwrap();
    assert_eq!((signed.recover_signer().unwrap(), signed.tx()), (record.public, &tx));
}

#[test]
fn a_relayer_signs_no_other_transaction() {
    let rng = Recorder::default();
    let vault = vault();
    let record = vault.create_relayer_key([1; 16], &rng).unwrap();
    let relayer = SigningKey::from_slice(&rng.secrets()[0]).unwrap();
    let owner = SigningKey::from_slice(&[5; 32]).unwrap();
    let with = |change: fn(&mut TxEip1559)| {
        let mut tx = plain();
        change(&mut tx);
        RelayTx::Eip1559(tx)
    };
    let bad_s = SignedAuthorization::new_unchecked(authorization(8453, &owner).inner().clone(), 0, U256::ZERO, U256::ZERO);
    for (tx, reason) in [
        (with(|tx| tx.value = U256::from(1)), RelayRefusal::Value),
        (with(|tx| tx.to = TxKind::Create), RelayRefusal::Create),
        (with(|tx| tx.chain_id = 0), RelayRefusal::Chain),
        (with(|tx| tx.input = Bytes::new()), RelayRefusal::Selector),
        (with(|tx| tx.input = Bytes::from_static(&[0xaa, 0xbb, 0xcc])), RelayRefusal::Selector),
        (with(|tx| tx.input = Bytes::from_static(&[0xa9, 0x05, 0x9c, 0xbb, 0xaa, 0xbb, 0xcc, 0xdd])), RelayRefusal::Selector),
        (RelayTx::Eip7702(delegation(vec![])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![authorization(0, &owner)])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![authorization(1, &owner)])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![authorization(8453, &owner), authorization(8453, &relayer)])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(delegation(vec![bad_s])), RelayRefusal::Authorization),
        (RelayTx::Eip7702(TxEip7702 { value: U256::from(1), ..delegation(vec![authorization(8453, &owner)]) }), RelayRefusal::Value),
        (RelayTx::Eip7702(TxEip7702 { input: Bytes::new(), ..delegation(vec![authorization(8453, &owner)]) }), RelayRefusal::Selector),
    ] {
        let refused = vault.sign_relay(&record, &tx).unwrap_err();
        assert_eq!((refused, refused.code()), (SignError::Relay(reason), "relay_refused"));
    }
    let unset = Vault::new(&[9; 32]);
    assert_eq!(unset.sign_relay(&record, &call()), Err(SignError::Relay(RelayRefusal::Selector)));
}

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

/// A new public function, or a new trait on the vault, is a decision: it has to be written down here.
#[test]
fn the_public_interface_is_this_list() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(source).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for line in code.lines().map(str::trim).filter(|_| !text.starts_with("//! What the vault promises")) {
            let function = line.strip_prefix("pub ").map(|l| l.trim_start_matches("const ")).and_then(|l| l.strip_prefix("fn "));
            if let Some(function) = function {
                found.insert(function.split('(').next().unwrap().to_owned());
            }
            if line.starts_with("impl") && line.contains(" for Vault ") {
                found.insert(line.to_owned());
            }
        }
        assert!(!code.contains("derive(Debug)]\npub struct Vault"), "a derived Debug shows fields");
    }
    let expected = [
        "as_bytes", "code", "create", "create_ender_key", "create_relayer_key", "create_session_key", "derive_index_key",
        "impl fmt::Debug for Vault {", "lanes", "memory_kib", "new", "passes", "rewrap", "sign_end", "sign_relay", "unseal",
        "with_relay_policy",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}
