//! Browsers: a cookie that no script sees, and pages that may use it.

use crate::client::{Client, bearer, cookie};
use crate::inside::Inside;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_in_the_cookie_alone_and_is_taken_from_nowhere_else() {
    let inside = Inside::start("login-cookie").await;
    let client = Client::of(&inside);
    let got = client.log_in("alice", &[("origin", client.url.clone())], &json!({ "cookie": true })).await;
    let body = got.ok();
    let token = got.cookie();
    let attributes = got.header("set-cookie").split_once(';').unwrap().1.to_owned();
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200");
    assert!(body["token"].is_null() && !got.answer.text.contains(&token[4..]), "no script sees it");
    assert_eq!((body["token_type"].as_str(), got.header("cache-control")), (Some("Cookie"), "no-store"));

    assert_eq!(client.get("/v1/me", &[cookie(&token)]).await.ok()["binding"], "cookie");
    client.get("/v1/me", &[bearer(&token)]).await.refused(401, "not_logged_in");
    let plain = client.bearer("alice").await;
    client.get("/v1/me", &[cookie(&plain)]).await.refused(401, "not_logged_in");
    client.get("/v1/me", &[cookie(&token), bearer(&plain)]).await.refused(400, "two_credentials");
    client.get("/v1/me", &[cookie(&token), cookie(&token)]).await.refused(400, "duplicate_cookie");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_changes_nothing_and_reads_nothing() {
    let inside = Inside::start("login-csrf").await;
    let client = Client::of(&inside);
    let token = client.browser("alice").await;
    let ours = client.url.clone();
    let from = |origin: &str, site: &str| {
        let mut headers = vec![cookie(&token)];
        headers.extend((!origin.is_empty()).then(|| ("origin", origin.to_owned())));
        headers.extend((!site.is_empty()).then(|| ("sec-fetch-site", site.to_owned())));
        headers
    };
    for (origin, site) in [
        ("", ""),
        ("", "same-origin"),
        ("null", ""),
        ("https://evil.example", ""),
        ("https://evil.example", "same-origin"),
        (&ours, "cross-site"),
        (&ours, "none"),
        ("https://app.example", "cross-site"),
    ] {
        let refused = client.post("/v1/logins/revoke_others", &from(origin, site), &Value::Null).await;
        refused.refused(403, "origin_not_allowed");
        let refused = client.post("/v1/logout", &from(origin, site), &Value::Null).await;
        refused.refused(403, "origin_not_allowed");
    }
    client.get("/v1/me", &from("", "cross-site")).await.refused(403, "origin_not_allowed");
    client.get("/v1/me", &from("", "none")).await.ok();
    for (origin, site) in [(ours.as_str(), "same-origin"), ("https://app.example", "same-site"), (&ours, "")] {
        client.post("/v1/logins/revoke_others", &from(origin, site), &Value::Null).await.ok();
    }
    // No page of another origin is let read anything, listed or not.
    for path in ["/v1/me", "/v1/login/nonce", "/v1/health", "/v1/nothing"] {
        for origin in ["https://evil.example", "https://app.example"] {
            let got = client.get(path, &from(origin, "")).await;
            assert!(got.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_logs_nobody_in() {
    let inside = Inside::start("login-csrf-login").await;
    let client = Client::of(&inside);
    let wants = json!({ "cookie": true });
    for headers in [vec![], vec![("origin", "https://evil.example".to_owned())]] {
        client.log_in("mallory", &headers, &wants).await.refused(403, "origin_not_allowed");
    }
    let headers = [("origin", client.url.clone()), ("sec-fetch-site", "cross-site".to_owned())];
    client.log_in("mallory", &headers, &wants).await.refused(403, "origin_not_allowed");
}

/// Fixation: what a browser had before a login is not what it has after.
#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_logs_in_again_has_one_login_and_a_new_cookie() {
    let inside = Inside::start("login-again").await;
    let client = Client::of(&inside);
    let first = client.browser("alice").await;
    let planted = format!("hpc_{}", "1".repeat(64));
    let origin = ("origin", client.url.clone());
    for (nth, old) in [&first, &planted].into_iter().enumerate() {
        inside.clock.forward(1);
        let got = client.log_in("alice", &[origin.clone(), cookie(old)], &json!({ "cookie": true })).await;
        assert!(![&first, &planted].contains(&&got.cookie()));
        client.get("/v1/me", &[cookie(old)]).await.refused(401, "not_logged_in");
        let listed = client.get("/v1/logins", &[cookie(&got.cookie())]).await.ok();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["reason"]), (nth + 2, &json!("logged_in_again")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_takes_the_cookie_away_here_and_there() {
    let inside = Inside::start("login-out").await;
    let client = Client::of(&inside);
    let token = client.browser("alice").await;
    let got = client.post("/v1/logout", &[cookie(&token), ("origin", client.url.clone())], &Value::Null).await;
    assert_eq!(got.answer.status, 204);
    assert_eq!(got.header("set-cookie"), "__Host-hallpass=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    client.get("/v1/me", &[cookie(&token)]).await.refused(401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_lives_on_by_being_used_until_its_absolute_end() {
    let inside = Inside::start("login-slides").await;
    let client = Client::of(&inside);
    let token = client.browser("alice").await;
    let idle = client.browser("alice").await;
    for _ in 0..28 {
        inside.clock.forward(1_500);
        client.get("/v1/me", &[cookie(&token)]).await.ok();
    }
    client.get("/v1/me", &[cookie(&idle)]).await.refused(401, "not_logged_in");
    inside.clock.forward(1_199);
    client.get("/v1/me", &[cookie(&token)]).await.ok();
    inside.clock.forward(1);
    client.get("/v1/me", &[cookie(&token)]).await.refused(401, "not_logged_in");
}

/// Over the whole API, with the cookie: no `GET` leaves anything written.
#[tokio::test(flavor = "multi_thread")]
async fn no_get_changes_anything() {
    let inside = Inside::start("login-get").await;
    let client = Client::of(&inside);
    let token = client.browser("alice").await;
    let document: Value = serde_json::from_str(&hallpass_server::openapi().unwrap()).unwrap();
    let generation = async || inside.app.store.read().await.unwrap().generation().await.unwrap();
    let (before, mut asked) = (generation().await, 0);
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_some() {
            let path = path.replace("{id}", "ses_00000000000000000000000000000000");
            assert!(!path.contains('{'), "{path}");
            for path in [path.clone(), format!("{path}?open=true")] {
                client.get(&path, &[cookie(&token)]).await;
            }
            asked += 1;
        }
        let unsafe_ones: Vec<&String> =
            methods.as_object().unwrap().keys().filter(|m| !["get", "post"].contains(&m.as_str())).collect();
        assert!(unsafe_ones.is_empty(), "{path}: a method that this test does not know");
    }
    assert!(asked >= 7, "{asked}");
    assert_eq!(generation().await, before);
    // The same token and the same count, where something is written.
    client.post("/v1/logins/revoke_others", &[cookie(&token), ("origin", client.url.clone())], &Value::Null).await.ok();
    client.browser("alice").await;
    assert_ne!(generation().await, before);
}
