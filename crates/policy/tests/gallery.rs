//! Every template of the gallery, with the actions that it must allow and deny.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::draft::Fill;
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Grant, Policy, gallery, json, text};
use hallpass_types::{UnixSeconds, account::parse_address};
use serde_json::Value;

use alloy_primitives::Address;

struct Cases {
    grant: Grant,
    start: u64,
    cases: Vec<Value>,
}

fn read(name: &str) -> Cases {
    let path = format!("{}/gallery/{name}.cases.json", env!("CARGO_MANIFEST_DIR"));
    let root: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let start = root["start"].as_u64().unwrap();
    let fill = Fill {
        account: Some(parse_address(root["account"].as_str().unwrap()).unwrap()),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(0),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: UnixSeconds::new(start),
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    };
    let source = gallery::find(name).unwrap_or_else(|| panic!("{name} is not in the list")).text;
    let draft = text::parse(source).unwrap_or_else(|e| panic!("{name}: {e}"));
    let grant = draft.complete(&fill).unwrap_or_else(|e| panic!("{name}: {e}"));
    Cases { grant, start, cases: root["cases"].as_array().unwrap().clone() }
}

fn judged(all: &Cases, case: &Value) -> (String, Option<u16>) {
    let at = UnixSeconds::new(all.start + case.get("at").map_or(10, |at| at.as_u64().unwrap())).unwrap();
    let part = |key: &str| case.get(key);
    let asked = Case::of(&all.grant, at, &case["action"], part("ledger"), part("op"), part("facts"))
        .unwrap_or_else(|e| panic!("{}: {e}", case["name"]));
    match asked.judge(&Policy::new(&all.grant)) {
        Ok(verdict) => ("allowed".to_owned(), verdict.rules.first().copied()),
        Err(denial) => (denial.code.as_str().to_owned(), None),
    }
}

#[test]
fn every_template_allows_and_denies_what_it_must() {
    let mut wrong = Vec::new();
    for template in gallery::ALL {
        let all = read(template.name);
        let mut counts = (0, 0);
        for case in &all.cases {
            let expected = case["expect"].as_str().unwrap();
            let (found, rule) = judged(&all, case);
            let rule_fits = case.get("rule").is_none_or(|r| r.as_u64() == rule.map(u64::from));
            if found != expected || !rule_fits {
                wrong.push(format!("{}, {}: expected {expected}, found {found} {rule:?}", template.name, case["name"]));
            }
            if expected == "allowed" { counts.0 += 1 } else { counts.1 += 1 }
        }
        assert!(counts.0 >= 5 && counts.1 >= 7, "{}: {counts:?}", template.name);
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn no_case_needs_what_a_template_could_do_without() {
    // Take one condition, use or requirement away: some case must notice, or it is an ornament. Two caps are known to be
    // doubled by others: a rule that lets native value out must have one.
    let doubled = ["creator-membership", "subscription"];
    for template in gallery::ALL {
        let all = read(template.name);
        let mut unnoticed = Vec::new();
        for narrower in weakened(&all.grant) {
            let weak = Cases { grant: narrower.1, start: all.start, cases: Vec::new() };
            let noticed = all.cases.iter().any(|case| judged(&weak, case).0 != case["expect"].as_str().unwrap());
            if !noticed {
                unnoticed.push(narrower.0);
            }
        }
        let spare = usize::from(doubled.contains(&template.name));
        assert!(unnoticed.len() <= spare, "{}: no case notices the loss of {unnoticed:?}", template.name);
    }
}

/// The grant without one condition, use or requirement, each in turn. The results may break rules of the protocol; the
/// evaluator judges them all the same.
fn weakened(grant: &Grant) -> Vec<(String, Grant)> {
    let mut out = Vec::new();
    let mut add = |at: String, change: &dyn Fn(&mut Grant)| {
        let mut weak = grant.clone();
        change(&mut weak);
        out.push((at, weak));
    };
    for (i, rule) in grant.calls.iter().enumerate() {
        for j in 0..rule.conditions.len() {
            add(format!("rules[{i}].conditions[{j}]"), &|g| drop(g.calls[i].conditions.remove(j)));
        }
        for j in 0..rule.uses.len() {
            add(format!("rules[{i}].uses[{j}]"), &|g| drop(g.calls[i].uses.remove(j)));
        }
    }
    for (i, rule) in grant.rest.typed.iter().enumerate() {
        for j in 0..rule.conditions.len() {
            add(format!("typed {i} conditions[{j}]"), &|g| drop(g.rest.typed[i].conditions.remove(j)));
        }
        for j in 0..rule.uses.len() {
            add(format!("typed {i} uses[{j}]"), &|g| drop(g.rest.typed[i].uses.remove(j)));
        }
    }
    for (i, rule) in grant.rest.apps.iter().enumerate() {
        for j in 0..rule.conditions.len() {
            add(format!("app {i} conditions[{j}]"), &|g| drop(g.rest.apps[i].conditions.remove(j)));
        }
        for j in 0..rule.uses.len() {
            add(format!("app {i} uses[{j}]"), &|g| drop(g.rest.apps[i].uses.remove(j)));
        }
    }
    for i in 0..grant.rest.requires.len() {
        add(format!("requires[{i}]"), &|g| drop(g.rest.requires.remove(i)));
    }
    out
}

#[test]
fn every_template_reads_back_from_all_its_forms() {
    for template in gallery::ALL {
        let draft = text::parse(template.text).unwrap();
        let printed = text::print(&draft);
        assert_eq!(text::parse(&printed).unwrap_or_else(|e| panic!("{}: {e}\n{printed}", template.name)), draft);
        assert_eq!(json::parse(&json::print(&draft)).unwrap(), draft, "{}", template.name);
        assert!(template.purpose().len() > 20, "{}", template.name);
    }
}

#[test]
fn the_list_is_the_folder() {
    let folder = format!("{}/gallery", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|f| f.unwrap().file_name().to_str().unwrap().strip_suffix(".toml").map(str::to_owned))
        .collect();
    names.sort();
    assert_eq!(names, gallery::ALL.iter().map(|t| t.name).collect::<Vec<_>>());
}
