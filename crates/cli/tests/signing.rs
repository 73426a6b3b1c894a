//! What a holder signs by itself, over HTTP and over the local socket: transactions by alloy's own Web3Signer client,
//! messages, operations; and what it never gets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use alloy_network::TransactionBuilder;
use alloy_primitives::{Address, Signature, U256, address};
use alloy_provider::{Provider, ProviderBuilder, Web3Signer};
use alloy_rpc_types_eth::TransactionRequest;
use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::{World, until};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

const SHOP: Address = address!("0x5151515151515151515151515151515151515151");

/// A pass of the key's own account: payments to one shop, orders on one exchange, posts in one app.
const BOT: &str = r#"
chain = "eip155:31337"
lasts = "1h"
[gas]
per_op = 100000
fee_per_op = 1000000000000000
fee_cap = 2000000000000000
[[allow]]
call = "0x5151515151515151515151515151515151515151"
value = "<= 1000"
spend = "value <= 1500"
[[allow]]
typed = "Order(address maker,uint256 size)"
domain = { name = "Exchange", chainId = 31337 }
spend = "size <= 100"
[[allow]]
app = "chat.example"
verb = "post.create"
at_most = "1"
"#;

async fn signer_only(world: &World, owner: &Owner, text: &str) -> Pass {
    let asked = owner.api.post("/v1/grants", &json!({ "grant": text, "signer_only": true })).await.ok();
    assert!(asked["text"].as_str().unwrap().contains('!'), "a pass of no contract has red lines");
    let pass = Pass::of(&asked);
    let body = owner.approval(world, &pass).await;
    let approved = owner.at(&pass.session, "approve", &body).await.ok();
    assert_eq!((approved["session"]["state"].as_str(), approved.get("tx")), (Some("active"), None));
    pass
}

async fn token(owner: &Owner, session: &str) -> String {
    owner.at(session, "holder", &json!({})).await.ok()["token"].as_str().unwrap().to_owned()
}

/// Alloy's client of a web3signer, with nothing changed but a header.
fn web3signer(world: &World, session: &str, token: &str, key: Address) -> Web3Signer<impl Provider + Clone> {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let client = reqwest::Client::builder().default_headers(headers).build().unwrap();
    let url = format!("{}/v1/sessions/{session}/rpc", world.server.api.url).parse().unwrap();
    Web3Signer::new(ProviderBuilder::default().connect_reqwest(client, url), key)
}

fn payment(nonce: u64, value: u64) -> TransactionRequest {
    TransactionRequest::default()
        .with_to(SHOP)
        .with_value(U256::from(value))
        .with_nonce(nonce)
        .with_chain_id(31_337)
        .with_gas_limit(21_000)
        .with_max_fee_per_gas(20_000_000_000)
        .with_max_priority_fee_per_gas(1_000_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn alloy_s_web3signer_signs_what_a_rule_allows() {
    let world = World::start("web3signer").await;
    let owner = world.owner("alice").await;
    let pass = signer_only(&world, &owner, BOT).await;
    let key = pass.grant.account;
    world.chain.fund(key).await;
    let token = token(&owner, &pass.session).await;
    let signer = web3signer(&world, &pass.session, &token, key);
    assert_eq!(signer.provider().get_accounts().await.unwrap(), [key]);

    let raw = signer.sign_transaction(payment(0, 1000)).await.unwrap();
    let again = signer.sign_transaction(payment(0, 1000)).await.unwrap();
    assert_eq!(raw, again, "sent again it is the same transaction, counted once");
    world.chain.rpc("eth_sendRawTransaction", json!([raw])).await;

    let refused = async |tx: TransactionRequest| {
        let error = signer.sign_transaction(tx).await.unwrap_err();
        let text = format!("{error:?}");
        let codes: &[&str] = &[
            "meter_exceeded",
            "value_over_max",
            "no_rule",
            "fee_over_cap",
            "gas_over_cap",
            "bad_transaction",
            "wrong_chain",
        ];
        codes.iter().copied().find(|code| text.contains(&format!("\"{code}\""))).unwrap_or_else(|| panic!("{text}"))
    };
    assert_eq!(refused(payment(1, 1001)).await, "value_over_max");
    assert_eq!(refused(payment(1, 501)).await, "meter_exceeded");
    assert_eq!(refused(payment(1, 1).with_to(address_of("thief"))).await, "no_rule");
    assert_eq!(refused(payment(1, 1).with_gas_limit(100_001).with_max_fee_per_gas(1)).await, "gas_over_cap");
    assert_eq!(refused(payment(1, 1).with_max_fee_per_gas(u128::MAX)).await, "fee_over_cap");
    assert_eq!(refused(payment(1, 1).with_chain_id(1)).await, "wrong_chain");
    assert_eq!(refused(payment(1, 1).into_create()).await, "bad_transaction");
    // In the place of one that waits, with the same nonce: what counts is the dearer.
    signer.sign_transaction(payment(1, 500)).await.unwrap();
    signer.sign_transaction(payment(1, 499).with_max_fee_per_gas(21_000_000_000)).await.unwrap();
    assert_eq!(refused(payment(2, 1)).await, "meter_exceeded");

    // Once its nonce is used at a final block, what it spent stays spent, before that is noted and after.
    world.chain.rpc("anvil_mine", json!(["0x8"])).await;
    let used = world.chain.rpc("eth_getTransactionCount", json!([key, "finalized"])).await;
    assert_eq!(used, "0x1");
    let held = async || owner.at(&pass.session, "check", &call(501)).await.ok();
    until("the transaction is counted", async || {
        assert_eq!(held().await["code"], "meter_exceeded");
        world.server.log().contains("counted for good")
    })
    .await;
    assert_eq!(held().await["code"], "meter_exceeded");
}

fn call(value: u64) -> Value {
    json!({ "call": { "chain": "eip155:31337", "to": SHOP, "value": value.to_string(), "data": "0x" } })
}

/// A client of the local socket.
struct Local {
    read: BufReader<tokio::net::unix::OwnedReadHalf>,
    write: tokio::net::unix::OwnedWriteHalf,
}

impl Local {
    async fn open(world: &World) -> Self {
        let stream = UnixStream::connect(world.folder.path().join("s")).await.unwrap();
        let (read, write) = stream.into_split();
        Self { read: BufReader::new(read), write }
    }

    async fn line(&mut self, line: &str) -> Value {
        self.write.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.read.read_line(&mut answer).await.unwrap();
        serde_json::from_str(&answer).unwrap_or(Value::Null)
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.line(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string()).await
    }
}

fn order(size: u64) -> Value {
    json!({
        "types": { "Order": [{ "name": "maker", "type": "address" }, { "name": "size", "type": "uint256" }] },
        "primaryType": "Order", "domain": { "name": "Exchange", "chainId": 31337 },
        "message": { "maker": SHOP, "size": size },
    })
}

fn code(answer: &Value) -> &str {
    answer["error"]["data"]["code"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_socket_speaks_for_one_session_once_its_token_was_shown() {
    let world = World::start("socket").await;
    let owner = world.owner("alice").await;
    let pass = signer_only(&world, &owner, BOT).await;
    let key = pass.grant.account;
    let first = token(&owner, &pass.session).await;
    let second = token(&owner, &pass.session).await;

    let mut local = Local::open(&world).await;
    assert_eq!(code(&local.call("eth_accounts", json!([])).await), "not_authenticated");
    assert_eq!(code(&local.call("hallpass_authenticate", json!([first])).await), "not_authenticated");
    assert_eq!(code(&local.call("hallpass_authenticate", json!(["hp_no"])).await), "not_authenticated");
    assert_eq!(code(&local.line("{").await), "bad_json");
    let authenticated = local.call("hallpass_authenticate", json!([second])).await;
    assert_eq!(authenticated["result"]["session"], pass.session);
    assert_eq!(local.call("eth_accounts", json!([])).await["result"], json!([key.to_checksum(None)]));

    let signed = local.call("eth_signTypedData_v4", json!([key, order(60)])).await;
    let signature: Signature = signed["result"].as_str().unwrap().parse().unwrap();
    let digest = hallpass_policy::message::read::message(&order(60)).unwrap().digest().unwrap();
    assert_eq!(signature.recover_address_from_prehash(&digest).unwrap(), key);
    assert_eq!(local.call("eth_signTypedData", json!([key, order(60).to_string()])).await, signed);
    assert_eq!(code(&local.call("eth_signTypedData_v4", json!([key, order(41)])).await), "meter_exceeded");
    assert_eq!(code(&local.call("eth_signTypedData_v4", json!([SHOP, order(1)])).await), "bad_params");
    assert!(local.call("eth_signTypedData_v4", json!([key, order(40)])).await["result"].is_string());

    for never in ["eth_sign", "personal_sign", "eth_sendTransaction", "hallpass_authenticate", "rpc_modules"] {
        assert_eq!(code(&local.call(never, json!([key, "0x00"])).await), "no_such_method", "{never}");
    }
    let post = json!({ "app": { "app": "chat.example", "verb": "post.create", "attrs": {} } });
    let ask = |key: &str| json!([{ "idempotency_key": key, "action": post }]);
    assert_eq!(local.call("hallpass_check", ask("-")).await["result"]["allowed"], true);
    let posted = local.call("hallpass_sign", ask("a")).await;
    assert_eq!((posted["result"]["route"].as_str(), posted["result"].get("signature")), (Some("bare"), None));
    assert_eq!(local.call("hallpass_sign", ask("a")).await["result"]["operation"], posted["result"]["operation"]);
    assert_eq!(code(&local.call("hallpass_sign", ask("b")).await), "meter_exceeded");

    // A new token ends the old one, on a connection that stands; the new one opens it again.
    let third = token(&owner, &pass.session).await;
    assert_eq!(code(&local.call("eth_accounts", json!([])).await), "not_authenticated");
    assert_eq!(code(&local.call("hallpass_authenticate", json!([second])).await), "not_authenticated");
    assert_eq!(local.call("hallpass_authenticate", json!([third])).await["result"]["session"], pass.session);

    // The end of the session ends it, on a connection that stands.
    owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert_eq!(code(&local.call("eth_signTypedData_v4", json!([key, order(0)])).await), "grant_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_signs_operations_of_its_own_session_alone() {
    let world = World::start("holder").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let mine = owner.hand_out(&world, &pay_pass(ausd, shop, 100)).await;
    let other = owner.hand_out(&world, &pay_pass(ausd, shop, 100)).await;
    let token = token(&owner, &mine.session).await;
    let holder = owner.api.with(&token);
    let body =
        |key: &str, amount| json!({ "idempotency_key": key, "action": pay(ausd, shop, amount), "relayer": SHOP });
    let path = |session: &str, what: &str| format!("/v1/sessions/{session}/{what}");

    let signed = holder.post(&path(&mine.session, "sign"), &body("a", 60)).await.ok();
    assert_eq!(signed["call"]["from"], SHOP.to_checksum(None));
    holder.post(&path(&mine.session, "sign"), &body("b", 41)).await.refused(403, "meter_exceeded");
    holder.post(&path(&mine.session, "sign"), &body("a", 59)).await.refused(409, "idempotency_conflict");
    holder.post(&path(&other.session, "sign"), &body("c", 1)).await.refused(404, "not_found");
    holder.get(&path(&mine.session, "")).await;
    holder.post(&path(&mine.session, "revoke"), &Value::Null).await.refused(401, "not_logged_in");
    holder.post(&path(&mine.session, "holder"), &json!({})).await.refused(401, "not_logged_in");

    // Whoever was named sends it, and nobody else.
    world.chain.fund(SHOP).await;
    world.chain.rpc("anvil_impersonateAccount", json!([SHOP])).await;
    let call = json!([{ "from": SHOP, "to": signed["call"]["to"], "data": signed["call"]["data"] }]);
    let sent = serde_json::from_value(world.chain.rpc("eth_sendTransaction", call).await).unwrap();
    assert!(world.chain.node.wait(sent, std::time::Duration::from_secs(30)).await.unwrap().status());
    assert_eq!(world.chain.tokens_of(shop).await, 60);
    let executed = holder.post(&path(&mine.session, "execute"), &body_execute(ausd, shop, 40)).await.ok();
    assert_eq!(executed["success"], true);
    assert_eq!(world.chain.tokens_of(shop).await, 100);

    // A holder gives its session back, and no other.
    holder.post(&path(&other.session, "surrender"), &Value::Null).await.refused(404, "not_found");
    let ended = holder.post(&path(&mine.session, "surrender"), &Value::Null).await.ok();
    assert_eq!(
        (ended["session"]["state"].as_str(), &ended["session"]["reason"]),
        (Some("revoking"), &json!("holder_asked"))
    );
    assert_eq!(world.chain.grant_status(mine.grant.account, mine.grant.id()).await, 2);
    holder.post(&path(&mine.session, "sign"), &body("d", 0)).await.refused(403, "grant_ended");
}

fn body_execute(ausd: Address, shop: Address, amount: u64) -> Value {
    json!({ "idempotency_key": "execute", "action": pay(ausd, shop, amount) })
}
