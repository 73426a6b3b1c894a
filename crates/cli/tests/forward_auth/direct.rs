//! The endpoint by itself.

use crate::client::{bearer, cookie};
use crate::common::server::Folder;
use crate::common::{run, server::write_config};
use crate::inside::{self, Inside};
use crate::wire::{Told, Wire};
use hallpass_server::app::Proxy;
use hallpass_session::{Token, TokenKind};

/// The proxy's credential.
pub fn credential() -> Token {
    Token::from_random(TokenKind::ResourceServer, [9; 32])
}

pub fn front() -> Proxy {
    Proxy { name: "front".to_owned(), credential: credential().hash(), origins: vec!["https://app.example".to_owned()] }
}

/// What a proxy sends that was asked for `/notes`.
pub fn asked(method: &str, credential: &Token) -> Vec<(&'static str, String)> {
    vec![
        ("hallpass-proxy", credential.reveal().to_string()),
        ("x-forwarded-method", method.to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
        ("x-forwarded-host", "app.example".to_owned()),
        ("x-forwarded-uri", "/notes".to_owned()),
    ]
}

pub async fn ask(inside: &Inside, method: &str, query: &str, headers: &[(&str, String)]) -> Told {
    let path = format!("/v1/forward_auth{query}");
    Wire::to(inside.url.trim_start_matches("http://")).await.ask(method, &path, headers, "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_proxy_learns_nothing_of_any_token() {
    let inside = Inside::behind("front-direct", vec![front()]).await;
    let client = crate::client::Client::of(&inside);
    let good = client.bearer("alice").await;
    // A resource server's credential is none of a proxy.
    let proxies = [vec![], asked("GET", &inside::credential())];
    let made_up = format!("hps_{}", "0".repeat(64));
    let mut texts = Vec::new();
    for headers in proxies {
        for shown in [vec![], vec![bearer(&good)], vec![bearer(&made_up)], vec![bearer(&good), bearer(&good)]] {
            let told = ask(&inside, "GET", "", &[headers.clone(), shown].concat()).await;
            told.answer.refused(403, "proxy_not_listed");
            texts.push(told.answer.text);
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    // And a proxy's is none of a resource server.
    let proxy = credential();
    let refused = client.form("/v1/introspect", &[bearer(&proxy.reveal())], &[("token", &good)]).await;
    refused.oauth(401, "invalid_client");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_ask_by_any_method_and_is_answered_for_the_one_that_it_was_asked() {
    let inside = Inside::behind("front-direct", vec![front()]).await;
    let client = crate::client::Client::of(&inside);
    let proxy = credential();
    let browser = client.browser("alice").await;
    let me = client.get("/v1/me", &[cookie(&browser)]).await.ok();
    for by in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let told = ask(&inside, by, "", &[asked("GET", &proxy), vec![cookie(&browser)]].concat()).await;
        assert_eq!((told.answer.status, told.answer.text.as_str()), (200, ""), "{by}");
        assert_eq!(told.header("cache-control"), "no-store");
        assert_eq!(told.header("hallpass-account"), me["account"].as_str().unwrap());
        assert_eq!(told.header("hallpass-user"), me["user"].as_str().unwrap());
        assert_eq!(told.header("hallpass-session"), me["session"].as_str().unwrap());
        // There, and empty: see docs/guides/forward-auth.md.
        assert_eq!(told.headers.get("hallpass-roles").map(String::as_str), Some(""));
        let told = ask(&inside, by, "", &[asked("POST", &proxy), vec![cookie(&browser)]].concat()).await;
        told.answer.refused(403, "origin_not_allowed");
    }
    // 400 would be a failure of ours, for nginx.
    let two = [asked("GET", &proxy), vec![cookie(&browser), bearer(&browser)]].concat();
    ask(&inside, "GET", "", &two).await.answer.refused(403, "two_credentials");
    let mut elsewhere = asked("GET", &proxy);
    elsewhere[3].1 = "evil.example".to_owned();
    elsewhere.push(cookie(&browser));
    ask(&inside, "GET", "", &elsewhere).await.answer.refused(403, "host_not_listed");
    elsewhere.remove(4);
    ask(&inside, "GET", "", &elsewhere).await.answer.refused(403, "bad_forwarded_request");
}

/// What the command prints is what the configuration reads; what could let nobody in, or is no origin, is told at start.
#[test]
fn a_proxy_is_listed_with_its_origins() {
    let folder = Folder::new("front-config");
    // A port that is taken: what is read well stops there.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = write_config(&folder, port, "http://127.0.0.1:1", "");
    let command = ["--config", &config, "logins", "credential", "front", "--forward-auth", "https://app.example"];
    let made = run(&folder, &command);
    assert_eq!(made.exit, 0, "{}", made.err);
    let (said, table) = made.out.split_once("[[forward_auth]]").unwrap();
    assert!(said.contains("hpi_") && said.contains("give it to the proxy"), "{said}");
    let load = |more: &str| {
        let config = write_config(&folder, port, "http://127.0.0.1:1", more);
        run(&folder, &["--config", &config, "serve"])
    };
    let good = format!("[[forward_auth]]{table}");
    let read = load(&good);
    assert!(read.exit == 3 && read.err.contains("port_taken"), "{}", read.err);
    for (bad, says) in [
        (good.replace("https://app.example", "https://app.example/path"), "is no origin"),
        (good.replace("[\"https://app.example\"]", "[]"), "there is none"),
        (good.replace("sha256 = \"", "sha256 = \"zz"), "is not 64 hex digits"),
        (format!("{good}\n{}", good.replace("front", "other")), "another proxy has the credential"),
    ] {
        let ran = load(&bad);
        assert!(ran.exit == 2 && ran.err.contains(says), "{}", ran.err);
    }
}
