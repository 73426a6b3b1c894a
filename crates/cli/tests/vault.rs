//! `hallpass vault`: slots, and where secrets come from.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use serde_json::Value;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A folder with a configuration and passphrases.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("hallpass-vault-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let store = folder.join("store.redb");
        std::fs::write(folder.join("hallpass.toml"), format!("store = \"{}\"\n", store.display())).unwrap();
        for name in ["first", "second", "third"] {
            std::fs::write(folder.join(name), format!("the {name} passphrase\nand no more\n")).unwrap();
        }
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
        command.args(["--config", "hallpass.toml", "--json", "vault"]).args(arguments);
        command.current_dir(&self.0).env_clear().stdin(Stdio::null());
        command
    }

    /// What it says, or its error's code.
    fn run(&self, arguments: &[&str]) -> Result<Value, String> {
        said(&mut self.command(arguments))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn said(command: &mut Command) -> Result<Value, String> {
    let out = command.output().unwrap();
    if out.status.success() {
        return Ok(serde_json::from_slice(&out.stdout).unwrap());
    }
    let error: Value = serde_json::from_slice(&out.stderr).unwrap_or_else(|_| panic!("{out:?}"));
    assert!(error["error"]["hint"].is_string(), "{error}");
    Err(error["error"]["code"].as_str().unwrap().to_owned())
}

#[test]
fn slots_come_and_go_and_the_root_key_is_replaced() {
    let place = Place::new("slots");
    let first = ["--passphrase-file", "first"];
    let with = |arguments: &[&str]| place.run(&[arguments, &first].concat());
    assert_eq!(place.run(&["slots"]), Err("no_vault".to_owned()));
    with(&["init"]).unwrap();
    assert_eq!(with(&["init"]), Err("vault_exists".to_owned()));
    let added = with(&["add-slot", "passphrase", "--new-passphrase-file", "second"]).unwrap();
    assert_eq!(added, serde_json::json!({ "added": 1, "provider": "passphrase" }));
    let slots = place.run(&["slots"]).unwrap();
    assert_eq!((&slots["version"], slots["slots"].as_array().unwrap().len()), (&2.into(), 2));
    assert_eq!(place.run(&["status"]).unwrap()["slots"], 2);

    // Rotation needs both, or drops one by name.
    assert_eq!(with(&["rotate-root"]), Err("vault_locked".to_owned()));
    assert_eq!(with(&["rotate-root", "--slot-passphrase", "1=third"]), Err("wrong_passphrase".to_owned()));
    let rotated = with(&["rotate-root", "--slot-passphrase", "1=second"]).unwrap();
    assert_eq!(rotated, serde_json::json!({ "generation": 2, "slots": 2 }));
    let second = place.run(&["change-passphrase", "--passphrase-file", "second", "--new-passphrase-file", "third"]);
    assert_eq!(second.unwrap()["slot"], 1);
    let dropped = place.run(&["rotate-root", "--passphrase-file", "third", "--drop-slot", "0"]).unwrap();
    assert_eq!(dropped, serde_json::json!({ "generation": 3, "slots": 1 }));
    assert_eq!(with(&["remove-slot", "1"]), Err("wrong_passphrase".to_owned()));
    let last = place.run(&["remove-slot", "1", "--passphrase-file", "third"]);
    assert_eq!(last, Err("last_slot".to_owned()));
    assert_eq!(place.run(&["remove-slot", "7", "--passphrase-file", "third"]), Err("no_slot".to_owned()));
    let full = |_: usize| {
        place.run(&["add-slot", "passphrase", "--passphrase-file", "third", "--new-passphrase-file", "second"])
    };
    full(0).unwrap();
    let removed = place.run(&["remove-slot", "0", "--passphrase-file", "third"]).unwrap();
    assert_eq!(removed["removed"], 0);
}

#[test]
fn a_secret_comes_from_a_descriptor_a_credential_or_a_file_and_never_from_an_argument() {
    let place = Place::new("sources");
    let (first, second) = (std::fs::File::open(place.0.join("first")).unwrap(), place.0.join("second"));
    // Descriptors 0, 1 and 2 alone are inherited: the passphrase is standard input here.
    let mut by_descriptor = place.command(&["init", "--passphrase-fd", "0"]);
    by_descriptor.stdin(first.try_clone().unwrap());
    assert_eq!(said(&mut by_descriptor).unwrap()["provider"], "passphrase");
    assert!(first.as_raw_fd() > 2);

    let credentials = place.0.join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let with_credential = |name: &Path| {
        std::fs::copy(name, credentials.join("hallpass-passphrase")).unwrap();
        let mut command = place.command(&["add-slot", "passphrase", "--new-passphrase-file", "third"]);
        said(command.env("CREDENTIALS_DIRECTORY", &credentials))
    };
    assert_eq!(with_credential(&second), Err("wrong_passphrase".to_owned()));
    assert!(with_credential(&place.0.join("first")).is_ok());

    let none = place.run(&["rotate-root"]);
    assert_eq!(none, Err("vault_locked".to_owned()));
    let missing = place.run(&["rotate-root", "--passphrase-file", "nowhere"]);
    assert_eq!(missing, Err("unreadable_file".to_owned()));
    let closed = place.run(&["rotate-root", "--passphrase-fd", "77"]);
    assert_eq!(closed, Err("unreadable_file".to_owned()));
    let out = place.command(&["init", "--passphrase", "secret on a command line"]).output().unwrap();
    assert_eq!(out.status.code(), Some(2));
}

#[test]
fn a_keychain_or_token_that_is_not_there_is_an_error_with_a_way_on() {
    let place = Place::new("absent");
    assert_eq!(place.run(&["init", "--unseal", "keychain"]), Err("no_keychain".to_owned()));
    assert_eq!(place.run(&["init", "--unseal", "pkcs11"]), Err("no_token_named".to_owned()));
    let token = ["--unseal", "pkcs11", "--pkcs11-token", "t", "--pin-file", "first", "--pkcs11-module"];
    let module = |path| place.run(&[&["init"], &token[..], &[path]].concat());
    assert_eq!(module("/nonexistent.so"), Err("token_module".to_owned()));
    assert_eq!(module("relative.so"), Err("token_module".to_owned()));
    place.run(&["init", "--passphrase-file", "first"]).unwrap();
    let locked = place.run(&["remove-slot", "0", "--unseal", "keychain"]);
    assert_eq!(locked, Err("no_slot".to_owned()));
}

/// A token from the first slot to the last, by the command line alone.
#[test]
fn a_token_opens_the_vault_from_the_command_line() {
    let place = Place::new("token");
    let conf = place.0.join("softhsm2.conf");
    std::fs::create_dir(place.0.join("tokens")).unwrap();
    std::fs::write(&conf, format!("directories.tokendir = {}\n", place.0.join("tokens").display())).unwrap();
    let mut made = Command::new("softhsm2-util");
    made.args(["--init-token", "--free", "--label", "desk", "--so-pin", "2468", "--pin", "13579"]);
    assert!(made.env("SOFTHSM2_CONF", &conf).output().expect("see tools/setup").status.success());
    std::fs::write(place.0.join("pin"), "13579\n").unwrap();
    let token = ["--pkcs11-module", "/usr/lib/softhsm/libsofthsm2.so", "--pkcs11-token", "desk"];
    let with = |arguments: &[&str]| said(place.command(&[arguments, &token].concat()).env("SOFTHSM2_CONF", &conf));
    let first = ["--passphrase-file", "first"];
    place.run(&[&["init"], &first[..]].concat()).unwrap();
    let wrong = with(&[&["add-slot", "pkcs11", "--pin-file", "third"], &first[..]].concat());
    assert_eq!(wrong, Err("wrong_pin".to_owned()));
    let added = with(&[&["add-slot", "pkcs11", "--pin-file", "pin"], &first[..]].concat()).unwrap();
    assert_eq!(added["provider"], "pkcs11");
    // From here on the token alone: it opens, rotates and is the last.
    let by_token = ["--unseal", "pkcs11", "--pin-file", "pin"];
    with(&[&["remove-slot", "0"], &by_token[..]].concat()).unwrap();
    assert_eq!(with(&[&["rotate-root"], &by_token[..]].concat()).unwrap()["generation"], 2);
    assert_eq!(with(&[&["remove-slot", "1"], &by_token[..]].concat()), Err("last_slot".to_owned()));
    assert_eq!(place.run(&[&["remove-slot", "1"], &first[..]].concat()), Err("no_slot".to_owned()));
    let value = place.run(&["slots"]).unwrap();
    assert_eq!(value["slots"][0]["facts"]["token"], "desk");
}
