//! Times, limits, lists and ends; the wallet proving itself once more.

use crate::client::{Client, Key, bearer, cookie, pair};
use crate::common::people::{Pass, wallet};
use crate::inside::{Inside, START};
use hallpass_policy::eip712::domain;
use hallpass_server::logins::Bounds;
use serde_json::{Value, json};

async fn logins(client: &Client, token: &str) -> Vec<Value> {
    client.get("/v1/logins", &[bearer(token)]).await.ok().as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_when_it_is_idle_and_at_its_absolute_end() {
    let inside = Inside::start("login-ends").await;
    let client = Client::of(&inside);
    let (used, idle) = (client.bearer("alice").await, client.bearer("alice").await);
    inside.clock.forward(1_799);
    assert!(client.is_good(&used).await);
    inside.clock.forward(1);
    assert_eq!((client.is_good(&used).await, client.is_good(&idle).await), (true, false));
    for _ in 0..23 {
        inside.clock.forward(1_799);
        assert!(client.is_good(&used).await);
    }
    inside.clock.forward(43_200 - 1_800 - 23 * 1_799 - 1);
    assert!(client.is_good(&used).await);
    inside.clock.forward(1);
    assert!(!client.is_good(&used).await);
    // What ran out is noted as that, and its tokens are forgotten: nothing could bring it back any more.
    inside.app.logins.sweep().await.unwrap();
    let anew = client.bearer("alice").await;
    let states: Vec<String> =
        logins(&client, &anew).await.iter().map(|l| l["state"].as_str().unwrap().into()).collect();
    assert_eq!(states, ["expired", "expired", "active"]);
    let hash = used.parse::<hallpass_session::Token>().unwrap().hash();
    assert_eq!(inside.app.store.read().await.unwrap().logins().find_by_token(&hash).await.unwrap(), None);
}

/// What was not written yet when the process died counts as not having been: the login ends early, by a minute at most.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_an_idle_login_ends_early_and_never_late() {
    let inside = Inside::start("login-crash").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let before = inside.app.store.read().await.unwrap().generation().await.unwrap();
    for _ in 0..59 {
        inside.clock.forward(1);
        assert!(client.is_good(&token).await);
    }
    assert_eq!(
        inside.app.store.read().await.unwrap().generation().await.unwrap(),
        before,
        "not a write for each request"
    );
    // Last used 59 seconds after its start, and that is nowhere.
    let inside = inside.again().await;
    let client = Client::of(&inside);
    inside.clock.forward(1_741);
    assert!(!client.is_good(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_is_written_once_a_minute_and_outlives_a_start() {
    let inside = Inside::start("login-noted").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    inside.clock.forward(1_000);
    assert!(client.is_good(&token).await);
    let id = logins(&client, &token).await[0]["id"].as_str().unwrap().parse().unwrap();
    // It is written beside the answer.
    crate::common::until("the use is written", async || {
        let login = inside.app.store.read().await.unwrap().logins().find(id).await.unwrap().unwrap();
        login.seen.get() == START + 1_000
    })
    .await;
    let inside = inside.again().await;
    let client = Client::of(&inside);
    inside.clock.forward(1_799);
    assert!(client.is_good(&token).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn above_the_limit_the_login_that_was_used_least_lately_ends() {
    let inside = Inside::bounded("login-limit", Bounds { most: 3, ..Bounds::default() }).await;
    let client = Client::of(&inside);
    let mut tokens = Vec::new();
    for _ in 0..3 {
        tokens.push(client.bearer("alice").await);
        inside.clock.forward(1);
    }
    let other = client.bearer("bob").await;
    assert!(client.is_good(&tokens[0]).await);
    tokens.push(client.bearer("alice").await);
    let mut good = Vec::new();
    for token in &tokens {
        good.push(client.is_good(token).await);
    }
    assert_eq!(good, [true, false, true, true]);
    assert!(client.is_good(&other).await, "nobody else's ends");
    let listed = logins(&client, &tokens[0]).await;
    assert_eq!(listed.iter().filter(|l| l["reason"] == "too_many_logins").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_says_what_an_owner_can_tell_logins_by_and_no_more() {
    let inside = Inside::start("login-list").await;
    let client = Client::of(&inside);
    let named = client.log_in("alice", &[], &json!({ "device": "Ann's laptop" })).await.ok();
    let first = named["token"].as_str().unwrap();
    inside.clock.forward(10);
    let _browser = client.browser("alice").await;
    client.bearer("bob").await;
    inside.clock.forward(10);
    let listed = logins(&client, first).await;
    assert_eq!(listed.len(), 2);
    let one = &listed[0];
    assert_eq!(
        (&one["device"], &one["ip"], &one["current"]),
        (&json!("Ann's laptop"), &json!("127.0.0.0/24"), &json!(true))
    );
    assert_eq!((one["created"].as_u64(), one["last_used"].as_u64()), (Some(START), Some(START + 20)));
    assert_eq!((one["ends"].as_u64(), one["not_after"].as_u64()), (Some(START + 20 + 1_800), Some(START + 43_200)));
    assert_eq!((&listed[1]["binding"], &listed[1]["current"]), (&json!("cookie"), &json!(false)));
    for bad in ["", "a\nb", &"x".repeat(65)] {
        client.log_in("alice", &[], &json!({ "device": bad })).await.refused(400, "bad_device");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_ends_one_login_or_all_others_or_all_and_nobody_else_s() {
    let inside = Inside::start("login-revoke").await;
    let client = Client::of(&inside);
    let bob = client.bearer("bob").await;
    let mut mine = Vec::new();
    for _ in 0..4 {
        mine.push(client.bearer("alice").await);
        inside.clock.forward(1);
    }
    let ids: Vec<String> = logins(&client, &mine[0]).await.iter().map(|l| l["id"].as_str().unwrap().into()).collect();
    let others: Vec<String> = logins(&client, &bob).await.iter().map(|l| l["id"].as_str().unwrap().into()).collect();
    let revoke =
        async |id: &str| client.post(&format!("/v1/logins/{id}/revoke"), &[bearer(&mine[0])], &Value::Null).await;
    assert_eq!(revoke(&ids[1]).await.ok(), json!({ "ended": [ids[1]] }));
    assert_eq!(revoke(&ids[1]).await.ok(), json!({ "ended": [] }));
    assert!(!client.is_good(&mine[1]).await && client.is_good(&mine[2]).await);
    let foreign = revoke(&others[0]).await;
    let none = revoke("ses_00000000000000000000000000000000").await;
    let unreadable = revoke("nonsense").await;
    assert_eq!(foreign.refused(404, "not_found").answer.text, none.refused(404, "not_found").answer.text);
    assert_eq!(unreadable.refused(404, "not_found").answer.text, none.answer.text);

    let ended = client.post("/v1/logins/revoke_others", &[bearer(&mine[0])], &Value::Null).await.ok();
    assert_eq!(ended["ended"].as_array().unwrap().len(), 2);
    assert!(client.is_good(&mine[0]).await && !client.is_good(&mine[2]).await && !client.is_good(&mine[3]).await);
    let ended = client.post("/v1/logins/revoke_all", &[bearer(&mine[0])], &Value::Null).await.ok();
    assert_eq!(ended["ended"], json!([ids[0]]));
    assert!(!client.is_good(&mine[0]).await && client.is_good(&bob).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_a_proof_of_the_wallet_is_refused_five_minutes_after_the_last() {
    let inside = Inside::start("login-step-up").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let act = async |token: &str, what: &str| client.post(what, &[bearer(token)], &Value::Null).await;
    inside.clock.forward(299);
    act(&token, "/v1/logins/revoke_others").await.ok();
    inside.clock.forward(1);
    for what in ["/v1/logins/revoke_others", "/v1/logins/revoke_all"] {
        let refused = act(&token, what).await;
        refused.refused(403, "step_up_required");
        assert!(refused.answer.json()["hint"].as_str().unwrap().contains("/v1/login/step_up"));
    }
    assert!(client.is_good(&token).await, "everything else goes on");

    // Somebody else's wallet proves nothing, and neither does an old message.
    let mallory = client.signed("mallory").await;
    client.post("/v1/login/step_up", &[bearer(&token)], &mallory).await.refused(403, "other_account");
    client.post("/v1/login/step_up", &[bearer(&token)], &mallory).await.refused(401, "nonce_unknown");
    let mine = client.signed("alice").await;
    client.post("/v1/login/step_up", &[], &mine).await.refused(401, "not_logged_in");
    act(&token, "/v1/logins/revoke_all").await.refused(403, "step_up_required");

    let view = client.post("/v1/login/step_up", &[bearer(&token)], &mine).await.ok();
    let fresh = view["token"].as_str().unwrap();
    assert_ne!(fresh, token);
    assert!(!client.is_good(&token).await && client.is_good(fresh).await, "the old token is nothing any more");
    act(fresh, "/v1/logins/revoke_all").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_up_gives_new_tokens_of_every_kind() {
    let inside = Inside::start("login-step-up-kinds").await;
    let (client, key) = (Client::of(&inside), Key::new());
    // A browser.
    let old = client.browser("alice").await;
    let origin = ("origin", client.url.clone());
    let body = client.signed("alice").await;
    let got = client.post("/v1/login/step_up", &[cookie(&old), origin], &body).await;
    got.ok();
    client.get("/v1/me", &[cookie(&old)]).await.refused(401, "not_logged_in");
    client.get("/v1/me", &[cookie(&got.cookie())]).await.ok();
    // A key: both tokens are new, and the old refresh token is a spent one.
    let (token, refresh) = key.log_in(&inside, "alice").await;
    let body = client.signed("alice").await;
    let shown = key.shows(&inside, "POST", "/v1/login/step_up", &token);
    let (fresh, next) = pair(&client.post("/v1/login/step_up", &shown, &body).await.ok(), "token");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.refused(401, "not_logged_in");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &fresh)).await.ok();
    let proof = || key.proof(&inside, "POST", "/v1/token", None);
    client.refresh(&refresh, &[proof()]).await.oauth(400, "invalid_grant");
    client.refresh(&next, &[proof()]).await.oauth(400, "invalid_grant");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &fresh)).await.refused(401, "not_logged_in");
}

/// A grant that no contract holds, so that no chain is needed; and the owner's signature of it.
async fn drafted(client: &Client, token: &str, signer: &str) -> (String, Value) {
    let text = "title = \"Chat\"\nchain = \"eip155:31337\"\nlasts = \"1h\"\n[[allow]]\napp = \"chat.example\"\nverb = \"post.create\"\nat_most = \"30 per 1h\"\n";
    let asked = client.post("/v1/grants", &[bearer(token)], &json!({ "grant": text, "signer_only": true })).await.ok();
    let pass = Pass::of(&asked);
    let message = pass.grant.message();
    let signature = wallet(signer).sign_typed(&domain(message.chainId, message.backend), &message).unwrap();
    (format!("/v1/sessions/{}/approve", pass.session), json!({ "signature": signature.to_string() }))
}

/// The signature of a grant that was drafted just now is a proof of the wallet; of an older one it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_approved_by_a_fresh_login_or_with_a_signature_that_must_be_fresh() {
    let inside = Inside::start("login-approve").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let approve = async |token: &str, (path, body): &(String, Value)| client.post(path, &[bearer(token)], body).await;
    // A fresh login, and drafts of any age.
    let (early, old) = (drafted(&client, &token, "alice").await, drafted(&client, &token, "alice").await);
    inside.clock.forward(299);
    approve(&token, &early).await.ok();
    // An old login and an old draft: whoever stole the token and a signature of yesterday gets nothing.
    inside.clock.forward(1);
    let refused = approve(&token, &old).await;
    refused.refused(403, "step_up_required");
    // An old login and a new draft, signed by the login's own account.
    let fresh = drafted(&client, &token, "alice").await;
    inside.clock.forward(299);
    approve(&token, &fresh).await.ok();
    // By somebody else it proves nothing; and the approval above made the login no fresher.
    let foreign = drafted(&client, &token, "mallory").await;
    approve(&token, &foreign).await.refused(422, "wrong_signer");
    let mine = drafted(&client, &token, "alice").await;
    inside.clock.forward(300);
    approve(&token, &mine).await.refused(403, "step_up_required");
    client.post("/v1/logins/revoke_all", &[bearer(&token)], &Value::Null).await.refused(403, "step_up_required");
    // Once the wallet has proved itself, the old drafts are approved.
    let body = client.signed("alice").await;
    let view = client.post("/v1/login/step_up", &[bearer(&token)], &body).await.ok();
    for waiting in [&old, &mine] {
        approve(view["token"].as_str().unwrap(), waiting).await.ok();
    }
}
