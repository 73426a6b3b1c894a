//! Nothing secret leaves: not in an answer, not in a log, not in the store's file.

use crate::NOBODYS;
use crate::common::people::{address_of, log_in, login_message, pay, pay_pass, wallet};
use crate::common::server::PASSPHRASE;
use crate::common::{World, run, secrets};
use alloy_primitives::{hex, keccak256};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_log_or_file_holds_a_secret() {
    let world = World::start("hostile-secrets").await;
    let alice = world.owner("alice").await;
    let (token, shop) = (world.chain.token, address_of("shop"));
    let pass = alice.hand_out(&world, &pay_pass(token, shop, 10)).await;
    let bearer = alice.api.token.clone().unwrap();
    let key = hex::encode(keccak256("hallpass development key alice"));
    let secrets = [PASSPHRASE.to_owned(), bearer.clone(), bearer[3..].to_owned(), key];

    // Everything that may go wrong with a secret at hand, and what goes well.
    let mut said = String::new();
    let message = login_message(&world.server.api, alice.account()).await;
    said += &log_in(&world.server.api, &message, &wallet("mallory").sign_message(&message).unwrap()).await.text;
    said += &world.server.api.with(&format!("{bearer}0")).get("/v1/me").await.text;
    said += &alice.api.get("/v1/me").await.text;
    said += &alice.api.get("/v1/sessions").await.text;
    said += &alice.api.get(&format!("/v1/sessions/{}", pass.session)).await.text;
    said += &alice.api.get(&format!("/v1/sessions/{bearer}")).await.text;
    for action in [pay(token, shop, 1), pay(token, shop, 100), json!({ "secret": bearer }), json!(null)] {
        said += &alice.execute(&pass.session, "once", &action).await.text;
        said += &alice.at(&pass.session, "check", &action).await.text;
        said += &alice.execute(NOBODYS, "once", &action).await.text;
    }
    said += &alice.api.post("/v1/grants", &json!({ "grant": format!("x = \"{}", "y") })).await.text;
    said += &alice.at(&pass.session, "revoke", &Value::Null).await.text;
    said += &alice.api.post("/v1/logout", &Value::Null).await.text;
    said += &alice.api.get("/v1/me").await.text;

    // And the command line, on a store that another process holds, with a wrong passphrase beside it.
    let wrong = world.folder.write("wrong", "another planted passphrase");
    for arguments in
        [&["serve"][..], &["vault", "status"], &["vault", "change-passphrase", "--passphrase-file", &wrong]]
    {
        let ran = run(&world.folder, &[&["--config", world.server.config()], arguments].concat());
        assert_eq!(ran.exit, 3, "{}", ran.err);
        said = said + &ran.out + &ran.err;
    }

    let log = world.server.log();
    assert!(log.contains("TRACE"), "the log is not as talkative as it should be");
    let store = std::fs::read(world.folder.path().join("store.redb")).unwrap();
    for secret in secrets {
        assert!(!said.contains(&secret), "an answer holds a secret");
        assert!(!log.contains(&secret), "the log holds a secret");
        assert!(!store.windows(secret.len()).any(|w| w == secret.as_bytes()), "the store holds a secret in clear");
        if let Ok(raw) = hex::decode(&secret) {
            assert!(!store.windows(raw.len()).any(|w| w == raw), "the store holds a secret in clear");
        }
    }
    assert!(!said.contains("another planted passphrase"));
}

/// The search that ends every test of this program finds what it looks for, in each way of writing it and each place.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_on_purpose_is_found() {
    let world = World::start("hostile-planted").await;
    let alice = world.owner("alice").await;
    let (folder, url) = (world.folder.path().to_owned(), world.server.api.url.clone());
    assert_eq!(secrets::found(&folder, &url), [""; 0]);

    let token = alice.api.token.clone().unwrap();
    let raw = hex::decode(&token[4..]).unwrap();
    let base64 = |bytes: &[u8], before: &[u8]| {
        let all = [before, bytes, b"after"].concat();
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits: Vec<u8> = all.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
        let six = |six: &[u8]| letters[six.iter().fold(0_usize, |n, b| n << 1 | usize::from(*b))];
        bits.chunks_exact(6).map(six).collect::<Vec<u8>>()
    };
    let mut forms =
        vec![raw.clone(), token.clone().into(), token[4..].to_uppercase().into(), hex::encode(&token).into()];
    for before in [&b""[..], b"1", b"12"] {
        forms.extend([base64(&raw, before), base64(token.as_bytes(), before)]);
    }
    for (i, form) in forms.iter().enumerate() {
        let hay = [&b"before "[..], form, b" after"].concat();
        assert!(!secrets::look("a place", &hay).is_empty(), "form {i}");
        assert!(secrets::look("a place", &hay[..hay.len() - 24]).is_empty(), "a part of form {i}");
    }

    // In a store beside the true one, in a log, and in an answer.
    std::fs::write(folder.join("store.redb.new"), &raw).unwrap();
    assert_eq!(secrets::found(&folder, &url), ["the token of /v1/login stands in store.redb.new at byte 0"]);
    std::fs::remove_file(folder.join("store.redb.new")).unwrap();
    std::fs::write(folder.join("server.log.1"), PASSPHRASE).unwrap();
    assert_eq!(secrets::found(&folder, &url), ["the passphrase stands in server.log.1 at byte 0"]);
    secrets::said(&url, "/v1/me", &format!("{{\"token\":\"{token}\"}}"));
    // And so the end of a test fails, which is where it is looked for.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(world.server)));
    let says = ended.unwrap_err().downcast::<String>().unwrap();
    assert!(says.contains("stands in the answer to /v1/me") && says.contains("stands in server.log.1"), "{says}");
}
