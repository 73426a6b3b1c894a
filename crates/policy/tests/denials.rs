//! The reference of denial codes is complete, in the order of the checks, and says what the code says.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::Code;

#[test]
fn every_code_stands_in_the_reference_with_cause_and_cure() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/denials.md")).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|l| l.starts_with("| `"))
        .map(|l| l.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    let found: Vec<(&str, &str)> = rows.iter().filter_map(|r| Some((*r.first()?, *r.get(1)?))).collect();
    let expected: Vec<(&str, &str)> = Code::ALL.iter().map(|c| (c.as_str(), c.says())).collect();
    assert_eq!(found, expected);
    assert!(rows.iter().all(|r| r.len() == 4 && r.iter().all(|cell| cell.len() > 3)), "a cause and a cure each");
}
