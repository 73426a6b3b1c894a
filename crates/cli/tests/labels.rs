//! Where names come from: files beside the configuration and on the command line, and what is said of wrong ones.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{address_of, pay_pass};
use common::server::Folder;
use common::{World, run};
use serde_json::json;
use std::path::Path;

const TOKENS: &str = r#"{"name": "Ours", "tokens": [{"chainId": 31337,
    "address": "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0", "name": "Arena Dollar", "symbol": "AUSD", "decimals": 6}]}"#;
const DESCRIPTOR: &str = r#"{"context": {"$id": "Arena", "contract": {"deployments": [
    {"chainId": 31337, "address": "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"}]}}, "display": {"formats": {
    "move(uint256 hero, uint8 direction)": {"intent": "Move a hero", "fields": [{"path": "direction", "label": "Where to"}]}}}}"#;
const ABI: &str = r#"[{"type": "function", "name": "craft", "inputs": [{"name": "recipe", "type": "uint256"}]}]"#;
const ARENA: &str = "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512";

fn arena() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/arena.toml").display().to_string()
}

/// The cap of the transfer, in the token that the list knows.
const COUNTED: &str =
    "in all at most 25 AUSD (25000000 smallest units), counted by argument 2 (\"amount\"), in each window of 1 day";

/// The lines of the explanation.
#[track_caller]
fn explained(folder: &Folder, more: &[&str]) -> Vec<String> {
    let ran = run(folder, &[&["grant", "explain", &arena()], more].concat());
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    ran.out.lines().map(|l| l.trim().to_owned()).collect()
}

#[track_caller]
fn fails(folder: &Folder, arguments: &[&str], says: &str) {
    let ran = run(folder, arguments);
    assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{}", ran.err);
    assert!(ran.err.starts_with(&format!("error: {says}")), "{}", ran.err);
}

#[test]
fn files_named_on_the_command_line_give_names_as_facts() {
    let folder = Folder::new("labels-option");
    let (tokens, arena) = (folder.write("tokens.json", TOKENS), folder.write("arena.json", DESCRIPTOR));
    let bare = explained(&folder, &[]);
    assert_eq!(bare.iter().filter(|l| l.starts_with("! no list of this server knows contract")).count(), 2);
    let lines = explained(&folder, &["--labels", &tokens, "--labels", &arena]);
    for line in [
        &*format!("1. call move(uint256,uint8) (selector 0x2d3e0851) of Arena ({ARENA}); it is for: Move a hero"),
        "only if argument 2 (Where to) is at most 3",
        "5. call transfer(address,uint256) (selector 0xa9059cbb) of Arena Dollar (0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0)",
        COUNTED,
    ] {
        assert!(lines.iter().any(|l| l == line), "`{line}` is not in {lines:#?}");
    }
    assert!(!lines.iter().any(|l| l.contains("no list of this server knows")));
}

#[test]
fn the_configuration_names_files_relative_to_itself() {
    let (folder, elsewhere) = (Folder::new("labels-config"), Folder::new("labels-elsewhere"));
    folder.write("tokens.json", TOKENS);
    folder.write("craft.json", ABI);
    let config = folder.write(
        "hallpass.toml",
        &format!(
            "login_hours = 1\n[[labels]]\nkind = \"token-list\"\nfile = \"tokens.json\"\n\
             [[labels]]\nkind = \"abi\"\nfile = \"craft.json\"\naccount = \"eip155:31337:{ARENA}\"\nname = \"The Arena\"\n"
        ),
    );
    let lines = explained(&elsewhere, &["--config", &config]);
    assert!(
        lines.contains(&format!("2. call craft(uint256) (selector 0xf3917bd2) of The Arena ({ARENA})")),
        "{lines:#?}"
    );
    assert!(lines.contains(&COUNTED.to_owned()), "{lines:#?}");
    assert_eq!(explained(&folder, &[]), lines);
    // A later source adds, and must not contradict.
    let descriptor = elsewhere.write("arena.json", DESCRIPTOR);
    let says = format!(
        "{descriptor} says that the name of eip155:31337:{ARENA} is `Arena`, and craft.json that it is `The Arena` [contradicting_labels]"
    );
    fails(&folder, &["grant", "explain", &arena(), "--labels", &descriptor], &says);
    let renamed = format!("[[labels]]\nkind = \"erc-7730\"\nfile = \"{descriptor}\"\nname = \"The Arena\"\n");
    let config = folder.write("more.toml", &(std::fs::read_to_string(&config).unwrap() + &renamed));
    let lines = explained(&folder, &["--config", &config]);
    assert!(
        lines
            .iter()
            .any(|l| l.ends_with("of The Arena (0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512); it is for: Move a hero"))
    );
}

#[test]
fn a_wrong_source_stops_the_start() {
    let folder = Folder::new("labels-wrong");
    let bad = folder.write("bad.json", &TOKENS.replace("AUSD", "AU\\u202eSD"));
    let (abi, tokens) = (folder.write("abi.json", ABI), folder.write("tokens.json", TOKENS));
    let explain = |file: &str, says: &str| fails(&folder, &["grant", "explain", &arena(), "--labels", file], says);
    explain(&bad, &format!("{bad}: tokens[0].symbol: expected 1 to 32 letters"));
    explain(&abi, &format!("{abi}: the whole file: is neither a token list (with `tokens`) nor an ERC-7730"));
    explain("nowhere.json", "cannot read nowhere.json: ");
    let account = format!("account = \"eip155:31337:{ARENA}\"\n");
    for (kind, file, more, says) in [
        ("token-list", &bad, "", format!("{bad}: tokens[0].symbol: expected 1 to 32 letters")),
        ("abi", &abi, "", format!("labels of {abi}: an ABI needs `account` and `name`")),
        ("abi", &abi, &*format!("{account}name = \"\\\"\"\n"), format!("{abi}: name: expected 1 to 128 letters")),
        ("token-list", &tokens, &account, format!("labels of {tokens}: a token list takes no `account`")),
        ("erc-7730", &tokens, &account, format!("labels of {tokens}: a descriptor takes no `account`")),
        ("erc-7730", &tokens, "", format!("{tokens}: context: is missing")),
        ("names", &tokens, "", "the configuration cannot be read: unknown variant `names`".to_owned()),
        ("abi", &abi, "colour = 1\n", "the configuration cannot be read: unknown field `colour`".to_owned()),
    ] {
        folder.write("hallpass.toml", &format!("[[labels]]\nkind = \"{kind}\"\nfile = \"{file}\"\n{more}"));
        fails(&folder, &["serve"], &says);
        fails(&folder, &["grant", "explain", &arena()], &says);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_shows_the_names_of_its_configuration() {
    let mut world = World::start("labels-server").await;
    let owner = world.owner("alice").await;
    let token = world.chain.token;
    let pass = pay_pass(token, address_of("shop"), 10);
    let asked = owner.api.post("/v1/grants", &json!({ "grant": pass })).await.ok();
    assert!(asked["text"].as_str().unwrap().contains("no list of this server knows contract"));

    world
        .folder
        .write("tokens.json", &TOKENS.replace("0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0", &token.to_checksum(None)));
    let config = std::fs::read_to_string(world.server.config()).unwrap();
    world.folder.write("hallpass.toml", &(config + "[[labels]]\nkind = \"token-list\"\nfile = \"tokens.json\"\n"));
    world.server.restart(&world.folder).await;
    // A grant that was asked for before, and one that is asked for now.
    let path = format!("/v1/sessions/{}", asked["session"]["id"].as_str().unwrap());
    let again = owner.api.post("/v1/grants", &json!({ "grant": pass })).await.ok();
    for view in [owner.api.get(&path).await.ok(), again] {
        let text = view["text"].as_str().unwrap();
        assert!(text.contains(&format!("of Arena Dollar ({})", token.to_checksum(None))), "{text}");
        assert!(!text.contains("no list of this server knows contract"), "{text}");
    }
}
