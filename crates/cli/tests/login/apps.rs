//! Pages that may ask for a login or a grant, and the list of those that may not.

use crate::client::{Client, bearer};
use crate::common::run;
use crate::common::server::{Folder, write_config};
use crate::inside::Inside;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_nobody_registered_asks_for_nothing() {
    let inside = Inside::start("apps-unknown").await;
    let client = Client::of(&inside);
    let token = client.bearer("alice").await;
    let signed = client.signed("alice").await;
    for origin in ["https://evil.example", "null", "https://app.example.evil.example", "http://app.example"] {
        let from = ("origin", origin.to_owned());
        client.post("/v1/login/nonce", std::slice::from_ref(&from), &Value::Null).await.refused(403, "origin_unknown");
        client.post("/v1/login", std::slice::from_ref(&from), &signed).await.refused(403, "origin_unknown");
        let grant = json!({ "grant": "" });
        client.post("/v1/grants", &[from, bearer(&token)], &grant).await.refused(403, "origin_unknown");
    }
    // One that is listed asks, and so does our own; the message above was not used up.
    for origin in ["https://app.example", &client.url] {
        let from = ("origin", origin.to_owned());
        client.post("/v1/login/nonce", std::slice::from_ref(&from), &Value::Null).await.ok();
        let asked = client.post("/v1/grants", &[from, bearer(&token)], &json!({ "grant": "" })).await;
        assert_eq!(asked.answer.status, 422, "{}", asked.answer.text);
    }
    client.post("/v1/login", &[("origin", "https://app.example".to_owned())], &signed).await.ok();
}

#[test]
fn apps_and_the_denylist_are_read_whole_or_not_at_all() {
    let folder = Folder::new("apps-config");
    // A port that is taken: what is read well stops there.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let load = |more: &str| {
        let config = write_config(&folder, port, "http://127.0.0.1:1", more);
        run(&folder, &["--config", &config, "serve"])
    };
    let list = r#"{ "version": 2, "tolerance": 2, "fuzzylist": [], "whitelist": [], "blacklist": ["evil.example"] }"#;
    folder.write("list.json", list);
    folder.write("bad.json", &list.replace("evil.example", "evil.example/path"));
    let app = |origin: &str| format!("[[apps]]\nname = \"arena\"\norigins = [\"{origin}\"]\n");
    let good = format!("denylist = \"list.json\"\n{}", app("https://arena.example"));
    let read = load(&good);
    assert!(read.exit == 3 && read.err.contains("port_taken"), "{}", read.err);
    for (bad, says) in [
        (good.replace("list.json", "bad.json"), "`blacklist[0]` is no host name"),
        (good.replace("list.json", "none.json"), "cannot read"),
        (app("https://arena.example/path"), "is no origin"),
        (app("*"), "is no origin"),
        (format!("{}{}", app("https://arena.example"), app("https://arena.example")), "is there twice"),
    ] {
        let ran = load(&bad);
        assert!(ran.exit == 2 && ran.err.contains(says), "{}", ran.err);
    }
}
