//! The operator's names are facts, the requester's are claims, and a lie stands beside the fact.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::lists::{abi, erc7730, token_list};
use hallpass_policy::text;
use hallpass_policy::words::{Line, Lists, Tone, explain, to_text};

const TETHER: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const ROUTER: &str = "0x1111111254EEB25477B68fb85Ed929f73A960582";
const SHOP: &str = "0x2222222222222222222222222222222222222222";

/// A pass for Tether whose requester calls it USDC, and everything "safe".
const LYING: &str = r#"
title = "USDC by Circle: safe"
chain = "eip155:1"
lasts = "1h"

[tokens.USDC]
address  = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
decimals = 2

[[allow]]
call     = "USDC"
function = "transfer(address safe, uint256 change)"
where    = ["safe == 0x1111111254EEB25477B68fb85Ed929f73A960582", "change >= 1000000"]
spend    = "change <= 250000 USDC per 1d"

[[allow]]
call     = "0x1111111254EEB25477B68fb85Ed929f73A960582"
function = "swap((address give, address get) way, uint256 much, bytes)"
where    = ["way.give == 0xdAC17F958D2ee523a2206206994597C13D831ec7", "much <= 7"]
at_most  = "3"

[[allow]]
call     = "0x2222222222222222222222222222222222222222"
function = "buy(uint256 item)"
where    = ["item == 3"]
at_most  = "1"
"#;

const TOKENS: &str = r#"{"name": "Ours", "tokens": [
    {"chainId": 1, "address": "0xdAC17F958D2ee523a2206206994597C13D831ec7", "name": "Tether USD", "symbol": "USDT", "decimals": 6},
    {"chainId": 8453, "address": "0x2222222222222222222222222222222222222222", "name": "Shop", "symbol": "SHOP", "decimals": 0}]}"#;

const DESCRIPTOR: &str = r#"{"context": {"contract": {"deployments": [{"chainId": 1, "address": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}]}},
    "metadata": {"owner": "Tether", "token": {"name": "Tether USD", "ticker": "USDT", "decimals": 6}},
    "display": {"formats": {"transfer(address _to,uint256 _value)": {"intent": "Send", "fields": [{"path": "_to", "label": "Recipient"}]}}}}"#;

const ABI: &str = r#"[{"type": "function", "name": "swap", "inputs": [
    {"name": "path", "type": "tuple", "components": [{"name": "tokenIn", "type": "address"}, {"name": "tokenOut", "type": "address"}]},
    {"name": "", "type": "uint256"}, {"name": "data", "type": "bytes"}]}]"#;

fn lists() -> Lists {
    let mut lists = Lists::default();
    lists.add("tokens.json", token_list::read(TOKENS).unwrap()).unwrap();
    lists.add("usdt.json", erc7730::read(DESCRIPTOR, None).unwrap()).unwrap();
    let account = format!("eip155:1:{ROUTER}").parse().unwrap();
    lists.add("router.json", abi::read(ABI, account, "Router V5").unwrap()).unwrap();
    lists
}

fn words(lists: &Lists) -> Vec<Line> {
    explain(&text::parse(LYING).unwrap(), lists)
}

#[track_caller]
fn says(lines: &[Line], tone: Tone, text: &str) {
    assert!(lines.iter().any(|l| l.tone == tone && l.text == text), "`{text}` is not in\n{}", to_text(lines));
}

#[test]
fn without_lists_every_contract_is_unknown_and_every_name_is_quoted() {
    let lines = words(&Lists::default());
    for contract in [TETHER, ROUTER, SHOP] {
        says(&lines, Tone::Red, &format!("no list of this server knows contract {contract}"));
    }
    says(
        &lines,
        Tone::Plain,
        &format!(
            "1. call transfer(address,uint256) (selector 0xa9059cbb) of {TETHER}, which the requester calls \"USDC\""
        ),
    );
    says(&lines, Tone::Detail, &format!("only if argument 1 (\"safe\") is {ROUTER}"));
    says(
        &lines,
        Tone::Detail,
        "in all at most 25000000 smallest units (the requester says that is 250000 USDC), counted by argument 2 (\"change\"), in each window of 1 day",
    );
    let member =
        format!("only if member 1 (\"give\") of argument 1 (\"way\") is {TETHER}, which the requester calls \"USDC\"");
    says(&lines, Tone::Detail, &member);
    assert!(!to_text(&lines).contains("own lists"));
}

#[test]
fn with_lists_names_symbols_arguments_and_intents_are_facts() {
    let lists = lists();
    let lines = words(&lists);
    says(
        &lines,
        Tone::Plain,
        &format!("names that are not in quotation marks are from this server's own lists ({})", lists.hash()),
    );
    let call = "1. call transfer(address,uint256) (selector 0xa9059cbb)";
    says(
        &lines,
        Tone::Plain,
        &format!("{call} of Tether USD ({TETHER}), which the requester calls \"USDC\"; it is for: Send"),
    );
    says(&lines, Tone::Detail, &format!("only if argument 1 (Recipient) is Router V5 ({ROUTER})"));
    says(&lines, Tone::Detail, "and argument 2 (_value) is at least 1000000");
    says(
        &lines,
        Tone::Detail,
        "in all at most 25 USDT (25000000 smallest units), counted by argument 2 (_value), in each window of 1 day",
    );
    let member = format!(
        "only if member 1 (tokenIn) of argument 1 (path) is Tether USD ({TETHER}), which the requester calls \"USDC\""
    );
    says(&lines, Tone::Detail, &member);
    says(&lines, Tone::Detail, "and argument 2 (\"much\") is at most 7");
    // The lists know the shop's address on another chain alone.
    says(&lines, Tone::Red, &format!("no list of this server knows contract {SHOP}"));
    says(&lines, Tone::Detail, "only if argument 1 (\"item\") is 3");
    let unknown = lines.iter().filter(|l| l.text.starts_with("no list of this server knows")).count();
    assert_eq!(unknown, 1);
}

#[test]
fn what_a_lying_requester_says_stands_in_quotation_marks_beside_the_fact_or_not_at_all() {
    let text = to_text(&words(&lists()));
    assert!(text.contains("calls this pass \"USDC by Circle: safe\"; nobody has checked that name"));
    // Outside quotation marks nothing is left of its names, nor of its decimals.
    let outside: String = text.split('"').step_by(2).collect();
    for lie in ["USDC", "Circle", "safe", "change", "give", "way", "250000 "] {
        assert!(!outside.contains(lie), "{lie} in\n{text}");
    }
    // A requester who says what the lists say is not quoted.
    let honest = LYING.replace("USDC", "USDT");
    assert!(!to_text(&explain(&text::parse(&honest).unwrap(), &lists())).contains("requester calls \"USDT\""));
}

#[test]
fn a_function_is_known_by_its_whole_signature() {
    let other = LYING.replace("uint256 much, bytes)", "uint256 much, bytes32)");
    let lines = explain(&text::parse(&other).unwrap(), &lists());
    says(
        &lines,
        Tone::Plain,
        &format!("2. call swap((address,address),uint256,bytes32) (selector 0x3a2755c8) of Router V5 ({ROUTER})"),
    );
    says(&lines, Tone::Detail, "and argument 2 (\"much\") is at most 7");
    assert!(!to_text(&lines).contains("tokenIn"));
}

const ASKED: &str = r#"
title = "Arena"
origin = "https://arena.example:8443"
chain = "eip155:1"
lasts = "1h"
login = { domain = "hallpass.example", uri = "https://hallpass.example", nonce = "32891756" }

[[allow]]
call   = "0x2222222222222222222222222222222222222222"
at_most = "1"
"#;

#[test]
fn the_page_that_asked_and_where_it_signs_in_are_in_the_words_and_in_the_hash() {
    let draft = text::parse(ASKED).unwrap();
    let words = explain(&draft, &Lists::default());
    let plain = |says: &str| words.contains(&Line { tone: Tone::Plain, text: says.to_owned() });
    assert!(plain(
        "whoever asked named the page https://arena.example:8443; what a browser says of that is true, what another \
         program says need not be"
    ));
    let signs_in =
        "signing this also signs you in to hallpass.example (https://hallpass.example), once, with nonce 32891756";
    assert!(words.contains(&Line { tone: Tone::Red, text: signs_in.to_owned() }));
    // By viem: keccak256 of encodeAbiParameters of the three strings.
    let hash = "0xbd9cf34bafe6fd6bee0bad14df1faaeb643b89326bc39d92218c11b3069c7c8d";
    assert_eq!(draft.rest.login.to_string(), hash);
    let other = text::parse(&ASKED.replace("arena.example", "evil.example")).unwrap();
    assert_ne!(draft.rest.labels.hash(), other.rest.labels.hash());

    // A hash alone says nothing of where.
    let (before, after) = (ASKED.find("login").unwrap(), ASKED.find("\n\n[[allow]]").unwrap());
    let bare = format!("{}login = \"{hash}\"{}", &ASKED[..before], &ASKED[after..]);
    let bare = text::parse(&bare).unwrap();
    assert_eq!(bare.rest.login, draft.rest.login);
    let red = format!("signing this also signs you in somewhere: the hash of where is {hash}");
    assert!(explain(&bare, &Lists::default()).contains(&Line { tone: Tone::Red, text: red }));
}

#[test]
fn a_place_that_is_not_the_one_of_the_hash_and_a_page_that_is_none_are_refused() {
    let mut draft = text::parse(ASKED).unwrap();
    draft.check().unwrap();
    draft.rest.labels.login.as_mut().unwrap().domain = "other.example".to_owned();
    assert_eq!(draft.check().unwrap_err().at, "rest.labels.login");
    for (from, to) in [
        ("hallpass.example\"", "hallpass.example\u{430}\""),
        ("hallpass.example\"", "a b\""),
        ("32891756", ""),
        ("\"hallpass.example\"", "\"other.example\""),
        ("\"hallpass.example\"", "\"hallpass.example/\""),
        ("\"https://hallpass.example\"", "\"https://hallpass.example.evil.example\""),
        ("https://arena.example:8443", "https://arena.example:443.evil.example"),
        ("https://arena.example:8443", "https://arena.example:"),
        ("https://arena.example:8443", "https://arena.example/path"),
        ("https://arena.example:8443", "arena.example"),
        ("https://arena.example:8443", "https://Arena.example"),
        ("https://arena.example:8443", "https://"),
        ("https://arena.example:8443", "https://good.example@evil.example"),
    ] {
        assert!(text::parse(&ASKED.replacen(from, to, 1)).is_err(), "{to}");
    }
}
