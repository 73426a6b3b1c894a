//! What is left of secrets in this process's memory, read from outside, and in a dump of its core.
//!
//! The inner process makes and uses keys that are known here alone; it never has them but through the vault.

use super::child::{Folder, again, is_inside};
use super::*;
use crate::{Algorithm, KeyHome, SessionSignature, VaultHeader};
use alloy_primitives::hex;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

const WIPED: &str = "tests::memory::after_use_no_key_and_no_passphrase_is_left";
const UNWIPED: &str = "tests::memory::without_wiping_the_same_search_finds_them";
/// Fills of 32 bytes, in the order in which the inner process asks for them.
const NAMES: [&str; 8] = ["root", "data", "session", "p256", "ed25519", "ender", "relayer", "next root"];

/// Gives secrets that the outer process can compute. Other lengths are not secret.
struct Planted(AtomicU64);

fn planted(n: usize) -> [u8; 32] {
    let mut secret = *keccak256([b"planted secret".as_slice(), &[n as u8]].concat());
    secret[0] &= 0x7f;
    secret
}

fn planted_passphrase() -> String {
    hex::encode(keccak256(b"planted passphrase"))
}

impl Rng for Planted {
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError> {
        if out.len() == 32 {
            let n = self.0.fetch_add(1, Ordering::Relaxed) as usize;
            hallpass_memory::scrubbed::<16384, _>(|| out.copy_from_slice(&planted(n)));
        } else {
            out.fill(self.0.load(Ordering::Relaxed) as u8);
        }
        Ok(())
    }
}

/// Uses everything, says `open`, waits, seals everything, says `sealed`, waits.
fn inner() {
    let wait = |word: &str| {
        println!("\n{word}");
        // Unbuffered: a buffer would stay.
        File::open("/dev/stdin").unwrap().read_exact(&mut [0]).unwrap();
    };
    let rng = Planted(AtomicU64::new(0));
    let provider = || {
        let mut text = String::new();
        File::open(std::env::var_os("HALLPASS_TEST_PASSPHRASE").unwrap()).unwrap().read_to_string(&mut text).unwrap();
        Passphrase::new(text.into(), KdfParams::MINIMUM)
    };
    let (vault, header) = VaultHeader::create(&provider(), &rng).unwrap();
    let vault = vault.with_relay_policy(RelayPolicy::new(&[INSTALL]));
    let session = |algorithm| vault.create_session_key_in([1; 16], algorithm, KeyHome::Record, &rng).unwrap();
    let sessions = [Algorithm::Secp256k1, Algorithm::P256, Algorithm::Ed25519].map(session);
    let ender = vault.create_ender_key([2; 16], &rng).unwrap();
    let relayer = vault.create_relayer_key([3; 16], &rng).unwrap();
    let use_all = |vault: &Vault| {
        for n in 0..20 {
            let made = |record| -> SessionSignature { vault.sign_for_test(record, keccak256([n])).unwrap() };
            assert_ne!(made(&sessions[0]).as_bytes(), made(&sessions[1]).as_bytes());
            assert_ne!(made(&sessions[2]).as_bytes(), ends(vault, &ender).unwrap().as_slice());
            assert!(!vault.sign_relay(&relayer, &call()).unwrap().is_empty());
        }
    };
    use_all(&vault);
    std::thread::scope(|scope| scope.spawn(|| use_all(&vault)).join()).unwrap();
    let relay = RelayPolicy::new(&[INSTALL]);
    let unsealed = header.unseal(&provider()).unwrap().with_relay_policy(relay.clone());
    use_all(&unsealed);
    let (rotated, header) = unsealed.rotate_root(&header, &[(0, &provider())], &[], &rng).unwrap();
    assert!(header.unseal(&Passphrase::new("wrong".into(), KdfParams::MINIMUM)).is_err());
    drop((vault, unsealed));
    use_all(&rotated);
    wait("open");
    drop(rotated);
    wait("sealed");
}

/// The inner process, waiting.
struct Driven {
    child: Child,
    stdin: ChildStdin,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
    _folder: Folder,
}

impl Driven {
    fn start(test: &str) -> Self {
        let folder = Folder::new();
        let file = folder.0.join("passphrase");
        std::fs::write(&file, planted_passphrase()).unwrap();
        let mut command = again(test, &[]);
        command.env("HALLPASS_TEST_PASSPHRASE", file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdin, lines, _folder: folder }
    }

    fn until(&mut self, word: &str) {
        assert!(self.lines.any(|line| line.unwrap() == word), "the inner process ended");
    }

    fn go_on(&mut self) {
        self.stdin.write_all(b".").unwrap();
    }

    fn finish(mut self) {
        self.go_on();
        assert!(self.child.wait().unwrap().success());
    }

    /// What is found in its memory, each with the flags of the mapping that it is in.
    fn memory(&self, search: &Search) -> Vec<(String, String)> {
        let pid = self.child.id();
        let smaps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
        let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
        let (mut found, mut range, mut scanned, mut place) = (vec![], None, 0, "");
        for line in smaps.lines() {
            if let Some(flags) = line.strip_prefix("VmFlags: ") {
                let Some((from, to)) = range.take() else { continue };
                // Pages that are not the process's own cannot be read this way.
                let mut bytes = vec![0; to - from];
                memory.seek(SeekFrom::Start(from as u64)).unwrap();
                if flags.contains("rd ") && memory.read_exact(&mut bytes).is_ok() {
                    scanned += bytes.len();
                    found.extend(search.find(&bytes).into_iter().map(|name| (name, format!("{flags} {place}"))));
                }
                continue;
            }
            let first = line.split(' ').next().unwrap();
            let ends = |hex: &str| usize::from_str_radix(hex, 16).ok();
            if let Some((Some(from), Some(to))) = first.split_once('-').map(|(from, to)| (ends(from), ends(to))) {
                (range, place) = (Some((from, to)), line);
            }
        }
        assert!(scanned > 1_000_000, "{scanned} bytes were read");
        found
    }

    /// What is found in a dump of its core.
    fn core(&self, search: &Search) -> Vec<String> {
        let folder = Folder::new();
        let path = folder.0.join("core");
        let pid = self.child.id().to_string();
        let out = Command::new("gcore").arg("-o").arg(&path).arg(&pid).output().expect("gcore: see tools/setup");
        let core = folder.0.join(format!("core.{pid}"));
        assert!(core.exists(), "{}", String::from_utf8_lossy(&out.stderr));
        search.find_in_file(&core)
    }
}

/// Many patterns at once.
struct Search {
    /// By their first two bytes.
    by_start: BTreeMap<[u8; 2], Vec<(Vec<u8>, String)>>,
    starts: Vec<bool>,
}

impl Search {
    /// Both halves of each secret as they are and as hex, and their beginning as base64 in each of its three places.
    fn new(secrets: &[(String, Vec<u8>)]) -> Self {
        let mut patterns = vec![];
        for (name, secret) in secrets {
            let (first, second) = secret.split_at(secret.len() / 2);
            for half in [first, second] {
                patterns.push((half.to_vec(), format!("{name} raw")));
                patterns.push((hex::encode(half).into_bytes(), format!("{name} hex")));
                patterns.push((hex::encode_upper(half).into_bytes(), format!("{name} hex")));
            }
            for at in 0..3 {
                for last in [b"+/", b"-_"] {
                    let text: String =
                        secret[at..at + 12].chunks(6).map(|six| super::secrecy::base64(six, last)).collect();
                    patterns.push((text.into_bytes(), format!("{name} base64")));
                }
            }
        }
        let mut search = Self { by_start: BTreeMap::new(), starts: vec![false; 1 << 16] };
        for (pattern, name) in patterns {
            let start = [pattern[0], pattern[1]];
            search.starts[usize::from(u16::from_be_bytes(start))] = true;
            search.by_start.entry(start).or_default().push((pattern, name));
        }
        search
    }

    fn find(&self, bytes: &[u8]) -> Vec<String> {
        let mut found = vec![];
        let mut start = 0_u16;
        for (at, byte) in bytes.iter().enumerate() {
            start = start << 8 | u16::from(*byte);
            if at > 0 && self.starts[usize::from(start)] {
                let here = self.by_start[&start.to_be_bytes()].iter();
                found.extend(
                    here.filter(|(pattern, _)| bytes[at - 1..].starts_with(pattern)).map(|(_, name)| name.clone()),
                );
            }
        }
        found
    }

    fn find_in_file(&self, path: &Path) -> Vec<String> {
        let bytes = std::fs::read(path).unwrap();
        assert!(bytes.len() > 1_000_000);
        self.find(&bytes)
    }
}

fn search() -> Search {
    let mut secrets: Vec<_> =
        NAMES.iter().enumerate().map(|(n, name)| ((*name).to_owned(), planted(n).to_vec())).collect();
    secrets.push(("next data".to_owned(), planted(NAMES.len()).to_vec()));
    secrets.push(("passphrase".to_owned(), planted_passphrase().into_bytes()));
    Search::new(&secrets)
}

#[test]
fn after_use_no_key_and_no_passphrase_is_left() {
    if is_inside(WIPED) {
        return inner();
    }
    let search = search();
    let mut driven = Driven::start(WIPED);
    driven.until("open");
    // An open vault has its root key and data keys, once each, in pages that are locked and not dumped; nothing else.
    let found = driven.memory(&search);
    for (name, flags) in &found {
        assert!(["next root raw", "data raw", "next data raw"].contains(&name.as_str()), "{name}: {flags}");
        assert!(flags.contains("lo") && flags.contains("dd"), "{name}: {flags}");
    }
    assert_eq!(found.len(), 6, "both halves of three keys: {found:?}");
    assert_eq!(driven.core(&search), Vec::<String>::new());
    driven.go_on();
    driven.until("sealed");
    assert_eq!(driven.memory(&search), []);
    driven.finish();
}

#[test]
fn without_wiping_the_same_search_finds_them() {
    if is_inside(UNWIPED) {
        hallpass_memory::stop_wiping();
        return inner();
    }
    let search = search();
    let mut driven = Driven::start(UNWIPED);
    driven.until("open");
    let core = driven.core(&search);
    driven.go_on();
    driven.until("sealed");
    let memory: Vec<_> = driven.memory(&search).into_iter().map(|(name, _)| name).collect();
    for found in [core, memory] {
        let keys = ["session raw", "p256 raw", "ed25519 raw", "ender raw", "relayer raw"];
        assert!(found.iter().any(|found| keys.contains(&found.as_str())), "{found:?}");
    }
    driven.finish();
    // And in the other forms, and the passphrase.
    assert_eq!(search.find(planted_passphrase().as_bytes()), ["passphrase raw", "passphrase raw"]);
    let (hex, base64) = (hex::encode(planted(2)), super::secrecy::base64(&planted(2)[..6], b"+/"));
    let base64 = base64 + &super::secrecy::base64(&planted(2)[6..12], b"+/");
    assert_eq!(search.find(hex.as_bytes()), ["session hex", "session hex"]);
    assert_eq!(search.find(base64.as_bytes()).first().map(String::as_str), Some("session base64"));
}
