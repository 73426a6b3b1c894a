//! `hallpass grant lint` and `hallpass grant diff`: what they print and how they exit.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::run;
use common::server::Folder;
use serde_json::{Value, json};

const GOOD: &str = "chain = \"eip155:1\"\nlasts = \"1h\"\n[gas]\nper_op = 100000\n[[allow]]\ncall = \"0x5151515151515151515151515151515151515151\"\nfunction = \"ping(uint8 n)\"\nwhere = [\"n <= 3\"]\nat_most = \"5\"\n";

#[test]
fn lint_exits_with_1_for_a_warning_and_not_for_a_note() {
    let folder = Folder::new("cli-lint");
    let lint = |text: &str, json: bool| {
        let path = folder.write("grant.toml", text);
        let arguments = ["grant", "lint", &path, "--json"];
        run(&folder, if json { &arguments } else { &arguments[..3] })
    };
    let clean = lint(GOOD, false);
    assert_eq!((clean.exit, clean.out.as_str(), clean.err.as_str()), (0, "0 warnings, 0 notes\n", ""));
    let note = GOOD.replace("[gas]\nper_op = 100000\n", "");
    let found = lint(&note, false);
    assert_eq!((found.exit, found.err.as_str()), (0, ""));
    assert!(found.out.starts_with("note: rest.gas.unitsPerOp: ") && found.out.ends_with("0 warnings, 1 note\n"));
    let warning = note.replace("at_most = \"5\"\n", "");
    let found = lint(&warning, false);
    assert_eq!((found.exit, found.err.as_str()), (1, ""));
    assert!(
        found.out.starts_with("warn: rules[0]: nothing limits how often it is used [no_meter]\n  fix: "),
        "{}",
        found.out
    );
    let found = lint(&warning, true);
    let value: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((found.exit, &value["warnings"], &value["notes"]), (1, &json!(1), &json!(1)));
    let members: Vec<&String> = value["findings"][1].as_object().unwrap().keys().collect();
    assert_eq!(members, ["at", "code", "fix", "says", "severity"]);
    assert_eq!(lint("colour = 1\n", false).exit, 2);
}

#[test]
fn diff_exits_with_0_and_sums_up() {
    let folder = Folder::new("cli-diff");
    let old = folder.write("old.toml", GOOD);
    let diff = |text: &str, json: bool| {
        let new = folder.write("new.toml", text);
        let arguments = ["grant", "diff", &old, &new, "--json"];
        run(&folder, if json { &arguments } else { &arguments[..4] })
    };
    let same = diff(GOOD, false);
    assert_eq!((same.exit, same.out.as_str(), same.err.as_str()), (0, "same: it allows the same\n", ""));
    let wider = diff(&GOOD.replace("n <= 3", "n <= 4"), true);
    let value: Value = serde_json::from_str(&wider.out).unwrap();
    let change = json!({
        "change": "changed",
        "widens": true,
        "at": "rules[0].conditions[0]",
        "says": "`n <= 4` stands in place of `n <= 3`, which lets more through",
    });
    assert_eq!((wider.exit, &value), (0, &json!({ "summary": "wider", "changes": [change] })));
    let unknown = diff(&GOOD.replace("n <= 3", "n mask 0x2 == 0x0"), true);
    let value: Value = serde_json::from_str(&unknown.out).unwrap();
    assert_eq!((&value["summary"], &value["changes"][0]["widens"]), (&json!("wider"), &Value::Null));
    let removed = diff(&GOOD.replace("where = [\"n <= 3\"]\n", ""), false);
    assert!(
        removed.out.contains("\n  wider     old rules[0].conditions[0]: it need no longer hold that `n <= 3`"),
        "{}",
        removed.out
    );
    assert_eq!(diff("colour = 1\n", false).exit, 2);
}
