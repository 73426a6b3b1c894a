use super::*;
use hex::encode;
use proptest::prelude::*;
use serde_json::json;

const PHRASE: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";
const XPRV: &str =
    "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";

fn key() -> String {
    encode([0xa7; 32])
}

/// Everything that is to be found, as it may stand anywhere in a text.
fn planted() -> Vec<(What, String)> {
    let pem = |kind: &str| format!("-----BEGIN {kind}PRIVATE KEY-----\nMC4CAQ\n-----END {kind}PRIVATE KEY-----");
    vec![
        (What::Token, format!("hp_{}", key())),
        (What::Token, format!("hps_{}", key())),
        (What::Token, format!("hpr_{}", key())),
        (What::Token, format!("HP_{}", key().to_uppercase())),
        (What::PrivateKey, pem("")),
        (What::PrivateKey, pem("EC ")),
        (What::PrivateKey, pem("OPENSSH ")),
        (What::PrivateKey, pem("ENCRYPTED ")),
        (What::PrivateKey, XPRV.to_owned()),
        (What::PrivateKey, format!("PRIVATE_KEY=0x{}", key())),
        (What::PrivateKey, format!("the private key is {}", key())),
        (What::PrivateKey, format!("seed: {}", encode([7; 64]))),
        (What::Mnemonic, PHRASE.to_owned()),
        (What::Mnemonic, format!("abandon {PHRASE} abandon")),
        (What::Mnemonic, PHRASE.to_uppercase().replace(' ', ", ")),
        (What::Mnemonic, format!("{}art", "abandon ".repeat(23))),
        (What::Credential, "API_SECRET=abcdefgh12345678".to_owned()),
        (What::Credential, "wss://stream.example/ws?listenKey=pqia91ma19a5s61cv6a81va65sd".to_owned()),
        (What::Credential, "AKIAIOSFODNN7EXAMPLE".to_owned()),
        (What::Credential, "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlMTIz".to_owned()),
    ]
}

/// What is a key only because of the field that it stands in, or of the fields beside it.
fn structured() -> Vec<(What, Value)> {
    let key = key();
    let numbers: Vec<u8> = (0..64).collect();
    vec![
        (What::PrivateKey, json!({ "privateKey": format!("0x{key}") })),
        (What::PrivateKey, json!({ "session_key": key })),
        (What::PrivateKey, json!({ "key": key })),
        (What::PrivateKey, json!({ "keys": ["x", key] })),
        (What::PrivateKey, json!({ "sk": "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=" })),
        (What::PrivateKey, json!({ "secretKey": numbers })),
        (What::PrivateKey, json!(numbers)),
        (What::PrivateKey, json!({ "SEED": encode([1; 16]) })),
        (What::PrivateKey, json!({ "password": "correct horse" })),
        (What::PrivateKey, json!({ "mnemonic": vec!["lorem"; 12] })),
        (What::Credential, json!({ "apiSecret": "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP" })),
        (What::Credential, json!({ "APIKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0M" })),
        (What::Credential, json!({ "access_token": "2YotnFZFEjr1zCsicMWpAA" })),
        (What::WebKey, json!({ "kty": "EC", "crv": "P-256", "x": "a", "y": "b", "d": "c" })),
        (What::WebKey, json!({ "kty": "oct", "k": "c" })),
        (What::Keystore, json!({ "crypto": { "ciphertext": "d1", "kdf": "scrypt", "kdfparams": {} }, "version": 3 })),
    ]
}

/// `value`, some levels deep.
fn buried(value: Value, way: &[bool]) -> Value {
    way.iter().fold(value, |inner, list| match list {
        true => json!([1, "x", inner, null]),
        false => json!({ "id": 7, "data": inner, "z": "after" }),
    })
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphabetic() { char::from(b).to_string() } else { format!("%{b:02x}") })
        .collect()
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        out.extend((0..=three.len()).map(|i| char::from(letters[(bits >> (18 - 6 * i) & 63) as usize])));
    }
    out
}

#[test]
fn what_looks_like_a_key_is_found_and_named() {
    for (what, text) in planted() {
        assert_eq!(check(text.as_bytes()).unwrap_err(), LooksLikeKey { what, at: String::new() }, "{text}");
        assert_eq!(body(&json!({ "a": [text] })).unwrap_err(), LooksLikeKey { what, at: "/a/0".into() }, "{text}");
        let found = body(&json!({ "a": { &text: 1 } })).unwrap_err();
        assert_eq!(found, LooksLikeKey { what, at: "/a/*".into() }, "a name is not told: {text}");
    }
    for (what, value) in structured() {
        assert_eq!(body(&value).unwrap_err().what, what, "{value}");
    }
    let found = body(&json!({ "a/b": [{ "privateKey": key() }] })).unwrap_err();
    assert_eq!(
        (found.code(), found.to_string().as_str()),
        ("looks_like_key", "what was to be sent holds something that looks like a private key at /a~1b/0/privateKey")
    );
}

/// Each line of a file, and the first of two values of one name.
#[test]
fn files_of_lines_and_doubled_names_hide_nothing() {
    let lines = format!("{{\"a\":1}}\n{{\"privateKey\":\"{}\"}}\n", key());
    assert!(check(lines.as_bytes()).is_err());
    assert!(check(format!("{{\"privateKey\":\"{}\",\"privateKey\":1}}", key()).as_bytes()).is_err());
    assert!(check(&[&[0xff, 0xfe][..], PHRASE.as_bytes()].concat()).is_err());
}

/// The documented gaps, so that a change of them is noticed.
#[test]
fn what_nobody_can_tell_from_a_hash_passes() {
    let raw = format!("\"{}\"", key());
    for passes in [key().as_str(), &raw, "", "{}", "the secret garden", "password: see the vault"] {
        assert_eq!(check(passes.as_bytes()), Ok(()), "{passes}");
    }
    let twice = base64(base64(PHRASE.as_bytes(), b"+/").as_bytes(), b"+/");
    assert_eq!(check(twice.as_bytes()), Ok(()));
}

/// Words of a title.
const TITLE: [&str; 12] =
    ["secret", "Arena:", "play", "key", "for", "private", "an", "hour", "token", "pass", "25", "seed"];

/// What is asked of the owner, what became of it, and what a session is: bodies with all that may stand in them.
fn sent() -> impl Strategy<Value = Value> {
    let title = prop::collection::vec(prop::sample::select(&TITLE[..]), 0..8).prop_map(|w| w.join(" "));
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    (title, any::<[u8; 32]>(), any::<[u8; 20]>(), any::<[u8; 16]>(), any::<[u8; 65]>(), any::<u64>(), bytes).prop_map(
        |(title, hash, address, id, signature, at, data)| {
            let (hash, address, id) = (format!("0x{}", encode(hash)), format!("0x{}", encode(address)), encode(id));
            json!({
                "request": id, "kind": "grant_requested", "at": at, "words": [title, format!("it may spend 25 of {address}")],
                "session": { "id": id, "grant": hash, "account": format!("eip155:8453:{address}"), "key": address,
                    "state": "active", "ender": address, "install": hash, "lifecycle": { "revoking": { "because": title } } },
                "canonical": { "chainId": "8453", "key": format!("0x{}", encode(signature)), "keyKind": 1, "salt": id,
                    "meters": [{ "token": address, "cap": at.to_string() }], "rest": { "login": hash, "rpIdHash": hash } },
                "passkey": { "keyKind": "2", "key": format!("0x{}{}", &hash[2..], &hash[2..]) },
                "call": { "to": address, "data": format!("0xa9059cbb{}", encode(&data)), "value": "0" },
                "idempotency_key": format!("message:{hash}"), "signature": format!("0x{}", encode(signature)),
                "digest": hash, "transaction": hash, "public_key": hash, "token": address, "holder": id,
                "left": [{ "meter": 0, "left": at.to_string(), "cap": at.to_string(), "until": at }],
                "hint": "make one with `hallpass session token SESSION`",
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_we_send_passes(value in sent()) {
        prop_assert_eq!(body(&value).map(Checked::into_bytes), Ok(value.to_string().into_bytes()));
        // As an export has it: lines, and texts of JSON.
        prop_assert_eq!(check(format!("{value}\n{value}\n").as_bytes()), Ok(()));
        prop_assert_eq!(check(json!({ "grant": value.to_string() }).to_string().as_bytes()), Ok(()));
    }

    #[test]
    fn a_planted_key_is_found_wherever_it_is_and_however_it_is_written(
        value in sent(), which in 0_usize..1000, way in prop::collection::vec(any::<bool>(), 0..40), form in 0..7,
    ) {
        let texts = planted();
        let (what, text) = &texts[which % texts.len()];
        let text = match form {
            0 => text.clone(),
            1 => format!("before {text} after"),
            2 => percent(text),
            3 => base64(text.as_bytes(), b"+/"),
            4 => format!("data:text/plain;base64,{}", base64(text.as_bytes(), b"-_")),
            5 => format!("0x{}", encode(text)),
            _ => json!({ "note": text }).to_string(),
        };
        let mut whole = value;
        whole["extra"] = buried(json!(text), &way);
        prop_assert_eq!(body(&whole).map_err(|e| e.what), Err(*what));
    }

    #[test]
    fn a_field_that_holds_a_key_is_found_at_any_depth(
        value in sent(), which in 0_usize..1000, way in prop::collection::vec(any::<bool>(), 0..40), form in 0..4,
    ) {
        let all = structured();
        let (what, plant) = &all[which % all.len()];
        // A bare list of numbers is a key only where it is the whole file.
        prop_assume!(plant.is_object());
        let plant = match form {
            0 => plant.clone(),
            1 => json!(plant.to_string()),
            2 => json!(base64(plant.to_string().as_bytes(), b"+/")),
            _ => json!(encode(plant.to_string())),
        };
        let mut whole = value;
        whole["extra"] = buried(plant, &way);
        prop_assert_eq!(body(&whole).map_err(|e| e.what), Err(*what));
    }
}
