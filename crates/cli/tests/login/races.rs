//! Many at once, over HTTP.

use crate::client::{Client, bearer, pair};
use crate::inside::Inside;
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::task::JoinSet;

/// `HALLPASS_ROUNDS` (100) rounds of revocation against refresh.
fn rounds() -> usize {
    std::env::var("HALLPASS_ROUNDS").map_or(100, |n| n.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_nonce_is_good_for_one_of_a_thousand_logins_at_once() {
    let inside = Inside::start("login-race-nonce").await;
    let client = Client::of(&inside);
    let body = client.signed("alice").await;
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let (client, body) = (client.clone(), body.clone());
        tasks.spawn(async move { client.post("/v1/login", &[], &body).await.answer.kind() });
    }
    let kinds = tasks.join_all().await;
    assert_eq!(kinds.iter().filter(|kind| kind.0 == 201).count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == (401, "nonce_unknown".to_owned())).count(), 999);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refreshes_of_one_token_at_once_have_one_successor() {
    let inside = Inside::start("login-race-refresh").await;
    let client = Client::of(&inside);
    let (_, first) = client.family("alice").await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (client, first) = (client.clone(), first.clone());
        tasks.spawn(async move { pair(&client.refresh(&first, &[]).await.ok(), "access_token") });
    }
    let answers: BTreeSet<(String, String)> = tasks.join_all().await.into_iter().collect();
    assert_eq!(answers.len(), 1);
    let (access, second) = answers.into_iter().next().unwrap();
    assert!(client.is_good(&access).await);
    client.refresh(&second, &[]).await.ok();
}

/// Once a revocation is answered nothing of the login is good, whatever was under way, and no token brings it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revocation_among_refreshes_is_the_end() {
    let inside = Inside::start("login-race-revoke").await;
    let client = Client::of(&inside);
    let admin = client.bearer("alice").await;
    let mut refreshed = 0;
    for round in 0..rounds() {
        let (access, first) = client.family("alice").await;
        let id = client.get("/v1/me", &[bearer(&access)]).await.ok()["session"].as_str().unwrap().to_owned();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let (client, first) = (client.clone(), first.clone());
            tasks.spawn(async move {
                let mut all = Vec::new();
                let mut token = first;
                for _ in 0..3 {
                    let got = client.refresh(&token, &[]).await;
                    if got.answer.status != 200 {
                        break;
                    }
                    let (access, next) = pair(&got.ok(), "access_token");
                    all.extend([access, next.clone()]);
                    token = next;
                }
                all
            });
        }
        let revoked = {
            let (client, admin, access) = (client.clone(), admin.clone(), access.clone());
            tokio::spawn(async move {
                for _ in 0..round % 8 {
                    tokio::task::yield_now().await;
                }
                let path = format!("/v1/logins/{id}/revoke");
                client.post(&path, &[bearer(&admin)], &Value::Null).await.ok();
                // From here on.
                assert!(!client.is_good(&access).await);
            })
        };
        revoked.await.unwrap();
        let mut tokens: BTreeSet<String> = tasks.join_all().await.into_iter().flatten().collect();
        refreshed += usize::from(!tokens.is_empty());
        tokens.extend([access, first]);
        for token in tokens {
            if token.starts_with("hpr_") {
                client.refresh(&token, &[]).await.oauth(400, "invalid_grant");
            } else {
                assert!(!client.is_good(&token).await, "round {round}");
            }
        }
    }
    println!("{refreshed} of {} rounds had a refresh before the revocation", rounds());
}
