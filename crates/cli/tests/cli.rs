//! The command line, word by word: exit status, standard output and standard error of commands that need no server,
//! against the files under `snapshots/`. `HALLPASS_UPDATE=1` writes them anew; read the difference before committing it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::server::Folder;
use common::{Ran, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

const FIXTURES: [&str; 3] = ["arena.toml", "complete.toml", "wide.toml"];

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn fixture(name: &str) -> String {
    tests_folder().join("fixtures").join(name).display().to_string()
}

/// All three in one text.
fn shown(arguments: &[&str], ran: &Ran) -> String {
    let fixtures = tests_folder().join("fixtures").display().to_string();
    let command = arguments.join(" ").replace(&fixtures, "FIXTURES");
    let Ran { exit, out, err } = ran;
    format!("$ hallpass {command}\nexit status: {exit}\n--- stdout\n{out}--- stderr\n{err}")
}

/// Compares with a committed file, and collects what differs.
#[derive(Default)]
struct Snapshots(Vec<String>);

impl Snapshots {
    fn compare(&mut self, name: &str, found: &str) {
        let path = tests_folder().join("snapshots").join(format!("{name}.txt"));
        if std::env::var_os("HALLPASS_UPDATE").is_some() {
            std::fs::write(&path, found).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(found) {
            self.0.push(format!("snapshots/{name}.txt is not what was found:\n{found}"));
        }
    }

    fn command(&mut self, folder: &Folder, name: &str, arguments: &[&str]) {
        let ran = run(folder, arguments);
        self.compare(name, &shown(arguments, &ran));
    }

    fn finish(self) {
        assert!(self.0.is_empty(), "{}\nHALLPASS_UPDATE=1 writes them anew", self.0.join("\n"));
    }
}

/// The subcommands that a help text lists.
fn listed(help: &str) -> Vec<String> {
    let commands = help.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let names =
        commands.filter(|l| l.starts_with("  ") && !l.starts_with("   ")).filter_map(|l| l.split_whitespace().next());
    names.filter(|n| *n != "help").map(str::to_owned).collect()
}

#[test]
fn every_help_text_is_the_committed_one() {
    let folder = Folder::new("cli-help");
    let mut snapshots = Snapshots::default();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(path) = open.pop() {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = run(&folder, &arguments);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        let name = ["help".to_owned()].into_iter().chain(path.clone()).collect::<Vec<_>>().join("-");
        snapshots.compare(&name, &shown(&arguments, &ran));
        open.extend(listed(&ran.out).into_iter().map(|command| [path.clone(), vec![command]].concat()));
        seen += 1;
    }
    assert!(seen > 25, "only {seen} commands were found");
    snapshots.finish();
}

#[test]
fn grants_in_files_are_read_printed_hashed_and_explained() {
    let folder = Folder::new("cli-grants");
    let mut snapshots = Snapshots::default();
    for file in FIXTURES {
        let (path, name) = (fixture(file), file.trim_end_matches(".toml"));
        for command in ["parse", "print", "explain"] {
            snapshots.command(&folder, &format!("grant-{command}-{name}"), &["grant", command, &path]);
        }
        let hash = ["grant", "hash", "--at", "1800000000", &path];
        snapshots.command(&folder, &format!("grant-hash-{name}"), &hash);
    }
    let path = fixture("arena.toml");
    snapshots.command(&folder, "grant-explain-json", &["grant", "explain", "--json", &path]);
    snapshots.command(
        &folder,
        "grant-hash-json",
        &["grant", "hash", "--json", "--at", "1800000000", &fixture("complete.toml")],
    );
    snapshots.command(&folder, "grant-hash-without-at", &["grant", "hash", &fixture("complete.toml")]);
    snapshots.finish();
}

#[test]
fn parsing_what_was_printed_gives_the_same_grant() {
    let folder = Folder::new("cli-round-trip");
    for file in FIXTURES {
        let parsed = run(&folder, &["grant", "parse", &fixture(file)]);
        assert_eq!((parsed.exit, parsed.err.as_str()), (0, ""), "{file}");
        let text = run(&folder, &["grant", "print", &fixture(file)]);
        assert_eq!((text.exit, text.err.as_str()), (0, ""), "{file}");
        let from_text = run(&folder, &["grant", "parse", &folder.write("printed.toml", &text.out)]);
        assert_eq!(from_text, parsed, "{file}");
        let json = folder.write("parsed.json", &parsed.out);
        assert_eq!(run(&folder, &["grant", "parse", &json]), parsed, "{file}");
        assert_eq!(run(&folder, &["grant", "print", &json]), text, "{file}");
        let hash = |path: &str| run(&folder, &["grant", "hash", "--at", "1800000000", path]);
        assert_eq!(hash(&json), hash(&fixture(file)), "{file}");
    }
}

#[test]
fn parse_as_json_answers_with_canonical_json_or_with_the_error() {
    let folder = Folder::new("cli-parse-json");
    let good = run(&folder, &["grant", "parse", &fixture("arena.toml"), "--json"]);
    assert_eq!((good.exit, good.err.as_str()), (0, ""));
    let value: Value = serde_json::from_str(&good.out).unwrap();
    // RFC 8785: members sorted, no white space; serde_json's map is sorted too.
    assert_eq!(format!("{value}\n"), good.out);
    let bad = run(&folder, &["grant", "parse", &folder.write("bad.toml", "colour = 1\n"), "--json"]);
    assert_eq!((bad.exit, bad.out.as_str()), (2, ""));
    let error: Value = serde_json::from_str(&bad.err).unwrap();
    assert_eq!(error["error"]["code"], "missing_field");
}

#[test]
fn doctor_names_everything_that_is_missing() {
    let folder = Folder::new("cli-doctor");
    let config = "listen = \"127.0.0.1:1\"\npublic_url = \"http://127.0.0.1:1\"\nrpc = \"http://127.0.0.1:1\"\n";
    folder.write("hallpass.toml", config);
    let mut snapshots = Snapshots::default();
    snapshots.command(&folder, "doctor", &["doctor"]);
    snapshots.command(&folder, "doctor-json", &["doctor", "--json"]);
    snapshots.command(&folder, "vault-status-none", &["vault", "status"]);
    snapshots.command(&folder, "vault-status-none-json", &["vault", "status", "--json"]);
    snapshots.finish();
    assert!(!folder.path().join("hallpass.redb").exists(), "looking makes nothing");
}

#[test]
fn a_command_line_that_cannot_be_read_exits_with_2() {
    let folder = Folder::new("cli-usage");
    let mut snapshots = Snapshots::default();
    for (name, arguments) in [
        ("usage-unknown", &["nonsense"][..]),
        ("usage-missing", &["session", "check"]),
        ("usage-option", &["serve", "--colour"]),
        ("usage-json", &["--json", "nonsense"]),
    ] {
        assert_eq!(run(&folder, arguments).exit, 2, "{arguments:?}");
        snapshots.command(&folder, name, arguments);
    }
    snapshots.finish();
}

#[test]
fn completions_begin_as_bash_expects() {
    let folder = Folder::new("cli-completions");
    let ran = run(&folder, &["completions", "bash"]);
    assert_eq!((ran.exit, ran.out.lines().next().unwrap(), ran.err.as_str()), (0, "_hallpass() {", ""));
}

#[test]
fn the_committed_openapi_document_is_the_servers() {
    let folder = Folder::new("cli-openapi");
    let ran = run(&folder, &["openapi"]);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert!(
        ran.out == std::fs::read_to_string(committed).unwrap(),
        "run `hallpass openapi > docs/reference/openapi.json`"
    );
    let value: Value = serde_json::from_str(&ran.out).unwrap();
    for (path, methods) in value["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(operation["operationId"].is_string(), "{method} {path}");
        }
    }
}
