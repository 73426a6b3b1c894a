//! What is for accounts with a role alone.

use crate::Guarded;
use crate::client::{Client, Key, bearer};
use crate::common::people::wallet;
use crate::inside::Inside;
use hallpass_server::roles::{Rule, Source};
use hallpass_types::{AccountId, ChainId};
use serde_json::json;

/// Alice is member and trader, Bob is a member, Carol is nothing.
async fn inside(name: &str) -> Inside {
    let account = |name| AccountId { chain: ChainId::new(31_337).unwrap(), address: wallet(name).address() };
    let rule = |role: &str, names: &[&'static str]| Rule {
        role: role.to_owned(),
        source: Source::Listed(names.iter().map(|name| account(name)).collect()),
    };
    let rules = vec![rule("trader", &["alice"]), rule("member", &["alice", "bob"])];
    Inside::ruled(name, Vec::new(), rules, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_role_is_let_in_and_nobody_else() {
    let inside = inside("guard-roles").await;
    let (client, app) = (Client::of(&inside), Guarded::beside(&inside, 5).await);
    for (name, roles, may) in [
        ("alice", "trader member", [true, true, true, false]),
        ("bob", "member", [true, true, false, false]),
        ("carol", "", [false; 4]),
    ] {
        let token = client.bearer(name).await;
        let got = app.client.get("/roles", &[bearer(&token)]).await;
        assert_eq!((got.answer.status, got.answer.text.as_str()), (200, roles), "{name}");
        // From Hallpass's answer, and from what is remembered of it.
        for _ in 0..2 {
            for (path, may) in ["/members", "/within", "/both", "/nobody"].into_iter().zip(may) {
                let got = app.client.get(&format!("{path}/roles"), &[bearer(&token)]).await;
                if may {
                    assert_eq!((got.answer.status, got.answer.text.as_str()), (200, roles), "{name} {path}");
                } else {
                    assert_eq!(got.answer.kind(), (403, "role_required".to_owned()), "{name} {path}");
                    assert_eq!(got.header("cache-control"), "no-store");
                }
            }
        }
    }
    // Who is not logged in is told nothing of roles.
    for path in ["/members/roles", "/within/roles", "/both/roles", "/nobody/roles"] {
        app.client.get(path, &[]).await.refused(401, "not_logged_in");
    }
}

/// Layers around each other take one proof once, and each asks for its role.
#[tokio::test(flavor = "multi_thread")]
async fn one_proof_is_enough_for_several_roles() {
    let inside = inside("guard-roles-dpop").await;
    let app = Guarded::beside(&inside, 5).await;
    for (name, both) in [("alice", 200), ("bob", 403)] {
        let key = Key::new();
        let (token, _) = key.log_in(&inside, name).await;
        for (path, status) in [("/within/roles", 200), ("/both/roles", both)] {
            let got = app.client.get(path, &app.shows(&inside, &key, "GET", path, &token, json!({}))).await;
            assert_eq!((got.answer.status, got.header("dpop-nonce")), (status, app.guard.nonce().as_str()), "{name}");
        }
    }
}

/// A Hallpass that tells of no roles gives none.
#[tokio::test(flavor = "multi_thread")]
async fn where_no_roles_are_configured_nobody_has_one() {
    let inside = Inside::start("guard-roles-none").await;
    let (client, app) = (Client::of(&inside), Guarded::beside(&inside, 0).await);
    let token = client.bearer("alice").await;
    let got = app.client.get("/roles", &[bearer(&token)]).await;
    assert_eq!((got.answer.status, got.answer.text.as_str()), (200, ""));
    let got = app.client.get("/members/roles", &[bearer(&token)]).await;
    assert_eq!(got.answer.kind(), (403, "role_required".to_owned()));
}
