//! Every vector through the reference, and that there are enough of them. Our evaluator runs them in its own crate.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::Code;
use hallpass_spec::all::{self, Line};
use hallpass_spec::random::history::ELSEWHERE;
use hallpass_spec::{Expected, Vector, hand, spec};
use serde_json::Value;
use std::collections::BTreeSet;

fn differences(judge: impl Fn(&Vector) -> Value) -> Vec<String> {
    let mut out = Vec::new();
    for line in all::read(&std::fs::read_to_string(all::path()).unwrap()).unwrap() {
        let vector = match line {
            Line::Refused { name, text } => {
                if !all::is_refused(&text) {
                    out.push(format!("{name}: the grant is taken"));
                }
                continue;
            }
            Line::Vector(vector) => vector,
        };
        let Expected::Verdict(expected) = &vector.expect else { continue };
        let found = judge(&vector);
        if found != *expected {
            out.push(format!("{} {:?}\n  expected {expected}\n  found    {found}", vector.name, vector.cites));
        }
    }
    out
}

#[test]
fn the_reference_gives_every_verdict() {
    let wrong = differences(|v| hallpass_spec_reference::judge(&v.grant, &v.case));
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_file_is_what_the_hand_written_vectors_make() {
    let made = all::make().unwrap_or_else(|e| panic!("{e}"));
    let same = made == std::fs::read_to_string(all::path()).unwrap();
    assert!(same, "run `cargo run -p hallpass-spec --bin vectors`");
}

/// The marks of the prose: `- **M5** ...`.
fn marks() -> BTreeSet<String> {
    let prose = std::fs::read_to_string(spec().join("policy.md")).unwrap();
    prose.lines().filter_map(|l| Some(l.strip_prefix("- **")?.split_once("**")?.0.to_owned())).collect()
}

#[test]
fn every_sentence_is_shown_and_every_code_is_given() {
    let vectors = hand::all().unwrap_or_else(|e| panic!("{e}"));
    assert!(vectors.len() >= 400, "{} vectors", vectors.len());
    let cited: BTreeSet<String> = vectors.iter().flat_map(|v| v.cites.clone()).collect();
    // B7 and G14 are about what cannot be read at all: `op` beside a message, and sizes.
    let elsewhere = ["B7", "G14"].map(str::to_owned);
    let missing: Vec<_> = marks().into_iter().filter(|m| !cited.contains(m) && !elsewhere.contains(m)).collect();
    assert!(missing.is_empty(), "no vector cites {missing:?}");
    assert!(cited.is_subset(&marks()), "{:?} are no marks", cited.difference(&marks()));
    let given: BTreeSet<&str> = vectors
        .iter()
        .filter_map(|v| match &v.expect {
            Expected::Verdict(verdict) => verdict.get("code")?.as_str(),
            Expected::Refused(_) => None,
        })
        .collect();
    for code in Code::ALL.iter().filter(|c| !ELSEWHERE.contains(c)) {
        assert!(given.contains(code.as_str()), "no vector is denied as {code}");
    }
    let names: BTreeSet<&String> = vectors.iter().map(|v| &v.name).collect();
    assert_eq!(names.len(), vectors.len(), "two vectors of one name");
}
