//! Who is let in, and what the app is told.

use crate::client::{Key, bearer, cookie};
use crate::site::Site;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_told_whose_request_it_is_and_sees_no_token() {
    Site::each("front-in", async |site| {
        let plain = site.client.bearer("alice").await;
        let browser = site.client.browser("alice").await;
        let mut wire = site.wire().await;
        let crumbs = |cookies: &str| ("cookie", cookies.replace('@', &format!("__Host-hallpass={browser}")));
        for (shown, left) in [
            (vec![bearer(&plain)], ""),
            (vec![bearer(&plain), ("cookie", "theme=dark".to_owned())], "theme=dark"),
            (vec![crumbs("@")], ""),
            (vec![crumbs("@; theme=dark")], "theme=dark"),
            (vec![crumbs("theme=dark; @")], "theme=dark"),
            (vec![crumbs("a=1; @; theme=dark")], "a=1 theme=dark"),
        ] {
            let token = if shown[0].0 == "cookie" { &browser } else { &plain };
            let direct = if token == &browser { cookie(token) } else { bearer(token) };
            let me = site.client.get("/v1/me", &[direct]).await.ok();
            let told = wire.get("/notes?page=2", &shown).await;
            assert_eq!((told.answer.status, told.answer.text.as_str()), (200, "the app"), "{}", site.program.name());
            let [seen] = site.app.seen().try_into().unwrap();
            assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("GET", "/notes?page=2"));
            site.names(&seen);
            for (name, key) in [("account", "account"), ("user", "user"), ("session", "session")] {
                assert_eq!(seen.all(&format!("hallpass-{name}")), [me[key].as_str().unwrap()], "{name}");
            }
            // What is a token, or could be tried as one.
            assert!(!seen.has(&token[4..]) && !seen.has("hpi_"), "{seen:?}");
            let crumbs = seen.all("cookie").concat();
            let crumbs: Vec<&str> = crumbs.split(';').map(str::trim).filter(|crumb| !crumb.is_empty()).collect();
            assert_eq!(crumbs.join(" "), left);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_and_out_through_the_proxy() {
    Site::each("front-login", async |site| {
        let mut wire = site.wire().await;
        let told = wire.ask("POST", "/v1/login/nonce", &[], "").await;
        assert!(told.answer.ok()["nonce"].is_string());
        let token = site.client.bearer("alice").await;
        assert_eq!(wire.get("/v1/me", &[bearer(&token)]).await.answer.ok()["binding"], "bearer");
        assert_eq!(wire.ask("POST", "/v1/logout", &[bearer(&token)], "").await.answer.status, 204);
        assert_eq!(wire.get("/notes", &[bearer(&token)]).await.answer.status, 401);
        site.untouched("what is Hallpass's own is not the app's");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_very_origin_changes_something_and_no_other_page_does() {
    Site::each("front-csrf", async |site| {
        let browser = site.client.browser("alice").await;
        let mut wire = site.wire().await;
        let ours = site.origin();
        let mut ask = async |method: &str, origin: &str, fetched: &str, more: &[(&'static str, String)]| {
            let mut headers = vec![cookie(&browser)];
            headers.extend((!origin.is_empty()).then(|| ("origin", origin.to_owned())));
            headers.extend((!fetched.is_empty()).then(|| ("sec-fetch-site", fetched.to_owned())));
            headers.extend_from_slice(more);
            let body = if method == "GET" { "" } else { "note=1" };
            wire.ask(method, "/notes", &headers, body).await.answer.status
        };
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            for fetched in ["same-origin", ""] {
                assert_eq!(ask(method, &ours, fetched, &[]).await, 200, "{method}");
                assert_eq!(site.app.seen()[0].method, method);
            }
            for (origin, fetched) in [
                ("", ""),
                ("", "same-origin"),
                ("null", ""),
                ("https://evil.example", ""),
                ("https://evil.example", "same-origin"),
                // Hallpass's own origin, and one that may use its API, are not the one that was asked.
                (&site.inside.url, ""),
                ("https://app.example", "same-site"),
                (&ours, "cross-site"),
                (&ours, "same-site"),
                (&ours, "none"),
            ] {
                assert_eq!(ask(method, origin, fetched, &[]).await, 403, "{method} {origin} {fetched}");
            }
        }
        for (origin, fetched, status) in [
            ("", "", 200),
            ("", "none", 200),
            ("", "same-origin", 200),
            (&ours, "same-origin", 200),
            ("", "cross-site", 403),
            ("", "same-site", 403),
            ("https://evil.example", "", 403),
        ] {
            assert_eq!(ask("GET", origin, fetched, &[]).await, status, "GET {origin} {fetched}");
            assert_eq!(site.app.seen().len(), usize::from(status == 200));
        }
        // A page may open a WebSocket to any site.
        let opens = [
            ("connection", "upgrade".to_owned()),
            ("upgrade", "websocket".to_owned()),
            ("sec-websocket-version", "13".to_owned()),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".to_owned()),
        ];
        assert_eq!(ask("GET", "https://evil.example", "", &opens).await, 403);
        assert_eq!(ask("GET", "", "", &opens).await, 403);
        // What a header says of the method is nothing to the proxy; the request itself is a POST.
        let says = [("x-forwarded-method", "GET".to_owned()), ("x-http-method-override", "GET".to_owned())];
        assert_eq!(ask("POST", "", "", &says).await, 403);
        site.untouched("a page of another site");
        // A program's token is sent by nobody's page by itself.
        let plain = site.client.bearer("alice").await;
        assert_eq!(site.wire().await.ask("POST", "/notes", &[bearer(&plain)], "note=1").await.answer.status, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_is_for_what_was_asked_of_the_proxy() {
    Site::each("front-dpop", async |site| {
        let (key, thief) = (Key::new(), Key::new());
        let (token, _) = key.log_in(&site.inside, "alice").await;
        let mut wire = site.wire().await;
        let address = |path: &str| json!({ "htu": format!("{}{path}", site.origin()) });
        let shows = |key: &Key, method: &str, other: &serde_json::Value| {
            let proof = key.proof_with(&site.inside, method, "", Some(&token), other);
            [("authorization", format!("DPoP {token}")), ("dpop", proof)]
        };
        let good = shows(&key, "POST", &address("/notes"));
        assert_eq!(wire.ask("POST", "/notes?page=2", &good, "note=1").await.answer.status, 200);
        let [seen] = site.app.seen().try_into().unwrap();
        assert_eq!((seen.all("hallpass-account").len(), seen.all("dpop").len()), (1, 0));
        assert!(!seen.has(&token[4..]));

        let again = wire.ask("POST", "/notes", &good, "note=1").await;
        assert_eq!(again.answer.status, 401);
        assert!(again.header("www-authenticate").starts_with("DPoP error=\"invalid_dpop_proof\""));
        for shown in [
            shows(&key, "GET", &address("/notes")),
            shows(&key, "POST", &address("/other")),
            shows(&key, "POST", &json!({ "htu": format!("{}/notes", site.inside.url) })),
            shows(&key, "POST", &json!({ "htu": format!("{}/v1/forward_auth", site.inside.url) })),
            shows(&key, "POST", &json!({ "htu": format!("https://{}/notes", site.at) })),
            shows(&thief, "POST", &address("/notes")),
            [bearer(&token), good[1].clone()],
        ] {
            assert_eq!(wire.ask("POST", "/notes", &shown, "note=1").await.answer.status, 401);
        }
        // What a client says that it asked for is nothing.
        let [authorization, proof] = shows(&key, "GET", &address("/open"));
        let says = [("x-forwarded-method", "GET".to_owned()), ("x-forwarded-uri", "/open".to_owned())];
        let shown = [&[authorization, proof][..], &says].concat();
        assert_eq!(wire.ask("POST", "/notes", &shown, "note=1").await.answer.status, 401);
        site.untouched("a proof of something else");

        // Whoever has an old nonce is given one.
        let old = shows(&key, "GET", &address("/notes"));
        site.inside.clock.forward(121);
        let told = wire.get("/notes", &old).await;
        assert_eq!(told.answer.status, 401);
        assert!(told.header("www-authenticate").starts_with("DPoP error=\"use_dpop_nonce\""));
        let mut claims = address("/notes");
        claims["nonce"] = json!(told.header("dpop-nonce"));
        assert_eq!(wire.get("/notes", &shows(&key, "GET", &claims)).await.answer.status, 200);
    })
    .await;
}
