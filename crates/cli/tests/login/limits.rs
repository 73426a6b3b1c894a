//! Too many requests are refused before anything is done for them, by a clock that the test sets.

use crate::client::{Client, Got, Key, bearer};
use crate::inside::{Inside, credential};
use hallpass_server::limits::Rates;
use serde_json::{Value, json};

/// Six requests of a client; whoever asks stands behind a proxy that is believed.
async fn narrow(name: &str) -> Inside {
    let proxies = vec!["127.0.0.1/32".parse().unwrap()];
    Inside::limited(name, Rates { client: 6, proxies, ..Rates::wide() }).await
}

fn from(ip: &str) -> [(&'static str, String); 1] {
    [("x-forwarded-for", ip.to_owned())]
}

#[track_caller]
fn too_many(got: &Got) -> u64 {
    got.refused(429, "too_many_requests");
    let wait = got.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    wait
}

/// Takes what a client has; what is asked is nothing.
async fn exhaust(client: &Client, ip: &str) {
    for _ in 0..6 {
        client
            .post("/v1/login", &from(ip), &json!({ "message": "none", "signature": "0x" }))
            .await
            .refused(400, "bad_header");
    }
}

#[tokio::test]
async fn a_flood_is_refused_before_anything_of_it_is_looked_at() {
    let inside = narrow("limits-flood").await;
    let client = Client::of(&inside);
    let (flood, other) = (from("203.0.113.9"), from("203.0.113.10"));
    let body = client.signed("alice").await;
    exhaust(&client, "203.0.113.9").await;
    too_many(&client.post("/v1/login", &flood, &json!("no body of a login")).await);
    too_many(&client.post("/v1/login/nonce", &flood, &Value::Null).await);
    too_many(&client.post("/v1/login/step_up", &flood, &Value::Null).await);
    too_many(&client.post("/v1/grants", &flood, &Value::Null).await);
    // A good login too; and its nonce is still good, so it was not judged.
    let wait = too_many(&client.post("/v1/login", &flood, &body).await);
    client.post("/v1/login", &other, &body).await.ok();

    // OAuth's endpoints say it in OAuth's members as well.
    let form = [("token", "x")];
    for path in ["/v1/token", "/v1/introspect", "/v1/revoke_token"] {
        let got = client.form(path, &flood, &form).await;
        assert_eq!((got.answer.status, got.header("retry-after").is_empty()), (429, false), "{path}");
    }

    // Whoever waits for as long as was said gets in.
    inside.clock.forward(wait - 1);
    too_many(&client.post("/v1/login/nonce", &flood, &Value::Null).await);
    inside.clock.forward(1);
    client.post("/v1/login/nonce", &flood, &Value::Null).await.ok();
    too_many(&client.post("/v1/login/nonce", &flood, &Value::Null).await);
}

#[tokio::test]
async fn a_client_is_who_the_trusted_proxy_says_and_an_ipv6_customer_is_one() {
    let inside = narrow("limits-client").await;
    let client = Client::of(&inside);
    let ask = async |ip: &str| client.post("/v1/login/nonce", &from(ip), &Value::Null).await;
    exhaust(&client, "203.0.113.9").await;
    too_many(&ask("203.0.113.9").await);
    too_many(&ask("198.51.100.1, 203.0.113.9").await);
    too_many(&ask("203.0.113.9, 127.0.0.1").await);
    ask("203.0.113.9, 198.51.100.1").await.ok();

    exhaust(&client, "2001:db8:1:2::1").await;
    too_many(&ask("2001:db8:1:2:ffff:ffff:ffff:ffff").await);
    ask("2001:db8:1:3::1").await.ok();
}

/// Without a proxy that is believed the header is somebody's own words.
#[tokio::test]
async fn a_spoofed_header_gives_nothing() {
    let inside = Inside::limited("limits-spoofed", Rates { client: 6, ..Rates::wide() }).await;
    let client = Client::of(&inside);
    for n in 0..6 {
        client.post("/v1/login/nonce", &from(&format!("203.0.113.{n}")), &Value::Null).await.ok();
    }
    too_many(&client.post("/v1/login/nonce", &from("203.0.113.77"), &Value::Null).await);
}

#[tokio::test]
async fn whoever_has_shown_who_they_are_is_not_hindered() {
    let inside = narrow("limits-hindered").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    exhaust(&client, "203.0.113.9").await;
    let [flood] = from("203.0.113.9");
    for _ in 0..50 {
        client.get("/v1/me", &[bearer(&token), flood.clone()]).await.ok();
        let check = format!("/v1/sessions/{}/check", "0".repeat(32));
        assert_ne!(client.post(&check, &[bearer(&token), flood.clone()], &json!({})).await.answer.status, 429);
        let api = bearer(&credential().reveal());
        let active = client.form("/v1/introspect", &[api, flood.clone()], &[("token", &token)]).await.ok();
        assert_eq!(active["active"], true);
    }
    let wrong = bearer(&token);
    assert_eq!(client.form("/v1/introspect", &[wrong, flood], &[("token", &token)]).await.answer.status, 429);
}

#[tokio::test]
async fn an_account_an_app_and_proofs_are_counted_too() {
    let inside = Inside::limited("limits-account", Rates { account: 3, app: 8, proofs: 4, ..Rates::wide() }).await;
    let client = Client::of(&inside);
    for _ in 0..3 {
        client.bearer("alice").await;
    }
    let body = client.signed("alice").await;
    too_many(&client.post("/v1/login", &[], &body).await);
    client.bearer("bob").await;
    inside.clock.forward(20);
    client.post("/v1/login", &[], &body).await.ok();

    let app = [("origin", "https://app.example".to_owned())];
    for _ in 0..8 {
        client.post("/v1/login/nonce", &app, &Value::Null).await.ok();
    }
    too_many(&client.post("/v1/login/nonce", &app, &Value::Null).await);
    client.post("/v1/login/nonce", &[("origin", client.url.clone())], &Value::Null).await.ok();

    // A proof costs a signature check, wherever it is shown and whatever with.
    let key = Key::new();
    let (token, _) = key.log_in(&inside, "carol").await;
    for _ in 0..3 {
        client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await.ok();
    }
    too_many(&client.get("/v1/me", &key.shows(&inside, "GET", "/v1/me", &token)).await);
    too_many(&client.get("/v1/me", &[("dpop", "junk".to_owned())]).await);
}
