//! Writes what the fuzzer begins from, one folder a target, into the folder that `HALLPASS_FUZZ_SEEDS` names: the gallery, its
//! cases, the hand-written vectors. `fuzz/run seeds` keeps of them what reaches new code.

#![no_main]
#![allow(unreachable_code, reason = "it ends in its initialisation")]

use hallpass_fuzz::{case, grants};
use hallpass_policy::grant::pack;
use hallpass_policy::{Draft, gallery, json, text};
use hallpass_spec::{Expected, Vector, hand, vector};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

type Outcome = Result<(), Box<dyn std::error::Error>>;

struct Out {
    folder: PathBuf,
    written: usize,
}

impl Out {
    fn put(&mut self, target: &str, bytes: &[u8]) -> Outcome {
        let folder = self.folder.join(target);
        fs::create_dir_all(&folder)?;
        self.written += 1;
        Ok(fs::write(folder.join(format!("{:05}", self.written)), bytes)?)
    }
}

// No target: everything linked with libFuzzer begins in its `main`.
libfuzzer_sys::fuzz_target!(
    init: std::process::exit(all().map_or_else(
        |e| {
            eprintln!("{e}");
            1
        },
        |()| 0,
    )),
    |_data: &[u8]| {}
);

fn all() -> Outcome {
    let folder = std::env::var_os("HALLPASS_FUZZ_SEEDS").ok_or("name a folder")?;
    let mut out = Out { folder: folder.into(), written: 0 };
    for template in gallery::ALL {
        out.put("text", template.text.as_bytes())?;
        let draft = text::parse(template.text).map_err(|e| e.to_string())?;
        draft_seeds(&draft, &mut out)?;
        cases(template.name, &mut out)?;
    }
    for vector in hand::all()? {
        if let Expected::Verdict(_) = vector.expect {
            of_vector(&vector, &mut out)?;
        }
    }
    sign_in(&mut out)?;
    made(&mut out)
}

/// Sign-in messages, and the fields of one as the target takes them.
fn sign_in(out: &mut Out) -> Outcome {
    let begin = "wants you to sign in with your Ethereum account:\n0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n";
    let end = "Version: 1\nChain ID: 8453\nNonce: 32891756abc\nIssued At: 2026-11-21T09:59:00.5Z";
    let all = "\nExpiration Time: 2026-11-21T12:10:00+02:00\nNot Before: 2016-12-31T23:59:60Z\nRequest ID: a%20b:@";
    let resources = "\nResources:\n- ipfs://bafy/\n- https://u@[::1]:8/c?d#e";
    for message in [
        format!("example.com {begin}\n\nURI: did:example:1\n{end}"),
        format!("example.com {begin}\n\n\nURI: did:example:1\n{end}{resources}"),
        format!("https://u:p@[::1]:3388 {begin}\nI accept.\n\nURI: https://example.com/l?a=1#b\n{end}{all}{resources}"),
        format!("[v1.a]:1 {begin}\nhttp://a\n\nURI: file:///\n{end}{all}\nResources:"),
    ] {
        out.put("siwe", message.as_bytes())?;
        out.put("siwe", message.replace('\n', "\r\n").as_bytes())?;
        out.put("siwe", format!("{message}\n").as_bytes())?;
    }
    let fields = ["https", "a@b:1", "who", "I accept.", "a://b/c?d#e", "1", "abcdefgh", "2016-12-31T23:59:60Z"];
    let more = ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "a%20b", "some", "a:b", "c:d"];
    out.put("siwe", [&fields[..], &more].concat().join("\n").as_bytes())?;
    out.put("siwe", fields.join("\n").as_bytes())
}

fn cases(name: &str, out: &mut Out) -> Outcome {
    let Some(number) = grants::of_gallery(name) else { return Ok(()) };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../crates/policy/gallery/{name}.cases.json"));
    let root: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let start = root["start"].as_u64().unwrap_or_default();
    for case in root["cases"].as_array().into_iter().flatten() {
        let keys = ["action", "ledger", "op", "facts"].into_iter();
        let mut asked: Map<String, Value> =
            keys.filter_map(|key| Some((key.to_owned(), case.get(key)?.clone()))).collect();
        asked.insert("at".to_owned(), (start + case.get("at").and_then(Value::as_u64).unwrap_or(10)).into());
        let written = [&[0x80 | number as u8], Value::Object(asked).to_string().as_bytes()].concat();
        out.put("calldata", &written)?;
        typed(&case["action"], out)?;
    }
    Ok(())
}

fn of_vector(vector: &Vector, out: &mut Out) -> Outcome {
    let grant = vector::read_grant(&vector.grant)?;
    draft_seeds(&Draft::from(&grant), out)?;
    typed(&vector.case["action"], out)?;
    let action = vector.case["action"].to_string();
    for data in action.split("\"0x").skip(1).filter_map(|rest| rest.split('"').next()).filter(|hex| hex.len() >= 8) {
        let Ok(bytes) = alloy_primitives::hex::decode(data) else { continue };
        let rule = grant.calls.iter().find(|r| r.selector().is_some_and(|s| bytes.starts_with(&s)));
        if let Some(rule) = rule {
            out.put("abi", &[b"\x01", rule.signature.as_bytes(), b"\n", &bytes[4..]].concat())?;
        }
    }
    Ok(())
}

fn draft_seeds(draft: &Draft, out: &mut Out) -> Outcome {
    out.put("text", text::print(draft).as_bytes())?;
    out.put("json", json::print(draft).as_bytes())?;
    for rule in &draft.calls {
        let checks = pack::of_call(rule);
        let behind = checks.get(1 + usize::from(checks[0])..).unwrap_or_default();
        out.put("packed", &[&[3, 0], behind].concat())?;
    }
    for rule in &draft.rest.apps {
        out.put("packed", &[&[5, 0], pack::app_checks(&rule.conditions, &rule.uses).as_slice()].concat())?;
    }
    Ok(())
}

fn typed(action: &Value, out: &mut Out) -> Outcome {
    match action.get("typed") {
        Some(typed) => out.put("typed", typed.to_string().as_bytes()),
        None => Ok(()),
    }
}

/// Conditions of every operator, and bytes that cases are made from.
fn made(out: &mut Out) -> Outcome {
    let lines: [(u8, &[&str]); 7] = [
        (
            0,
            &[
                "a in [1, 2, 255]",
                "b >= -5",
                "c mask 0xff00ff00 == 0x01000200",
                "d != T",
                "e == true",
                "f >= a * 3 / 2",
                "f mask 0xff == 0x01",
            ],
        ),
        (
            1,
            &[
                "items[every].to == U",
                "items[some].parts[every] in [7, 8]",
                "items.length <= 3",
                "pair[1].n == 9",
                "pair[0].note in ['hi', 'no']",
                "items[0].data == 0x010203",
                "last >= pair[0].n * p",
            ],
        ),
        (
            2,
            &[
                "s == 'good morning'",
                "x.length > 3",
                "s != keccak:0x1111111111111111111111111111111111111111111111111111111111111111",
                "i < -7",
                "h != 0x1111111111111111111111111111111111111111111111111111111111111111",
            ],
        ),
        (
            3,
            &[
                "grid[1][0] <= 1.5 T",
                "grid[0][every] >= 2",
                "row[2] > -1",
                "words[some].length == 4",
                "words[every] in ['a', 'b,c']",
            ],
        ),
        (4, &["$0 >= $1 * 0.98 * q", "$2 <= 7", "$3.0 == 0x7f"]),
        (5, &["nothing == 1"]),
        (
            6,
            &[
                "room == 'lobby'",
                "n >= m * 2",
                "to == 0x7070707070707070707070707070707070707070",
                "ok == false",
                "score in [-5, 0, 7]",
            ],
        ),
    ];
    for (which, all) in lines {
        for line in all {
            out.put(
                "expressions",
                &[&[which, 0], line.as_bytes(), b"\n\x02\x01\x02\x03\x04\x05\x06\x07\x08\x09"].concat(),
            )?;
            out.put(
                "expressions",
                &[&[which, 1], line.as_bytes(), b"\nroom lobby\nn 7\nm 3\nok false\nscore -5"].concat(),
            )?;
        }
    }
    for (number, fixed) in grants::ALL.iter().enumerate() {
        for start in 0..16_u8 {
            let noise: Vec<u8> =
                (0..200_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 & ((start * 16) | 7)).collect();
            let bytes = [&[start, start * 16, start], noise.as_slice()].concat();
            out.put("calldata", &[&[number as u8], bytes.as_slice()].concat())?;
            let made = case::case(fixed, &mut hallpass_fuzz::Feed(&bytes));
            typed(&made["action"], out)?;
        }
    }
    for signature in [
        "f((address,bytes,uint16[])[],(uint8,string)[2],uint64)",
        "f(bytes,string,uint256[][2],bytes32[])",
        "f(int8,bytes4,bool)",
    ] {
        for flags in [2_u8, 3, 6, 7] {
            let types = hallpass_policy::abi::Function::parse(signature)?.types;
            let layout = hallpass_policy::abi::layout::encode(&types);
            let head = if flags & 1 == 1 {
                [signature.as_bytes(), b"\n"].concat()
            } else {
                [&[layout.len() as u8], layout.as_slice()].concat()
            };
            out.put(
                "abi",
                &[&[flags], head.as_slice(), b"\x02\x06\x03\x02\x05\x03\x21\x41\x42\x07\x08\x09\x02\x01"].concat(),
            )?;
        }
    }
    Ok(())
}
