//! What the program says when something is wrong or missing: an exit status, a stable code, one sentence and what to do
//! next, in words and with `--json` as one object.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::chain::{Chain, Foreign};
use common::people::{address_of, pay_pass};
use common::server::{Folder, write_config};
use common::{Ran, World, free_port, hallpass, run};
use serde_json::Value;
use std::net::TcpListener;

/// What a failure says: exit status, code, sentence, hint.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    exit: i32,
    code: String,
    says: String,
    hint: Option<String>,
}

/// Runs a command that must fail, in words and as JSON, and asserts that both say the same and nothing else.
#[track_caller]
fn failure(folder: &Folder, arguments: &[&str], env: &[(&str, &str)]) -> Failure {
    let with = |arguments: &[&str]| Ran::of(hallpass(folder, arguments).envs(env.iter().copied()).output().unwrap());
    let (words, json) = (with(arguments), with(&[&["--json"], arguments].concat()));
    assert_eq!((words.exit, words.out.as_str()), (json.exit, ""), "{}{}", words.err, json.err);
    assert_eq!(json.out, "");
    let value: Value = serde_json::from_str(&json.err).unwrap_or_else(|e| panic!("{e}: {}", json.err));
    assert_eq!(json.err.lines().count(), 1);
    let field = |name: &str| value["error"][name].as_str().map(str::to_owned);
    let (code, says, hint) = (field("code").unwrap(), field("says").unwrap(), field("hint"));
    let mut lines = says.lines();
    let mut expected = format!("error: {} [{code}]\n", lines.next().unwrap());
    lines.for_each(|line| expected += &format!("{line}\n"));
    if let Some(hint) = &hint {
        expected += &format!("hint: {hint}\n");
    }
    assert_eq!(words.err, expected);
    assert!(!says.ends_with('.') && !says.contains("Err(") && !says.contains("::"), "{says}");
    Failure { exit: words.exit, code, says, hint }
}

#[track_caller]
fn fails(folder: &Folder, arguments: &[&str], exit: i32, code: &str, says: &str, hint: &str) {
    let expected = Failure {
        exit,
        code: code.to_owned(),
        says: says.to_owned(),
        hint: Some(hint.to_owned()).filter(|h| !h.is_empty()),
    };
    assert_eq!(failure(folder, arguments, &[]), expected);
}

#[test]
fn a_grant_that_cannot_be_read_is_shown_where() {
    let folder = Folder::new("bad-grants");
    let cases = [
        (
            "title = \"x\n",
            "bad_toml",
            "line 1, column 11: invalid basic string, expected `\"`\n  1 | title = \"x\n    |           ^",
            None,
        ),
        (
            "title = \"x\"\nchain = \"eip155:31337\"\nlasts = \"1h\"\n[[allow]]\ncall = \"0x1000000000000000000000000000000000000001\"\nfunctoin = \"a()\"\n",
            "unknown_field",
            "line 6, column 1: `functoin` is not known here\n  6 | functoin = \"a()\"\n    | ^^^^^^^^",
            Some("known here: unmetered, app, typed, call, function, where, value, at_most, spend"),
        ),
        (
            "chain = \"eip155:31337\"\nlasts = \"1h\"\n",
            "missing_field",
            "line 1, column 1: a grant without a rule allows nothing\n  1 | chain = \"eip155:31337\"\n    | ^",
            Some("add an `[[allow]]` table"),
        ),
    ];
    for (text, code, says, hint) in cases {
        let file = folder.write("grant.toml", text);
        for command in ["parse", "print", "hash", "explain"] {
            fails(&folder, &["grant", command, &file], 2, code, &format!("{file}, {says}"), hint.unwrap_or(""));
        }
    }
    for (text, says) in [
        ("{\"chainId\": \"31337\",", "EOF while parsing a value at line 1 column 20"),
        ("{\n  \"chain\": 1\n}", "unknown field `chain`"),
        ("{\"chainId\": 31337}", "line 1 column 17"),
    ] {
        let file = folder.write("grant.json", text);
        let found = failure(&folder, &["grant", "parse", &file], &[]);
        assert_eq!((found.exit, found.code.as_str()), (2, "bad_json"));
        assert!(found.says.contains(says) && found.says.contains(" at line "), "{}", found.says);
    }
    let none = "cannot read none.toml: No such file or directory (os error 2)";
    fails(&folder, &["grant", "parse", "none.toml"], 2, "unreadable_file", none, "");
}

#[test]
fn a_configuration_that_cannot_be_read_names_the_key() {
    let folder = Folder::new("bad-config");
    let unknown = folder.write("unknown.toml", "colour = \"red\"\n");
    let found = failure(&folder, &["--config", &unknown, "session", "list"], &[]);
    assert_eq!((found.exit, found.code.as_str()), (2, "bad_config"));
    assert!(found.says.starts_with("the configuration cannot be read: unknown field `colour`"), "{}", found.says);
    assert!(found.hint.unwrap().starts_with("known keys: listen, public_url, chain, rpc, second_rpc, store, witness"));

    for (name, value, says) in [
        ("HALLPASS_LOGIN_HOURS", "soon", "`login_hours`"),
        ("HALLPASS_LISTEN", "nowhere", "`listen`"),
        ("HALLPASS_CHAIN", "eip155:0", "`chain`"),
        ("HALLPASS_FINALITY", "soon", "`finality`: `soon` is neither `finalized` nor a number of blocks"),
        ("HALLPASS_PUBLIC_URL", "ftp://x", "`public_url`: `ftp://x` is no http or https URL"),
    ] {
        let found = failure(&folder, &["serve"], &[(name, value)]);
        assert_eq!((found.exit, found.code.as_str()), (2, "bad_config"), "{name}");
        assert!(found.says.contains(says), "{name}: {}", found.says);
    }
    let found = failure(&folder, &["--config", "none.toml", "doctor"], &[]);
    assert_eq!((found.exit, found.code.as_str()), (2, "unreadable_file"));
    let broken = folder.write("broken.toml", "listen = \n");
    let found = failure(&folder, &["--config", &broken, "doctor"], &[]);
    assert_eq!((found.exit, found.code.as_str()), (2, "bad_config"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lacks_something_says_what() {
    let folder = Folder::new("bad-serve");
    let chain = Chain::bare().await;
    let foreign = Foreign::start(10).await;
    let port = free_port();
    let made = |rpc: &str, more: &str| write_config(&folder, port, rpc, more);
    let serve = |config: &str| failure(&folder, &["--config", config, "serve"], &[]);
    let expect = |exit, code: &str, says: String, hint: &str| Failure {
        exit,
        code: code.to_owned(),
        says,
        hint: Some(hint.to_owned()),
    };

    let nowhere = format!("http://127.0.0.1:{}", free_port());
    let found = serve(&made(&nowhere, ""));
    let says = format!("the node at {nowhere} does not answer");
    assert_eq!(found, expect(3, "node_unreachable", says, "start the node, or set `rpc` to one that runs"));

    let hint = "set `chain` or `rpc`: they must be of one chain";
    let says = "the node is on chain 31337, the configuration says eip155:1".to_owned();
    assert_eq!(serve(&made(&chain.url, "chain = \"eip155:1\"\n")), expect(3, "wrong_chain", says, hint));
    let says = "the node is on chain 10, the configuration says eip155:31337".to_owned();
    assert_eq!(serve(&made(&foreign.1, "")), expect(3, "wrong_chain", says, hint));

    let config = made(&chain.url, "");
    let says = "there is no vault in this store yet".to_owned();
    assert_eq!(serve(&config), expect(3, "no_vault", says, "make one with `hallpass vault init`"));
    assert_eq!(run(&folder, &["--config", &config, "vault", "init"]).exit, 0);

    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let says = format!("cannot listen on 127.0.0.1:{port}: Address already in use (os error 98)");
    assert_eq!(serve(&config), expect(3, "port_taken", says, "set `listen` to a free port"));
    drop(taken);

    let wrong = folder.write("wrong", "a passphrase of somebody else's");
    let found = failure(&folder, &["--config", &config, "serve", "--passphrase-file", &wrong], &[]);
    assert_eq!((found.exit, found.code.as_str()), (3, "wrong_passphrase"), "{}", found.says);
    assert_eq!(found.hint.as_deref(), Some("nothing was changed; try again"));

    let text = std::fs::read_to_string(&config).unwrap();
    let asking: String = text.lines().filter(|l| !l.starts_with("passphrase_file")).map(|l| format!("{l}\n")).collect();
    let asking = folder.write("asking.toml", &asking);
    let says = "the vault is locked, and there is no terminal to ask for its passphrase".to_owned();
    let hint = "give --passphrase-file FILE, or set HALLPASS_PASSPHRASE_FILE";
    assert_eq!(serve(&asking), expect(3, "vault_locked", says, hint));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_lacks_something_is_told_so() {
    let world = World::start("bad-callers").await;
    let (folder, config) = (&world.folder, world.server.config());
    let at = |arguments: &[&'static str]| [&["--config", config], arguments].concat();
    let none = "ses_00000000000000000000000000000000";

    for command in [&["session", "list"][..], &["session", "show", none], &["grant", "refuse", none]] {
        fails(folder, &at(command), 1, "not_logged_in", "there is no session", "run `hallpass login`");
    }
    let found = failure(folder, &at(&["session", "list"]), &[("HALLPASS_TOKEN", "garbage")]);
    assert_eq!((found.exit, found.code.as_str()), (1, "not_logged_in"));
    assert_eq!(found.says, "there is no valid session behind this request");

    assert_eq!(run(folder, &at(&["login", "--dev-key", "alice"])).exit, 0);
    for unknown in [none, "nonsense", "..%2F"] {
        for command in [["session", "show", unknown], ["session", "revoke", unknown], ["grant", "refuse", unknown]] {
            let found = failure(folder, &[&["--config", config][..], &command].concat(), &[]);
            let expected = (1, "not_found".to_owned(), "there is no such session".to_owned());
            assert_eq!((found.exit, found.code, found.says), expected, "{command:?}");
        }
    }
    let text = pay_pass(world.chain.token, address_of("shop"), 10).replace("eip155:31337", "eip155:1");
    let file = folder.write("elsewhere.toml", &text);
    let found = failure(folder, &["--config", config, "grant", "request", &file], &[]);
    assert_eq!((found.exit, found.code.as_str()), (1, "wrong_chain"));
    assert_eq!(found.says, "this server is on chain eip155:31337, the grant on eip155:1");

    let text = std::fs::read_to_string(config).unwrap();
    let port = free_port().to_string();
    let own = world.server.api.url.rsplit(':').next().unwrap();
    let other = folder.write("second.toml", &text.replace(own, &port));
    let says = "the store is open in another process; stop that one first";
    let hint = "stop the other `hallpass` that uses this store, or set `store` to another file";
    for command in [&["serve"][..], &["vault", "status"], &["vault", "init"]] {
        fails(folder, &[&["--config", &other], command].concat(), 3, "store_locked", says, hint);
    }

    world.server.killer().kill();
    let url = &world.server.api.url;
    let says = format!("the server at {url} does not answer");
    let hint = "start it with `hallpass serve`, or set `public_url` to where it runs";
    fails(folder, &at(&["session", "list"]), 3, "server_unreachable", &says, hint);
}
