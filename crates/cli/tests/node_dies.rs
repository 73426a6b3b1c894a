//! A relayer that cannot pay, a node that dies: what was reserved stays reserved, and the same request goes on later.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::World;
use common::chain::Chain;
use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::proxy::{Proxy, When};
use serde_json::{Value, json};

/// What the session's only meter has left.
async fn left(owner: &Owner, pass: &Pass, action: &Value) -> String {
    owner.at(&pass.session, "check", action).await.ok()["left"][0]["left"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relayer_without_money_loses_nothing() {
    let world = World::start("poor-relayer").await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let action = pay(token, shop, 6);
    let relayer = world.server.relayer().await;
    world.chain.rpc("anvil_setBalance", json!([relayer, "0x0"])).await;

    let refused = owner.execute(&pass.session, "poor", &action).await;
    refused.refused(503, "relayer_unfunded");
    assert_eq!(refused.json()["says"], "the relayer's key cannot pay for gas");
    assert!(refused.json()["hint"].as_str().unwrap().contains("send the same request again"));
    assert_eq!(left(&owner, &pass, &action).await, "4");
    owner.execute(&pass.session, "other", &action).await.refused(403, "meter_exceeded");
    owner.execute(&pass.session, "poor", &action).await.refused(503, "relayer_unfunded");
    assert_eq!(world.chain.tokens_of(shop).await, 0);

    world.chain.fund(relayer).await;
    let done = owner.execute(&pass.session, "poor", &action).await.ok();
    let again = owner.execute(&pass.session, "poor", &action).await.ok();
    assert_eq!((&done["operation"], &done["tx"]), (&again["operation"], &again["tx"]));
    assert_eq!(world.chain.tokens_of(shop).await, 6);
    assert_eq!(world.chain.executed(owner.account(), pass.grant.id()).await, [0]);
    assert_eq!(left(&owner, &pass, &action).await, "4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_at_the_transaction_leaves_it_held_and_the_retry_finishes_it() {
    let chain = Chain::start().await;
    let line = Proxy::to(&chain.url);
    let world = World::on("dying-node", chain, &line.url).await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let action = pay(token, shop, 3);
    let mut spent = 0;

    for (key, when, held) in [("before", When::Before, "7"), ("after", When::After, "4")] {
        let down = line.clone();
        line.trap(Some("eth_sendRawTransaction"), 1, when, move || down.down(true));
        let broken = owner.execute(&pass.session, key, &action).await;
        broken.refused(502, "node_unreachable");
        assert_eq!(broken.json()["says"], format!("the node at {} does not answer", line.url));
        assert!(broken.json()["hint"].as_str().unwrap().starts_with("nothing was lost"), "{key}");
        // While it is away nothing can be judged, and nothing is.
        owner.execute(&pass.session, "meanwhile", &action).await.refused(502, "node_unreachable");
        owner.at(&pass.session, "check", &action).await.refused(502, "node_unreachable");

        line.down(false);
        assert_eq!(left(&owner, &pass, &action).await, held, "{key}");
        let done = owner.execute(&pass.session, key, &action).await.ok();
        assert_eq!((&done["success"], left(&owner, &pass, &action).await.as_str()), (&json!(true), held), "{key}");
        spent += 3;
        assert_eq!(world.chain.tokens_of(shop).await, spent, "{key}");
    }
    assert_eq!(world.chain.executed(owner.account(), pass.grant.id()).await, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_gone_is_said_to_be() {
    let mut world = World::start("dead-node").await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10)).await;
    world.chain.kill();

    owner.execute(&pass.session, "gone", &pay(token, shop, 3)).await.refused(502, "node_unreachable");
    owner.at(&pass.session, "check", &pay(token, shop, 3)).await.refused(502, "node_unreachable");
    owner.api.post("/v1/grants", &json!({ "grant": pay_pass(token, shop, 10) })).await.refused(502, "node_unreachable");
    let health = world.server.api.get("/v1/health").await;
    assert_eq!((health.status, &health.json()["ready"], &health.json()["node"]), (503, &json!(false), &json!(false)));
    // A revocation needs no node to hold here.
    let ended = owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert_eq!(
        (&ended["session"]["state"], &ended["pending"]["code"]),
        (&json!("revoking"), &json!("node_unreachable"))
    );
    assert_eq!(owner.api.get("/v1/sessions").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_reserved_before_a_revocation_is_not_sent_after_it() {
    let chain = Chain::start().await;
    let line = Proxy::to(&chain.url);
    let world = World::on("reserved-then-revoked", chain, &line.url).await;
    let owner = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let action = pay(token, shop, 6);

    line.block(Some("eth_sendRawTransaction"));
    owner.execute(&pass.session, "stuck", &action).await.refused(502, "node_unreachable");
    let ended = owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert_eq!((&ended["outstanding"], &ended["pending"]["code"]), (&json!(1), &json!("node_unreachable")), "{ended}");
    assert!(ended["outstanding_until"].as_u64().unwrap() <= pass.grant.not_after.get());
    // The chain still takes it; the server gives it no signature.
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 1);
    owner.execute(&pass.session, "stuck", &action).await.refused(422, "grant_ended");

    line.block(None);
    owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    owner.execute(&pass.session, "stuck", &action).await.refused(422, "grant_ended");
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 2);
    assert_eq!(world.chain.tokens_of(shop).await, 0);
}
