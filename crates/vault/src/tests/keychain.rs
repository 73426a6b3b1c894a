//! A real keychain: gnome-keyring-daemon on a session bus of its own.

use super::child::{Folder, again, is_inside, passes};
use super::*;
use crate::{Keychain, RootKeyProvider, VaultHeader};
use std::io::Write;
use std::process::{Child, Command, Stdio};

const TEST: &str = "tests::keychain::a_keychain_opens_a_slot_and_says_when_it_is_locked";
const NONE: &str = "tests::keychain::without_a_session_bus_it_says_so";

#[test]
fn a_keychain_opens_a_slot_and_says_when_it_is_locked() {
    if is_inside(TEST) {
        return with_a_daemon();
    }
    let home = Folder::new();
    let mut command = again(TEST, &["dbus-run-session", "--"]);
    command.env("HOME", &home.0).env("XDG_DATA_HOME", home.0.join("data")).env("XDG_RUNTIME_DIR", &home.0);
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
    passes(command);
}

#[test]
fn without_a_session_bus_it_says_so() {
    if is_inside(NONE) {
        let refused = VaultHeader::create(&Keychain, &Recorder::default()).map(|_| ()).unwrap_err();
        assert_eq!(refused.code(), "no_keychain");
        return;
    }
    let home = Folder::new();
    let mut command = again(NONE, &[]);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", &home.0).env_remove("DISPLAY");
    passes(command);
}

fn with_a_daemon() {
    let rng = Recorder::default();
    let daemon = Daemon::start(Some("keyring password"));
    let (vault, header) = VaultHeader::create(&Keychain, &rng).unwrap();
    let ender = vault.create_ender_key([1; 16], &rng).unwrap();
    let header: VaultHeader = serde_json::from_str(&serde_json::to_string(&header).unwrap()).unwrap();
    assert_eq!(ends(&header.unseal(&Keychain).unwrap(), &ender), Ok(ender.address().unwrap()));
    // A second slot has an item of its own, and removing it leaves the first.
    let (two, number) = vault.add_slot(&header, &Keychain, &OsLike).unwrap();
    let (one, gone) = vault.remove_slot(&two, number).unwrap();
    Keychain.forget(&gone.facts).unwrap();
    assert_eq!(Keychain.forget(&gone.facts).unwrap_err().code(), "keychain_empty");
    assert!(one.unseal(&Keychain).is_ok());
    assert_eq!(two.unseal_slot(&Keychain, number).unwrap_err().code(), "keychain_empty");
    drop(daemon);

    // Another daemon on the same files, not unlocked: the items are there and cannot be seen.
    let daemon = Daemon::start(None);
    assert_eq!(header.unseal(&Keychain).unwrap_err().code(), "keychain_locked");
    assert_eq!(VaultHeader::create(&Keychain, &OsLike).map(|_| ()).unwrap_err().code(), "keychain_locked");
    drop(daemon);

    let _daemon = Daemon::start(Some("keyring password"));
    assert!(header.unseal(&Keychain).is_ok(), "it outlives the daemon");
}

struct OsLike;

impl Rng for OsLike {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        getrandom::fill(out).map_err(|_| RngError)
    }
}

/// gnome-keyring-daemon in the foreground, ended when dropped.
struct Daemon(Child);

impl Daemon {
    /// Returns once it has its name on the bus.
    fn start(password: Option<&str>) -> Self {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]).stdout(Stdio::null()).stderr(Stdio::null());
        if password.is_some() {
            command.arg("--unlock");
        }
        let mut child = command.stdin(Stdio::piped()).spawn().expect("gnome-keyring-daemon: see tools/setup");
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(password.unwrap_or("").as_bytes()).unwrap();
        drop(stdin);
        let name = "org.freedesktop.secrets";
        let owned = || {
            let call = ["--session", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/"];
            let ask = ["org.freedesktop.DBus.NameHasOwner".to_owned(), format!("string:{name}")];
            let out = Command::new("dbus-send").args(call).args(ask).output().expect("dbus-send: see tools/setup");
            String::from_utf8_lossy(&out.stdout).contains("true")
        };
        while !owned() {
            assert!(child.try_wait().unwrap().is_none(), "gnome-keyring-daemon ended");
        }
        Self(child)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
