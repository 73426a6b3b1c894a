//! One suite that every backend passes, or answers that it cannot hold the case: in revm, with the real bytecode.
//!
//! A case knows no backend: it asks a [`subject::Subject`] for what an honest client would send, made by the [`Backend`] trait,
//! and changes those bytes where it is dishonest. It runs for every subject and for every route that the subject has.
//!
//! What each case came to, with every denial in its order, is compared with `answers.txt`, so that no case becomes
//! `unsupported` unnoticed. `HALLPASS_UPDATE=1` writes it anew.
//!
//! - [`world`]: the chain, with our contracts, EntryPoint 0.8 and the Delegation Framework on it. [`code`]: hostile contracts.
//! - [`subject`]: what a case asks of a backend. [`hallpass`], [`module`], [`delegation`]: the backends. [`userop`]: the
//!   EntryPoint's route.
//! - [`bench`]: one grant on one subject and route. [`words`]: what comes of it. [`cases`]: the cases. [`ready`]: what `hallpass-7579` looks
//!   at before use.
//!
//! The bytecode of EntryPoint and framework is read from npm packages under `contracts/node_modules`.
//!
//! [`Backend`]: hallpass_chain::Backend

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod bench;
mod cases;
mod code;
mod delegation;
#[path = "../shared/erc4337.rs"]
mod erc4337;
#[path = "../erc7710/world.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod framework;
mod hallpass;
mod keys;
mod module;
mod ready;
#[path = "../differential/rng.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod rng;
mod subject;
mod userop;
mod words;
mod world;

use bench::Bench;
use std::fmt::Write as _;
use std::path::Path;

/// Runs the cases of a group for every subject and route; what they came to, line by line.
fn table(group: &str) -> String {
    let (_, cases) = cases::GROUPS.iter().find(|(name, _)| *name == group).unwrap();
    let start = world::World::new();
    let mut out = format!("== {group}\n");
    for (name, case) in *cases {
        writeln!(out, "{name}").unwrap();
        for (subject, route) in subject::all() {
            let mut bench = Bench::new(name, start.clone(), subject, route);
            let answer = match case(&mut bench) {
                Ok(()) if bench.words.is_empty() => "passes".to_owned(),
                Ok(()) => format!("passes: {}", bench.words.join(", ")),
                Err(unsupported) => format!("unsupported: {}", unsupported.code()),
            };
            writeln!(out, "  {:<26}{answer}", format!("{} {route}", bench.subject.name())).unwrap();
        }
    }
    out
}

fn require(group: &str) {
    let found = table(group);
    println!("{found}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/answers").join(format!("{group}.txt"));
    if std::env::var_os("HALLPASS_UPDATE").is_some() {
        std::fs::write(&path, &found).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(committed.lines()).find(|(a, b)| a != b);
    assert!(found == committed, "{}: {differs:?}; HALLPASS_UPDATE=1 writes it anew", path.display());
}

#[test]
fn life() {
    require("life");
}

#[test]
fn ends() {
    require("ends");
}

#[test]
fn times() {
    require("times");
}

#[test]
fn meters() {
    require("meters");
}

#[test]
fn order() {
    require("order");
}

#[test]
fn places() {
    require("places");
}

#[test]
fn targets() {
    require("targets");
}

#[test]
fn hostile() {
    require("hostile");
}

#[test]
fn bytes() {
    require("bytes");
}

#[test]
fn signatures() {
    require("signatures");
}

#[test]
fn the_accounts_own_entry_point_is_no_target() {
    let start = world::World::new();
    for (subject, route) in subject::all().into_iter().filter(|(subject, _)| subject.entry().is_some()) {
        let mut bench = Bench::new("own_entry_point", start.clone(), subject, route);
        cases::targets::own_entry_point(&mut bench).unwrap();
    }
}
