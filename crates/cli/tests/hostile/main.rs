//! Strangers: other people's sessions, tokens that are none, messages made for other sites, signatures of others, grants
//! that ask for what no pass may hold, bodies that are no requests. And nothing secret in any answer or log.
//!
//! - this file: tokens, sessions of others, bodies. [`login`]: messages. [`approve`]: signatures and delegations.
//! - [`grants`]: what is refused when it is asked for. [`secrets`]: what logs and answers must not hold.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod approve;
#[path = "../common/mod.rs"]
mod common;
mod grants;
mod login;
mod secrets;

use common::World;
use common::api::execute_body;
use common::people::{address_of, pay, pay_pass};
use serde_json::{Value, json};

/// A session that nobody has.
const NOBODYS: &str = "ses_00000000000000000000000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_another_owner_is_not_there() {
    let world = World::start("hostile-others").await;
    let (alice, mallory) = (world.owner("alice").await, world.owner("mallory").await);
    let (token, shop) = (world.chain.token, address_of("shop"));
    let waiting = alice.ask(&pay_pass(token, shop, 10)).await;
    let active = alice.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let action = pay(token, shop, 1);

    for pass in [&waiting, &active] {
        let approval = alice.approval(&world, pass).await;
        for (what, body) in [
            ("check", action.clone()),
            ("execute", execute_body("mine-now", &action)),
            ("approve", approval),
            ("refuse", Value::Null),
            ("revoke", Value::Null),
        ] {
            let other = mallory.at(&pass.session, what, &body).await;
            let none = mallory.at(NOBODYS, what, &body).await;
            let unreadable = mallory.at("..%2f..%2fetc", what, &body).await;
            other.refused(404, "not_found");
            assert_eq!((&other.text, &none.text), (&none.text, &unreadable.text), "{what}");
        }
        let path = format!("/v1/sessions/{}", pass.session);
        let other = mallory.api.get(&path).await;
        other.refused(404, "not_found");
        assert_eq!(other.text, mallory.api.get(&format!("/v1/sessions/{NOBODYS}")).await.text);
        alice.api.get(&path).await.ok();
    }
    let listed = mallory.api.get("/v1/sessions").await.text;
    assert!(!listed.contains(&waiting.session) && !listed.contains(&active.session));
    let login = alice.api.get("/v1/me").await.ok()["session"].as_str().unwrap().to_owned();
    assert!(!listed.contains(&login));
    mallory.at(&login, "revoke", &Value::Null).await.refused(404, "not_found");
    // Nothing of it had any effect.
    assert_eq!(world.chain.tokens_of(shop).await, 0);
    alice.execute(&active.session, "mine-now", &action).await.ok();
    // A login that its owner revokes from another login is dead.
    let elsewhere = world.owner("alice").await;
    elsewhere.at(&login, "revoke", &Value::Null).await.ok();
    alice.api.get("/v1/me").await.refused(401, "not_logged_in");
    elsewhere.api.get("/v1/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_none_answers_401_in_the_same_words() {
    let world = World::start("hostile-tokens").await;
    let owner = world.owner("owner").await;
    let gone = world.owner("gone").await;
    assert_eq!(gone.api.post("/v1/logout", &Value::Null).await.status, 204);
    let api = &world.server.api;
    let token = owner.api.token.clone().unwrap();
    let end = if token.ends_with('0') { '1' } else { '0' };

    let callers = [
        api.clone(),
        api.with(""),
        api.with("garbage"),
        api.with(&format!("hp_{}", "0".repeat(64))),
        api.with(&format!("{}{end}", &token[..token.len() - 1])),
        api.with(&token.to_uppercase()),
        api.with(&format!("{token}0")),
        gone.api.clone(),
    ];
    let mut bodies = Vec::new();
    for caller in &callers {
        let session = format!("/v1/sessions/{NOBODYS}");
        let mut answers = vec![
            caller.get("/v1/me").await,
            caller.get("/v1/sessions").await,
            caller.get(&session).await,
            caller.post("/v1/logout", &Value::Null).await,
            caller.post("/v1/grants", &json!({ "grant": "" })).await,
        ];
        for what in ["check", "execute", "approve", "refuse", "revoke"] {
            answers.push(caller.post(&format!("{session}/{what}"), &json!({ "any": 1 })).await);
        }
        for answer in answers {
            answer.refused(401, "not_logged_in");
            bodies.push(answer.text);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    owner.api.get("/v1/me").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_request_answers_with_a_problem() {
    let world = World::start("hostile-bodies").await;
    let owner = world.owner("owner").await;
    let api = &owner.api;
    let json = "application/json";
    let execute = format!("/v1/sessions/{NOBODYS}/execute");
    let big = format!("{{\"grant\": \"{}\"}}", "x".repeat(64 * 1024));

    for path in ["/v1/grants", "/v1/login", &execute] {
        api.post_raw(path, json, big.clone()).await.refused(413, "body_too_large");
        api.post_raw(path, json, "").await.refused(400, "bad_body");
        api.post_raw(path, json, "{").await.refused(400, "bad_body");
        api.post_raw(path, json, "[]").await.refused(422, "bad_body");
        api.post_raw(path, json, "{\"surprise\": 1}").await.refused(422, "bad_body");
        api.post_raw(path, json, "\u{0}\u{1}\u{7f}").await.refused(400, "bad_body");
        api.post_raw(path, json, "[".repeat(60_000)).await.refused(422, "bad_body");
        api.post_raw(path, "text/plain", "{}").await.refused(415, "not_json");
    }
    // As large as may be is read.
    let fits = format!("{{\"grant\": \"{}\"}}", "x".repeat(64 * 1024 - 13));
    assert_eq!(fits.len(), 64 * 1024);
    assert_eq!(api.post_raw("/v1/grants", json, fits).await.status, 422);
    api.get("/v2/everything").await.refused(404, "no_such_endpoint");
    api.method("DELETE", "/v1/sessions").await.refused(405, "no_such_method");

    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let good = pay(token, shop, 1);
    let spoilt = |field: &str, value: &str| {
        let mut action = good.clone();
        action["call"][field] = json!(value);
        action
    };
    for (action, status, code) in [
        (spoilt("to", "0x12"), 400, "bad_address"),
        (spoilt("to", &token.to_string().replace('a', "A")), 400, "bad_checksum"),
        (spoilt("value", "-1"), 400, "bad_amount"),
        (spoilt("value", &"9".repeat(79)), 400, "bad_amount"),
        (spoilt("data", "a9059cbb"), 400, "bad_hex"),
        (spoilt("data", "0xa9059cb"), 400, "bad_hex"),
        (spoilt("chain", "eip155:0"), 400, "bad_chain"),
        (spoilt("data", "0xa9059cbb"), 403, "bad_calldata"),
        (spoilt("chain", "eip155:1"), 403, "wrong_chain"),
        (json!({ "batch": [] }), 422, "empty_batch"),
    ] {
        let answer = owner.execute(&pass.session, "spoilt", &action).await;
        assert_eq!(answer.kind(), (status, code.to_owned()), "{action}: {}", answer.text);
    }
    for key in ["", "with space", "new\nline", "ü", &"k".repeat(129)] {
        owner.execute(&pass.session, key, &good).await.refused(400, "bad_idempotency_key");
    }
    owner.execute(&pass.session, &"k".repeat(128), &good).await.ok();
    assert_eq!(world.chain.tokens_of(shop).await, 1);
}
