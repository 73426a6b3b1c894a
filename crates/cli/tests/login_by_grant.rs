//! One signature for a login and a pass on a real chain: by a delegated account, into a pocket, and at the terminal.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{Owner, Pass, address_of, pay, pay_pass, wallet};
use common::{World, run};
use serde_json::{Value, json};

/// The grant of a draft, and what its owner signs.
async fn drafted(world: &World, name: &str, more: Value) -> Pass {
    let (token, shop) = (world.chain.token, address_of("shop"));
    let mut body = json!({ "address": wallet(name).address(), "grant": pay_pass(token, shop, 10) });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let view = world.server.api.post("/v1/login/grant", &body).await.ok();
    Pass::of(&view["grant"])
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signature_logs_in_installs_and_pays() {
    let world = World::start("by-grant-chain").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let alice = wallet("alice");
    world.chain.give_tokens(alice.address(), 1_000).await;
    let owner = Owner { api: world.server.api.clone(), wallet: alice };
    let pass = drafted(&world, "alice", json!({})).await;
    assert!(pass.needs_delegation);
    let body = owner.approval(&world, &pass).await;
    let path = format!("/v1/login/grant/{}", pass.session);
    // What is missing is said before anything is used up.
    let bare = json!({ "signature": body["signature"] });
    world.server.api.post(&path, &bare).await.refused(422, "needs_delegation");
    let view = world.server.api.post(&path, &body).await.ok();
    assert_eq!((&view["problem"], &view["approved"]["session"]["installed"]), (&Value::Null, &json!("yes")), "{view}");
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 1);
    let owner = Owner { api: world.server.api.with(view["token"].as_str().unwrap()), ..owner };
    owner.execute(&pass.session, "k", &pay(token, shop, 7)).await.ok();
    assert_eq!(world.chain.tokens_of(shop).await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_chain_takes_no_delegation_the_login_stands_and_says_so() {
    let world = World::start("by-grant-stale").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let alice = wallet("alice");
    world.chain.give_tokens(alice.address(), 1_000).await;
    let owner = Owner { api: world.server.api.clone(), wallet: alice };
    let pass = drafted(&world, "alice", json!({})).await;
    let good = owner.approval(&world, &pass).await;
    let nonce = world.chain.node.next_nonce(owner.account()).await.unwrap();
    let mut stale = good.clone();
    stale["authorization"] = owner.authorization(pass.grant.backend, nonce + 1);
    let path = format!("/v1/login/grant/{}", pass.session);
    let view = world.server.api.post(&path, &stale).await.ok();
    assert_eq!((&view["problem"]["code"], &view["approved"]), (&json!("stale_delegation"), &Value::Null), "{view}");
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 0);
    // The same signature, with an authorization that fits, goes on from there.
    let owner = Owner { api: world.server.api.with(view["token"].as_str().unwrap()), ..owner };
    let done = owner.at(&pass.session, "approve", &good).await.ok();
    assert_eq!(done["session"]["installed"], "yes");
    owner.execute(&pass.session, "k", &pay(token, shop, 1)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_terminal_it_is_one_command() {
    let world = World::start("by-grant-cli").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = world.folder.write("pass.toml", &pay_pass(token, shop, 10));
    let config = world.server.config().to_owned();
    let hallpass = |arguments: &[&str]| run(&world.folder, &[&["--config", config.as_str()], arguments].concat());
    let ran = hallpass(&["--json", "login", "--dev-key", "alice", "--grant", &pass, "--pocket", "0", "--yes"]);
    assert_eq!(ran.exit, 0, "{} {}", ran.out, ran.err);
    assert!(ran.err.contains("signing this also signs you in to"), "what is signed is shown: {}", ran.err);
    let view: Value = serde_json::from_str(&ran.out).unwrap();
    let session = view["pass"]["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(view["pass"]["session"]["installed"], "yes", "{view}");
    let listed = hallpass(&["--json", "session", "show", &session]);
    assert_eq!(listed.exit, 0, "{}", listed.err);
    let listed = hallpass(&["session", "show", &session]);
    assert!(listed.out.contains("and whether anybody read the words is not known"), "{}", listed.out);
    // Without a terminal nothing is signed unasked.
    let ran = hallpass(&["login", "--dev-key", "alice", "--grant", &pass]);
    assert!(ran.exit == 2 && ran.err.contains("no_terminal"), "{}", ran.err);
}
