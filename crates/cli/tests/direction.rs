//! Dependencies point one way: types <- policy <- session <- {auth <- chain, vault, store} <- signer <- server <- cli.
//! `policy` and `session` know no clock, network, disk or chain client; `server` names no database.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// What each crate may name directly, of ours.
const MAY: [(&str, &[&str]); 14] = [
    ("types", &[]),
    ("policy", &["types"]),
    ("session", &["types", "policy"]),
    ("auth", &["types", "policy", "session"]),
    ("memory", &[]),
    ("vault", &["types", "policy", "session", "memory"]),
    ("chain", &["types", "policy", "session", "auth"]),
    ("store", &["types", "policy", "session"]),
    ("signer", &["types", "policy", "session", "vault", "store"]),
    ("server", &["types", "policy", "session", "auth", "vault", "chain", "store", "signer"]),
    ("cli", &["types", "policy", "session", "auth", "memory", "vault", "chain", "store", "signer", "server"]),
    // For other people's apps: no code of the server's.
    ("guard", &["types", "session", "auth"]),
    // The reference shares no line with the policy; the runner compares the two.
    ("spec-reference", &[]),
    ("spec", &["types", "policy", "spec-reference"]),
];

/// What no pure crate may reach, however far down.
const IMPURE: [&str; 11] =
    ["tokio", "reqwest", "hyper", "redb", "alloy-provider", "revm", "axum", "mio", "socket2", "rusqlite", "sqlx"];

/// What no pure crate names itself. Features of other crates pull `getrandom` in below `alloy-primitives`, unused here.
const RANDOM: [&str; 3] = ["getrandom", "rand", "rand_core"];

fn metadata() -> serde_json::Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The platform that this was built for, so that only its packages are looked for.
fn host() -> String {
    let output = Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|l| l.strip_prefix("host: ")).unwrap().to_owned()
}

/// For each package: what it depends on at run time (build and dev dependencies left out).
fn graph(metadata: &serde_json::Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut names = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        names.insert(package["id"].as_str().unwrap(), package["name"].as_str().unwrap());
    }
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let entry = out.entry(names[node["id"].as_str().unwrap()].to_owned()).or_default();
        for dep in node["deps"].as_array().unwrap() {
            let normal = dep["dep_kinds"].as_array().unwrap().iter().any(|k| k["kind"].is_null());
            if normal {
                entry.insert(names[dep["pkg"].as_str().unwrap()].to_owned());
            }
        }
    }
    out
}

#[test]
fn our_crates_depend_downwards_alone() {
    let graph = graph(&metadata());
    for (name, may) in MAY {
        let deps = &graph[&format!("hallpass-{name}")];
        for dep in deps.iter().filter_map(|d| d.strip_prefix("hallpass-")) {
            assert!(may.contains(&dep), "hallpass-{name} must not depend on hallpass-{dep}");
        }
    }
    let known: BTreeSet<String> = MAY.iter().map(|(n, _)| format!("hallpass-{n}")).collect();
    let ours: BTreeSet<String> = graph.keys().filter(|n| n.starts_with("hallpass-")).cloned().collect();
    assert_eq!(ours, known, "a crate that this test does not know");
}

#[test]
fn the_pure_crates_reach_no_input_or_output() {
    let graph = graph(&metadata());
    for name in ["types", "policy", "session"] {
        let start = format!("hallpass-{name}");
        let mut seen = BTreeSet::new();
        let mut open = vec![start.clone()];
        while let Some(next) = open.pop() {
            if seen.insert(next.clone()) {
                open.extend(graph.get(&next).into_iter().flatten().cloned());
            }
        }
        assert!(!RANDOM.iter().any(|r| graph[&start].contains(*r)), "{start} makes randomness of its own");
        for impure in IMPURE {
            assert!(!seen.contains(impure), "{start} reaches {impure}");
        }
    }
}

#[test]
fn the_server_names_no_database() {
    let graph = graph(&metadata());
    for database in ["redb", "sqlx", "rusqlite"] {
        assert!(!graph["hallpass-server"].contains(database));
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src");
    let mut open = vec![src];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else {
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            assert!(!text.contains("redb"), "{} names a database", path.display());
        }
    }
}
