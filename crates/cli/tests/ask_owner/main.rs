//! What an owner is asked: one call that a pass does not allow, or the pass for longer; and everything that a yes must not be
//! used for.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;

use common::api::{Answer, Api, execute_body};
use common::chain::Chain;
use common::hook;
use common::people::{Owner, Pass, address_of, pay, pay_pass};
use common::{World, until};
use hallpass_policy::eip712::domain;
use serde_json::{Value, json};

/// A pass to pay the shop 50 in all, and its holder.
async fn shopper(world: &World, owner: &Owner) -> (Pass, Api) {
    let pass = owner.hand_out(world, &pay_pass(world.chain.token, address_of("shop"), 50)).await;
    let token = owner.at(&pass.session, "holder", &json!({})).await.ok();
    (pass, owner.api.with(token["token"].as_str().unwrap()))
}

fn asking(key: &str, action: &Value, ask: Value) -> Value {
    let mut body = execute_body(key, action);
    body["ask"] = ask;
    body
}

async fn ask(holder: &Api, session: &str, key: &str, action: &Value, how: Value) -> Answer {
    holder.post(&format!("/v1/sessions/{session}/execute"), &asking(key, action, how)).await
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["id"].as_str().unwrap().to_owned()
}

/// The owner's signature over the grant that a request shows.
async fn signed(owner: &Owner, request: &str) -> Value {
    let view = owner.api.get(&format!("/v1/requests/{request}")).await.ok();
    let message = Pass::of(&view["grant"]).grant.message();
    let signature = owner.wallet.sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    json!({ "signature": signature.to_string() })
}

async fn approve(owner: &Owner, request: &str) -> Answer {
    let body = signed(owner, request).await;
    owner.api.post(&format!("/v1/requests/{request}/approve"), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_limit_is_done_once_after_the_owner_says_yes() {
    let world = World::start("ask-yes").await;
    let owner = world.owner("alice").await;
    let (pass, holder) = shopper(&world, &owner).await;
    let shop = address_of("shop");
    let action = pay(world.chain.token, shop, 80);
    let path = format!("/v1/sessions/{}/execute", pass.session);
    holder.post(&path, &execute_body("k", &action)).await.refused(403, "meter_exceeded");
    let why = json!({ "why": "rent of November" });
    let asked = ask(&holder, &pass.session, "rent", &action, why.clone()).await;
    let request = id(&asked);
    let shown = asked.json();
    assert_eq!((shown["state"].as_str(), shown["kind"].as_str()), (Some("open"), Some("one_off")));
    assert_eq!(shown["met"]["code"], "meter_exceeded");
    assert_eq!(shown.get("grant"), None, "a holder gets nothing to sign");
    let text = shown["text"].as_str().unwrap();
    assert!(text.contains("the asker says it is for \"rent of November\"; nobody has checked that"), "{text}");
    assert!(text.contains("left: 50") && text.contains(&shop.to_checksum(None)), "{text}");

    // Sent again, it is the same request; nothing was signed meanwhile.
    assert_eq!(id(&ask(&holder, &pass.session, "rent", &action, why.clone()).await), request);
    assert_eq!(id(&holder.post(&path, &execute_body("rent", &action)).await), request);
    let other = pay(world.chain.token, shop, 81);
    ask(&holder, &pass.session, "rent", &other, why.clone()).await.refused(409, "idempotency_conflict");
    assert_eq!(world.chain.tokens_of(shop).await, 0);
    // What waits is not approved by a click, nor by another signature.
    let url = format!("/v1/requests/{request}/approve");
    let forged = json!({ "signature": format!("0x{}", "11".repeat(65)) });
    assert_eq!(owner.api.post(&url, &forged).await.status, 422);
    let wrong = owner.approval(&world, &pass).await;
    assert_eq!(owner.api.post(&url, &json!({ "signature": wrong["signature"] })).await.status, 422);
    assert_eq!(holder.post(&url, &signed(&owner, &request).await).await.status, 401, "a holder is no owner");

    let done = approve(&owner, &request).await.ok();
    assert_eq!((done["request"]["state"].as_str(), done.get("pending")), (Some("approved"), None), "{done}");
    assert_eq!(world.chain.tokens_of(shop).await, 80);
    // The holder finds the very operation, and no second one is made.
    let found = ask(&holder, &pass.session, "rent", &action, why).await.ok();
    assert_eq!(found["operation"], done["request"]["done"]["operation"]);
    approve(&owner, &request).await.ok();
    assert_eq!(world.chain.tokens_of(shop).await, 80);
    // The pass itself is as it was: 50 are left, and 80 are still too much.
    holder.post(&path, &execute_body("k2", &action)).await.refused(403, "meter_exceeded");
    holder.post(&path, &execute_body("k3", &pay(world.chain.token, shop, 50))).await.ok();
    assert_eq!(world.chain.tokens_of(shop).await, 130);

    // The grant that was signed is for that call alone: not for another amount, not twice; and nobody uses it but by the request.
    let proposal = done["request"]["proposal"].as_str().unwrap();
    let verdict = async |action: &Value| owner.at(proposal, "check", action).await.ok()["code"].clone();
    assert_eq!(verdict(&pay(world.chain.token, shop, 79)).await, "condition_failed");
    assert_eq!(verdict(&pay(world.chain.token, address_of("thief"), 80)).await, "condition_failed");
    assert_eq!(verdict(&action).await, "meter_exceeded");
    owner.execute(proposal, "c", &action).await.refused(403, "one_off");
    assert_eq!(world.chain.tokens_of(shop).await, 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_a_deadline_and_the_end_of_the_session_are_final() {
    let world = World::start("ask-no").await;
    let (owner, stranger) = (world.owner("alice").await, world.owner("bob").await);
    let (pass, holder) = shopper(&world, &owner).await;
    let (_, other) = shopper(&world, &stranger).await;
    let action = pay(world.chain.token, address_of("shop"), 80);
    let retry = async |key: &str| ask(&holder, &pass.session, key, &action, json!(true)).await;

    let refused = id(&retry("no").await);
    // Nobody else sees it, and nobody else answers it.
    let path = format!("/v1/requests/{refused}");
    let signature = signed(&owner, &refused).await;
    for api in [&other, &stranger.api] {
        api.get(&path).await.refused(404, "not_found");
    }
    stranger.api.post(&format!("{path}/approve"), &signature).await.refused(404, "not_found");
    stranger.api.post(&format!("{path}/refuse"), &json!({})).await.refused(404, "not_found");
    assert_eq!(stranger.api.get("/v1/requests").await.ok(), json!([]));
    ask(&other, &pass.session, "x", &action, json!(true)).await.refused(404, "not_found");
    let no = owner.api.post(&format!("{path}/refuse"), &json!({})).await.ok();
    assert_eq!(no["state"], "refused");
    owner.api.post(&format!("{path}/approve"), &signature).await.refused(409, "owner_refused");
    let proposal = no["proposal"].as_str().unwrap();
    assert_eq!(owner.at(proposal, "approve", &signature).await.status, 409, "nor around the request");
    retry("no").await.refused(403, "owner_refused");

    // One second to answer.
    let late = id(&ask(&holder, &pass.session, "late", &action, json!({ "seconds": 1 })).await);
    let signature = signed(&owner, &late).await;
    let state = async || holder.get(&format!("/v1/requests/{late}")).await.ok()["state"].clone();
    until("the deadline", async || state().await != "open").await;
    assert_eq!(state().await, "expired");
    owner.api.post(&format!("/v1/requests/{late}/approve"), &signature).await.refused(409, "request_expired");
    let view = owner.api.get(&format!("/v1/requests/{late}")).await.ok();
    let around = owner.at(view["proposal"].as_str().unwrap(), "approve", &signature).await;
    assert_eq!(around.status, 409, "{}", around.text);
    retry("late").await.refused(403, "request_expired");

    // The session ends while its owner thinks.
    let open = id(&retry("open").await);
    let signature = signed(&owner, &open).await;
    owner.at(&pass.session, "revoke", &json!({})).await.ok();
    assert_eq!(owner.api.get(&format!("/v1/requests/{open}")).await.ok()["state"], "withdrawn");
    owner.api.post(&format!("/v1/requests/{open}/approve"), &signature).await.refused(409, "request_withdrawn");
    retry("more").await.refused(403, "grant_ended");
    assert_eq!(world.chain.tokens_of(address_of("shop")).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_holder_asks_little_and_nothing_that_no_owner_could_allow() {
    let world = World::start("ask-hostile").await;
    let owner = world.owner("alice").await;
    let (pass, holder) = shopper(&world, &owner).await;
    let token = world.chain.token;
    let try_ask = async |key: &str, action: &Value, how: Value| ask(&holder, &pass.session, key, action, how).await;
    let over = pay(token, address_of("shop"), 80);
    for bad in [json!({ "seconds": 0 }), json!({ "seconds": 86_401 }), json!({ "why": "x\"\nyou must sign" })] {
        assert_eq!(try_ask("bad", &over, bad).await.status, 400);
    }
    // Bad calldata, the account itself, two calls.
    let mut bytes = pay(token, address_of("shop"), 80);
    bytes["call"]["data"] = json!(format!("{}00", bytes["call"]["data"].as_str().unwrap()));
    try_ask("bytes", &bytes, json!(true)).await.refused(403, "bad_calldata");
    let mut own = over.clone();
    own["call"]["to"] = json!(owner.account().to_checksum(None));
    try_ask("own", &own, json!(true)).await.refused(403, "target_forbidden");
    let batch = json!({ "batch": [over, over] });
    let refused = try_ask("batch", &batch, json!(true)).await;
    refused.refused(403, "meter_exceeded");
    assert!(refused.text.contains("one call at a time"), "{}", refused.text);
    // A function that nobody names, and one that is named otherwise.
    let zap = json!({ "call": { "chain": "eip155:31337", "to": token, "value": "0", "data": "0x12345678" } });
    try_ask("zap", &zap, json!(true)).await.refused(422, "unknown_function");
    try_ask("zap", &zap, json!({ "function": "transfer(address,uint256)" })).await.refused(422, "other_function");
    assert_eq!(owner.api.get("/v1/requests").await.ok(), json!([]), "nothing of this reached the owner");

    // All at once: four are open, and the owner's list holds no more.
    let tasks: Vec<_> = (0..12)
        .map(|i| {
            let (holder, session, over) = (holder.clone(), pass.session.clone(), over.clone());
            tokio::spawn(async move { ask(&holder, &session, &format!("flood-{i}"), &over, json!(true)).await })
        })
        .collect();
    let mut open = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            answer if answer.status == 202 => open.push(id(&answer)),
            answer => drop(answer.refused(429, "too_many_requests")),
        }
    }
    assert_eq!(open.len(), 4);
    assert_eq!(owner.api.get("/v1/requests?open=true").await.ok().as_array().unwrap().len(), 4);
    let sessions = owner.api.get("/v1/sessions").await.ok();
    let requested = sessions.as_array().unwrap().iter().filter(|s| s["state"] == "requested").count();
    assert_eq!(requested, 4, "nothing is drafted for what is not asked");
    // What was approved for a session that has ended since is not done.
    let signature = signed(&owner, &open[0]).await;
    let view = owner.api.get(&format!("/v1/requests/{}", open[0])).await.ok();
    // Whichever way it is looked at, there is one text to agree to, with what was asked in it.
    let shown = owner.api.get(&format!("/v1/sessions/{}", view["proposal"].as_str().unwrap())).await.ok();
    assert!(shown["text"].as_str().unwrap().starts_with("What you are asked"), "{}", shown["text"]);
    let asked = owner.api.get(&format!("/v1/requests/{}", view["id"].as_str().unwrap())).await.ok();
    assert_eq!((&shown["text"], &shown["words_hash"]), (&asked["text"], &asked["words_hash"]));
    assert_eq!(asked["grant"]["text"], asked["text"]);
    owner.at(view["proposal"].as_str().unwrap(), "approve", &signature).await.ok();
    owner.at(&pass.session, "revoke", &json!({})).await.ok();
    let state = async |session: &str| {
        let all = owner.api.get("/v1/sessions").await.ok();
        all.as_array().unwrap().iter().find(|s| s["id"] == session).unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert!(state(view["proposal"].as_str().unwrap()).await.starts_with("revok"));
    let done = owner.api.post(&format!("/v1/requests/{}/approve", open[0]), &signature).await;
    assert_eq!(done.status, 409, "{}", done.text);
    assert_eq!(world.chain.tokens_of(address_of("shop")).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_shows_what_changes_and_begins_where_the_pass_ends() {
    let world = World::start("ask-renew").await;
    let owner = world.owner("alice").await;
    let (pass, holder) = shopper(&world, &owner).await;
    let path = format!("/v1/sessions/{}/renew", pass.session);
    let asked = holder.post(&path, &json!({ "why": "another hour" })).await;
    let request = id(&asked);
    assert_eq!(id(&owner.api.post(&path, &json!({})).await), request, "the one that is open");
    let view = owner.api.get(&format!("/v1/requests/{request}")).await.ok();
    let renewed = Pass::of(&view["grant"]).grant;
    assert_eq!(renewed.not_before, pass.grant.not_after);
    assert_eq!(renewed.not_after.get() - renewed.not_before.get(), 3600);
    assert_eq!((renewed.calls, renewed.account), (pass.grant.calls.clone(), pass.grant.account));
    let text = view["text"].as_str().unwrap();
    assert!(text.contains("What changes against the present pass"), "{text}");
    let changes = view["difference"]["changes"].as_array().unwrap();
    assert!(changes.iter().any(|c| c["says"].as_str().unwrap().starts_with("the end is later")), "{changes:?}");

    let done = approve(&owner, &request).await.ok();
    assert_eq!(done["approved"]["session"]["state"], "active");
    let proposal = done["request"]["proposal"].as_str().unwrap();
    // Two passes, but never two budgets at once.
    let early = owner.execute(proposal, "early", &pay(world.chain.token, address_of("shop"), 1)).await;
    early.refused(403, "grant_not_started");
    holder.post(&path, &json!({})).await.refused(409, "renewed");

    // Whoever held the old session is given the new one, and nobody else; a holder of a session that was ended is given nothing.
    let handover = format!("/v1/requests/{request}/holder");
    let token = holder.post(&handover, &json!({})).await.ok()["token"].as_str().unwrap().to_owned();
    // Once: whoever has a copy of the old token gets no other one.
    holder.post(&handover, &json!({})).await.refused(409, "has_holder");
    let next = holder.with(&token);
    let execute = format!("/v1/sessions/{proposal}/execute");
    let body = execute_body("early-too", &pay(world.chain.token, address_of("shop"), 1));
    next.post(&execute, &body).await.refused(403, "grant_not_started");
    next.post(&handover, &json!({})).await.refused(404, "not_found");
    // What follows a pass that is ended ends with it, as long as it has not begun.
    owner.at(&pass.session, "revoke", &json!({})).await.ok();
    holder.post(&handover, &json!({})).await.refused(409, "session_ended");
    let all = owner.api.get("/v1/sessions").await.ok();
    let next = all.as_array().unwrap().iter().find(|s| s["id"] == proposal).unwrap();
    assert!(matches!(next["state"].as_str(), Some("revoking" | "revoked")), "{next}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_soon_is_asked_to_be_renewed_where_the_operator_wants_that() {
    let chain = Chain::start().await;
    let node = chain.url.clone();
    let world = World::configured("ask-ahead", chain, &node, |_| "renew_minutes = 1\n".to_owned()).await;
    let owner = world.owner("alice").await;
    let text = pay_pass(world.chain.token, address_of("shop"), 50);
    let long = owner.hand_out(&world, &text).await;
    let short = owner.hand_out(&world, &text.replace("lasts = \"1h\"", "lasts = \"61s\"")).await;
    let requests = async || owner.api.get("/v1/requests").await.ok();
    until("the renewal is asked", async || requests().await != json!([])).await;
    let asked = requests().await;
    let of: Vec<&str> = asked.as_array().unwrap().iter().map(|r| r["session"].as_str().unwrap()).collect();
    assert_eq!(of, [short.session.as_str()], "and not {}", long.session);
    assert_eq!(asked[0]["kind"], "renewal");
    assert!(asked[0]["deadline"].as_u64().unwrap() <= short.grant.not_after.get());
}

/// A pass to send the shop native coin.
fn coin_pass() -> String {
    let shop = address_of("shop");
    format!(
        "chain = \"eip155:31337\"\nlasts = \"1h\"\n[[allow]]\ncall = \"{shop}\"\nvalue = \"<= 100\"\nspend = \"value <= 100\"\n"
    )
}

fn coins(value: u64) -> Value {
    json!({ "call": { "chain": "eip155:31337", "to": address_of("shop"), "value": value.to_string(), "data": "0x" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_marks_is_asked_although_the_pass_allows_it_and_the_webhook_is_told() {
    let hook = hook::Hook::start();
    let chain = Chain::start().await;
    let node = chain.url.clone();
    let world = World::configured("ask-marked", chain, &node, |folder| {
        let secret = folder.write("hook-secret", &format!("{}\n", hook::SECRET));
        format!("ask = [\"native\", \"over_limit\"]\nwebhook = \"{}\"\nwebhook_secret_file = \"{secret}\"\n", hook.url)
    })
    .await;
    let owner = world.owner("alice").await;
    world.chain.fund(owner.account()).await;
    let pass = owner.hand_out(&world, &coin_pass()).await;
    let token = owner.at(&pass.session, "holder", &json!({})).await.ok()["token"].as_str().unwrap().to_owned();
    let holder = owner.api.with(&token);
    let path = |what: &str| format!("/v1/sessions/{}/{what}", pass.session);
    let balance = async || world.chain.rpc("eth_getBalance", json!([address_of("shop"), "latest"])).await;

    // Allowed by the pass, and asked all the same, over each way in.
    let asked = holder.post(&path("execute"), &execute_body("pay", &coins(10))).await;
    let request = id(&asked);
    assert_eq!(asked.json()["met"]["code"], "ask_owner");
    let signing = holder.post(&path("sign"), &execute_body("sign", &coins(10))).await;
    let to_sign = id(&signing);
    let rpc =
        json!({ "jsonrpc": "2.0", "id": 1, "method": "hallpass_sign", "params": [execute_body("rpc", &coins(10))] });
    let waits = holder.post(&path("rpc"), &rpc).await.ok();
    assert_eq!(waits["result"]["request"]["state"], "open", "{waits}");
    assert_eq!(owner.at(&pass.session, "execute", &execute_body("own", &coins(10))).await.status, 202, "its owner too");
    assert_eq!(balance().await, "0x0");

    let done = approve(&owner, &request).await.ok();
    assert_eq!(done.get("pending"), None, "{done}");
    assert_eq!(balance().await, "0xa");
    let signed = approve(&owner, &to_sign).await.ok();
    assert_eq!(signed["request"].get("done"), None, "a signature is made when its asker comes for it");
    let call = holder.post(&path("sign"), &execute_body("sign", &coins(10))).await.ok();
    assert!(call["call"]["data"].as_str().unwrap().len() > 10, "{call}");
    assert_eq!(balance().await, "0xa");
    // Over the limit, asked without a word of the holder's; what no rule is for, likewise.
    assert_eq!(holder.post(&path("execute"), &execute_body("more", &coins(101))).await.status, 202);

    // The redirect was not followed, and the event came again with the same id.
    let open = hook.wait(&format!("{request}.open"), 2);
    let approved = hook.wait(&format!("{request}.approved"), 1);
    assert_eq!(hook.paths(), ["/hook"]);
    for told in open.iter().chain(&approved) {
        assert_eq!(told.signature, hook::signature(told), "the signature is not ours");
        let body: Value = serde_json::from_str(&told.body).unwrap();
        assert_eq!(body["data"]["request"], json!(request));
        assert_eq!(body["data"]["session"], json!(pass.session));
        assert!(body["data"]["text"].as_str().unwrap().contains("What you would sign"));
    }
    assert_eq!(open[0].body, open[1].body);
    // Nothing that opens anything was told or logged.
    let everything = hook.everything();
    for secret in [token.as_str(), owner.api.token.as_deref().unwrap(), hook::SECRET, common::server::PASSPHRASE] {
        assert!(!everything.contains(secret) && !world.server.log().contains(secret), "a secret got out");
    }
    assert!(!world.server.log().contains(&hook.url), "the webhook's address is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_answers_at_the_terminal() {
    let world = World::start("ask-cli").await;
    let owner = world.owner("alice").await;
    let (pass, holder) = shopper(&world, &owner).await;
    let action = pay(world.chain.token, address_of("shop"), 80);
    let first = id(&ask(&holder, &pass.session, "a", &action, json!({ "why": "rent" })).await);
    let second = id(&ask(&holder, &pass.session, "b", &action, json!(true)).await);
    let run = |arguments: &[&str]| {
        let all = [&["--config", world.server.config()], arguments].concat();
        let mut command = common::hallpass(&world.folder, &all);
        command.env("HALLPASS_TOKEN", owner.api.token.as_deref().unwrap());
        common::Ran::of(command.output().unwrap())
    };
    let listed = run(&["approve"]);
    assert!(listed.out.contains(&first) && listed.out.contains("(\"rent\", says the asker)"), "{}", listed.out);
    let shown = run(&["approve", &first]);
    assert!(shown.out.contains("nobody has checked that") && shown.out.contains("typed-data"), "{}", shown.out);
    let unconfirmed = run(&["approve", &first, "--dev-key", "alice"]);
    assert_eq!(unconfirmed.exit, 2);
    assert!(unconfirmed.err.contains("[no_terminal]"), "{}", unconfirmed.err);
    assert_eq!(world.chain.tokens_of(address_of("shop")).await, 0);
    let thief = run(&["approve", &first, "--dev-key", "mallory", "--yes"]);
    assert_eq!(thief.exit, 1, "{}", thief.err);
    let yes = run(&["approve", &first, "--dev-key", "alice", "--yes"]);
    assert_eq!(yes.exit, 0, "{}", yes.err);
    assert!(yes.out.contains("is approved\ndone in transaction 0x"), "{}", yes.out);
    assert_eq!(world.chain.tokens_of(address_of("shop")).await, 80);
    let no = run(&["--json", "approve", &second, "--refuse"]);
    assert_eq!(serde_json::from_str::<Value>(&no.out).unwrap()["state"], "refused", "{}", no.err);
    assert_eq!(run(&["approve"]).out.trim(), "nothing is asked of you");
    let again = run(&["approve", &second, "--dev-key", "alice", "--yes"]);
    assert!(again.exit == 1 && again.err.contains("[owner_refused]"), "{}", again.err);
}
