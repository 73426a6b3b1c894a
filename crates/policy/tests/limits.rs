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
    let count = 350;
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

#[test]
fn what_would_not_read_back_is_not_read() {
    // Short text, long JSON: each value of a list takes 64 digits.
    let list = |count: usize| (0..count).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
    let rule = |i: usize, count: usize| {
        format!(
            "[[allow]]\ncall=\"0x00000000000000000000000000000000000000{i:02}\"\nfunction=\"f(uint256 a)\"\nwhere=[\"a in [{}]\"]\n",
            list(count)
        )
    };
    let source = |rules: usize| (1..=rules).map(|i| rule(i, 255)).fold(HEAD.to_owned(), |all, one| all + &one);
    assert!(source(4).len() < 8 * 1024);
    let error = text::parse(&source(4)).unwrap_err();
    assert!(error.says.contains("canonical JSON has") && error.says.contains("at most 65536"), "{}", error.says);
    let most = text::parse(&source(3)).unwrap();
    assert_eq!(json::parse(&json::print(&most)).unwrap(), most);
    // And the other way: a long text from a short JSON is refused where the JSON is read.
    let long = json::print(&most);
    assert!(long.len() > 32 * 1024 && text::print(&most).len() <= 64 * 1024);
}

#[test]
fn an_index_is_never_a_step_of_its_own() {
    use hallpass_policy::abi::{EVERY, LENGTH, SOME, Ty};
    let huge = [Ty::FixedArray(Box::new(Ty::Uint(32)), u16::MAX)];
    assert!(Ty::at(&huge, &[0, LENGTH - 1]).is_some());
    assert!(Ty::at(&huge, &[0, LENGTH]).is_none(), "a fixed array has no length to ask for, and no such element");
    assert!(Ty::at(&huge, &[0, EVERY]).is_some() && Ty::at(&huge, &[0, SOME]).is_some());
}

#[test]
fn one_long_text_is_hashed_once_for_many_conditions() {
    use hallpass_policy::Ledger;
    use hallpass_policy::eval::{Action, At, Batch, Call, Facts, Op};
    // 60 rules of one function, all of which look at one text of a million bytes, and none of which allows.
    let rules = (0..60).fold(HEAD.to_owned(), |all, i| {
        let rule = "[[allow]]\ncall=\"0x0000000000000000000000000000000000000001\"\nfunction=\"f(string s)\"\n";
        all + rule + &format!("where=[\"s != 'a'\",\"s != 'b'\",\"s == 'c{i}'\"]\n")
    });
    let at = UnixSeconds::new(5).unwrap();
    let grant = text::parse(&rules).unwrap().supposed(at).unwrap();
    let mut data = grant.calls.first().unwrap().selector().unwrap().to_vec();
    let word = |n: usize| alloy_primitives::U256::from(n).to_be_bytes::<32>();
    data.extend(word(32));
    data.extend(word(1_000_000));
    data.extend(vec![b'x'; 1_000_000]);
    let (chain, to) = (grant.chain, grant.calls.first().unwrap().target);
    let call = Call { to, value: alloy_primitives::U256::ZERO, data: data.into() };
    let action = Action::Calls(Batch { chain, calls: vec![call] });
    let at = At { now: at, chain, caller: None };
    let policy = Policy::new(&grant);
    let before = policy.judge(&Ledger::fresh(&grant), &action, &Op::default(), &at, &Facts::default());
    assert_eq!(before.unwrap_err().code.as_str(), "condition_failed");
}
