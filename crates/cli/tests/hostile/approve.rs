//! Answers to a request that are not the owner's, or not to this request.

use crate::common::World;
use crate::common::people::{address_of, pay, pay_pass};
use hallpass_policy::eip712::domain;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_is_approved_by_its_owners_signature_over_it_alone() {
    let world = World::start("hostile-approve").await;
    let (alice, mallory) = (world.owner("alice").await, world.owner("mallory").await);
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = alice.ask(&pay_pass(token, shop, 10)).await;
    let other = alice.ask(&pay_pass(token, shop, 11)).await;
    assert!(pass.needs_delegation);
    let good = alice.approval(&world, &pass).await;
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let delegated = |field: &str, value: Value| {
        let mut body = good.clone();
        body["authorization"][field] = value;
        body
    };
    let message = pass.grant.message();
    let by_mallory = mallory.wallet.sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    let elsewhere = alice.wallet.sign_typed(&domain(message.chainId, token), &message).unwrap();
    let nonce = world.chain.node.next_nonce(alice.account()).await.unwrap();
    let one_off = |change: fn(u64) -> u64| json!(change(nonce));

    let cases = [
        ("somebody else's signature", with("signature", json!(by_mallory)), "wrong_signer"),
        (
            "over another grant",
            with("signature", alice.approval(&world, &other).await["signature"].clone()),
            "wrong_signer",
        ),
        ("for another contract", with("signature", json!(elsewhere)), "wrong_signer"),
        ("an authorization for every chain", delegated("chainId", json!(0)), "chain_zero"),
        ("for another chain", delegated("chainId", json!(1)), "bad_delegation"),
        ("to another contract", with("authorization", alice.authorization(token, nonce)), "bad_delegation"),
        ("by somebody else", with("authorization", mallory.authorization(pass.grant.backend, nonce)), "bad_delegation"),
        ("with another nonce than signed", delegated("nonce", one_off(|n| n + 1)), "bad_delegation"),
        ("no authorization", json!({ "signature": good["signature"] }), "needs_delegation"),
        (
            "one that the chain does not take",
            with("authorization", alice.authorization(pass.grant.backend, nonce + 1)),
            "stale_delegation",
        ),
    ];
    for (what, body, code) in cases {
        let answer = alice.at(&pass.session, "approve", &body).await;
        assert_eq!(answer.kind(), (422, code.to_owned()), "{what}: {}", answer.text);
        let view = alice.api.get(&format!("/v1/sessions/{}", pass.session)).await.ok();
        assert_ne!(view["session"]["installed"], "yes", "{what}");
        assert_eq!(world.chain.grant_status(alice.account(), pass.grant.id()).await, 0, "{what}");
        let used = alice.execute(&pass.session, "too-early", &pay(token, shop, 1)).await;
        assert_eq!(used.kind(), (403, "grant_unknown".to_owned()), "{what}: {}", used.text);
    }
    // After all of that, the right answer is taken, and taken again.
    for _ in 0..2 {
        let done = alice.at(&pass.session, "approve", &good).await.ok();
        assert_eq!(done["session"]["installed"], "yes");
    }
    alice.execute(&pass.session, "now", &pay(token, shop, 1)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_or_ended_is_not_approved() {
    let world = World::start("hostile-answered").await;
    let alice = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = alice.ask(&pay_pass(token, shop, 10)).await;
    let body = alice.approval(&world, &pass).await;
    assert_eq!(alice.at(&pass.session, "refuse", &Value::Null).await.ok()["state"], "refused");
    let again = alice.at(&pass.session, "approve", &body).await;
    assert_eq!(again.status, 409, "{}", again.text);
    assert_eq!(alice.at(&pass.session, "revoke", &Value::Null).await.status, 409);
    alice.execute(&pass.session, "no", &pay(token, shop, 1)).await.refused(403, "grant_unknown");

    let ended = alice.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let body = alice.approval(&world, &ended).await;
    alice.at(&ended.session, "revoke", &Value::Null).await.ok();
    alice.at(&ended.session, "approve", &body).await.refused(409, "answered");
    assert_eq!(alice.at(&ended.session, "refuse", &Value::Null).await.status, 409);
    assert_eq!(world.chain.grant_status(alice.account(), ended.grant.id()).await, 2);
}
