//! A hundred requests on one budget, twenty with one idempotency key, fifty logins with one nonce, a revocation among
//! executions: what the chain shows is what the grant allows, and what was answered.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::World;
use common::api::Answer;
use common::chain::Chain;
use common::people::{Owner, Pass, address_of, log_in, login_message, pay, pay_pass, wallet};
use common::proxy::Proxy;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::task::JoinSet;

const UNIT: u64 = 1_000_000;

/// Sends all at once and collects the answers, in the order of `keys`.
async fn all_at_once(owner: &Owner, pass: &Pass, keys: &[String], action: &Value) -> Vec<Answer> {
    let mut tasks = JoinSet::new();
    for (i, key) in keys.iter().cloned().enumerate() {
        let (api, session, action) = (owner.api.clone(), pass.session.clone(), action.clone());
        tasks.spawn(async move {
            let body = json!({ "idempotency_key": key, "action": action });
            (i, api.post(&format!("/v1/sessions/{session}/execute"), &body).await)
        });
    }
    let mut answers = tasks.join_all().await;
    answers.sort_by_key(|(i, _)| *i);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn keys(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{name}-{i}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_requests_spend_a_budget_for_ten_to_the_last_unit_and_no_further() {
    let world = World::start("race-budget").await;
    let owner = world.owner("racer").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 10 * UNIT)).await;

    let answers = all_at_once(&owner, &pass, &keys("race", 100), &pay(token, shop, UNIT)).await;

    let (done, denied): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 200);
    for answer in &denied {
        answer.refused(403, "meter_exceeded");
    }
    assert_eq!(done.len(), 10);
    assert!(done.iter().all(|a| a.json()["success"] == true));
    let operations: BTreeSet<String> = done.iter().map(|a| a.json()["operation"].to_string()).collect();
    let sequences: BTreeSet<String> = done.iter().map(|a| a.json()["sequence"].to_string()).collect();
    assert_eq!((operations.len(), sequences.len()), (10, 10));
    assert_eq!(world.chain.tokens_of(shop).await, 10 * UNIT);
    assert_eq!(world.chain.executed(owner.account(), pass.grant.id()).await.len(), 10);
    owner.execute(&pass.session, "one-more", &pay(token, shop, 1)).await.refused(403, "meter_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_with_one_key_are_one_operation() {
    let world = World::start("race-key").await;
    let owner = world.owner("retrier").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 100 * UNIT)).await;

    let answers = all_at_once(&owner, &pass, &vec!["same".to_owned(); 20], &pay(token, shop, UNIT)).await;

    let told =
        |a: &Answer| (a.ok()["operation"].to_string(), a.json()["tx"].to_string(), a.json()["sequence"].to_string());
    let first = told(&answers[0]);
    for answer in &answers {
        assert_eq!(told(answer), first);
    }
    assert_eq!(world.chain.tokens_of(shop).await, UNIT);
    owner.execute(&pass.session, "same", &pay(token, shop, 2)).await.refused(409, "idempotency_conflict");
    assert_eq!(world.chain.tokens_of(shop).await, UNIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_logins_with_one_nonce_are_one_session() {
    let world = World::start("race-nonce").await;
    let wallet = wallet("crowd");
    let api = &world.server.api;
    let message = login_message(api, wallet.address()).await;
    let signature = wallet.sign_message(&message).unwrap();

    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let (api, message, signature) = (api.clone(), message.clone(), signature.clone());
        tasks.spawn(async move { log_in(&api, &message, &signature).await });
    }
    let answers = tasks.join_all().await;

    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == 201);
    for answer in &refused {
        answer.refused(401, "nonce_unknown");
    }
    assert_eq!(good.len(), 1);
    let caller = api.with(good[0].json()["token"].as_str().unwrap());
    assert_eq!(caller.get("/v1/sessions").await.ok().as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_among_executions_ends_them_and_what_was_answered_stands() {
    let world = World::start("race-revoke").await;
    let owner = world.owner("revoker").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 100 * UNIT)).await;
    let action = pay(token, shop, UNIT);
    let names = keys("racing", 20);
    owner.execute(&pass.session, "before", &action).await.ok();

    let (answers, revoked) =
        tokio::join!(all_at_once(&owner, &pass, &names, &action), owner.at(&pass.session, "revoke", &Value::Null));
    let ended = revoked.ok();
    assert!(ended["tx"].is_string(), "{ended}");
    let after = all_at_once(&owner, &pass, &keys("after", 5), &action).await;

    for answer in &after {
        answer.refused(403, "grant_ended");
    }
    let done = answers.iter().filter(|a| a.status == 200).count();
    for answer in answers.iter().filter(|a| a.status != 200) {
        // Denied here, or reserved before the end and refused by the chain, which had it already.
        assert_eq!(answer.code(), "grant_ended", "{}", answer.text);
        assert!([403, 422].contains(&answer.status), "{}", answer.text);
    }
    let executed = world.chain.executed(owner.account(), pass.grant.id()).await;
    assert_eq!(executed.len(), done + 1);
    assert_eq!(world.chain.tokens_of(shop).await, (done as u64 + 1) * UNIT);
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_that_the_chain_does_not_know_yet_ends_all_signing() {
    let chain = Chain::start().await;
    let line = Proxy::to(&chain.url);
    let world = World::on("race-unsent", chain, &line.url).await;
    let owner = world.owner("cut off").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(token, shop, 100 * UNIT)).await;
    owner.execute(&pass.session, "before", &pay(token, shop, UNIT)).await.ok();

    line.block(Some("eth_sendRawTransaction"));
    let ended = owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert_eq!(ended["pending"]["code"], "node_unreachable", "{ended}");
    assert_eq!(ended["session"]["state"], "revoking");
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 1);
    for answer in all_at_once(&owner, &pass, &keys("after", 20), &pay(token, shop, UNIT)).await {
        answer.refused(403, "grant_ended");
    }

    line.block(None);
    let ended = owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert!(ended.get("pending").is_none(), "{ended}");
    assert_eq!(world.chain.grant_status(owner.account(), pass.grant.id()).await, 2);
    assert_eq!(world.chain.tokens_of(shop).await, UNIT);
}
