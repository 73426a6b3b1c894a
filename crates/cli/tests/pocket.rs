//! Pockets: at the address that this binary computes, opened by their first pass, ended even where none was ever opened.
//! Beside them what a key outside the vault may not carry, and logins that are ended by their id.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::World;
use common::people::{Owner, Pass, address_of, pay, pay_pass};
use serde_json::{Value, json};

const ENDED: u8 = 2;

async fn ask(owner: &Owner, text: &str, pocket: u64) -> (Pass, Value) {
    let view = owner.api.post("/v1/grants", &json!({ "grant": text, "pocket": pocket })).await.ok();
    (Pass::of(&view), view)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pocket_is_opened_by_its_first_pass_and_spends_its_own_money() {
    let world = World::start("pocket").await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let (pass, view) = ask(&owner, &pay_pass(token, shop, 10), 3).await;
    let account = pass.grant.account;
    assert_ne!(account, owner.account());
    assert_eq!(view["needs"], Value::Null, "a pocket needs no delegation");
    world.chain.give_tokens(account, 7).await;

    let approval = owner.approval(&world, &pass).await;
    owner.at(&pass.session, "approve", &approval).await.ok();
    let done = owner.execute(&pass.session, "one", &pay(token, shop, 7)).await.ok();
    assert_eq!(done["success"], true);
    assert_eq!((world.chain.tokens_of(shop).await, world.chain.tokens_of(account).await), (7, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_was_approved_and_never_installed_is_ended_on_chain_all_the_same() {
    let world = World::start("unopened").await;
    let owner = world.owner("alice").await;
    let relayer = world.server.relayer().await;
    let (pass, _) = ask(&owner, &pay_pass(world.chain.token, address_of("shop"), 10), 0).await;
    let approval = owner.approval(&world, &pass).await;
    world.chain.rpc("anvil_setBalance", json!([relayer, "0x0"])).await;
    owner.at(&pass.session, "approve", &approval).await.refused(503, "relayer_unfunded");
    world.chain.fund(relayer).await;

    let ended = owner.at(&pass.session, "revoke", &json!({})).await.ok();
    assert!(ended["tx"].is_string() && ended.get("pending").is_none(), "{ended}");
    assert_eq!(world.chain.grant_status(pass.grant.account, pass.grant.id()).await, ENDED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_outside_the_vault_carries_little_and_is_said_to_be_outside() {
    let world = World::start("outside").await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let outside = |text: &str| format!("key = \"{}\"\n{text}", address_of("thief").to_checksum(None));
    let good = outside(&pay_pass(token, shop, 10));
    let refused = async |text: &str| owner.api.post("/v1/grants", &json!({ "grant": text })).await.code();

    let long = good.replacen("lasts = \"", "lasts = \"9", 1);
    assert_ne!(long, good);
    assert_eq!(refused(&long).await, "outside_ceiling", "{long}");
    let approving = good.replace("transfer(", "approve(");
    assert_ne!(approving, good);
    assert_eq!(refused(&approving).await, "outside_ceiling", "{approving}");
    let native = format!("{good}\n[[allow]]\ncall = \"{shop}\"\nvalue = \"<= 1\"\nspend = \"value <= 1\"\n");
    assert_eq!(refused(&native).await, "outside_ceiling");

    let view = owner.api.post("/v1/grants", &json!({ "grant": good })).await.ok();
    assert!(view["text"].as_str().unwrap().contains("! the session key is not in this server's vault"), "{view}");
    let inside = owner.api.post("/v1/grants", &json!({ "grant": pay_pass(token, shop, 10) })).await.ok();
    assert!(!inside["text"].as_str().unwrap().contains("not in this server's vault"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_ended_by_its_id_from_another_login() {
    let world = World::start("logins").await;
    let stolen = world.owner("alice").await;
    let owner = world.owner("alice").await;
    let stranger = world.owner("bob").await;
    let id = stolen.api.get("/v1/me").await.ok()["session"].as_str().unwrap().to_owned();
    stranger.at(&id, "revoke", &json!({})).await.refused(404, "not_found");
    stolen.api.get("/v1/me").await.ok();

    let ended = owner.at(&id, "revoke", &json!({})).await.ok();
    assert_eq!(ended["session"]["state"], "revoked");
    stolen.api.get("/v1/me").await.refused(401, "not_logged_in");
    owner.api.get("/v1/me").await.ok();
}
