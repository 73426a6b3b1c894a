//! A real PKCS#11 module: SoftHSM2, with tokens of its own in a temporary folder.

use super::child::{Folder, again, is_inside, passes};
use super::curves::verifies;
use super::*;
use crate::{Algorithm, KeyHome, RootKeyProvider, Token, TokenSlot, VaultHeader};
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const PIN: &str = "13579-planted-pin";
const TEST: &str = "tests::softhsm::a_token_opens_slots_and_signs_with_keys_that_never_leave_it";

/// One module, one process, one configuration, which the module reads from the environment: one test.
#[test]
fn a_token_opens_slots_and_signs_with_keys_that_never_leave_it() {
    if is_inside(TEST) {
        refusals();
        let token = Arc::new(open("first", PIN).unwrap());
        slots(&token);
        keys(&token);
        many_threads(&token);
        nothing_can_be_read_out();
        return;
    }
    let hsm = Folder::new();
    let conf = tokens(&hsm, &["first", "second", "twice", "twice"]);
    let mut command = again(TEST, &[]);
    command.env("SOFTHSM2_CONF", conf);
    passes(command);
}

/// Makes tokens with these labels, and gives the configuration's path.
pub(super) fn tokens(folder: &Folder, labels: &[&str]) -> PathBuf {
    let conf = folder.0.join("softhsm2.conf");
    let store = folder.0.join("tokens");
    std::fs::create_dir(&store).unwrap();
    std::fs::write(&conf, format!("directories.tokendir = {}\nlog.level = ERROR\n", store.display())).unwrap();
    for label in labels {
        let mut command = Command::new("softhsm2-util");
        command.args(["--init-token", "--free", "--label", label, "--so-pin", "24680", "--pin", PIN]);
        let out = command.env("SOFTHSM2_CONF", &conf).output().expect("softhsm2-util: see tools/setup");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    conf
}

fn module() -> PathBuf {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ];
    places.iter().map(PathBuf::from).find(|path| path.exists()).expect("libsofthsm2.so: see tools/setup")
}

pub(super) fn open(label: &str, pin: &str) -> Result<Token, crate::TokenError> {
    Token::open(&module(), label, &pin.into())
}

fn refusals() {
    let code = |path: &Path, label: &str, pin: &str| Token::open(path, label, &pin.into()).unwrap_err().code();
    assert_eq!(code(Path::new("/nonexistent/module.so"), "first", PIN), "token_module");
    assert_eq!(code(Path::new("libsofthsm2.so"), "first", PIN), "token_module");
    // A library, and no module.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc =
        maps.lines().filter_map(|line| line.find('/').map(|at| &line[at..])).find(|path| path.contains("/libc.so"));
    assert_eq!(code(Path::new(libc.unwrap()), "first", PIN), "token_module");
    let module = module();
    assert_eq!(code(&module, "nowhere", PIN), "no_such_token");
    assert_eq!(code(&module, "second", "13579-other-pin"), "wrong_pin");
    assert_eq!(code(&module, "second", ""), "wrong_pin");
    assert_eq!(code(&module, "twice", PIN), "token_ambiguous");
    assert!(open("second", PIN).is_ok(), "the right PIN after wrong ones");
}

fn slots(token: &Arc<Token>) {
    let rng = Recorder::default();
    let by_token = TokenSlot::new(token.clone());
    let (vault, header) = VaultHeader::create(&by_token, &rng).unwrap();
    let ender = vault.create_ender_key([1; 16], &rng).unwrap();
    let header: VaultHeader = serde_json::from_str(&serde_json::to_string(&header).unwrap()).unwrap();
    assert!(ends(&header.unseal(&by_token).unwrap(), &ender).is_ok());

    let other = TokenSlot::new(Arc::new(open("second", PIN).unwrap()));
    assert_eq!(header.unseal(&other).unwrap_err().code(), "no_such_token");
    let beside = passphrase("a passphrase beside it");
    let (both, _) = vault.add_slot(&header, &beside, &rng).unwrap();
    let open: [(u32, &dyn RootKeyProvider); 2] = [(0, &by_token), (1, &beside)];
    let (rotated, new) = vault.rotate_root(&both, &open, &[], &rng).unwrap();
    assert!(ends(&rotated, &ender).is_ok());
    assert_eq!(new.unseal(&by_token).unwrap().opened_by(), Some(0));

    let (one, gone) = rotated.remove_slot(&new, 0).unwrap();
    by_token.forget(&gone.facts).unwrap();
    assert_eq!(by_token.forget(&gone.facts).unwrap_err().code(), "token_key_missing");
    assert_eq!(new.unseal(&by_token).unwrap_err().code(), "token_key_missing");
    assert_eq!(one.unseal(&by_token).unwrap_err().code(), "no_slot");
    assert_eq!(one.unseal(&beside).unwrap().opened_by(), Some(1));
}

fn keys(token: &Arc<Token>) {
    let rng = Recorder::default();
    let with_token = vault().with_token(token.clone());
    for algorithm in [Algorithm::Secp256k1, Algorithm::P256, Algorithm::Ed25519] {
        let record = with_token.create_session_key_in([7; 16], algorithm, KeyHome::Token, &rng).unwrap();
        assert_eq!((record.public.algorithm(), record.token.as_deref()), (algorithm, Some("first")));
        let record: SealedRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        // A high s comes in half of all cases, and either v.
        for n in 0..40 {
            let digest = keccak256([n]);
            let signature = with_token.sign_for_test(&record, digest).unwrap();
            assert!(verifies(&record.public, digest, &signature), "{algorithm:?}");
            if algorithm != Algorithm::Ed25519 {
                let rs = signature.as_bytes()[..64].try_into().unwrap();
                assert_eq!(crate::sign::lower_s(rs, algorithm), Some(rs));
            }
        }
        let digest = keccak256([1]);
        assert_eq!(vault().sign_for_test(&record, digest).unwrap_err().code(), "token_not_open");
        let second = vault().with_token(Arc::new(open("second", PIN).unwrap()));
        assert_eq!(second.sign_for_test(&record, digest).unwrap_err().code(), "token_not_open");
        // The label is authenticated, so a record is not sent to another token.
        let moved = SealedRecord { token: Some("second".to_owned()), ..record.clone() };
        assert_eq!(second.sign_for_test(&moved, digest).unwrap_err().code(), "record_tampered");
        // As a key of software, what is sealed in it is an object's name: nothing signs with that.
        let moved = SealedRecord { token: None, ..record };
        assert_eq!(vault().sign_for_test(&moved, digest).unwrap_err().code(), "record_tampered");
    }
}

fn many_threads(token: &Arc<Token>) {
    let vault = vault().with_token(token.clone());
    let make = |byte| vault.create_session_key_in([8; 16], Algorithm::Secp256k1, KeyHome::Token, &Stuck(byte));
    let record = make(5).unwrap();
    assert_eq!(make(5).unwrap_err().code(), "no_randomness", "two keys of one id would be one");
    std::thread::scope(|scope| {
        for thread in 0..8_u8 {
            let (vault, record) = (&vault, &record);
            scope.spawn(move || {
                for n in 0..25_u8 {
                    let digest = keccak256([thread, n]);
                    assert!(verifies(&record.public, digest, &vault.sign_for_test(record, digest).unwrap()));
                }
            });
        }
    });
}

/// Everything of ours on the token, by the token's own word, and by asking for it.
fn nothing_can_be_read_out() {
    let token = open("first", PIN).unwrap();
    let secrets = token.inspect(|session| {
        let mut seen = 0;
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
            for object in session.find_objects(&[Attribute::Class(class)]).unwrap() {
                let asked = [
                    AttributeType::Sensitive,
                    AttributeType::AlwaysSensitive,
                    AttributeType::NeverExtractable,
                    AttributeType::Local,
                ];
                let said = session.get_attributes(object, &asked).unwrap();
                assert!(said.contains(&Attribute::Sensitive(true)) && said.contains(&Attribute::AlwaysSensitive(true)));
                assert!(said.contains(&Attribute::NeverExtractable(true)) && said.contains(&Attribute::Local(true)));
                assert_eq!(session.get_attributes(object, &[AttributeType::Value]).unwrap_or_default(), []);
                seen += 1;
            }
        }
        seen
    });
    assert_eq!(secrets, 4, "three keys, one of the threads'; the slot's was destroyed");
}
