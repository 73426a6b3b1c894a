//! Sessions of a store that was put back from a copy: they wait for their owner, and what a contract counts also until nothing that
//! was signed before can execute any more.

use crate::common::chain::Chain;
use crate::common::people::{Owner, Pass, address_of, pay, pay_pass};
use crate::common::server::Folder;
use crate::inside::{DEPTH, Inside};
use alloy_eips::BlockNumberOrTag;
use hallpass_server::work;
use serde_json::{Value, json};

struct Blocks {
    chain: Chain,
    now: u64,
}

impl Blocks {
    /// A block after `seconds`, and so many more that it is final.
    async fn pass(&mut self, inside: &Inside, seconds: u64) {
        for step in 0..=DEPTH {
            self.now += if step == 0 { seconds } else { 1 };
            self.chain.rpc("evm_setNextBlockTimestamp", json!([self.now])).await;
            self.chain.rpc("anvil_mine", json!(["0x1"])).await;
        }
        inside.clock.set(self.now);
        work::settle::once(&inside.app).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_on_before_what_was_signed_is_dead_and_its_owner_has_said_so() {
    let chain = Chain::start().await;
    let folder = Folder::new("settlement-restored");
    let url = chain.url.clone();
    let inside = Inside::start(&folder, &url, None).await;
    let owner = Owner::on(&inside.api, &chain, "alice").await;
    chain.fund(inside.app.chain.relayer_address).await;
    let (ausd, shop) = (chain.token, address_of("shop"));
    let counted = owner.ask(&pay_pass(ausd, shop, 10)).await;
    let body = owner.approval_on(&chain, &counted).await;
    owner.at(&counted.session, "approve", &body).await.ok();
    let text = "chain = \"eip155:31337\"\nlasts = \"1h\"\n[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"1\"\n";
    let app = Pass::of(&owner.api.post("/v1/grants", &json!({ "grant": text, "signer_only": true })).await.ok());
    let body = owner.approval_on(&chain, &app).await;
    owner.at(&app.session, "approve", &body).await.ok();
    chain.rpc("anvil_setIntervalMining", json!([0])).await;
    let head = chain.node.block(BlockNumberOrTag::Latest).await.unwrap();
    let mut blocks = Blocks { chain, now: head.time.get() };
    blocks.pass(&inside, 1).await;

    // Asked before, and answered since, for all that the copy knows.
    let asked = owner.ask(&pay_pass(ausd, shop, 3)).await;
    let old_answer = owner.approval_on(&blocks.chain, &asked).await;
    // Signed before, and known to the store no more than the signature that follows.
    let signed = json!({ "idempotency_key": "s", "action": pay(ausd, shop, 4) });
    owner.at(&counted.session, "sign", &signed).await.ok();
    let holder = owner.at(&app.session, "holder", &Value::Null).await.ok()["token"].as_str().unwrap().to_owned();
    let done = work::restored::apply(inside.app.store.as_ref(), inside.app.clock.as_ref()).await.unwrap();
    assert_eq!((done.suspended, done.logins, done.holders, done.requests), (2, 1, 1, 1));
    let again = work::restored::apply(inside.app.store.as_ref(), inside.app.clock.as_ref()).await.unwrap();
    assert_eq!((again.suspended, again.logins, again.holders), (0, 0, 0));
    // As the start does that follows.
    inside.app.logins.refill().await.unwrap();
    owner.at(&counted.session, "check", &pay(ausd, shop, 1)).await.refused(401, "not_logged_in");
    inside
        .api
        .with(&holder)
        .post(&format!("/v1/sessions/{}/surrender", app.session), &Value::Null)
        .await
        .refused(401, "not_logged_in");

    let owner = Owner::logged_in(&inside.api, "alice").await;
    let state = async |pass: &Pass| {
        let all = owner.api.get("/v1/sessions").await.ok();
        let found = all.as_array().unwrap().iter().find(|s| s["id"] == pass.session.as_str()).unwrap().clone();
        found["state"].as_str().unwrap().to_owned()
    };
    owner.at(&asked.session, "approve", &old_answer).await.refused(409, "answered");
    blocks.pass(&inside, 710).await;
    assert_eq!((state(&counted).await, state(&app).await), ("suspended".to_owned(), "suspended".to_owned()));
    owner.at(&counted.session, "resume", &Value::Null).await.refused(409, "not_final");
    blocks.pass(&inside, 20).await;
    assert_eq!((state(&counted).await, state(&app).await), ("suspended".to_owned(), "suspended".to_owned()));
    owner.at(&counted.session, "resume", &Value::Null).await.ok();
    let check = owner.at(&counted.session, "check", &pay(ausd, shop, 10)).await.ok();
    assert_eq!(check["allowed"], true, "what was signed died unused: {check}");

    let post = json!({ "app": { "app": "chat.example", "verb": "post.create", "attrs": {} } });
    let ask = json!({ "idempotency_key": "p", "action": post });
    owner.at(&app.session, "sign", &ask).await.refused(403, "restored");
    owner.at(&app.session, "resume", &Value::Null).await.ok();
    owner.at(&app.session, "sign", &ask).await.ok();
}
