//! Every vector, through our evaluator and through the reference.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_spec::{Expected, Vector, hand};
use serde_json::Value;

fn differences(judge: impl Fn(&Vector) -> Result<Value, String>) -> Vec<String> {
    let mut out = Vec::new();
    for vector in hand::all().unwrap_or_else(|e| panic!("{e}")) {
        let Expected::Verdict(expected) = &vector.expect else { continue };
        let found = judge(&vector);
        if found.as_ref() != Ok(expected) {
            out.push(format!("{} {:?}\n  expected {expected}\n  found    {found:?}", vector.name, vector.cites));
        }
    }
    out
}

#[test]
fn our_evaluator_gives_every_hand_written_verdict() {
    let wrong = differences(Vector::judge);
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
