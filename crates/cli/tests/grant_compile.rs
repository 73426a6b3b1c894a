//! `grant compile`: every grant of the gallery on every backend, what is asked for and what is refused: what is printed and the
//! exit status, against the files under `snapshots/`. `HALLPASS_UPDATE=1` writes them anew.
//!
//! Our contracts' addresses follow from their code; here they go by their names, and what hashes them by `<hash>`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::server::Folder;
use common::{Ran, run};
use hallpass_chain::Home;
use hallpass_chain::contracts::Suite;
use hallpass_policy::gallery;
use serde_json::Value;
use std::path::Path;

const WALLET: &str = "0x1111111111111111111111111111111111111111";
const BACKENDS: [&str; 5] = ["hallpass:7702", "hallpass:pocket", "hallpass-7579", "erc7710", "signer-only"];

const FILLS: [&str; 17] = [
    "--at",
    "1790000000",
    "--epoch",
    "0",
    "--salt",
    "0x00000000000000000000000000000001",
    "--key",
    "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "--ender",
    "0xcccccccccccccccccccccccccccccccccccccccc",
    "--relayer",
    "any",
    "--routes",
    "1",
    "--gas-per-op",
    "500000",
    "--backend",
];

fn compile(folder: &Folder, file: &str, backend: &str, more: &[&str]) -> Ran {
    let account = if backend == "hallpass:pocket" { ["--owner", WALLET] } else { ["--account", WALLET] };
    let json: &[&str] = if more.first() == Some(&"--json") { &["--json"] } else { &[] };
    let more = if json.is_empty() { more } else { &more[1..] };
    run(folder, &[json, &["grant", "compile", file], &FILLS, &[backend], &account, more].concat())
}

fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    if std::env::var_os("HALLPASS_UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let same = std::fs::read_to_string(&path).ok().as_deref() == Some(found);
    assert!(same, "snapshots/{name}.txt is not what was found; HALLPASS_UPDATE=1 writes it anew\n{found}");
}

/// Exit status and both outputs; what follows from our contracts' code is left out.
fn shown(folder: &Folder, ran: &Ran) -> String {
    let suite = Suite::load().unwrap();
    let wallet = WALLET.parse().unwrap();
    let pocket = Home::Pocket { owner: wallet, index: 0 }.account(&suite, wallet);
    let mut text = format!("exit status: {}\n--- stdout\n{}--- stderr\n{}", ran.exit, ran.out, ran.err);
    for (address, name) in [
        (suite.delegate.0, "<Hallpass7702>"),
        (suite.pocket.0, "<HallpassPocket>"),
        (suite.factory.0, "<HallpassFactory>"),
        (suite.module.0, "<HallpassModule>"),
        (pocket, "<pocket>"),
    ] {
        text = text.replace(&address.to_string(), name);
    }
    let folder = Path::new(&folder.write("x", "")).parent().unwrap().display().to_string();
    text.replace(&format!("{folder}/"), "")
}

/// Without digests and ids.
fn without_hashes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("0x") {
        let digits = rest[at + 2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        out += &rest[..at];
        out += if digits == 64 { "<hash>" } else { &rest[at..at + 2 + digits] };
        rest = &rest[at + 2 + digits..];
    }
    out + rest
}

#[test]
fn every_template_on_every_backend() {
    let folder = Folder::new("grant-compile");
    for template in gallery::ALL {
        let file = folder.write(&format!("{}.toml", template.name), template.text);
        let mut all = String::new();
        for backend in BACKENDS {
            let words = compile(&folder, &file, backend, &[]);
            let json = compile(&folder, &file, backend, &["--json"]);
            assert_eq!(words.exit, json.exit, "{} on {backend}: {}", template.name, words.err);
            let value: Value = serde_json::from_str(&json.out).unwrap();
            let answer = value["card"]["answer"].as_str().unwrap();
            assert_eq!(json.exit == 0, answer != "unsupported", "{} on {backend}", template.name);
            // What the account does before is whole before anything is signed.
            let prepare = value["prepare"].as_array().map_or(&[][..], Vec::as_slice);
            assert!(prepare.iter().all(|c| c["by"] == "account" && c["data"].is_string()));
            assert_eq!(!prepare.is_empty(), backend == "hallpass-7579" && json.exit == 0);
            // Nothing is to be signed where something cannot be held, and every reason names its place.
            assert_eq!(value["sign"].as_array().unwrap().is_empty(), json.exit == 1);
            for rule in value["card"]["rules"].as_array().unwrap() {
                let held = rule["answer"] == "exact" || rule["answer"] == "signer_only";
                assert_eq!(rule["findings"].as_array().unwrap().is_empty(), held, "{}", template.name);
                // What is no call is the signer's everywhere, and a reason nowhere.
                assert!(rule["kind"] == "call" || rule["answer"] == "signer_only");
            }
            all += &format!("=== {backend}\n{}", without_hashes(&shown(&folder, &words)));
        }
        compare(&format!("compile-{}", template.name), &all);
    }
}

const PASS: &str = r#"
title = "Pocket money"
chain = "eip155:31337"
lasts = "1h"
[tokens.USDC]
address = "0x1c6f347cfe2b924f04735529c3d68e20e802596f"
decimals = 6
[[allow]]
call = "USDC"
function = "transfer(address to, uint256 amount)"
where = ["to == 0x51f0000000000000000000000000000000000051"]
spend = "amount <= 25 USDC per 1d"
"#;

#[test]
fn what_is_signed_and_sent_is_printed_whole() {
    let folder = Folder::new("grant-compile-json");
    let file = folder.write("pass.toml", PASS);
    let signature = format!("0x{}", "ab".repeat(65));
    for backend in BACKENDS {
        let ran = compile(&folder, &file, backend, &["--json"]);
        assert_eq!(ran.exit, 0, "{}", ran.err);
        let value: Value = serde_json::from_str(&ran.out).unwrap();
        let sign = value["sign"].as_array().unwrap();
        let calls = value["calls"].as_array().unwrap();
        assert!(sign.iter().all(|s| s["typedData"]["primaryType"].is_string() && s["digest"].is_string()));
        assert!(calls.iter().all(|c| c["data"].is_null()), "nothing to send before it is signed");
        let given: Vec<&str> = sign.iter().flat_map(|_| ["--signature", &signature]).collect();
        let signed = compile(&folder, &file, backend, &[&["--json"], &given[..]].concat());
        let signed: Value = serde_json::from_str(&signed.out).unwrap();
        let data: Vec<&str> = signed["calls"].as_array().unwrap().iter().map(|c| c["data"].as_str().unwrap()).collect();
        assert_eq!(data.len(), calls.len());
        assert!(data.iter().all(|d| d.contains(&"ab".repeat(65))), "{backend}: the signature is sent");
        let one_more = compile(&folder, &file, backend, &[&given[..], &["--signature", &signature]].concat());
        assert!(one_more.exit == 2 && one_more.err.contains("[bad_signatures]"), "{}", one_more.err);
    }
    let module = compile(&folder, &file, "hallpass-7579", &[]);
    compare("compile-words-hallpass-7579", &without_hashes(&shown(&folder, &module)));
    for backend in ["erc7710", "signer-only"] {
        let ran = compile(&folder, &file, backend, &["--json"]);
        compare(&format!("compile-json-{backend}"), &shown(&folder, &ran));
    }
    compare("compile-words-erc7710", &shown(&folder, &compile(&folder, &file, "erc7710", &[])));
}

#[test]
fn what_an_entry_point_changes_is_on_the_card() {
    let folder = Folder::new("grant-compile-routes");
    let file = folder.write("pass.toml", PASS);
    let mut all = String::new();
    for (backend, routes, relayer, exit, code) in [
        ("hallpass:7702", "7", "any", 0, "[entry_point_fee]"),
        ("hallpass:7702", "5", WALLET, 0, "[entry_point_relayer]"),
        ("hallpass:7702", "4", WALLET, 1, "[entry_point_relayer]"),
        ("hallpass-7579", "7", "any", 0, "[second_later]"),
        ("hallpass-7579", "3", "any", 0, "[entry_points_apart]"),
        ("hallpass-7579", "4", "any", 1, "[entry_points_apart]"),
        ("hallpass-7579", "6", WALLET, 1, "[entry_point_relayer]"),
    ] {
        let mut fills = FILLS;
        for (option, value) in [("--routes", routes), ("--relayer", relayer)] {
            let at = fills.iter().position(|f| *f == option).unwrap();
            fills[at + 1] = value;
        }
        let ran = run(&folder, &[&["grant", "compile", &file], &fills[..], &[backend, "--account", WALLET]].concat());
        assert!(ran.exit == exit && ran.out.contains(code), "{backend} {routes}: {}{}", ran.out, ran.err);
        all += &format!("=== {backend}, routes {routes}, relayer {relayer}\n{}", without_hashes(&shown(&folder, &ran)));
    }
    compare("compile-routes", &all);
}

#[test]
fn what_cannot_be_compiled_is_refused_by_name() {
    let folder = Folder::new("grant-compile-bad");
    let file = folder.write("pass.toml", PASS);
    let all = |arguments: &[&str]| run(&folder, &[&["grant", "compile", &file], arguments].concat());
    let mut out = String::new();
    for (arguments, code) in [
        (&["--backend", "hallpass:7702"][..], "[incomplete]"),
        (&["--backend", "hallpass:pocket"], "[owner_missing]"),
        (&["--backend", "hallpass:7702", "--owner", WALLET], "[bad_usage]"),
        (&["--backend", "hallpass:pocket", "--owner", "0x12"], "--owner `0x12`"),
        (&["--backend", "safe"], "invalid value 'safe'"),
        (&["--backend", "signer-only", "--salt", "12"], "[bad_salt]"),
    ] {
        let ran = all(arguments);
        assert!(ran.exit == 2 && ran.err.contains(code), "{arguments:?}: {}", ran.err);
        out += &format!("=== {}\n{}", arguments.join(" "), shown(&folder, &ran));
    }
    let unsigned = compile(&folder, &file, "hallpass:7702", &["--signature", "12"]);
    assert!(unsigned.exit == 2 && unsigned.err.contains("[bad_signature]"), "{}", unsigned.err);
    // A grant for another contract or another account is no grant for this backend.
    let other = folder.write("other.toml", &format!("backend = \"{WALLET}\"\n{PASS}"));
    let ran = compile(&folder, &other, "hallpass:7702", &["--account", "0x2222222222222222222222222222222222222222"]);
    assert_eq!(ran.exit, 2, "--account twice: {}", ran.err);
    let other =
        folder.write("other.toml", &format!("backend = \"0x2222222222222222222222222222222222222222\"\n{PASS}"));
    for backend in BACKENDS {
        let ran = compile(&folder, &other, backend, &[]);
        assert!(ran.exit == 1 && ran.out.contains("[wrong_backend]"), "{backend}: {}{}", ran.out, ran.err);
    }
    let elsewhere = compile(&folder, &file, "hallpass:pocket", &["--account", WALLET]);
    assert!(elsewhere.exit == 1 && elsewhere.out.contains("[wrong_account]"), "{}", elsewhere.out);
    compare("compile-bad", &out);
}
