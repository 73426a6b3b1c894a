//! A store that is put back from a copy: what ended since stays ended, and nothing is signed before it is known what was.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{address_of, pay, pay_pass};
use common::{World, run};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_back_from_a_copy_signs_nothing_and_lets_nobody_in() {
    let mut world = World::start("restore").await;
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let holder = owner.at(&pass.session, "holder", &Value::Null).await.ok()["token"].as_str().unwrap().to_owned();
    let config = world.folder.path().join("hallpass.toml").display().to_string();
    let hallpass = |arguments: &[&str]| run(&world.folder, &[&["--config", &config], arguments].concat());

    // While the server runs, by its socket.
    let made = hallpass(&["--json", "backup", "copy.redb"]);
    assert_eq!(made.exit, 0, "{}", made.err);
    let refused = hallpass(&["backup", "copy.redb"]);
    assert_eq!((refused.exit, refused.err.contains("[file_exists]")), (1, true), "{}", refused.err);
    assert!(hallpass(&["restore", "copy.redb", "--replace"]).err.contains("[store_locked]"));

    // Forgotten by the copy: a payment, a logout, a new holder's token.
    owner.execute(&pass.session, "after", &pay(ausd, shop, 7)).await.ok();
    owner.at(&pass.session, "holder", &Value::Null).await.ok();
    owner.api.post("/v1/logout", &Value::Null).await.ok();

    world.server.killer().kill();
    assert!(hallpass(&["restore", "copy.redb"]).err.contains("[store_exists]"));
    assert!(hallpass(&["restore", "nothing.redb", "--replace"]).err.contains("[unreadable_file]"));
    std::fs::write(world.folder.path().join("rubbish"), "no store").unwrap();
    assert_eq!(hallpass(&["restore", "rubbish", "--replace"]).exit, 3);
    let done = hallpass(&["restore", "copy.redb", "--replace"]);
    assert_eq!(done.exit, 0, "{}", done.err);
    assert!(world.folder.path().join("store.redb.before-1").exists());

    world.server.restart(&world.folder).await;
    assert!(world.server.log().contains("put back from a copy"));
    owner.api.get("/v1/sessions").await.refused(401, "not_logged_in");
    let path = |what: &str| format!("/v1/sessions/{}/{what}", pass.session);
    let held = world.server.api.with(&holder);
    held.post(&path("check"), &pay(ausd, shop, 1)).await.refused(401, "not_logged_in");

    let owner = world.owner("alice").await;
    let session = owner.api.get(&path("")).await;
    assert_eq!(session.status, 404, "no such path");
    let all = owner.api.get("/v1/sessions").await.ok();
    let session = all.as_array().unwrap().iter().find(|s| s["id"] == pass.session.as_str()).unwrap();
    assert_eq!((session["state"].as_str(), session["reason"].as_str()), (Some("suspended"), Some("restored")));
    owner.execute(&pass.session, "again", &pay(ausd, shop, 7)).await.refused(403, "restored");
    owner.at(&pass.session, "resume", &Value::Null).await.refused(409, "not_final");
    owner.at(&pass.session, "revoke", &Value::Null).await.ok();

    // The same file put back by other means, by hand: its witness has seen more.
    world.server.killer().kill();
    let store = world.folder.path().join("store.redb");
    let early = world.folder.path().join("early");
    std::fs::copy(&store, &early).unwrap();
    world.server.restart(&world.folder).await;
    let fresh = owner.hand_out(&world, &pay_pass(ausd, shop, 5)).await;
    assert_eq!(fresh.grant.account, owner.account());
    world.server.killer().kill();
    std::fs::copy(&early, &store).unwrap();
    world.server.restart(&world.folder).await;
    owner.api.get("/v1/sessions").await.refused(401, "not_logged_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_asked_for_by_the_server_s_own_user_and_names_a_new_file() {
    let world = World::start("backup").await;
    let socket = world.folder.path().join("s");
    let ask = |params: Value| {
        use std::io::{BufRead, Write};
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "hallpass_backup", "params": params });
        stream.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut line = String::new();
        std::io::BufReader::new(stream).read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    assert_eq!(ask(json!(["relative"]))["error"]["data"]["code"], "bad_params");
    assert_eq!(ask(json!([]))["error"]["data"]["code"], "bad_params");
    let store = world.folder.path().join("store.redb");
    assert_eq!(ask(json!([store]))["error"]["data"]["code"], "file_exists");
    let copy = world.folder.path().join("copy");
    assert_eq!(ask(json!([copy]))["result"]["backup"], json!(copy));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
}
