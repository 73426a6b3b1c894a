//! An axum app behind `hallpass-guard`, beside a server of ours by one clock that the test sets.
//!
//! - here: who is let in and who is not. [`roles`]: what is for some alone. [`unavailable`]: a Hallpass that does not answer as it should.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "../login/client.rs"]
#[allow(dead_code, reason = "the tests of logins use all of it")]
mod client;
#[path = "../common/mod.rs"]
mod common;
#[path = "../login/inside.rs"]
#[allow(dead_code, reason = "the tests of logins use all of it")]
mod inside;
mod roles;
mod unavailable;

use axum::Router;
use axum::routing::{any, get};
use client::{Client, Got, Key, bearer, cookie};
use hallpass_guard::{Account, Guard, Login};
use hallpass_types::Clock;
use inside::{Hand, Inside, credential};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// An app with a guard.
pub(crate) struct Guarded {
    pub(crate) guard: Guard,
    pub(crate) client: Client,
    served: JoinHandle<()>,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.served.abort();
    }
}

impl Guarded {
    /// One that asks Hallpass at `url`, remembers for `seconds`, and goes by `clock`.
    pub(crate) async fn start(url: &str, clock: &Arc<Hand>, seconds: u64) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::clone(clock) as Arc<dyn Clock>;
        let guard = Guard::by(url, &credential().reveal(), &own, seconds, clock).unwrap();
        let notes = async |login: Login| format!("{} {} {}", login.account, login.user, login.session);
        let inner = Router::new().route("/whose", get(async |Account(account): Account| account.to_string()));
        let has = async |login: Login| login.roles.join(" ");
        let roles = |layer| Router::new().route("/roles", get(has)).layer(layer);
        let members = roles(guard.require_role("member"));
        let router = Router::new()
            .route("/notes", any(notes))
            .route("/roles", get(has))
            .nest("/twice", inner.clone().layer(guard.require_login()))
            .nest("/within", members.clone())
            .route_layer(guard.require_login())
            .nest("/inner", inner.layer(guard.require_login()))
            .nest("/members", members.clone())
            .nest("/both", members.layer(guard.require_role("trader")))
            .nest("/nobody", roles(guard.require_role("Member")))
            .route("/open", get(async || "open"))
            .route("/forgotten", get(notes));
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { guard, client: Client::at(&own), served }
    }

    async fn beside(inside: &Inside, seconds: u64) -> Self {
        Self::start(&inside.url, &inside.clock, seconds).await
    }

    /// What a program sends that holds `key`, with claims of the test's own.
    fn shows(&self, inside: &Inside, key: &Key, method: &str, path: &str, token: &str, other: Value) -> Shown {
        let mut claims = json!({ "htu": format!("{}{path}", self.client.url), "nonce": self.guard.nonce() });
        claims.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
        let proof = key.proof_with(inside, method, path, Some(token), &claims);
        [("authorization", format!("DPoP {token}")), ("dpop", proof)]
    }

    async fn notes(&self, headers: client::Headers<'_>) -> Got {
        self.client.get("/notes", headers).await
    }
}

type Shown = [(&'static str, String); 2];

#[tokio::test(flavor = "multi_thread")]
async fn who_is_logged_in_is_let_in_and_nobody_else() {
    let inside = Inside::start("guard-in").await;
    let (client, app) = (Client::of(&inside), Guarded::beside(&inside, 5).await);
    let token = client.bearer("alice").await;
    let me = client.get("/v1/me", &[bearer(&token)]).await.ok();
    let text = |name: &str| me[name].as_str().unwrap().to_owned();
    let got = app.notes(&[bearer(&token)]).await;
    assert_eq!((got.answer.status, got.answer.text), (200, ["account", "user", "session"].map(text).join(" ")));
    assert_eq!(app.client.get("/inner/whose", &[bearer(&token)]).await.answer.text, text("account"));
    assert_eq!(app.client.get("/open", &[]).await.answer.text, "open");

    let (_, refresh) = client.family("alice").await;
    let browser = client.browser("alice").await;
    let mut texts = Vec::new();
    for shown in [
        vec![],
        vec![bearer("")],
        vec![bearer(&format!("hps_{}", "0".repeat(64)))],
        vec![bearer(&token.to_uppercase())],
        vec![bearer(&refresh)],
        vec![bearer(&browser)],
        vec![cookie(&browser)],
        vec![bearer(&credential().reveal())],
        vec![("authorization", token.clone())],
        vec![("authorization", format!("DPoP {token}"))],
        vec![("authorization", format!("Basic {token}"))],
    ] {
        for path in ["/notes", "/inner/whose", "/twice/whose"] {
            let got = app.client.get(path, &shown).await;
            got.refused(401, "not_logged_in");
            assert_eq!(got.header("www-authenticate"), "Bearer, DPoP algs=\"ES256 EdDSA\"");
            assert_eq!(got.header("cache-control"), "no-store");
            texts.push(got.answer.text);
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    app.notes(&[bearer(&token), bearer(&token)]).await.refused(400, "two_credentials");
    // A route that was forgotten is no open one.
    app.client.get("/forgotten", &[bearer(&token)]).await.refused(500, "no_guard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ends_is_out_within_the_seconds_that_were_set() {
    let inside = Inside::start("guard-ends").await;
    let client = Client::of(&inside);
    for (seconds, remembers) in [(5, true), (1, true), (0, false)] {
        let app = Guarded::beside(&inside, seconds).await;
        let token = client.bearer("alice").await;
        assert_eq!(app.notes(&[bearer(&token)]).await.answer.status, 200);
        client.post("/v1/logout", &[bearer(&token)], &Value::Null).await;
        inside.clock.forward(seconds.saturating_sub(1));
        assert_eq!(app.notes(&[bearer(&token)]).await.answer.status, if remembers { 200 } else { 401 }, "{seconds}");
        inside.clock.forward(1);
        // Not a second more, and being asked about has not made it longer.
        app.notes(&[bearer(&token)]).await.refused(401, "not_logged_in");
    }
    // A token's own end is its end, remembered or not.
    let app = Guarded::beside(&inside, 60).await;
    let (token, _) = client.family("alice").await;
    inside.clock.forward(590);
    assert_eq!(app.notes(&[bearer(&token)]).await.answer.status, 200);
    inside.clock.forward(9);
    assert_eq!(app.notes(&[bearer(&token)]).await.answer.status, 200);
    inside.clock.forward(1);
    app.notes(&[bearer(&token)]).await.refused(401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bound_token_is_good_with_a_proof_for_this_app_by_its_key_alone() {
    let inside = Inside::start("guard-dpop").await;
    let (client, app) = (Client::of(&inside), Guarded::beside(&inside, 5).await);
    let (key, thief) = (Key::new(), Key::new());
    let (token, _) = key.log_in(&inside, "alice").await;
    let shows = |key: &Key, path: &str, other: Value| app.shows(&inside, key, "GET", path, &token, other);
    // Twice: from Hallpass's answer, and from what is remembered of it.
    for _ in 0..2 {
        let good = shows(&key, "/notes", json!({}));
        let got = app.notes(&good).await;
        assert_eq!((got.answer.status, got.header("dpop-nonce")), (200, app.guard.nonce().as_str()));
        app.notes(&good).await.refused(401, "invalid_dpop_proof");
        // A route in a router in a router is asked for by its whole path.
        for (path, named, status) in [
            ("/inner/whose", "/whose", 401),
            ("/inner/whose", "/inner/whose", 200),
            ("/twice/whose", "/whose", 401),
            // A layer in a layer of the same guard: the proof is taken once, and the route asks for no other.
            ("/twice/whose", "/twice/whose", 200),
        ] {
            let got = app.client.get(path, &shows(&key, named, json!({}))).await;
            assert_eq!(got.answer.status, status, "{path} by a proof for {named}");
        }

        let stolen = app.notes(&shows(&thief, "/notes", json!({}))).await;
        let made_up = format!("hpd_{}", "0".repeat(64));
        let none = app.shows(&inside, &key, "GET", "/notes", &made_up, json!({}));
        let none = app.notes(&none).await;
        assert_eq!(stolen.refused(401, "not_logged_in").answer.text, none.refused(401, "not_logged_in").answer.text);
        for other in [
            json!({ "htm": "POST" }),
            json!({ "htu": format!("{}/other", app.client.url) }),
            json!({ "htu": format!("{}/notes", inside.url) }),
            json!({ "ath": "AAAA" }),
            json!({ "iat": 0 }),
        ] {
            let got = app.notes(&shows(&key, "/notes", other)).await;
            got.refused(401, "invalid_dpop_proof");
            assert!(got.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""));
        }
        // Hallpass's own nonce is none of this app.
        let foreign = json!({ "nonce": inside.app.logins.nonces.at(inside.clock.now()) });
        let told = app.notes(&shows(&key, "/notes", foreign)).await;
        told.refused(401, "use_dpop_nonce");
        let again = json!({ "nonce": told.header("dpop-nonce") });
        assert_eq!(app.notes(&shows(&key, "/notes", again)).await.answer.status, 200);
    }
    let [authorization, proof] = shows(&key, "/notes", json!({}));
    app.notes(std::slice::from_ref(&authorization)).await.refused(401, "invalid_dpop_proof");
    app.notes(&[authorization, proof.clone(), proof.clone()]).await.refused(401, "invalid_dpop_proof");
    app.notes(&[bearer(&token), proof]).await.refused(401, "not_logged_in");
    // Nor is a bearer's token one of a key.
    let plain = client.bearer("alice").await;
    let shown = app.shows(&inside, &key, "GET", "/notes", &plain, json!({}));
    app.notes(&shown).await.refused(401, "not_logged_in");
}
