//! A session key that is used past its signer: here by a second server on a copy of the store.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::api::execute_body;
use common::chain::Chain;
use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::proxy::Proxy;
use common::server::{Folder, Server};
use common::{World, until};
use serde_json::{Value, json};

/// A second server with the same keys, and the owner there.
async fn twin(world: &mut World, folder: &Folder, owner: &Owner) -> (Server, Owner) {
    let twin = world.server.twin(&world.folder, folder, &world.chain.url).await;
    let wallet = common::people::wallet("alice");
    let api = twin.api.with(owner.api.token.as_ref().unwrap());
    (twin, Owner { wallet, api })
}

async fn state(owner: &Owner, pass: &Pass) -> Value {
    let all = owner.api.get("/v1/sessions").await.ok();
    all.as_array().unwrap().iter().find(|s| s["id"] == pass.session.as_str()).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_signs_elsewhere_is_suspended_until_its_owner_has_looked() {
    let mut world = World::start("elsewhere").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let unasked = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let cheap = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let folder = Folder::new("elsewhere-twin");
    let (_twin, there) = twin(&mut world, &folder, &owner).await;

    // Its sequence was never given out here.
    there.execute(&pass.session, "theirs", &pay(ausd, shop, 4)).await.ok();
    owner.execute(&pass.session, "more", &pay(ausd, shop, 1)).await.refused(403, "spent_elsewhere");
    assert_eq!(state(&owner, &pass).await["state"], "suspended");
    owner.at(&pass.session, "check", &pay(ausd, shop, 0)).await.refused(403, "spent_elsewhere");
    assert!(world.server.log().contains("past the signer"));
    assert!(world.server.log().contains("alert.past_the_signer"));
    assert_eq!(world.chain.tokens_of(shop).await, 4);

    // One that nobody asks for anything is noticed by what the chain tells.
    there.execute(&unasked.session, "theirs", &pay(ausd, shop, 2)).await.ok();
    until("the watch", async || state(&owner, &unasked).await["state"] == "suspended").await;
    assert_eq!(state(&owner, &unasked).await["reason"], "spent_elsewhere");

    // Under a sequence that was given out here, for less.
    let signed = json!({ "idempotency_key": "s", "action": pay(ausd, shop, 1) });
    assert_eq!(owner.at(&cheap.session, "sign", &signed).await.ok()["sequence"], 0);
    there.execute(&cheap.session, "dear", &pay(ausd, shop, 3)).await.ok();
    owner.execute(&cheap.session, "more", &pay(ausd, shop, 1)).await.refused(403, "spent_elsewhere");

    // The owner has looked: what the chain shows is spent.
    owner.at(&cheap.session, "resume", &Value::Null).await.refused(409, "not_final");
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
    let resumed = owner.at(&cheap.session, "resume", &Value::Null).await.ok();
    assert_eq!(resumed["state"], "active");
    owner.execute(&cheap.session, "too-much", &pay(ausd, shop, 8)).await.refused(403, "meter_exceeded");
    owner.execute(&cheap.session, "the-rest", &pay(ausd, shop, 7)).await.ok();
    owner.at(&cheap.session, "resume", &Value::Null).await.refused(409, "not_suspended");
    let stranger = world.owner("mallory").await;
    stranger.at(&pass.session, "resume", &Value::Null).await.refused(404, "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_was_signed_elsewhere_suspends_a_pass_of_no_contract() {
    let mut world = World::start("elsewhere-plain").await;
    let owner = world.owner("alice").await;
    let shop = address_of("shop");
    let text = format!(
        "chain = \"eip155:31337\"\nlasts = \"1h\"\n[gas]\nper_op = 100000\nfee_per_op = 1000000000000000\n\
         fee_cap = 9000000000000000\n[[allow]]\ncall = \"{shop}\"\nvalue = \"<= 1000\"\nspend = \"value <= 5000\"\n"
    );
    let asked = owner.api.post("/v1/grants", &json!({ "grant": text, "signer_only": true })).await.ok();
    let pass = Pass::of(&asked);
    let body = owner.approval(&world, &pass).await;
    owner.at(&pass.session, "approve", &body).await.ok();
    world.chain.fund(pass.grant.account).await;
    let folder = Folder::new("elsewhere-plain-twin");
    let (_twin, there) = twin(&mut world, &folder, &owner).await;

    let transaction = |nonce: &str, key: &str| {
        let tx = json!({ "to": shop, "value": "0x1", "nonce": nonce, "gas": "0x5208", "chainId": "0x7a69",
            "maxFeePerGas": "0x4a817c800", "maxPriorityFeePerGas": "0x3b9aca00" });
        json!({ "idempotency_key": key, "action": { "transaction": tx } })
    };
    let ours = owner.at(&pass.session, "sign", &transaction("0x0", "ours")).await.ok();
    world.chain.rpc("eth_sendRawTransaction", json!([ours["raw"]])).await;
    owner.at(&pass.session, "sign", &transaction("0x1", "known")).await.ok();
    let theirs = there.at(&pass.session, "sign", &transaction("0x1", "theirs")).await;
    theirs.refused(403, "spent_elsewhere");
    there.at(&pass.session, "resume", &Value::Null).await.refused(409, "not_final");
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
    there.at(&pass.session, "resume", &Value::Null).await.ok();
    let theirs = there.at(&pass.session, "sign", &transaction("0x1", "theirs-1")).await.ok();
    world.chain.rpc("eth_sendRawTransaction", json!([theirs["raw"]])).await;
    let theirs = there.at(&pass.session, "sign", &transaction("0x2", "theirs-2")).await.ok();
    world.chain.rpc("eth_sendRawTransaction", json!([theirs["raw"]])).await;
    owner.at(&pass.session, "sign", &transaction("0x3", "more")).await.refused(403, "spent_elsewhere");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_read_hides_no_other_from_the_watch() {
    let chain = Chain::start().await;
    let line = Proxy::to(&chain.url);
    let mut world = World::on("elsewhere-blind", chain, &line.url).await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let mut owners = [world.owner("alice").await, world.owner("bob").await];
    // Accounts are looked at in this order.
    owners.sort_by_key(Owner::account);
    let [blind, seen] = owners;
    let hidden = blind.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let shown = seen.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let folder = Folder::new("elsewhere-blind-twin");
    let twin = world.server.twin(&world.folder, &folder, &world.chain.url).await;
    let there = |owner: &Owner| twin.api.with(owner.api.token.as_ref().unwrap());

    let account = format!("{:x}", blind.account());
    line.lie(Some(move |asked: &Value, _: &mut Value| {
        asked["method"] != "eth_call" || !asked["params"].to_string().contains(&account)
    }));
    for (owner, pass) in [(&blind, &hidden), (&seen, &shown)] {
        let body = execute_body("theirs", &pay(ausd, shop, 2));
        there(owner).post(&format!("/v1/sessions/{}/execute", pass.session), &body).await.ok();
    }
    until("the watch", async || state(&seen, &shown).await["state"] == "suspended").await;
    line.lie(None::<fn(&Value, &mut Value) -> bool>);
    until("the watch", async || state(&blind, &hidden).await["state"] == "suspended").await;
}
