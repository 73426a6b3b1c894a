//! What floods hinder nobody in, and what the operator is told of at once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::chain::Chain;
use common::hook;
use common::people::{address_of, log_in, login_message, pay, pay_pass};
use common::{World, until};
use serde_json::{Value, json};

/// The signer's own client is flooded from, and it signs as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_signer_signs_while_its_network_is_refused() {
    let chain = Chain::start().await;
    let node = chain.url.clone();
    let world = World::configured("limits", chain, &node, |_| "client_per_minute = 20\n".to_owned()).await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 50)).await;
    let flood = async || world.server.api.post("/v1/login/nonce", &Value::Null).await.status == 429;
    let mut refused = 0;
    for n in 0..5 {
        for _ in 0..40 {
            refused += u32::from(flood().await);
        }
        owner.execute(&pass.session, &n.to_string(), &pay(ausd, shop, 1)).await.ok();
    }
    assert!(refused > 0);
    assert_eq!(world.chain.tokens_of(shop).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_is_told_of_refusals_in_a_row_and_of_a_new_device_and_of_nothing_secret() {
    let hook = hook::Hook::start();
    let chain = Chain::start().await;
    let node = chain.url.clone();
    let world = World::configured("alerts", chain, &node, |folder| {
        let secret = folder.write("hook-secret", &format!("{}\n", hook::SECRET));
        format!("alert_refusals = 3\nwebhook = \"{}\"\nwebhook_secret_file = \"{secret}\"\n", hook.url)
    })
    .await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 5)).await;
    let told = |kind: &str| hook.everything().matches(&format!("\"type\":\"alert.{kind}\"")).count();

    // Two, one that is good, two: no three in a row.
    for (n, amount) in [9, 9, 1, 9, 9].into_iter().enumerate() {
        let _ = owner.execute(&pass.session, &format!("a{n}"), &pay(ausd, shop, amount)).await;
    }
    assert!(!world.server.log().contains("alert.refusals"));
    owner.execute(&pass.session, "third", &pay(ausd, shop, 9)).await.refused(403, "meter_exceeded");
    assert!(world.server.log().contains("alert.refusals"));
    until("the webhook", async || told("refusals") > 0).await;
    assert!(hook.everything().contains(&pass.session));

    // Nobody's account: nothing is told. A known one's: it is.
    for name in ["stranger", "alice"] {
        for _ in 0..3 {
            let address = common::people::wallet(name).address();
            let message = login_message(&world.server.api, address).await;
            let forged = common::people::wallet("mallory").sign_message(&message).unwrap();
            assert_eq!(log_in(&world.server.api, &message, &forged).await.status, 401);
        }
    }
    until("the log", async || world.server.log().matches("alert.refusals").count() >= 2).await;

    // The same device on the same network is nothing new.
    assert!(!world.server.log().contains("alert.new_device"));
    let message = login_message(&world.server.api, owner.account()).await;
    let signature = owner.wallet.sign_message(&message).unwrap();
    let body =
        json!({ "message": message, "signature": signature.to_string(), "device": "somebody else\u{2019}s phone" });
    world.server.api.post("/v1/login", &body).await.ok();
    until("the webhook", async || told("new_device") > 0).await;
    assert_eq!(hook.paths(), ["/hook"], "no redirect is followed");
    for id in ["refusals", "new_device"] {
        let all = hook.all();
        let told = all.iter().find(|told| told.id.starts_with(&format!("alert.{id}."))).unwrap();
        assert_eq!(told.signature, hook::signature(told));
        assert_eq!(hook.wait(&told.id, 1)[0].body, told.body);
    }
    let everything = hook.everything();
    assert!(everything.contains("127.0.0.0/24"));
    for secret in [
        owner.api.token.as_deref().unwrap(),
        hook::SECRET,
        "127.0.0.1\"",
        "phone",
        owner.account().to_checksum(None).as_str(),
        &format!("{:x}", owner.account()),
    ] {
        assert!(!everything.contains(secret), "the webhook was told {secret}");
    }
}
