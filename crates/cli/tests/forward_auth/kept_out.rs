//! Who is kept out, and what is not believed.

use crate::client::{bearer, cookie};
use crate::site::Site;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_logged_in_never_reaches_the_app() {
    Site::each("front-out", async |site| {
        let plain = site.client.bearer("alice").await;
        let browser = site.client.browser("alice").await;
        let (_, refresh) = site.client.family("alice").await;
        let mut wire = site.wire().await;
        for (shown, status) in [
            (vec![], 401),
            (vec![bearer("")], 401),
            (vec![bearer(&format!("hps_{}", "0".repeat(64)))], 401),
            (vec![bearer(&refresh)], 401),
            (vec![bearer(&browser)], 401),
            (vec![cookie(&plain)], 401),
            (vec![cookie("")], 401),
            (vec![bearer(&crate::inside::credential().reveal())], 401),
            (vec![("authorization", format!("DPoP {plain}"))], 401),
            (vec![bearer(&plain), cookie(&browser)], 403),
            (vec![("cookie", format!("__Host-hallpass={browser}; __Host-hallpass={browser}"))], 403),
        ] {
            for (method, path) in [("GET", "/notes"), ("POST", "/notes"), ("GET", "/"), ("DELETE", "/notes")] {
                let told = wire.ask(method, path, &shown, "").await;
                assert_eq!(told.answer.status, status, "{} {method} {shown:?}", site.program.name());
                assert_eq!(status == 401, !told.header("www-authenticate").is_empty(), "{shown:?}");
                assert!(told.headers.keys().all(|name| !name.starts_with("hallpass")));
            }
        }
        site.untouched("nobody is logged in");
        // Neither is anybody whose login ran out.
        let good = [bearer(&plain)];
        assert_eq!(wire.get("/notes", &good).await.answer.status, 200);
        site.app.seen();
        site.inside.clock.forward(1_800);
        assert_eq!(wire.get("/notes", &good).await.answer.status, 401);
        site.untouched("the login was idle for half an hour");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_ends_is_out_at_once_on_a_connection_that_is_open() {
    Site::each("front-ends", async |site| {
        let plain = site.client.bearer("alice").await;
        let browser = site.client.browser("alice").await;
        for (shown, session_of) in [([bearer(&plain)], bearer(&plain)), ([cookie(&browser)], cookie(&browser))] {
            let other = site.client.bearer("alice").await;
            let id = site.client.get("/v1/me", &[session_of]).await.ok()["session"].as_str().unwrap().to_owned();
            let mut wire = site.wire().await;
            for _ in 0..3 {
                assert_eq!(wire.get("/notes", &shown).await.answer.status, 200);
            }
            assert_eq!(site.app.seen().len(), 3);
            site.client.post(&format!("/v1/logins/{id}/revoke"), &[bearer(&other)], &Value::Null).await.ok();
            for _ in 0..3 {
                assert_eq!(wire.get("/notes", &shown).await.answer.status, 401, "{}", site.program.name());
            }
            site.untouched("the login has ended");
            // The connection itself is good still.
            assert_eq!(wire.get("/notes", &[bearer(&other)]).await.answer.status, 200);
            site.app.seen();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_never_reaches_the_app() {
    Site::each("front-spoof", async |site| {
        let plain = site.client.bearer("alice").await;
        let account = site.client.get("/v1/me", &[bearer(&plain)]).await.ok()["account"].as_str().unwrap().to_owned();
        let spoofed = "eip155:1:0xmallory";
        let mut wire = site.wire().await;
        let names = [
            "Hallpass-Account",
            "hallpass-account",
            "HALLPASS-ACCOUNT",
            "Hallpass_Account",
            "Hallpass-_Account",
            "hallpass_user",
            "HALLPASS_SESSION",
            "Hallpass.Account",
            "Hallpass-User",
            "Hallpass-Session",
            "Hallpass-Roles",
            "hallpass_roles",
            "HALLPASS.ROLES",
            "Hallpass-Proxy",
            "Hallpass_Proxy",
        ];
        for name in names {
            let says = (name, spoofed.to_owned());
            // By itself it lets nobody in.
            let told = wire.get("/notes", std::slice::from_ref(&says)).await;
            assert_eq!(told.answer.status, 401, "{} {name}", site.program.name());
            site.untouched(name);
            // Beside a login, before and after it, once and twice, it changes nothing.
            for headers in [
                vec![says.clone(), bearer(&plain)],
                vec![bearer(&plain), says.clone(), says.clone()],
                // And a client may have a proxy drop a header, never keep its own.
                vec![bearer(&plain), says.clone(), ("connection", format!("keep-alive, {name}"))],
            ] {
                let told = wire.get("/notes", &headers).await;
                assert_eq!(told.answer.status, 200, "{} {name}", site.program.name());
                let [seen] = site.app.seen().try_into().unwrap();
                assert!(!seen.has("mallory"), "{} {name}: {seen:?}", site.program.name());
                let dropped = headers.len() == 3 && headers[2].0 == "connection";
                if !dropped {
                    site.names(&seen);
                    assert_eq!(seen.all("hallpass-account"), [&account]);
                }
            }
        }
    })
    .await;
}

/// A client that says what it asked for, or by which host, is not let in by it; and one who is logged in is not shut out.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_that_it_asked_for_is_not_believed() {
    Site::each("front-forwarded", async |site| {
        let browser = site.client.browser("alice").await;
        let mut wire = site.wire().await;
        let ours = site.origin();
        let (host, url) = (site.at.clone(), "/notes".to_owned());
        // A form of somebody else's, in a browser that could be made to send such headers.
        for (name, value) in [
            ("x-forwarded-method", "GET".to_owned()),
            ("x_forwarded_method", "GET".to_owned()),
            ("x-forwarded-host", "evil.example".to_owned()),
            ("x-forwarded-proto", "https".to_owned()),
            ("x-forwarded-uri", "/v1/health".to_owned()),
            ("x-original-method", "GET".to_owned()),
            ("x-original-uri", "/v1/health".to_owned()),
            ("x-rewrite-url", "/v1/health".to_owned()),
            ("forwarded", "host=evil.example;proto=https".to_owned()),
        ] {
            let evil = [cookie(&browser), ("origin", "https://evil.example".to_owned()), (name, value.clone())];
            assert_eq!(wire.ask("POST", "/notes", &evil, "n=1").await.answer.status, 403, "{name}");
            assert_eq!(wire.ask("POST", "/notes", &[(name, value.clone())], "n=1").await.answer.status, 401, "{name}");
            site.untouched(name);
            let own = [cookie(&browser), ("origin", ours.clone()), (name, value)];
            let told = wire.ask("POST", "/notes", &own, "n=1").await;
            assert_eq!(told.answer.status, 200, "{} {name}", site.program.name());
            site.app.seen();
        }
        // Another host than the proxy is listed for: whatever the app thinks of it, nobody is logged in there.
        for other in ["evil.example", "127.0.0.1", "127.0.0.1:1", &format!("{host}.evil.example")] {
            let told = wire.get(&url, &[cookie(&browser), ("host", other.to_owned())]).await;
            assert_eq!(told.answer.status, 403, "{} {other}", site.program.name());
        }
        // What two readers may resolve to two paths is asked for by nobody.
        for path in ["/a/../notes", "/%2e%2e/notes", "/a/%2E./notes"] {
            let told = site.wire().await.get(path, &[cookie(&browser)]).await;
            assert!([400, 403].contains(&told.answer.status), "{} {path}", site.program.name());
        }
        site.untouched("another host, another path");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_hallpass_does_not_answer_nobody_is_let_in() {
    Site::each("front-down", async |site| {
        let plain = site.client.bearer("alice").await;
        site.inside.stop();
        let told = site.wire().await.get("/notes", &[bearer(&plain)]).await;
        assert!((500..600).contains(&told.answer.status), "{} {}", site.program.name(), told.answer.status);
        site.untouched("the server is down");
    })
    .await;
}
