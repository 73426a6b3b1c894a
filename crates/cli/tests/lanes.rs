//! More operations out than lane 0 holds: the others are signed in further lanes, executed, settled, and watched.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::server::Folder;
use common::{World, until};
use serde_json::{Value, json};

async fn sign(owner: &Owner, pass: &Pass, key: &str, action: &Value) -> Value {
    owner.at(&pass.session, "sign", &json!({ "idempotency_key": key, "action": action })).await.ok()
}

async fn state(owner: &Owner, pass: &Pass) -> Value {
    let all = owner.api.get("/v1/sessions").await.ok();
    all.as_array().unwrap().iter().find(|s| s["id"] == pass.session.as_str()).unwrap().clone()
}

/// What is left of the only meter.
async fn left(owner: &Owner, pass: &Pass, action: &Value) -> String {
    owner.at(&pass.session, "check", action).await.ok()["left"][0]["left"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_lane_0_is_signed_executed_and_settled_in_the_next() {
    let mut world = World::start("lanes").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 100)).await;
    let one = pay(ausd, shop, 1);
    for n in 0..64 {
        let signed = sign(&owner, &pass, &format!("out-{n}"), &one).await;
        assert_eq!((&signed["sequence"], &signed["lane"]), (&json!(n), &Value::Null));
    }
    // Signed in lane 1, and carried there by our own relayer.
    let signed = sign(&owner, &pass, "lane-1", &one).await;
    assert_eq!((&signed["sequence"], &signed["lane"]), (&json!(0), &json!(1)));
    let named = json!({ "idempotency_key": "named", "action": one, "sequence": 64 });
    owner.at(&pass.session, "sign", &named).await.refused(409, "too_many_in_flight");
    let done = owner.execute(&pass.session, "executed", &pay(ausd, shop, 5)).await.ok();
    assert_eq!((&done["success"], &done["sequence"], &done["lane"]), (&json!(true), &json!(1), &json!(1)));
    assert_eq!(world.chain.tokens_of(shop).await, 5);
    let again = owner.execute(&pass.session, "executed", &pay(ausd, shop, 5)).await.ok();
    assert_eq!(again["tx"], done["tx"]);
    // The same number in lane 0 is another operation, still out.
    let other = owner.execute(&pass.session, "out-1", &one).await;
    other.ok();
    assert_eq!(world.chain.tokens_of(shop).await, 6);
    // Of a hundred: 64 in lane 0, 6 in lane 1.
    assert_eq!(left(&owner, &pass, &pay(ausd, shop, 0)).await, "30");
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
    until("the settlement", async || world.server.log().matches("an operation is settled").count() >= 2).await;
    assert_eq!(state(&owner, &pass).await["state"], "active");
    assert_eq!(left(&owner, &pass, &pay(ausd, shop, 0)).await, "30");

    // A thief, who has a copy of the store, goes on in lane 1.
    let folder = Folder::new("lanes-twin");
    let twin = world.server.twin(&world.folder, &folder, &world.chain.url).await;
    let there = twin.api.with(owner.api.token.as_ref().unwrap());
    let body = common::api::execute_body("theirs", &pay(ausd, shop, 2));
    let theirs = there.post(&format!("/v1/sessions/{}/execute", pass.session), &body).await.ok();
    assert_eq!(theirs["lane"], 1);
    until("the watch", async || state(&owner, &pass).await["state"] == "suspended").await;
    assert_eq!(state(&owner, &pass).await["reason"], "spent_elsewhere");
    // The owner has looked, and it goes on behind what was used there.
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
    owner.at(&pass.session, "resume", &Value::Null).await.ok();
    let next = sign(&owner, &pass, "after", &one).await;
    assert_eq!((&next["sequence"], &next["lane"]), (&json!(3), &json!(1)));
    assert_eq!(left(&owner, &pass, &pay(ausd, shop, 0)).await, "27");
}
