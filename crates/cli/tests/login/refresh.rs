//! One refresh token after another (RFC 6749, section 6; RFC 9700, section 4.14).

use crate::client::{Client, pair};
use crate::inside::Inside;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_given_again_until_it_is_used() {
    let inside = Inside::start("login-lost").await;
    let client = Client::of(&inside);
    let (_, first) = client.family("alice").await;
    let lost = client.refresh(&first, &[]).await.ok();
    inside.clock.forward(30);
    let again = client.refresh(&first, &[]).await.ok();
    assert_eq!(pair(&lost, "access_token"), pair(&again, "access_token"));
    assert_eq!((lost["expires_in"].as_u64(), again["expires_in"].as_u64()), (Some(600), Some(570)));
    // After a start too: it is derived, not remembered.
    let inside = inside.again().await;
    let client = Client::of(&inside);
    assert_eq!(pair(&client.refresh(&first, &[]).await.ok(), "access_token"), pair(&lost, "access_token"));
    // The access token of an answer that came late has run out: another one, and the same successor.
    inside.clock.forward(570);
    let late = client.refresh(&first, &[]).await.ok();
    assert_eq!((&late["refresh_token"], late["expires_in"].as_u64()), (&lost["refresh_token"], Some(600)));
    assert_ne!(late["access_token"], lost["access_token"]);
    assert!(client.is_good(late["access_token"].as_str().unwrap()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_token_ends_the_family_once_its_successor_was_presented() {
    let inside = Inside::start("login-spent").await;
    let client = Client::of(&inside);
    let (zeroth, first) = client.family("alice").await;
    let (_, second) = pair(&client.refresh(&first, &[]).await.ok(), "access_token");
    let (access, third) = pair(&client.refresh(&second, &[]).await.ok(), "access_token");
    assert!(client.is_good(&access).await && !client.is_good(&zeroth).await);
    client.refresh(&first, &[]).await.oauth(400, "invalid_grant");
    assert!(!client.is_good(&access).await);
    for token in [&first, &second, &third] {
        client.refresh(token, &[]).await.oauth(400, "invalid_grant");
    }
    // It is written down why, for its owner and in the trail. A second later, so that the lists have them in this order.
    inside.clock.forward(1);
    let other = client.bearer("alice").await;
    let listed = client.get("/v1/logins", &[crate::client::bearer(&other)]).await.ok();
    assert_eq!((&listed[0]["state"], &listed[0]["reason"]), (&json!("revoked"), &json!("refresh_reused")));
    let trail = inside.app.store.read().await.unwrap().audit().list(None, 0, 100).await.unwrap();
    assert!(trail.iter().any(|line| line.why == Some(hallpass_session::Reason::RefreshReused)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spent_token_ends_the_family_once_the_successors_access_token_was_shown() {
    for how in ["shown", "introspected"] {
        let inside = Inside::start("login-shown").await;
        let client = Client::of(&inside);
        let (_, first) = client.family("alice").await;
        let (access, second) = pair(&client.refresh(&first, &[]).await.ok(), "access_token");
        if how == "shown" {
            assert!(client.is_good(&access).await);
        } else {
            let credential = crate::inside::credential().reveal();
            let asked =
                client.form("/v1/introspect", &[crate::client::bearer(&credential)], &[("token", &access)]).await;
            assert_eq!(asked.ok()["active"], true);
        }
        // It is durable: another start knows it.
        let inside = inside.again().await;
        let client = Client::of(&inside);
        client.refresh(&first, &[]).await.oauth(400, "invalid_grant");
        assert!(!client.is_good(&access).await, "{how}");
        client.refresh(&second, &[]).await.oauth(400, "invalid_grant");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_access_token_ends_and_its_family_goes_on() {
    let inside = Inside::start("login-short").await;
    let client = Client::of(&inside);
    let (access, first) = client.family("alice").await;
    inside.clock.forward(599);
    assert!(client.is_good(&access).await);
    inside.clock.forward(1);
    assert!(!client.is_good(&access).await);
    let (access, _) = pair(&client.refresh(&first, &[]).await.ok(), "access_token");
    assert!(client.is_good(&access).await);
}

/// What is none, what is of another kind, what was never given, what has ended: the same answer.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_gives_nothing_is_told_so_in_the_same_words() {
    let inside = Inside::start("login-nothing").await;
    let client = Client::of(&inside);
    let (access, ended) = client.family("alice").await;
    assert_eq!(client.post("/v1/logout", &[crate::client::bearer(&access)], &json!(null)).await.answer.status, 204);
    let (bearer, live) = client.family("alice").await;
    let browser = client.browser("alice").await;
    let respelt = format!("hpr_{}", &bearer[4..]);
    let mut texts = Vec::new();
    for token in
        ["", "garbage", &format!("hpr_{}", "0".repeat(64)), &ended, &bearer, &browser, &respelt, &live.to_uppercase()]
    {
        texts.push(client.refresh(token, &[]).await.oauth(400, "invalid_grant").answer.text.clone());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    // None of it had an effect on what lives.
    assert!(client.is_good(&bearer).await);
    client.refresh(&live, &[]).await.ok();

    client.form("/v1/token", &[], &[("grant_type", "password")]).await.oauth(400, "unsupported_grant_type");
    client.form("/v1/token", &[], &[("grant_type", "refresh_token")]).await.oauth(400, "invalid_request");
    client.form("/v1/token", &[], &[]).await.oauth(400, "invalid_request");
    let twice = [("grant_type", "refresh_token"), ("refresh_token", live.as_str()), ("refresh_token", live.as_str())];
    client.form("/v1/token", &[], &twice).await.oauth(400, "invalid_request");
    client.post("/v1/token", &[], &json!({ "grant_type": "refresh_token" })).await.oauth(415, "invalid_request");
}
