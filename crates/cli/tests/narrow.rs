//! An owner narrows a pass: one signature ends the old one and carries what was spent.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::{World, until};
use hallpass_policy::eip712::{Replace, domain};
use serde_json::{Value, json};

/// Asks for a pass in the place of `old`.
async fn ask(owner: &Owner, old: &Pass, text: &str) -> common::api::Answer {
    owner.api.post("/v1/grants", &json!({ "grant": text, "replaces": old.session })).await
}

/// The owner's signature for it.
fn approval(owner: &Owner, old: &Pass, new: &Pass) -> Value {
    let to = new.grant.message();
    let domain = domain(to.chainId, to.backend);
    let signature = owner.wallet.sign_typed(&domain, &Replace { from: old.grant.id(), to }).unwrap();
    json!({ "signature": signature.to_string() })
}

async fn final_blocks(world: &World) {
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_pass_takes_the_place_of_another_and_what_was_spent_stays_spent() {
    let world = World::start("narrow").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let old = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    owner.execute(&old.session, "first", &pay(ausd, shop, 4)).await.ok();
    let token = owner.at(&old.session, "holder", &Value::Null).await.ok()["token"].as_str().unwrap().to_owned();

    // What would allow more is no narrowing.
    let narrow = pay_pass(ausd, shop, 6).replace("lasts = \"1h\"", "lasts = \"30m\"");
    let rule = format!("{narrow}[[allow]]\ncall = \"{shop}\"\nat_most = \"1\"\n");
    ask(&owner, &old, &rule).await.refused(422, "bad_replacement");
    ask(&owner, &old, &pay_pass(ausd, shop, 11)).await.refused(422, "bad_replacement");
    ask(&owner, &old, &narrow.replace("30m", "2h")).await.refused(422, "not_narrower");
    ask(&owner, &old, &narrow.replace(&shop.to_string(), &address_of("thief").to_string()))
        .await
        .refused(422, "not_narrower");
    let outside = format!("key = \"{}\"\n{narrow}", address_of("thief"));
    ask(&owner, &old, &outside).await.refused(422, "not_narrower");
    let both = json!({ "grant": narrow, "replaces": old.session, "pocket": 0 });
    owner.api.post("/v1/grants", &both).await.refused(400, "bad_body");
    let mallory = world.owner("mallory").await;
    ask(&mallory, &old, &narrow).await.refused(404, "not_found");

    let asked = ask(&owner, &old, &narrow).await.ok();
    let changes = asked["changes"].as_array().unwrap();
    assert!(changes.iter().any(|c| c.as_str().unwrap().starts_with("meters[0].cap")), "{changes:?}");
    assert_eq!(asked["typed_data"]["message"]["from"], json!(old.grant.id()));
    let new = Pass::of(&asked);
    assert_eq!(owner.api.get(&format!("/v1/sessions/{}", new.session)).await.ok()["typed_data"], asked["typed_data"]);
    // A signature of the grant alone would install it beside the old one, with nothing spent.
    let beside = owner.approval(&world, &new).await;
    owner.at(&new.session, "approve", &beside).await.refused(422, "wrong_signer");
    let approved = owner.at(&new.session, "approve", &approval(&owner, &old, &new)).await.ok();
    assert!(approved["tx"].is_string());
    assert_eq!(world.chain.grant_status(owner.account(), old.grant.id()).await, 2);
    assert_eq!(world.chain.grant_status(owner.account(), new.grant.id()).await, 1);

    owner.execute(&old.session, "late", &pay(ausd, shop, 1)).await.refused(403, "grant_ended");
    owner.execute(&new.session, "early", &pay(ausd, shop, 1)).await.refused(409, "not_final");
    final_blocks(&world).await;
    let holder = owner.api.with(&token);
    let check = |amount| (format!("/v1/sessions/{}/check", new.session), pay(ausd, shop, amount));
    let (path, body) = check(3);
    assert_eq!(holder.post(&path, &body).await.ok()["code"], "meter_exceeded");
    let (path, body) = check(2);
    assert_eq!(holder.post(&path, &body).await.ok()["allowed"], true);
    owner.execute(&new.session, "rest", &pay(ausd, shop, 2)).await.ok();
    final_blocks(&world).await;
    let all = owner.api.get("/v1/sessions").await.ok();
    let state =
        |pass: &Pass| all.as_array().unwrap().iter().find(|s| s["id"] == pass.session.as_str()).unwrap().clone();
    assert_eq!((state(&old)["reason"].as_str(), state(&new)["state"].as_str()), (Some("replaced"), Some("active")));
    owner.execute(&new.session, "more", &pay(ausd, shop, 1)).await.refused(403, "meter_exceeded");
    assert!(!world.server.log().contains("past the signer"), "{}", world.server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_that_could_not_be_sent_is_sent_later() {
    let world = World::start("narrow-later").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let old = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let narrow = pay_pass(ausd, shop, 6).replace("lasts = \"1h\"", "lasts = \"30m\"");
    let new = Pass::of(&ask(&owner, &old, &narrow).await.ok());
    let relayer = world.server.relayer().await;
    world.chain.rpc("anvil_setBalance", json!([relayer, "0x0"])).await;
    owner.at(&new.session, "approve", &approval(&owner, &old, &new)).await.refused(503, "relayer_unfunded");
    owner.execute(&old.session, "late", &pay(ausd, shop, 1)).await.refused(403, "grant_ended");

    world.chain.fund(relayer).await;
    let stands = async || world.chain.grant_status(owner.account(), new.grant.id()).await == 1;
    until("the replacement is sent", stands).await;
    assert_eq!(world.chain.grant_status(owner.account(), old.grant.id()).await, 2);
    final_blocks(&world).await;
    owner.execute(&new.session, "now", &pay(ausd, shop, 6)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_chain_counts_stays_counted() {
    let world = World::start("narrow-app").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let app = "[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"2\"\n";
    let old = owner.hand_out(&world, &format!("{}{app}", pay_pass(ausd, shop, 10))).await;
    let post = json!({ "app": { "app": "chat.example", "verb": "post.create", "attrs": {} } });
    let ask_for = |key: &str| json!({ "idempotency_key": key, "action": post });
    owner.at(&old.session, "sign", &ask_for("1")).await.ok();
    owner.at(&old.session, "sign", &ask_for("2")).await.ok();
    owner.at(&old.session, "sign", &ask_for("3")).await.refused(403, "meter_exceeded");

    let narrow = format!("{}{app}", pay_pass(ausd, shop, 6).replace("lasts = \"1h\"", "lasts = \"30m\""));
    let new = Pass::of(&ask(&owner, &old, &narrow).await.ok());
    owner.at(&new.session, "approve", &approval(&owner, &old, &new)).await.ok();
    final_blocks(&world).await;
    owner.at(&new.session, "sign", &ask_for("4")).await.refused(403, "meter_exceeded");
}

/// Whoever narrows it sits elsewhere: at the terminal. The page that asked first, and its key, stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_pass_with_a_browsers_key_is_narrowed_from_anywhere() {
    let chain = common::chain::Chain::start().await;
    let node = chain.url.clone();
    let apps = "[[apps]]\nname = \"arena\"\norigins = [\"https://arena.example\"]\n";
    let world = World::configured("narrow-outside", chain, &node, |_| apps.to_owned()).await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let text = |cap: u64| format!("key = \"{}\"\n{}", address_of("a browser"), pay_pass(ausd, shop, cap));
    let request = reqwest::Client::new().post(format!("{}/v1/grants", owner.api.url));
    let request = request.bearer_auth(owner.api.token.as_ref().unwrap()).header("origin", "https://arena.example");
    let view: Value = request.json(&json!({ "grant": text(10) })).send().await.unwrap().json().await.unwrap();
    let old = Pass::of(&view);
    let body = owner.approval(&world, &old).await;
    owner.at(&old.session, "approve", &body).await.ok();

    let narrow = text(6).replace("lasts = \"1h\"", "lasts = \"30m\"");
    let other = format!("origin = \"https://other.example\"\n{narrow}");
    ask(&owner, &old, &other).await.refused(422, "wrong_origin");
    let login = "login = { domain = \"a.example\", uri = \"https://a.example\", nonce = \"12345678\" }\n";
    ask(&owner, &old, &format!("{login}{narrow}")).await.refused(422, "foreign_login");
    for asked in [narrow.clone(), format!("origin = \"https://arena.example\"\n{narrow}")] {
        let new = Pass::of(&ask(&owner, &old, &asked).await.ok());
        assert_eq!(new.grant.rest.labels.origin.as_deref(), Some("https://arena.example"));
        assert_eq!(new.grant.key, old.grant.key);
    }
}
