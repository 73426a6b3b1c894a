//! Export and deletion of personal data.

use crate::client::{Client, bearer};
use crate::common::people::wallet;
use crate::inside::Inside;
use hallpass_server::work;
use serde_json::{Value, json};

const DEVICE: &str = "planted device of alice";
const AGENT: &str = "PlantedBrowser/7.7 (of bob)";

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Every spelling of an address in a file.
fn spellings(name: &str) -> Vec<Vec<u8>> {
    let address = wallet(name).address();
    let checksum = address.to_checksum(None);
    let hex = checksum.trim_start_matches("0x");
    vec![address.to_vec(), hex.as_bytes().to_vec(), hex.to_lowercase().into_bytes(), hex.to_uppercase().into_bytes()]
}

async fn token(client: &Client, name: &str, more: &Value) -> String {
    client.log_in(name, &[], more).await.ok()["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_owner_is_told_all_that_is_stored_and_no_token() {
    let inside = Inside::start("privacy-export").await;
    let client = Client::of(&inside);
    let alice = token(&client, "alice", &json!({ "device": DEVICE, "refresh": true })).await;
    client.log_in("bob", &[("user-agent", AGENT.to_owned())], &json!({})).await.ok();
    let whole = client.get("/v1/me/export", &[bearer(&alice)]).await.ok();
    assert!(whole["account"].as_str().unwrap().ends_with(&wallet("alice").address().to_checksum(None)));
    assert_eq!(
        (whole["logins"][0]["device"].as_str(), whole["logins"][0]["ip"].as_str()),
        (Some(DEVICE), Some("127.0.0.0/24"))
    );
    assert_eq!(whole["audit"].as_array().unwrap().len(), 2, "{whole}");
    let text = whole.to_string();
    let hash = hex::encode(alice.parse::<hallpass_session::Token>().unwrap().hash().as_bytes());
    for not in [alice.as_str(), hash.as_str(), AGENT, &wallet("bob").address().to_checksum(None)] {
        assert!(!text.contains(not), "{not}");
    }
    let after = whole["audit"][0]["seq"].as_u64().unwrap();
    let rest = client.get(&format!("/v1/me/export?audit_after={after}"), &[bearer(&alice)]).await.ok();
    assert_eq!(rest["audit"].as_array().unwrap().len(), 1);
    client.get("/v1/me/export?audit_after=x", &[bearer(&alice)]).await.refused(400, "bad_query");

    inside.clock.forward(301);
    client.get("/v1/me/export", &[bearer(&alice)]).await.refused(403, "step_up_required");
    client
        .post("/v1/me/delete", &[bearer(&alice)], &json!({ "end_sessions": true }))
        .await
        .refused(403, "step_up_required");
    client.get("/v1/me/export", &[]).await.refused(401, "not_logged_in");
}

#[tokio::test]
async fn what_is_deleted_is_in_the_file_in_no_spelling_and_leads_to_nobody() {
    let inside = Inside::start("privacy-delete").await;
    let client = Client::of(&inside);
    let alice = token(&client, "alice", &json!({ "device": DEVICE })).await;
    inside.clock.forward(1);
    let second = client.log_in("alice", &[("user-agent", AGENT.to_owned())], &json!({})).await.ok();
    let bob = token(&client, "bob", &json!({})).await;
    let user = client.get("/v1/me", &[bearer(&alice)]).await.ok()["user"].as_str().unwrap().to_owned();
    let listed = client.get("/v1/logins", &[bearer(&alice)]).await.ok();
    assert_eq!(listed[1]["device"], AGENT);

    client.post("/v1/me/delete", &[bearer(&alice)], &json!({})).await.refused(409, "still_live");
    assert!(client.is_good(&alice).await);
    let gone = client.post("/v1/me/delete", &[bearer(&alice)], &json!({ "end_sessions": true })).await.ok();
    assert_eq!(gone["user"], user.as_str());
    for token in [alice.as_str(), second["token"].as_str().unwrap()] {
        assert!(!client.is_good(token).await);
    }
    assert!(client.is_good(&bob).await, "somebody else's is untouched");

    let file = std::fs::read(inside.folder.path().join("store")).unwrap();
    let id: hallpass_types::UserId = user.parse().unwrap();
    assert!(holds(&file, id.as_bytes()), "the search finds what is there");
    for needle in spellings("alice").into_iter().chain([
        DEVICE.into(),
        AGENT.into(),
        b"127.0.0.0/24".to_vec(),
        b"127.0.0.1".to_vec(),
    ]) {
        assert!(!holds(&file, &needle), "{}", String::from_utf8_lossy(&needle));
    }
    // Whoever comes again with that wallet is somebody new.
    let again = token(&client, "alice", &json!({})).await;
    let me = client.get("/v1/me", &[bearer(&again)]).await.ok();
    assert_ne!(me["user"], user.as_str());
    assert_eq!(client.get("/v1/logins", &[bearer(&again)]).await.ok().as_array().unwrap().len(), 1);
}

/// The job is the settle loop's; here it is called by hand, by a clock that is set.
#[tokio::test]
async fn ended_logins_are_kept_for_as_long_as_the_operator_says_and_no_longer() {
    let inside = Inside::start("privacy-retention").await;
    let client = Client::of(&inside);
    let first = token(&client, "alice", &json!({ "device": DEVICE })).await;
    client.post("/v1/logout", &[bearer(&first)], &Value::Null).await.ok();
    let listed = async || {
        let token = client.bearer("alice").await;
        let all = client.get("/v1/logins", &[bearer(&token)]).await.ok();
        client.post("/v1/logout", &[bearer(&token)], &Value::Null).await.ok();
        all.as_array().unwrap().iter().filter(|login| login["device"] == DEVICE).count()
    };
    // Its absolute end would have been in twelve hours; thirty days from then on it is kept.
    inside.clock.forward(12 * 3600 + 30 * 86_400 - 1);
    work::settle::once(&inside.app).await;
    assert_eq!(listed().await, 1);
    inside.clock.forward(3599);
    work::settle::once(&inside.app).await;
    assert_eq!(listed().await, 1, "not looked at again within the hour");
    inside.clock.forward(3600);
    work::settle::once(&inside.app).await;
    assert_eq!(listed().await, 0);
    let me = client.bearer("alice").await;
    let audit = client.get("/v1/me/export", &[bearer(&me)]).await.ok()["audit"].clone();
    assert_eq!(audit[0]["action"], "created", "what happened stays in the log");
}
