//! The stated limits, at and just past each (`spec/policy.md`, G2, G6, G14), and that nothing near them takes long.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::abi::Function;
use hallpass_policy::{Policy, json, text, words};
use hallpass_types::UnixSeconds;

const HEAD: &str = "chain=\"eip155:5\"\nlasts=\"1h\"\n";

fn apps(count: usize, more: &str) -> String {
    let rule = |i: usize| format!("[[allow]]\napp=\"a\"\nverb=\"v{i}\"\n{more}");
    (0..count).map(rule).fold(HEAD.to_owned(), |all, one| all + &one)
}

#[test]
fn a_text_of_64_kib_and_a_byte_more() {
    let rules = apps(1, "");
    let padded = |size: usize| format!("{rules}#{}", "x".repeat(size - rules.len() - 1));
    assert!(text::parse(&padded(64 * 1024)).is_ok());
    assert_eq!(text::parse(&padded(64 * 1024 + 1)).unwrap_err().code, "too_large");
}

#[test]
fn a_json_of_64_kib_and_a_byte_more() {
    let printed = json::print(&text::parse(&apps(1, "")).unwrap());
    let padded = |size: usize| format!("{printed}{}", " ".repeat(size - printed.len()));
    assert!(json::parse(&padded(64 * 1024)).is_ok());
    assert_eq!(json::parse(&padded(64 * 1024 + 1)).unwrap_err().code(), "too_large");
}

#[test]
fn a_thousand_rules_and_one_more() {
    let most = text::parse(&apps(1000, "")).unwrap();
    assert!(text::parse(&apps(1001, "")).unwrap_err().says.contains("at most 1,000 rules"));
    // The largest grants go through everything; each step here is quick or this test is not.
    assert_eq!(text::parse(&text::print(&most)).unwrap(), most);
    assert!(words::explain(&most, &words::Lists::default()).len() >= 1000);
    let grant = most.supposed(UnixSeconds::new(5).unwrap()).unwrap();
    assert!(Policy::new(&grant).grant().rest.apps.len() == 1000);
}

#[test]
fn a_thousand_meters_out_of_place() {
    // Every meter has a name, and each rule uses one of the far end of the list.
    let count = 600;
    let mut source = HEAD.to_owned();
    for i in 0..count {
        source += &format!("[meters.m{i}]\nwhat=\"calls\"\ncap=1\n");
    }
    for i in 0..count {
        source += &format!("[[allow]]\napp=\"a\"\nverb=\"v{i}\"\nat_most=\"from m{}\"\n", count - 1 - i);
    }
    let draft = text::parse(&source).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(text::parse(&text::print(&draft)).unwrap(), draft);
}

#[test]
fn types_sixteen_deep_and_one_more() {
    // The arguments are the first level, and the word inside is the last.
    let nested = |arrays: usize| format!("f(uint8{})", "[]".repeat(arrays));
    assert!(Function::parse(&nested(14)).is_ok());
    assert!(Function::parse(&nested(15)).is_err());
    let tuples = |count: usize| format!("f({}uint8{})", "(".repeat(count), ")".repeat(count));
    assert!(Function::parse(&tuples(14)).is_ok());
    assert!(Function::parse(&tuples(15)).is_err());
}

#[test]
fn nesting_in_the_sources_themselves_ends() {
    for deep in ["[".repeat(60_000), "{\"a\":".repeat(10_000), format!("x = {}", "[".repeat(60_000))] {
        assert!(json::parse(&deep).is_err());
        assert!(text::parse(&deep).is_err());
    }
}
