//! A Hallpass that does not answer, or not as it should: nobody is let in.

use crate::Guarded;
use crate::client::{Client, bearer};
use crate::inside::{Inside, credential};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use hallpass_guard::{Guard, GuardError};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const TOKEN: &str = "hps_0000000000000000000000000000000000000000000000000000000000000000";

/// Something that answers so to whatever it is asked, and how often it was asked.
async fn stub(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> (String, Arc<AtomicU32>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let router = axum::Router::new().fallback(move |_: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        let answer = answer();
        async move { answer }
    });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, asked)
}

fn good() -> serde_json::Value {
    json!({
        "active": true, "token_type": "Bearer", "account": "eip155:1:0x52908400098527886E0F7030069857D2E4169EE7",
        "sub": format!("usr_{}", "0".repeat(32)), "sid": format!("ses_{}", "0".repeat(32)),
        "exp": crate::inside::START + 100, "iat": 1, "auth_time": 1, "iss": "http://127.0.0.1",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_believed_lets_nobody_in() {
    let inside = Inside::start("guard-answers").await;
    // The very same, whole and by the right status, does: it is what is wrong with the others that keeps people out.
    let (url, asked) = stub(|| axum::Json(good()).into_response()).await;
    let app = Guarded::start(&url, &inside.clock, 5).await;
    for _ in 0..3 {
        assert_eq!(app.client.get("/notes", &[bearer(TOKEN)]).await.answer.status, 200);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1, "remembered");
    let elsewhere = url.clone();
    let answers: [Box<dyn Fn() -> Response + Send + Sync>; 9] = [
        Box::new(|| "".into_response()),
        Box::new(|| "true".into_response()),
        Box::new(|| r#"{"active":"true"}"#.into_response()),
        Box::new(|| r#"{"active":true}"#.into_response()),
        Box::new(|| axum::Json(json!({ "active": true, "padding": "x".repeat(20_000) })).into_response()),
        Box::new(|| (axum::http::StatusCode::INTERNAL_SERVER_ERROR, axum::Json(good())).into_response()),
        Box::new(|| (axum::http::StatusCode::UNAUTHORIZED, axum::Json(good())).into_response()),
        Box::new(|| (axum::http::StatusCode::ACCEPTED, axum::Json(good())).into_response()),
        Box::new(move || axum::response::Redirect::temporary(&elsewhere).into_response()),
    ];
    for (nth, answer) in answers.into_iter().enumerate() {
        let answer = Arc::new(answer);
        let (url, asked) = stub(move || answer()).await;
        let app = Guarded::start(&url, &inside.clock, 5).await;
        for _ in 0..2 {
            let got = app.client.get("/notes", &[bearer(TOKEN)]).await;
            got.refused(503, "login_check_unavailable");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2, "{nth}: a failure is not remembered");
    }
    // What ran out while it was asked about, and what is not good: told as such, and asked about anew.
    for said in [json!({ "active": false }), {
        let mut said = good();
        said["exp"] = json!(crate::inside::START);
        said
    }] {
        let (url, asked) = stub(move || axum::Json(said.clone()).into_response()).await;
        let app = Guarded::start(&url, &inside.clock, 5).await;
        for _ in 0..2 {
            app.client.get("/notes", &[bearer(TOKEN)]).await.refused(401, "not_logged_in");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }
    // What is no token is not asked about.
    let (url, asked) = stub(|| axum::Json(good()).into_response()).await;
    let app = Guarded::start(&url, &inside.clock, 5).await;
    for token in ["", "x", "hps_0", &TOKEN.replace("hps_", "hpr_"), &TOKEN.replace("hps_", "hpc_")] {
        app.client.get("/notes", &[bearer(token)]).await.refused(401, "not_logged_in");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_hallpass_is_not_there_nobody_is_let_in() {
    let inside = Inside::start("guard-down").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let token = Client::of(&inside).bearer("alice").await;
    let app = Guarded::start(&url, &inside.clock, 5).await;
    app.client.get("/notes", &[bearer(&token)]).await.refused(503, "login_check_unavailable");
    // Nor where it does not know this app.
    let other = hallpass_session::Token::from_random(hallpass_session::TokenKind::ResourceServer, [1; 32]).reveal();
    let guard = Guard::new(&inside.url, &other, "https://api.example").unwrap();
    let headers = [(axum::http::header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())];
    let headers = axum::http::HeaderMap::from_iter(headers);
    let refused = guard.check(&headers, "GET", "/notes").await.unwrap_err();
    assert_eq!(refused, hallpass_guard::Refusal::Unavailable);
}

#[test]
fn a_guard_that_could_not_hold_is_not_made() {
    let credential = credential().reveal();
    let make = |own: &str, seconds: u64| {
        Guard::remembering("https://hallpass.example", &credential, own, seconds).err().map(GuardError::code)
    };
    assert_eq!(make("https://api.example", 60), None);
    assert_eq!(make("https://api.example/base/", 0), None);
    assert_eq!(make("https://api.example", 61), Some("too_long"));
    for bad in ["", "api.example", "https://api.example?x", "https://user@api.example", "https://api.example/../x"] {
        assert_eq!(make(bad, 5), Some("bad_url"), "{bad}");
    }
}
