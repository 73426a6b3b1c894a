//! PROPERTY: a condition that reads is printed and read back as the same condition, in both forms of the grant; and on any
//! action our evaluator finds of it what the reference finds.

#![no_main]

use alloy_primitives::hex;
use hallpass_fuzz::abi::{Pool, make, write};
use hallpass_fuzz::judged::agree;
use hallpass_fuzz::{Feed, grants, planted};
use hallpass_policy::draft::Fill;
use hallpass_policy::{Draft, json, text};
use serde_json::{Map, Value};

const HEAD: &str = r#"
chain = "eip155:5"
account = "0xacacacacacacacacacacacacacacacacacacacac"
backend = "0xbebebebebebebebebebebebebebebebebebebebe"
epoch = 4
salt = "0x07070707070707070707070707070707"
key = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
ender = "0xedededededededededededededededededededed"
from = 1000000
until = 1003600
relay = { routes = ["direct"], relayer = "any" }
gas = { per_op = 1000 }
tokens = { T = { address = "0x7070707070707070707070707070707070707070", decimals = 2 }, U = { address = "0x7171717171717171717171717171717171717171", decimals = 18 } }
prices = { p = "2950.5 T per U", q = "0.25 U per T" }
"#;

const SIGNATURES: [&str; 6] = [
    "f(uint8 a, int64 b, bytes4 c, address d, bool e, uint256 f)",
    "f((address to, bytes data, uint16[] parts)[] items, (uint8 n, string note)[2] pair, uint64 last)",
    "f(string s, bytes x, bytes32 h, int256 i)",
    "f(uint256[][2] grid, int8[3] row, string[] words)",
    "f(uint128, uint128, int128, (uint8))",
    "f()",
];

// Input: which signature (the seventh is an app rule), a flag, one line with the condition, then the arguments: as they stand,
// or made from the bytes; for an app rule lines `name value`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut feed = Feed(data);
    let (which, made) = (usize::from(feed.byte()) % 7, feed.byte() & 1 == 0);
    let Ok(line) = std::str::from_utf8(feed.line()) else { return };
    let rule = match SIGNATURES.get(which) {
        Some(signature) => format!("call = \"0x5151515151515151515151515151515151515151\"\nfunction = \"{signature}\""),
        None => "app = \"chat.example\"\nverb = \"post\"".to_owned(),
    };
    let source = format!("{HEAD}[[allow]]\n{rule}\nwhere = [{}]\n", quoted(line));
    let draft = match text::parse(&source) {
        Ok(draft) => draft,
        Err(e) => return planted(e.says.as_bytes()),
    };
    same(&draft);
    let grant = draft.complete(&Fill::default()).expect("nothing is open, and nothing was found bad");
    let ready = grants::ready(&grant);
    let action = match ready.grant.calls.first() {
        Some(rule) => {
            let types = rule.arguments.as_deref().unwrap_or(&[]);
            let data = match made.then(|| make(types, &Pool::default(), &mut feed, &mut 256)).flatten() {
                Some(values) => write(types, &values),
                None => feed.0.to_vec(),
            };
            let data = [rule.selector().unwrap_or_default().as_slice(), &data].concat();
            serde_json::json!({ "call": {
                "chain": "eip155:5", "to": "0x5151515151515151515151515151515151515151", "data": format!("0x{}", hex::encode(data)),
            } })
        }
        None => serde_json::json!({ "app": { "app": "chat.example", "verb": "post", "attrs": attributes(feed.0) } }),
    };
    agree(&ready, &serde_json::json!({ "at": 1_000_001, "action": action }), true);
});

fn same(draft: &Draft) {
    let printed = text::print(draft);
    let again = text::parse(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
    assert_eq!(&again, draft, "{printed}");
    let printed = json::print(draft);
    let again = json::parse(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
    assert_eq!(&again, draft, "{printed}");
}

fn attributes(bytes: &[u8]) -> Value {
    let text = String::from_utf8_lossy(bytes);
    let pair = |line: &str| {
        let (name, value) = line.split_once(' ')?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Some((name.to_owned(), value))
    };
    Value::Object(text.split('\n').filter_map(pair).collect::<Map<_, _>>())
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let each = |c: char| match c {
        ' '..='~' if c != '"' && c != '\\' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(each).collect::<String>())
}
