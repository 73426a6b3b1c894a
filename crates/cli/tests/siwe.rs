//! `hallpass siwe parse` and `verify` as a tool sees them: exit status, standard output, standard error.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::SolValue;
use common::chain::{CHAIN, Chain, Foreign};
use common::people::wallet;
use common::proxy::Proxy;
use common::server::Folder;
use common::{Ran, hallpass, run};
use hallpass_chain::contracts::Artifact;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

const AT: &str = "2026-11-21T10:00:00Z";

fn message(address: Address, chain: u64) -> String {
    format!(
        "good.com wants you to sign in with your Ethereum account:\n{}\n\nSign in.\n\nURI: https://good.com/login\n\
         Version: 1\nChain ID: {chain}\nNonce: 32891757abc\nIssued At: 2026-11-21T10:00:00Z",
        address.to_checksum(None)
    )
}

struct Lab(Folder);

impl Lab {
    fn new(name: &str) -> Self {
        Self(Folder::new(name))
    }

    fn parse(&self, text: impl AsRef<[u8]>) -> Ran {
        std::fs::write(self.0.path().join("message"), text).unwrap();
        run(&self.0, &["siwe", "parse", "message", "--json"])
    }

    /// Verifies a message, with some options replaced or added.
    fn verify(&self, text: &str, signature: &[u8], options: &[(&str, &str)]) -> Ran {
        std::fs::write(self.0.path().join("message"), text).unwrap();
        let signature = hex::encode_prefixed(signature);
        let mut all = vec![
            ("--domain", "good.com"),
            ("--uri", "https://good.com/login"),
            ("--nonce", "32891757abc"),
            ("--chain", "eip155:31337"),
            ("--at", AT),
            ("--message-file", "message"),
            ("--signature", &signature),
        ];
        for option in options {
            all.retain(|(name, _)| name != &option.0);
            all.push(*option);
        }
        let words = all.into_iter().flat_map(|(name, value)| [name, value]).filter(|word| !word.is_empty());
        run(&self.0, &["siwe", "verify", "--json"].into_iter().chain(words).collect::<Vec<_>>())
    }
}

#[track_caller]
fn valid(ran: &Ran, account: Address) {
    let line = format!("{{\"valid\":true,\"account\":\"eip155:{CHAIN}:{}\"}}\n", account.to_checksum(None));
    assert_eq!((ran.exit, ran.out.as_str(), ran.err.as_str()), (0, line.as_str(), ""));
}

#[track_caller]
fn invalid(ran: &Ran, code: &str) {
    assert_eq!((ran.exit, ran.err.as_str()), (1, ""), "{}", ran.out);
    assert!(ran.out.starts_with("{\"valid\":false,\"code\":\"") && ran.out.ends_with("}\n"), "{}", ran.out);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(answer["code"], code);
    assert!(answer["says"].as_str().is_some_and(|says| !says.is_empty()));
    assert_eq!(answer.as_object().unwrap().len(), 3);
}

#[track_caller]
fn failed(ran: &Ran, exit: i32, code: &str) -> Value {
    assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{}", ran.err);
    let error: Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(error["error"]["code"], code, "{error}");
    error["error"].clone()
}

#[test]
fn every_field_is_printed_by_its_name_in_the_standard() {
    let lab = Lab::new("siwe-fields");
    let text = "https://example.com:3388 wants you to sign in with your Ethereum account:\n\
        0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2\n\nI accept the Terms: https://example.com/tos\n\n\
        URI: https://example.com/login?a=1#b\nVersion: 1\nChain ID: 8453\nNonce: 32891756abc\n\
        Issued At: 2026-11-21T09:59:00.5Z\nExpiration Time: 2026-11-21T12:10:00+02:00\n\
        Not Before: 2026-11-21T09:00:00Z\nRequest ID: a%20b:@\nResources:\n- ipfs://bafy/\n- https://example.com/claim.json";
    let all = lab.parse(text);
    assert_eq!((all.exit, all.err.as_str()), (0, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&all.out).unwrap(),
        json!({
            "scheme": "https",
            "domain": "example.com:3388",
            "address": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
            "statement": "I accept the Terms: https://example.com/tos",
            "uri": "https://example.com/login?a=1#b",
            "version": "1",
            "chainId": 8453,
            "nonce": "32891756abc",
            "issuedAt": "2026-11-21T09:59:00.5Z",
            "expirationTime": "2026-11-21T12:10:00+02:00",
            "notBefore": "2026-11-21T09:00:00Z",
            "requestId": "a%20b:@",
            "resources": ["ipfs://bafy/", "https://example.com/claim.json"],
        })
    );
    let few: Value =
        serde_json::from_str(&lab.parse(message(Address::ZERO, u64::MAX).replace("Sign in.\n\n", "\n")).out).unwrap();
    assert_eq!(few["chainId"], u64::MAX);
    for absent in ["scheme", "statement", "expirationTime", "notBefore", "requestId", "resources"] {
        assert_eq!(few[absent], Value::Null, "{absent}");
    }
    let empty = message(Address::ZERO, 1).replace("Sign in.", "") + "\nRequest ID: \nResources:";
    let empty: Value = serde_json::from_str(&lab.parse(empty).out).unwrap();
    assert_eq!((&empty["statement"], &empty["requestId"], &empty["resources"]), (&json!(""), &json!(""), &json!([])));
    let words = run(&lab.0, &["siwe", "parse", "message"]);
    assert!(
        words.out.contains("\ndomain          good.com\n") || words.out.starts_with("domain          good.com\n"),
        "{}",
        words.out
    );
}

#[test]
fn what_is_no_message_is_status_2_and_nothing_is_stripped() {
    let lab = Lab::new("siwe-unreadable");
    let good = message(Address::ZERO, 1);
    assert_eq!(lab.parse(&good).exit, 0);
    let newline = failed(&lab.parse(format!("{good}\n")), 2, "trailing_line");
    assert!(newline["hint"].as_str().unwrap().contains("printf"), "{newline}");
    let crlf = failed(&lab.parse(good.replace('\n', "\r\n")), 2, "bad_header");
    assert!(crlf["hint"].as_str().unwrap().contains("carriage"), "{crlf}");
    let bom = failed(&lab.parse(format!("\u{feff}{good}")), 2, "bad_domain");
    assert!(bom["hint"].as_str().unwrap().contains("byte order mark"), "{bom}");
    failed(&lab.parse(""), 2, "bad_header");
    failed(&lab.parse([good.as_bytes(), &[0xff]].concat()), 2, "not_utf8");
    failed(&lab.parse([b'a'; 8193]), 2, "message_too_long");
    failed(&lab.parse(vec![0xff; 1 << 20]), 2, "message_too_long");
    failed(&run(&lab.0, &["siwe", "parse", "nowhere", "--json"]), 2, "unreadable_file");
    failed(&run(&lab.0, &["siwe", "parse", ".", "--json"]), 2, "unreadable_file");
    failed(&run(&lab.0, &["siwe", "parse", "--json"]), 2, "bad_usage");
}

#[test]
fn a_dash_is_standard_input() {
    let folder = Folder::new("siwe-stdin");
    let mut child = hallpass(&folder, &["siwe", "parse", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(message(Address::ZERO, 5).as_bytes()).unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert_eq!(serde_json::from_str::<Value>(&ran.out).unwrap()["chainId"], 5);
}

#[test]
fn a_signed_message_is_valid_for_what_is_expected_and_for_nothing_else() {
    let lab = Lab::new("siwe-verify");
    let owner = wallet("owner");
    let text = message(owner.address(), CHAIN);
    let signature = owner.sign_message(&text).unwrap();
    let verify = |options: &[(&str, &str)]| lab.verify(&text, &signature, options);
    valid(&verify(&[]), owner.address());
    valid(&verify(&[("--at", "2026-11-21T12:00:00.999+02:00")]), owner.address());
    for (option, value, code) in [
        ("--domain", "evil.com", "domain_mismatch"),
        ("--domain", "good.com@evil.com", "domain_mismatch"),
        ("--domain", "GOOD.com", "domain_mismatch"),
        ("--uri", "https://good.com/login/", "uri_mismatch"),
        ("--nonce", "32891757abd", "nonce_mismatch"),
        ("--nonce", "x", "nonce_mismatch"),
        ("--chain", "eip155:1", "chain_not_allowed"),
        ("--at", "2026-11-21T09:58:59Z", "issued_in_future"),
    ] {
        invalid(&verify(&[(option, value)]), code);
    }
    let timed = format!("{text}\nExpiration Time: 2026-11-21T11:00:00Z\nNot Before: 2026-11-21T10:00:00Z");
    let by = owner.sign_message(&timed).unwrap();
    valid(&lab.verify(&timed, &by, &[("--at", "2026-11-21T10:59:59Z")]), owner.address());
    invalid(&lab.verify(&timed, &by, &[("--at", "2026-11-21T11:00:00Z")]), "expired");
    invalid(&lab.verify(&timed, &by, &[("--at", "2026-11-21T09:59:59Z")]), "not_yet_valid");
    let stranger = wallet("stranger").sign_message(&text).unwrap();
    invalid(&lab.verify(&text, &stranger, &[]), "wrong_signer");
    invalid(&lab.verify(&text, &signature[..64], &[]), "signature_length");
    invalid(&lab.verify(&text, &[], &[]), "signature_length");

    failed(&verify(&[("--signature", "0xzz")]), 2, "bad_hex");
    failed(&verify(&[("--signature", "12")]), 2, "bad_hex");
    failed(&verify(&[("--chain", "1")]), 2, "bad_chain");
    failed(&verify(&[("--at", "now")]), 2, "bad_time");
    failed(&verify(&[("--at", "1969-12-31T23:59:59Z")]), 2, "bad_time");
    failed(&verify(&[("--message-file", "nowhere")]), 2, "unreadable_file");
    failed(&lab.verify(&format!("{text}\n"), &signature, &[]), 2, "trailing_line");
    for option in ["--domain", "--uri", "--nonce", "--chain", "--at", "--message-file", "--signature"] {
        failed(&verify(&[(option, "")]), 2, "bad_usage");
    }
    let several =
        ["siwe", "verify", "--domain", "good.com", "--uri", "https://good.com/login", "--nonce", "32891757abc"];
    let signature = hex::encode_prefixed(&signature);
    std::fs::write(lab.0.path().join("message"), &text).unwrap();
    let rest = [
        "--chain",
        "eip155:1",
        "--chain",
        "eip155:31337",
        "--at",
        AT,
        "--message-file",
        "message",
        "--signature",
        &signature,
    ];
    let ran = run(&lab.0, &several.into_iter().chain(rest).collect::<Vec<_>>());
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, format!("valid: eip155:{CHAIN}:{}, by its own key\n", owner.address()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_wallet_is_asked_on_the_node_that_is_named() {
    let lab = Lab::new("siwe-contract");
    let chain = Chain::bare().await;
    let owner = wallet("owner");
    let artifact = Artifact::parse("TestWallet", include_str!("../../../contracts/artifacts/TestWallet.json")).unwrap();
    let arguments = (U256::ZERO, owner.address()).abi_encode_params();
    let contract = chain.transact(None, [artifact.bytecode.as_ref(), &arguments].concat().into()).await.unwrap();
    let text = message(contract, CHAIN);
    let signature = owner.sign_message(&text).unwrap();
    let node = ("--rpc", chain.url.as_str());

    invalid(&lab.verify(&text, &signature, &[]), "wrong_signer");
    valid(&lab.verify(&text, &signature, &[node]), contract);
    invalid(&lab.verify(&text, &wallet("stranger").sign_message(&text).unwrap(), &[node]), "contract_refused");
    // What is wrong with the message is said before the node is asked.
    let nobody = ("--rpc", "http://127.0.0.1:1");
    invalid(&lab.verify(&text, &signature, &[nobody, ("--nonce", "anothernonce")]), "nonce_mismatch");
    failed(&lab.verify(&text, &signature, &[nobody]), 3, "node_unreachable");
    failed(&lab.verify(&text, &signature, &[("--rpc", "good.com")]), 3, "bad_url");
    let foreign = Foreign::start(31_338).await;
    failed(&lab.verify(&text, &signature, &[("--rpc", &foreign.1)]), 3, "wrong_chain");

    // A plain account needs no node, unless the chain is to have the first word.
    let line = Proxy::to(&chain.url);
    let plain = message(owner.address(), CHAIN);
    let own = owner.sign_message(&plain).unwrap();
    valid(&lab.verify(&plain, &own, &[nobody]), owner.address());
    valid(&lab.verify(&plain, &own, &[("--rpc", &line.url), ("--code-first", "")]), owner.address());
    assert_eq!(line.count("eth_getCode"), 1);
    failed(&lab.verify(&plain, &own, &[nobody, ("--code-first", "")]), 3, "node_unreachable");
    failed(&lab.verify(&plain, &own, &[("--code-first", "")]), 2, "bad_usage");
}
