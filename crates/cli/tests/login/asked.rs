//! Introspection (RFC 7662) and revocation (RFC 7009).

use crate::client::{Client, Key, bearer, cookie};
use crate::inside::{Inside, START, credential};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_server_is_told_what_a_good_token_is_and_of_others_nothing() {
    let inside = Inside::start("login-introspect").await;
    let (client, key) = (Client::of(&inside), Key::new());
    let resource_server = [bearer(&credential().reveal())];
    let ask = async |token: &str| client.form("/v1/introspect", &resource_server, &[("token", token)]).await;
    let plain = client.bearer("alice").await;
    let me = client.get("/v1/me", &[bearer(&plain)]).await.ok();
    let told = ask(&plain).await.ok();
    assert_eq!((&told["active"], &told["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!((&told["sub"], &told["account"], &told["sid"]), (&me["user"], &me["account"], &me["session"]));
    assert_eq!((told["iat"].as_u64(), told["exp"].as_u64()), (Some(START), Some(START + 43_200)));
    assert_eq!((told["auth_time"].as_u64(), &told["iss"], told.get("cnf")), (Some(START), &json!(client.url), None));
    let (bound, refresh) = key.log_in(&inside, "alice").await;
    let told = ask(&bound).await.ok();
    assert_eq!((&told["token_type"], &told["cnf"]["jkt"]), (&json!("DPoP"), &json!(key.jkt())));
    assert_eq!(told["exp"].as_u64(), Some(START + 600));

    let browser = client.browser("alice").await;
    let ended = client.bearer("alice").await;
    client.post("/v1/logout", &[bearer(&ended)], &json!(null)).await;
    let made_up = format!("hps_{}", "0".repeat(64));
    for token in ["garbage", "", &made_up, &refresh, &browser, &ended, &credential().reveal(), &plain.to_uppercase()] {
        assert_eq!(ask(token).await.answer.text, r#"{"active":false}"#, "{token}");
    }
    // Being asked about is being used.
    for _ in 0..3 {
        inside.clock.forward(1_799);
        assert_eq!(ask(&plain).await.ok()["active"], true);
    }
    inside.clock.forward(1_800);
    assert_eq!(ask(&plain).await.answer.text, r#"{"active":false}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_a_resource_server_asks() {
    let inside = Inside::start("login-introspect-who").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let good = credential().reveal().to_string();
    let wrong = format!("hpi_{}", "0".repeat(64));
    let mut texts = Vec::new();
    for headers in [
        vec![],
        vec![bearer("")],
        vec![bearer(&token)],
        vec![bearer(&wrong)],
        vec![bearer(&good), bearer(&good)],
        vec![("authorization", good.clone())],
        vec![cookie(&good)],
    ] {
        for token in [token.as_str(), "garbage"] {
            let got = client.form("/v1/introspect", &headers, &[("token", token)]).await;
            assert_eq!(got.header("www-authenticate"), "Bearer");
            texts.push(got.oauth(401, "invalid_client").answer.text.clone());
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    // A credential is no login.
    client.get("/v1/me", &[bearer(&good)]).await.refused(401, "not_logged_in");
    client.form("/v1/introspect", &[bearer(&good)], &[]).await.oauth(400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_any_token_of_a_login_ends_all_of_it() {
    let inside = Inside::start("login-7009").await;
    let client = Client::of(&inside);
    let revoke = async |token: &str| client.form("/v1/revoke_token", &[], &[("token", token)]).await.answer;
    for which in ["access", "refresh", "spent"] {
        let (first, old) = client.family("alice").await;
        let next = client.refresh(&old, &[]).await.ok();
        let (access, refresh) = crate::client::pair(&next, "access_token");
        assert!(client.is_good(&access).await && !client.is_good(&first).await);
        let token = match which {
            "access" => &access,
            "refresh" => &refresh,
            _ => &old,
        };
        let answer = revoke(token).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{which}");
        assert!(!client.is_good(&access).await);
        client.refresh(&refresh, &[]).await.oauth(400, "invalid_grant");
        assert_eq!(revoke(token).await.status, 200, "once more");
    }
    let living = client.bearer("alice").await;
    for token in ["", "garbage", &format!("hps_{}", "0".repeat(64)), &living.to_uppercase()] {
        let answer = revoke(token).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""), "{token}");
    }
    assert!(client.is_good(&living).await);
    client.form("/v1/revoke_token", &[], &[]).await.oauth(400, "invalid_request");
    // It would be wrong to say that these ended.
    let holder = format!("hp_{}", "0".repeat(64));
    client.form("/v1/revoke_token", &[], &[("token", &holder)]).await.oauth(400, "unsupported_token_type");
    let browser = client.browser("alice").await;
    assert_eq!(revoke(&browser).await.status, 200);
    client.get("/v1/me", &[cookie(&browser)]).await.refused(401, "not_logged_in");
}
