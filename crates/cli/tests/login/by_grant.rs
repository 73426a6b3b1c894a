//! One signature for a login and a pass: whose, where, once, in time, and what such a login may not do.

use crate::client::{Client, Headers, Key, bearer};
use crate::common::people::wallet;
use crate::inside::{Inside, credential};
use hallpass_policy::eip712::domain;
use hallpass_policy::labels::LoginPlace;
use hallpass_policy::{Grant, json as grant_json};
use hallpass_server::app::Proxy;
use hallpass_server::limits::Rates;
use hallpass_server::logins::Bounds;
use hallpass_session::{Token, TokenKind};
use hallpass_types::Clock;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

const CHAT: &str = "title = \"Chat\"\nchain = \"eip155:31337\"\nlasts = \"1h\"\n\
                    [[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"30 per 1h\"\n";

/// The page that may ask.
const PAGE: &str = "https://app.example";

/// A grant that waits for the signature of `name`.
struct Waiting {
    grant: Grant,
    text: String,
    path: String,
}

impl Client {
    async fn drafted(&self, name: &str, headers: Headers<'_>) -> Waiting {
        let body = json!({ "address": wallet(name).address(), "grant": CHAT, "signer_only": true });
        let view = self.post("/v1/login/grant", headers, &body).await.ok()["grant"].take();
        Waiting {
            grant: grant_json::parse_grant(view["canonical"].as_str().unwrap()).unwrap(),
            text: view["text"].as_str().unwrap().to_owned(),
            path: format!("/v1/login/grant/{}", view["session"]["id"].as_str().unwrap()),
        }
    }
}

fn signed(name: &str, grant: &Grant) -> Value {
    let message = grant.message();
    let signature = wallet(name).sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    json!({ "signature": signature.to_string() })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signature_logs_in_and_approves_what_was_shown() {
    let inside = Inside::start("by-grant").await;
    let client = Client::of(&inside);
    let from = [("origin", PAGE.to_owned())];
    let waiting = client.drafted("alice", &from).await;
    let place = waiting.grant.rest.labels.login.clone().unwrap();
    let ours = client.url.trim_start_matches("http://");
    assert_eq!((place.domain.as_str(), &place.uri), (ours, &client.url));
    assert!(waiting.text.contains(&format!("signing this also signs you in to {ours}")), "{}", waiting.text);
    assert!(waiting.text.contains(&format!("whoever asked named the page {PAGE}")), "{}", waiting.text);
    assert_eq!(waiting.grant.rest.labels.origin.as_deref(), Some(PAGE));

    let body = signed("alice", &waiting.grant);
    let view = client.post(&waiting.path, &from, &body).await.ok();
    assert_eq!(view["problem"], Value::Null, "{view}");
    let session = view["approved"]["session"].clone();
    assert_eq!((&session["state"], &session["grant"]), (&json!("active"), &json!(waiting.grant.id().to_string())));
    let token = view["token"].as_str().unwrap();
    let me = client.get("/v1/me", &[bearer(token)]).await.ok();
    assert_eq!(me["account"], format!("eip155:31337:{}", wallet("alice").address()));
    // Once.
    client.post(&waiting.path, &from, &body).await.refused(401, "nonce_unknown");
    // The page is in the record of who asked.
    let export = client.log_in("alice", &[], &json!({})).await.ok()["token"].as_str().unwrap().to_owned();
    let export = client.get("/v1/me/export", &[bearer(&export)]).await.ok();
    assert_eq!(export["grants"][0]["requested_by"], PAGE, "{export}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_s_signature_and_none_over_anything_else_logs_in() {
    let inside = Inside::start("by-grant-hostile").await;
    let client = Client::of(&inside);
    type Sign = fn(&Grant) -> Value;
    let cases: [(&str, Sign); 6] = [
        ("mallory's", |grant| signed("mallory", grant)),
        ("over another server's sign-in", |grant| {
            let mut grant = grant.clone();
            let place = LoginPlace { domain: "evil.example".to_owned(), ..grant.rest.labels.login.clone().unwrap() };
            grant.rest.login = place.hash();
            signed("alice", &grant)
        }),
        ("over the same without a sign-in", |grant| {
            let mut grant = grant.clone();
            grant.rest.login = Default::default();
            signed("alice", &grant)
        }),
        ("over more", |grant| {
            let mut grant = grant.clone();
            grant.not_after = grant.not_after.plus(1).unwrap();
            signed("alice", &grant)
        }),
        ("over the hash as a message", |grant| {
            let text = grant.message().digest().to_string();
            json!({ "signature": wallet("alice").sign_message(&text).unwrap().to_string() })
        }),
        ("none", |_| json!({ "signature": "0x" })),
    ];
    for (what, sign) in cases {
        let waiting = client.drafted("alice", &[]).await;
        let got = client.post(&waiting.path, &[], &sign(&waiting.grant)).await;
        assert_eq!(got.answer.status, 401, "{what}: {}", got.answer.text);
        // And what was shown is gone with it.
        let good = signed("alice", &waiting.grant);
        client.post(&waiting.path, &[], &good).await.refused(401, "nonce_unknown");
    }
    // Nobody was made known by any of it, and nothing was asked of alice.
    let token = client.bearer("alice").await;
    let all = client.get("/v1/sessions", &[bearer(&token)]).await.ok();
    assert!(all.as_array().unwrap().iter().all(|session| session["kind"] == "login"), "{all}");

    // A message's nonce is no grant's, and a grant's no message's.
    let waiting = client.drafted("alice", &[]).await;
    let message = client.signed("alice").await;
    let nonce = &waiting.grant.rest.labels.login.as_ref().unwrap().nonce;
    let text = message["message"].as_str().unwrap();
    let at = text.find("Nonce: ").unwrap() + 7;
    let text = format!("{}{nonce}{}", &text[..at], &text[at + 32..]);
    let body = json!({ "message": text, "signature": wallet("alice").sign_message(&text).unwrap().to_string() });
    client.post("/v1/login", &[], &body).await.refused(401, "nonce_unknown");
    client.post(&waiting.path, &[], &signed("alice", &waiting.grant)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_good_for_five_minutes_at_the_page_that_asked() {
    let inside = Inside::start("by-grant-times").await;
    let client = Client::of(&inside);
    let page = [("origin", PAGE.to_owned())];
    let waiting = client.drafted("alice", &page).await;
    let body = signed("alice", &waiting.grant);
    client.post(&waiting.path, &[], &body).await.refused(403, "wrong_origin");
    let own = [("origin", client.url.clone())];
    client.post(&waiting.path, &own, &body).await.refused(403, "wrong_origin");
    client
        .post(&waiting.path, &[("origin", "https://evil.example".to_owned())], &body)
        .await
        .refused(403, "origin_unknown");
    inside.clock.forward(299);
    client.post(&waiting.path, &page, &body).await.ok();

    let waiting = client.drafted("alice", &page).await;
    inside.clock.forward(300);
    let body = signed("alice", &waiting.grant);
    client.post(&waiting.path, &page, &body).await.refused(401, "nonce_expired");
    // What stands in memory alone does not outlive a start.
    let waiting = client.drafted("alice", &[]).await;
    let inside = inside.again().await;
    let client = Client::of(&inside);
    client.post(&waiting.path, &[], &signed("alice", &waiting.grant)).await.refused(401, "nonce_unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_bound_as_every_login_is() {
    let inside = Inside::start("by-grant-bound").await;
    let client = Client::of(&inside);
    let waiting = client.drafted("alice", &[("origin", client.url.clone())]).await;
    let mut body = signed("alice", &waiting.grant);
    body["cookie"] = json!(true);
    let got = client.post(&waiting.path, &[("origin", client.url.clone())], &body).await;
    assert!(got.ok()["token"].is_null() && got.cookie().starts_with("hpc_"), "{}", got.answer.text);

    let (key, waiting) = (Key::new(), client.drafted("alice", &[]).await);
    let body = signed("alice", &waiting.grant);
    // A proof for elsewhere costs nothing.
    let elsewhere = key.proof(&inside, "POST", "/v1/login", None);
    client.post(&waiting.path, &[elsewhere], &body).await.refused(400, "invalid_dpop_proof");
    // Nor does one that was shown before.
    let again = [key.proof(&inside, "POST", &waiting.path, None)];
    let mut other = body.clone();
    other["words_hash"] = json!(format!("0x{}", "00".repeat(32)));
    client.post(&waiting.path, &again, &other).await.refused(409, "other_words");
    client.post(&waiting.path, &again, &body).await.refused(400, "invalid_dpop_proof");
    let proof = key.proof(&inside, "POST", &waiting.path, None);
    let view = client.post(&waiting.path, &[proof], &body).await.ok();
    let token = view["token"].as_str().unwrap();
    client.get("/v1/me", &[bearer(token)]).await.refused(401, "not_logged_in");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", token)).await.ok();
}

/// The credential of a proxy.
fn proxy() -> Token {
    Token::from_random(TokenKind::ResourceServer, [43; 32])
}

#[tokio::test(flavor = "multi_thread")]
async fn such_a_login_uses_its_own_pass_alone_until_a_message_proves_the_wallet() {
    let listed =
        Proxy { name: "front".into(), credential: proxy().hash(), origins: vec!["https://app.example".to_owned()] };
    let inside = Inside::behind("by-grant-alone", vec![listed]).await;
    let client = Client::of(&inside);
    // A pass that alice gave out before.
    let full = client.bearer("alice").await;
    let asked = json!({ "grant": CHAT, "signer_only": true });
    let view = client.post("/v1/grants", &[bearer(&full)], &asked).await.ok();
    let grant = grant_json::parse_grant(view["canonical"].as_str().unwrap()).unwrap();
    let older = view["session"]["id"].as_str().unwrap().to_owned();
    client.post(&format!("/v1/sessions/{older}/approve"), &[bearer(&full)], &signed("alice", &grant)).await.ok();

    let waiting = client.drafted("alice", &[]).await;
    let view = client.post(&waiting.path, &[], &signed("alice", &waiting.grant)).await.ok();
    let own = view["approved"]["session"]["id"].as_str().unwrap().to_owned();
    let token = view["token"].as_str().unwrap().to_owned();
    let post = |token: &str, id: &str, what: &str, body: Value| {
        let (client, path, token) = (client.clone(), format!("/v1/sessions/{id}/{what}"), token.to_owned());
        async move { client.post(&path, &[bearer(&token)], &body).await }
    };
    let app = |key: &str| {
        let action = json!({ "app": { "app": "chat.example", "verb": "post.create", "attrs": {} } });
        json!({ "idempotency_key": key, "action": action })
    };
    post(&token, &older, "holder", Value::Null).await.refused(403, "step_up_required");
    post(&token, &older, "sign", app("a")).await.refused(403, "step_up_required");
    let call =
        json!({ "call": { "chain": "eip155:31337", "to": wallet("bob").address(), "value": "0", "data": "0x" } });
    let body = json!({ "idempotency_key": "b", "action": call });
    post(&token, &older, "execute", body).await.refused(403, "step_up_required");
    post(&token, &own, "sign", app("c")).await.ok();
    post(&token, &own, "holder", Value::Null).await.ok();
    for path in ["/v1/logins/revoke_all", "/v1/logins/revoke_others", "/v1/me/delete"] {
        client.post(path, &[bearer(&token)], &json!({})).await.refused(403, "step_up_required");
    }
    for path in ["/v1/me/export", "/v1/me/roles", "/v1/logins", "/v1/requests"] {
        client.get(path, &[bearer(&token)]).await.refused(403, "step_up_required");
    }
    client.post("/v1/grants", &[bearer(&token)], &asked).await.refused(403, "step_up_required");
    client.get(&format!("/v1/sessions/{older}"), &[bearer(&token)]).await.refused(403, "step_up_required");
    post(&token, &older, "renew", json!({})).await.refused(403, "step_up_required");
    post(&token, &older, "resume", Value::Null).await.refused(403, "step_up_required");
    let me = client.get("/v1/me", &[bearer(&token)]).await.ok();
    assert_eq!(me["own_pass"], json!(own));
    let told = client.get("/v1/sessions", &[bearer(&token)]).await.ok();
    let told: BTreeSet<&str> = told.as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    assert_eq!(told, BTreeSet::from([own.as_str(), me["session"].as_str().unwrap()]));
    // Nor is it a login anywhere else: not at a resource server, and not behind a proxy.
    let api = ("authorization", format!("Bearer {}", credential().reveal().as_str()));
    let told = client.form("/v1/introspect", std::slice::from_ref(&api), &[("token", &token)]).await.ok();
    assert_eq!(told, json!({ "active": false }));
    let asked_of_proxy = |token: &str| {
        [
            ("hallpass-proxy", proxy().reveal().to_string()),
            ("x-forwarded-method", "GET".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
            ("x-forwarded-host", "app.example".to_owned()),
            ("x-forwarded-uri", "/".to_owned()),
            bearer(token),
        ]
    };
    client.get("/v1/forward_auth", &asked_of_proxy(&token)).await.refused(403, "step_up_required");

    // A message ends that.
    let proof = client.signed("alice").await;
    let stepped = client.post("/v1/login/step_up", &[bearer(&token)], &proof).await.ok();
    let stepped = stepped["token"].as_str().unwrap().to_owned();
    post(&stepped, &older, "sign", app("d")).await.ok();
    client.get("/v1/me/export", &[bearer(&stepped)]).await.ok();
    let told = client.form("/v1/introspect", &[api], &[("token", &stepped)]).await.ok();
    assert_eq!((&told["active"], &told["auth_time"]), (&json!(true), &json!(inside.clock.now().get())));
    client.get("/v1/forward_auth", &asked_of_proxy(&stepped)).await.ok();

    let waiting = client.drafted("alice", &[]).await;
    let view = client.post(&waiting.path, &[], &signed("alice", &waiting.grant)).await.ok();
    let token = view["token"].as_str().unwrap().to_owned();
    let inside = inside.again().await;
    let client = Client::of(&inside);
    let path = format!("/v1/sessions/{older}/holder");
    client.post(&path, &[bearer(&token)], &Value::Null).await.refused(403, "step_up_required");
    // Ending is never made hard.
    client.post(&format!("/v1/sessions/{older}/revoke"), &[bearer(&token)], &Value::Null).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_nonce_is_proof_enough_for_its_own_pass_however_short_a_step_up_is_good() {
    let bounds = Bounds { step_up: 60, ..Bounds::default() };
    let inside = Inside::bounded("by-grant-slow", bounds).await;
    let client = Client::of(&inside);
    let waiting = client.drafted("alice", &[]).await;
    inside.clock.forward(299);
    let view = client.post(&waiting.path, &[], &signed("alice", &waiting.grant)).await.ok();
    assert_eq!((&view["problem"], &view["approved"]["session"]["state"]), (&Value::Null, &json!("active")), "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_makes_more_of_it() {
    let inside = Inside::start("by-grant-refresh").await;
    let client = Client::of(&inside);
    let waiting = client.drafted("alice", &[]).await;
    let mut body = signed("alice", &waiting.grant);
    body["refresh"] = json!(true);
    let view = client.post(&waiting.path, &[], &body).await.ok();
    let next = client.refresh(view["refresh_token"].as_str().unwrap(), &[]).await.ok();
    let token = next["access_token"].as_str().unwrap();
    let own = client.get("/v1/me", &[bearer(token)]).await.ok()["own_pass"].take();
    assert_eq!(own, view["approved"]["session"]["id"]);
    client.get("/v1/logins", &[bearer(token)]).await.refused(403, "step_up_required");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_is_good_for_one_of_a_hundred_logins_at_once() {
    let inside = Inside::start("by-grant-race").await;
    let client = Client::of(&inside);
    let waiting = client.drafted("alice", &[]).await;
    let body = signed("alice", &waiting.grant);
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (client, path, body) = (client.clone(), waiting.path.clone(), body.clone());
        tasks.spawn(async move { client.post(&path, &[], &body).await.answer.kind() });
    }
    let kinds = tasks.join_all().await;
    assert_eq!(kinds.iter().filter(|kind| kind.0 == 201).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == (401, "nonce_unknown".to_owned())).count(), 99);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_sixteen_waiting_and_is_counted() {
    let inside = Inside::start("by-grant-many").await;
    let client = Client::of(&inside);
    for _ in 0..16 {
        client.drafted("alice", &[]).await;
    }
    let body = json!({ "address": wallet("alice").address(), "grant": CHAT, "signer_only": true });
    client.post("/v1/login/grant", &[], &body).await.refused(429, "too_many_logins");
    inside.clock.forward(300);
    client.drafted("alice", &[]).await;

    let inside = Inside::limited("by-grant-limited", Rates { client: 2, ..Rates::wide() }).await;
    let client = Client::of(&inside);
    let waiting = client.drafted("alice", &[]).await;
    let body = json!({ "signature": "0x" });
    client.post(&waiting.path, &[], &body).await.refused(401, "signature_length");
    client.post(&waiting.path, &[], &body).await.refused(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_grant_names_a_sign_in_or_a_page_that_did_not_ask() {
    let inside = Inside::start("by-grant-drafts").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let place = "login = { domain = \"good.example\", uri = \"https://good.example\", nonce = \"12345678\" }\n";
    let hash = format!("login = \"0x{}\"\n", "11".repeat(32));
    let other = "origin = \"https://other.example\"\n";
    for (line, code) in [(place, "foreign_login"), (hash.as_str(), "foreign_login"), (other, "wrong_origin")] {
        let grant = format!("{line}{CHAT}");
        let body = json!({ "grant": grant, "signer_only": true });
        for from in [vec![], vec![("origin", PAGE.to_owned())]] {
            let headers = [from.clone(), vec![bearer(&token)]].concat();
            client.post("/v1/grants", &headers, &body).await.refused(422, code);
            let body = json!({ "grant": grant, "signer_only": true, "address": wallet("alice").address() });
            client.post("/v1/login/grant", &from, &body).await.refused(422, code);
        }
    }
    // The page's own is what is filled in anyway.
    let body = json!({ "grant": format!("origin = \"{PAGE}\"\n{CHAT}"), "signer_only": true });
    let headers = [("origin", PAGE.to_owned()), bearer(&token)];
    let view = client.post("/v1/grants", &headers, &body).await.ok();
    assert!(view["text"].as_str().unwrap().contains(&format!("whoever asked named the page {PAGE}")));
    let body = json!({ "grant": CHAT, "signer_only": true });
    assert_eq!(
        client.post("/v1/grants", &headers, &body).await.ok()["canonical"].as_str().unwrap().matches(PAGE).count(),
        1
    );
    let view = client.post("/v1/grants", &[bearer(&token)], &body).await.ok();
    assert!(!view["text"].as_str().unwrap().contains("named the page"), "a program is no page");
}
