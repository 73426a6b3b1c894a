//! An owner with passes takes their data along and has it deleted, from the command line.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{address_of, pay, pay_pass};
use common::{Ran, World, hallpass, until};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn passes_end_first_and_the_data_goes_once_their_ends_are_final() {
    let world = World::start("privacy").await;
    let config = world.folder.path().join("hallpass.toml").display().to_string();
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    let waiting = owner.ask(&pay_pass(ausd, shop, 10)).await;
    owner.execute(&pass.session, "one", &pay(ausd, shop, 1)).await.ok();
    let me = |arguments: &[&str]| {
        let mut command = hallpass(&world.folder, &[&["--config", &config, "me"], arguments].concat());
        Ran::of(command.env("HALLPASS_TOKEN", owner.api.token.as_ref().unwrap()).output().unwrap())
    };

    let file = world.folder.path().join("mine.json");
    let made = me(&["export", "--out", "mine.json"]);
    assert_eq!(made.exit, 0, "{}", made.err);
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let count = |name: &str| whole[name].as_array().unwrap().len();
    assert_eq!(["logins", "sessions", "grants", "requests", "operations"].map(count), [1, 2, 2, 0, 1], "{whole}");
    assert_eq!((me(&["export", "--out", "mine.json"]).exit, me(&["delete"]).exit), (1, 2));
    std::fs::remove_file(&file).unwrap();

    let live = me(&["delete", "--yes"]);
    assert_eq!((live.exit, live.err.contains("[still_live]")), (1, true), "{}", live.err);
    owner.execute(&pass.session, "two", &pay(ausd, shop, 1)).await.ok();
    let ending = me(&["delete", "--yes", "--end-sessions"]);
    assert_eq!((ending.exit, ending.err.contains("[still_ending]")), (1, true), "{}", ending.err);
    // Ended, and its owner is still there to ask again.
    let refused = owner.execute(&pass.session, "three", &pay(ausd, shop, 1)).await;
    assert!(refused.status >= 400, "{}", refused.text);
    let refused = owner.at(&waiting.session, "approve", &json!({ "signature": "0x" })).await;
    assert!(refused.status >= 400, "{}", refused.text);
    world.chain.rpc("anvil_mine", json!(["0x60"])).await;
    until("final ends", async || {
        let all = owner.api.get("/v1/sessions").await.ok();
        all.as_array().unwrap().iter().any(|s| s["id"] == pass.session.as_str() && s["state"] == "revoked")
    })
    .await;
    until("the deletion", async || me(&["delete", "--yes", "--end-sessions"]).exit == 0).await;
    owner.api.get("/v1/me").await.refused(401, "not_logged_in");
    world.server.killer().kill();
    let whole = common::run(&world.folder, &["--config", &config, "audit", "verify"]);
    assert_eq!(whole.exit, 0, "deletion leaves the log whole: {}", whole.err);
}
