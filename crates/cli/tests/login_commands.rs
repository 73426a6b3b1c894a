//! `hallpass login`, `logout` and `logins`, against a real server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use common::api::Api;
use common::server::Folder;
use common::{Ran, World, run};
use serde_json::{Value, json};

struct Shell {
    folder: Folder,
    config: String,
}

impl Shell {
    fn run(&self, arguments: &[&str]) -> Ran {
        run(&self.folder, &[&["--config", &self.config, "--json"], arguments].concat())
    }

    fn ok(&self, arguments: &[&str]) -> Value {
        let ran = self.run(arguments);
        assert_eq!(ran.exit, 0, "{arguments:?}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], code: &str) -> Value {
        let ran = self.run(arguments);
        let error: Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.exit, error["error"]["code"].as_str()), (1, Some(code)), "{}", ran.err);
        error["error"].clone()
    }

    /// The token that is kept.
    fn api(&self, world: &World) -> Api {
        let file = self.folder.path().join(".local/state/hallpass/token");
        world.server.api.with(std::fs::read_to_string(file).unwrap().trim())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_are_listed_stepped_up_and_ended_from_the_command_line() {
    let chain = common::chain::Chain::start().await;
    let node = chain.url.clone();
    let world = World::configured("login-commands", chain, &node, |_| "step_up_minutes = 1\n".to_owned()).await;
    let shell = |name: &str| {
        let folder = Folder::new(name);
        let config = folder.write("hallpass.toml", &std::fs::read_to_string(world.server.config()).unwrap());
        Shell { folder, config }
    };
    let (one, two, operator) = (shell("shell-one"), shell("shell-two"), shell("shell-operator"));
    one.refused(&["logins", "list"], "not_logged_in");
    one.ok(&["login", "--dev-key", "alice", "--device", "the first"]);
    two.ok(&["login", "--dev-key", "alice"]);
    let listed = one.ok(&["logins", "list"]);
    let current: Vec<&Value> = listed.as_array().unwrap().iter().filter(|l| l["current"] == true).collect();
    assert_eq!(
        (current.len(), &current[0]["device"], &current[0]["ip"]),
        (1, &json!("the first"), &json!("127.0.0.0/24"))
    );

    let before = one.api(&world);
    one.ok(&["login", "--step-up", "--dev-key", "alice"]);
    before.get("/v1/me").await.refused(401, "not_logged_in");
    assert_eq!(one.ok(&["logins", "list"]).as_array().unwrap().len(), 2, "the same login");
    one.refused(&["login", "--step-up", "--dev-key", "mallory"], "other_account");

    assert_eq!(one.ok(&["logins", "revoke-others"])["ended"].as_array().unwrap().len(), 1);
    two.refused(&["logins", "list"], "not_logged_in");
    one.ok(&["logout"]);
    one.refused(&["logins", "list"], "not_logged_in");

    // The operator, without any login.
    one.ok(&["login", "--dev-key", "alice"]);
    two.ok(&["login", "--dev-key", "bob"]);
    let (alice, bob) = (one.api(&world), two.api(&world));
    let me = alice.get("/v1/me").await.ok();
    assert_eq!(operator.ok(&["logins", "end", "--account", me["account"].as_str().unwrap()])["ended"], 1);
    alice.get("/v1/me").await.refused(401, "not_logged_in");
    bob.get("/v1/me").await.ok();
    let id = bob.get("/v1/me").await.ok()["session"].as_str().unwrap().to_owned();
    assert_eq!(operator.ok(&["logins", "end", "--session", &id])["ended"], 1);
    bob.get("/v1/me").await.refused(401, "not_logged_in");
    assert_eq!(operator.ok(&["logins", "end", "--everybody"])["ended"], 0);
    assert_eq!(operator.run(&["logins", "end"]).exit, 2);
    assert_eq!(operator.run(&["logins", "end", "--everybody", "--session", &id]).exit, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_was_made_introspects_once_it_is_listed() {
    let chain = common::chain::Chain::start().await;
    let folder = Folder::new("login-credential");
    let config = folder.write("hallpass.toml", "");
    let ran = run(&folder, &["--config", &config, "--json", "logins", "credential", "api"]);
    assert_eq!(ran.exit, 0, "{}", ran.err);
    let made: Value = serde_json::from_str(&ran.out).unwrap();
    let table = format!("[[resource_servers]]\nname = \"api\"\nsha256 = {}\n", made["sha256"]);
    let node = chain.url.clone();
    let world = World::configured("login-resource-server", chain, &node, |_| table).await;
    let owner = world.owner("alice").await;
    let api = world.server.api.with(made["credential"].as_str().unwrap());
    let form = format!("token={}", owner.api.token.clone().unwrap());
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(api.post_raw("/v1/introspect", kind, form.clone()).await.ok()["active"], true);
    assert_eq!(world.server.api.post_raw("/v1/introspect", kind, form).await.status, 401);
}
