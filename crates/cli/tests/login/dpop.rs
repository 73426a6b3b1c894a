//! Programs that prove a key (RFC 9449).

use crate::client::{Client, Key, bearer, pair};
use crate::inside::Inside;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_with_a_proof_of_its_key_and_for_nobody_else() {
    let inside = Inside::start("login-dpop").await;
    let (client, key, thief) = (Client::of(&inside), Key::new(), Key::new());
    let (token, _) = key.log_in(&inside, "alice").await;
    assert!(token.starts_with("hpd_"));

    let good = client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await;
    assert_eq!(good.ok()["binding"], "dpop");
    assert_eq!(good.header("dpop-nonce"), inside.app.logins.nonces.at(hallpass_types::Clock::now(&*inside.clock)));

    // Stolen, it is what a token is that never was.
    let stolen = client.get("/v1/me", &thief.shows(&inside, "GET", "/v1/me", &token)).await;
    let made_up = format!("hpd_{}", "0".repeat(64));
    let none = client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &made_up)).await;
    assert_eq!(stolen.refused(401, "not_logged_in").answer.text, none.refused(401, "not_logged_in").answer.text);
    client.get("/v1/me", &[bearer(&token)]).await.refused(401, "not_logged_in");
    let bare = [("authorization", format!("DPoP {token}"))];
    client.get("/v1/me", &bare).await.refused(401, "invalid_dpop_proof");
    // And a bearer's token under the other scheme is nothing.
    let plain = client.bearer("alice").await;
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &plain)).await.refused(401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_proof_is_for_one_request() {
    let inside = Inside::start("login-dpop-once").await;
    let (client, key) = (Client::of(&inside), Key::new());
    let (token, _) = key.log_in(&inside, "alice").await;
    let shown = key.shows(&inside, "GET", "/v1/me", &token);
    client.get("/v1/me", &shown).await.ok();
    let again = client.get("/v1/me", &shown).await;
    again.refused(401, "invalid_dpop_proof");
    assert!(again.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""));
    for (method, path, other) in [
        ("POST", "/v1/me", json!({})),
        ("GET", "/v1/sessions", json!({})),
        ("GET", "/v1/me", json!({ "htu": "https://evil.example/v1/me" })),
        ("GET", "/v1/me", json!({ "ath": "AAAA" })),
        ("GET", "/v1/me", json!({ "iat": 0 })),
    ] {
        let proof = key.proof_with(&inside, method, path, Some(&token), &other);
        let shown = [("authorization", format!("DPoP {token}")), ("dpop", proof)];
        client.get("/v1/me", &shown).await.refused(401, "invalid_dpop_proof");
    }
    let [authorization, proof] = key.shows(&inside, "GET", "/v1/me", &token);
    let twice = [authorization, proof.clone(), proof];
    client.get("/v1/me", &twice).await.refused(401, "invalid_dpop_proof");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_no_nonce_is_given_one_and_an_old_one_is_refused() {
    let inside = Inside::start("login-dpop-nonce").await;
    let (client, key) = (Client::of(&inside), Key::new());
    // A login: the message that was signed is not lost by it.
    let body = client.signed("alice").await;
    let bare = key.proof_with(&inside, "POST", "/v1/login", None, &json!({ "nonce": null }));
    let told = client.post("/v1/login", &[("dpop", bare)], &body).await;
    told.refused(400, "use_dpop_nonce");
    let nonce = told.header("dpop-nonce").to_owned();
    let proof = key.proof_with(&inside, "POST", "/v1/login", None, &json!({ "nonce": nonce }));
    let (token, refresh) = pair(&client.post("/v1/login", &[("dpop", proof)], &body).await.ok(), "token");

    // A request, two minutes on.
    let old = key.shows(&inside, "GET", "/v1/me", &token);
    inside.clock.forward(121);
    let told = client.get("/v1/me", &old).await;
    told.refused(401, "use_dpop_nonce");
    assert!(told.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\""));
    let nonce = json!({ "nonce": told.header("dpop-nonce") });
    let proof = key.proof_with(&inside, "GET", "/v1/me", Some(&token), &nonce);
    let shown = [("authorization", format!("DPoP {token}")), ("dpop", proof)];
    client.get("/v1/me", &shown).await.ok();

    // A refresh.
    let bare = key.proof_with(&inside, "POST", "/v1/token", None, &json!({ "nonce": "" }));
    client.refresh(&refresh, &[("dpop", bare)]).await.oauth(400, "use_dpop_nonce");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proof_from_before_a_start_is_taken_after_it() {
    let inside = Inside::start("login-dpop-restart").await;
    let key = Key::new();
    let (token, _) = key.log_in(&inside, "alice").await;
    let shown = key.shows(&inside, "GET", "/v1/me", &token);
    let unused = key.shows(&inside, "GET", "/v1/me", &token);
    Client::of(&inside).get("/v1/me", &shown).await.ok();
    let inside = inside.again().await;
    let client = Client::of(&inside);
    client.get("/v1/me", &shown).await.refused(401, "invalid_dpop_proof");
    client.get("/v1/me", &unused).await.refused(401, "invalid_dpop_proof");
    // The login itself goes on.
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_needs_the_same_key_and_without_it_ends_nothing() {
    let inside = Inside::start("login-dpop-refresh").await;
    let (client, key, thief) = (Client::of(&inside), Key::new(), Key::new());
    let (_, first) = key.log_in(&inside, "alice").await;
    let proof = || key.proof(&inside, "POST", "/v1/token", None);
    client.refresh(&first, &[]).await.oauth(400, "invalid_grant");
    let foreign = thief.proof(&inside, "POST", "/v1/token", None);
    client.refresh(&first, &[foreign]).await.oauth(400, "invalid_grant");
    let (token, second) = pair(&client.refresh(&first, &[proof()]).await.ok(), "access_token");
    assert!(token.starts_with("hpd_") && second.starts_with("hpr_"));
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.ok();
    // The spent one, by somebody who found it and has no key: nothing happens.
    let foreign = thief.proof(&inside, "POST", "/v1/token", None);
    client.refresh(&first, &[foreign]).await.oauth(400, "invalid_grant");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.ok();
    // By the key itself it ends the family.
    client.refresh(&first, &[proof()]).await.oauth(400, "invalid_grant");
    client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.refused(401, "not_logged_in");
    client.refresh(&second, &[proof()]).await.oauth(400, "invalid_grant");
    // A bearer's family is not refreshed with a proof either: it has no key.
    let (_, plain) = client.family("alice").await;
    client.refresh(&plain, &[proof()]).await.oauth(400, "invalid_grant");
    client.refresh(&plain, &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_bound_to_one_thing() {
    let inside = Inside::start("login-two").await;
    let (client, key) = (Client::of(&inside), Key::new());
    let headers = [("origin", client.url.clone()), key.proof(&inside, "POST", "/v1/login", None)];
    client.log_in("alice", &headers, &json!({ "cookie": true })).await.refused(400, "two_bindings");
    let bad = client.log_in("alice", &[("dpop", "garbage".to_owned())], &json!({})).await;
    bad.refused(400, "invalid_dpop_proof");
    let headers = [("origin", client.url.clone())];
    let both = json!({ "cookie": true, "refresh": true });
    client.log_in("alice", &headers, &both).await.refused(400, "cookie_slides");
    // A proof makes one login.
    let proof = key.proof(&inside, "POST", "/v1/login", None);
    client.log_in("alice", std::slice::from_ref(&proof), &json!({})).await.ok();
    client.log_in("alice", &[proof], &json!({})).await.refused(400, "invalid_dpop_proof");
    assert_eq!(client.post("/v1/logout", &[], &Value::Null).await.answer.status, 401);
}
