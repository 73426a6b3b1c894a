//! Every vector of `spec/vectors/all.json`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::draft::Fill;
use hallpass_policy::json::ask::{Case, print_verdict};
use hallpass_policy::{Grant, Policy, json, text};
use serde_json::Value;
use std::collections::HashMap;

fn grant(value: &Value) -> Grant {
    json::parse(&value.to_string()).unwrap().complete(&Fill::default()).unwrap()
}

#[test]
fn every_vector_gets_its_verdict() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/all.json");
    let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let grants: HashMap<&str, Grant> =
        root["grants"].as_object().unwrap().iter().map(|(id, g)| (id.as_str(), grant(g))).collect();
    for (id, grant) in &grants {
        assert_eq!(grant.id().to_string(), **id);
    }
    let mut wrong = Vec::new();
    for v in root["vectors"].as_array().unwrap() {
        if v.get("refused").is_some() {
            let read = text::parse(v["text"].as_str().unwrap());
            if read.is_ok_and(|draft| draft.complete(&Fill::default()).is_ok()) {
                wrong.push(format!("{}: the grant is taken", v["name"]));
            }
            continue;
        }
        let grant = &grants[v["grant"].as_str().unwrap()];
        let policy = Policy::new(grant);
        let case = Case::read(&v["case"], grant).unwrap_or_else(|e| panic!("{}: {e}", v["name"]));
        let found = print_verdict(&policy, &case.ledger, &case.judge(&policy));
        let expected = v["expect"].as_object().unwrap();
        let call = expected.get("call").is_none() && found.get("call").is_some();
        if call || expected.iter().any(|(key, value)| found.get(key) != Some(value)) {
            wrong.push(format!("{}\n  expected {}\n  found    {found}", v["name"], v["expect"]));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}
