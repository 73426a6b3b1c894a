//! `grant eval`, `grant replay`, `grant new`, and the plain words of every grant of the gallery: what is printed and the exit
//! status, against the files under `snapshots/`. `HALLPASS_UPDATE=1` writes them anew; read the difference before committing it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::server::Folder;
use common::{Ran, run};
use hallpass_policy::gallery;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn fixture(name: &str) -> String {
    tests_folder().join("fixtures").join(name).display().to_string()
}

fn compare(name: &str, found: &str) {
    let path = tests_folder().join("snapshots").join(format!("{name}.txt"));
    if std::env::var_os("HALLPASS_UPDATE").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let same = std::fs::read_to_string(&path).ok().as_deref() == Some(found);
    assert!(same, "snapshots/{name}.txt is not what was found; HALLPASS_UPDATE=1 writes it anew\n{found}");
}

/// Exit status and both outputs; the folder's own path is left out.
fn shown(folder: &Folder, ran: &Ran) -> String {
    let text = format!("exit status: {}\n--- stdout\n{}--- stderr\n{}", ran.exit, ran.out, ran.err);
    let folder = Path::new(&folder.write("x", "")).parent().unwrap().display().to_string();
    text.replace(&format!("{folder}/"), "")
}

const GAME: &str = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";

fn moved(hero: u64, direction: u64) -> Value {
    let data = format!("0x2d3e0851{hero:064x}{direction:064x}");
    json!({ "call": { "chain": "eip155:31337", "to": GAME, "value": "0", "data": data } })
}

fn grant(folder: &Folder) -> String {
    let text = format!(
        "chain = \"eip155:31337\"\nlasts = \"1h\"\n[[allow]]\ncall = \"{GAME}\"\nfunction = \"move(uint256 hero, uint8 direction)\"\n\
         where = [\"hero in [1, 2]\"]\nat_most = \"2 per 1m\"\n[[allow]]\napp = \"chat.example\"\nverb = \"post\"\nwhere = [\"board == 'general'\"]\n"
    );
    folder.write("g.toml", &text)
}

#[test]
fn eval_says_whether_by_which_rule_and_at_what_cost() {
    let folder = Folder::new("grant-eval");
    let grant = grant(&folder);
    let selector = hallpass_policy::abi::signature::selector("move(uint256,uint8)");
    assert_eq!(alloy_primitives::hex::encode(selector), "2d3e0851");
    let app = json!({ "app": { "app": "chat.example", "verb": "post", "attrs": { "board": "general" } } });
    let ledger = json!([{ "meter": 0, "window": 0, "spent": "2" }]);
    for (name, action, more, exit) in [
        ("allowed", moved(1, 3), vec![], 0),
        ("denied", moved(3, 3), vec![], 1),
        ("spent", moved(1, 3), vec!["--ledger".to_owned(), ledger.to_string()], 1),
        ("app", app, vec![], 0),
        ("batch", json!({ "batch": [moved(1, 0), moved(2, 1), moved(1, 2)] }), vec![], 1),
        ("unreadable", json!({ "call": { "chain": "eip155:31337", "to": "0x12" } }), vec![], 2),
        ("unknown", json!({ "call": { "chain": "eip155:31337", "to": GAME, "gas": "1" } }), vec![], 2),
        (
            "op-beside-app",
            json!({ "app": { "app": "a", "verb": "b" } }),
            vec!["--op".to_owned(), "{\"gas\":1}".to_owned()],
            2,
        ),
    ] {
        let action = action.to_string();
        let mut arguments = vec!["grant", "eval", "--grant", &grant, "--at", "1800000000", "--action", &action];
        arguments.extend(more.iter().map(String::as_str));
        let words = run(&folder, &arguments);
        assert_eq!(words.exit, exit, "{name}: {}{}", words.out, words.err);
        arguments.insert(0, "--json");
        let json = run(&folder, &arguments);
        assert_eq!(json.exit, exit, "{name}");
        compare(&format!("grant-eval-{name}"), &format!("{}{}", shown(&folder, &words), shown(&folder, &json)));
    }
    // A file is as good as the argument itself; a doubled name in it is not read.
    let file = folder.write("a.json", &moved(1, 3).to_string());
    assert_eq!(run(&folder, &["grant", "eval", "--grant", &grant, "--at", "5", "--action", &file]).exit, 0);
    let doubled = folder.write("b.json", "{\"call\":{},\"call\":{}}");
    let ran = run(&folder, &["grant", "eval", "--grant", &grant, "--at", "5", "--action", &doubled]);
    assert!(ran.exit == 2 && ran.err.contains("b.json: `call` stands twice at line 1 column 21"), "{}", ran.err);
}

#[test]
fn replay_consumes_budgets_and_reads_every_line() {
    let folder = Folder::new("grant-replay");
    let grant = grant(&folder);
    let line = |at: u64, action: Value| format!("{}\n", json!({ "at": at, "action": action }));
    let start = 1_800_000_000;
    let good = line(start, moved(1, 0))
        + &line(start + 1, moved(2, 0))
        + "\n"
        + &line(start + 2, moved(1, 0))
        + &line(start + 60, moved(1, 0));
    for (name, script, exit) in
        [("good", good.clone(), 0), ("bad", good.replace("\"at\":1800000001", "\"when\":1800000001"), 2)]
    {
        let script = folder.write("s.jsonl", &script);
        let arguments = ["grant", "replay", "--grant", &grant, "--script", &script];
        let words = run(&folder, &arguments);
        let json = run(&folder, &[&["--json"], &arguments[..]].concat());
        assert_eq!((words.exit, json.exit), (exit, exit), "{name}: {}{}", words.out, words.err);
        let verdicts: Vec<Value> = json.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(verdicts.len(), 4, "one a line");
        let allowed: Vec<Option<bool>> = verdicts.iter().map(|v| v["allowed"].as_bool()).collect();
        let expected = if exit == 0 {
            [Some(true), Some(true), Some(false), Some(true)]
        } else {
            [Some(true), None, Some(true), Some(true)]
        };
        assert_eq!(allowed, expected, "what could not be read consumes nothing");
        compare(&format!("grant-replay-{name}"), &format!("{}{}", shown(&folder, &words), shown(&folder, &json)));
    }
}

#[test]
fn new_prints_what_the_gallery_holds() {
    let folder = Folder::new("grant-new");
    compare("grant-new", &shown(&folder, &run(&folder, &["grant", "new"])));
    let unknown = run(&folder, &["grant", "new", "--template", "everything"]);
    assert_eq!(unknown.exit, 2);
    assert!(
        unknown.err.contains("there is no template `everything` [unknown_template]")
            && unknown.err.contains("checkout")
    );
    for template in gallery::ALL {
        let ran = run(&folder, &["grant", "new", "--template", template.name]);
        assert_eq!((ran.exit, ran.out.trim_end()), (0, template.text.trim_end()));
        let file = folder.write("new.toml", &ran.out);
        for command in ["parse", "print", "explain"] {
            assert_eq!(run(&folder, &["grant", command, &file]).exit, 0, "{}", template.name);
        }
    }
}

#[test]
fn the_plain_words_of_every_template_and_of_a_liar() {
    let folder = Folder::new("grant-words");
    for template in gallery::ALL {
        let file = folder.write(&format!("{}.toml", template.name), template.text);
        compare(&format!("words-{}", template.name), &shown(&folder, &run(&folder, &["grant", "explain", &file])));
    }
    compare("words-liar", &shown(&folder, &run(&folder, &["grant", "explain", &fixture("liar.toml")])));
}
