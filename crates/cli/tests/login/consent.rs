//! What an owner was shown is recorded with their answer: which words, made by what, when, to whom; and nobody else reads it.

use crate::client::{Client, bearer};
use crate::common::people::wallet;
use crate::inside::{Inside, START};
use alloy_primitives::keccak256;
use hallpass_policy::eip712::domain;
use hallpass_policy::json as grant_json;
use serde_json::{Value, json};

const CHAT: &str = "title = \"Chat\"\nchain = \"eip155:31337\"\nlasts = \"1h\"\n\
                    [[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"30 per 1h\"\n";

/// A pass that was asked for, and the body that approves it.
async fn asked(client: &Client, token: &str) -> (Value, Value, String) {
    let body = json!({ "grant": CHAT, "signer_only": true });
    let view = client.post("/v1/grants", &[bearer(token)], &body).await.ok();
    let message = grant_json::parse_grant(view["canonical"].as_str().unwrap()).unwrap().message();
    let signature = wallet("alice").sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    let path = format!("/v1/sessions/{}", view["session"]["id"].as_str().unwrap());
    (view, json!({ "signature": signature.to_string() }), path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_words_that_were_shown_are_kept_with_who_agreed_and_when() {
    let inside = Inside::start("consent").await;
    let client = Client::of(&inside);
    let login = client.log_in("alice", &[], &json!({})).await.ok();
    let token = login["token"].as_str().unwrap();
    let (view, mut body, path) = asked(&client, token).await;
    let text = view["text"].as_str().unwrap();
    assert_eq!(view["words_hash"], keccak256(text).to_string());
    assert_eq!(view["consent"], Value::Null);

    // Other words than these: nothing was agreed to.
    body["words_hash"] = json!(keccak256("other words").to_string());
    client.post(&format!("{path}/approve"), &[bearer(token)], &body).await.refused(409, "other_words");
    body["words_hash"] = json!("0x12");
    client.post(&format!("{path}/approve"), &[bearer(token)], &body).await.refused(400, "bad_hash");
    assert_eq!(client.get(&path, &[bearer(token)]).await.ok()["session"]["state"], "requested");

    inside.clock.forward(7);
    body["words_hash"] = view["words_hash"].clone();
    let page = ("origin", "https://app.example".to_owned());
    client.post(&format!("{path}/approve"), &[bearer(token), page], &body).await.ok();
    let consent = client.get(&path, &[bearer(token)]).await.ok()["consent"].take();
    let expected = json!({
        "text": text, "words_hash": view["words_hash"], "confirmed": true, "version": env!("CARGO_PKG_VERSION"),
        "lists": format!("0x{}", "00".repeat(32)), "account": login["account"], "login": login["session"],
        "page": "https://app.example", "at": START + 7,
    });
    assert_eq!(consent, expected);

    // Whoever does not say what they showed has not shown anything, as far as is known.
    let (_, body, path) = asked(&client, token).await;
    client.post(&format!("{path}/approve"), &[bearer(token)], &body).await.ok();
    let consent = client.get(&path, &[bearer(token)]).await.ok()["consent"].take();
    assert_eq!((&consent["confirmed"], &consent["page"]), (&json!(false), &Value::Null));

    // It is the owner's to take along, and in the store it is nobody's to read.
    let export = client.get("/v1/me/export", &[bearer(token)]).await.ok();
    assert_eq!(export["consents"].as_array().unwrap().len(), 2);
    assert_eq!(export["consents"][0]["text"], text);
    let stored = std::fs::read(inside.folder.path().join("store")).unwrap();
    let line = text.lines().find(|line| line.contains("chat.example")).unwrap().trim();
    assert!(!stored.windows(line.len()).any(|part| part == line.as_bytes()), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signature_for_both_leaves_the_same_record() {
    let inside = Inside::start("consent-by-grant").await;
    let client = Client::of(&inside);
    let from = [("origin", "https://app.example".to_owned())];
    let body = json!({ "address": wallet("alice").address(), "grant": CHAT, "signer_only": true });
    let view = client.post("/v1/login/grant", &from, &body).await.ok()["grant"].take();
    let message = grant_json::parse_grant(view["canonical"].as_str().unwrap()).unwrap().message();
    let signature = wallet("alice").sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    let id = view["session"]["id"].as_str().unwrap();
    let path = format!("/v1/login/grant/{id}");
    let mut body = json!({ "signature": signature.to_string(), "words_hash": keccak256("x").to_string() });
    // Not used up by it.
    client.post(&path, &from, &body).await.refused(409, "other_words");
    body["words_hash"] = view["words_hash"].clone();
    let login = client.post(&path, &from, &body).await.ok();
    let token = login["token"].as_str().unwrap();
    let consent = client.get(&format!("/v1/sessions/{id}"), &[bearer(token)]).await.ok()["consent"].take();
    assert_eq!((&consent["text"], &consent["confirmed"]), (&view["text"], &json!(true)), "{login}");
    assert_eq!((&consent["page"], &consent["login"]), (&json!("https://app.example"), &login["session"]));
}
