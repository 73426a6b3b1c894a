//! The audit log as an operator checks it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::people::{address_of, pay, pay_pass};
use common::{World, run};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_whole_until_it_is_cut_or_is_another() {
    let world = World::start("audit").await;
    let config = world.folder.path().join("hallpass.toml").display().to_string();
    let hallpass = |arguments: &[&str]| run(&world.folder, &[&["--config", &config], arguments].concat());
    let owner = world.owner("alice").await;
    let (ausd, shop) = (world.chain.token, address_of("shop"));
    let pass = owner.hand_out(&world, &pay_pass(ausd, shop, 10)).await;
    assert_eq!(hallpass(&["backup", "before.redb"]).exit, 0);
    owner.execute(&pass.session, "one", &pay(ausd, shop, 1)).await.ok();

    // A server has it open: nothing is said, and how to look at a copy is.
    let locked = hallpass(&["audit", "verify"]);
    assert_eq!((locked.exit, locked.err.contains("hallpass backup")), (2, true), "{}", locked.err);
    assert_eq!(hallpass(&["backup", "after.redb"]).exit, 0);
    let after = hallpass(&["audit", "verify", "--store", "after.redb"]);
    assert_eq!(after.exit, 0, "{}", after.err);
    world.server.killer().kill();

    let whole = hallpass(&["--json", "audit", "verify"]);
    assert_eq!(whole.exit, 0, "{}", whole.err);
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!((whole["valid"].as_bool(), whole["first"].as_u64()), (Some(true), Some(1)));
    assert!(whole["lines"].as_u64().unwrap() > 8, "{whole}");
    let head = whole["head"].as_str().unwrap();
    assert_eq!(hallpass(&["audit", "head"]).out.trim(), head);
    assert_eq!(hallpass(&["audit", "verify", "--from-head", head]).exit, 0);
    let text = hallpass(&["audit", "verify"]).out;
    assert!(text.starts_with("the audit log is whole: ") && text.trim().ends_with(head), "{text}");

    // An older head is still in it; in the copy from before, the newer one is not.
    let older = hallpass(&["audit", "head", "--store", "before.redb"]).out.trim().to_owned();
    assert_ne!(older, head);
    assert_eq!(hallpass(&["audit", "verify", "--from-head", &older]).exit, 0);
    let cut = hallpass(&["--json", "audit", "verify", "--store", "before.redb", "--from-head", head]);
    let said: Value = serde_json::from_str(&cut.out).unwrap();
    let next = older.split(':').next().unwrap().parse::<u64>().unwrap() + 1;
    assert_eq!((cut.exit, said["code"].as_str(), said["seq"].as_u64()), (1, Some("line_missing"), Some(next)));
    let forged = format!("{}:{}", older.split(':').next().unwrap(), "0".repeat(64));
    let other = hallpass(&["audit", "verify", "--from-head", &forged]);
    assert_eq!((other.exit, other.err.contains("[noted_mismatch]")), (1, true), "{}", other.err);

    // Put back by hand, it is behind what its witness saw.
    std::fs::copy(world.folder.path().join("before.redb"), world.folder.path().join("store.redb")).unwrap();
    let behind = hallpass(&["audit", "verify"]);
    assert_eq!((behind.exit, behind.err.contains("[line_missing]")), (1, true), "{}", behind.err);

    for (arguments, exit) in [
        (&["audit", "verify", "--from-head", "12"][..], 2),
        (&["audit", "verify", "--store", "nothing.redb"], 2),
        (&["audit", "head", "--store", &config], 2),
    ] {
        assert_eq!(hallpass(arguments).exit, exit, "{arguments:?}");
    }
    assert!(!world.folder.path().join("nothing.redb").exists());
}
