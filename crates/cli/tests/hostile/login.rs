//! Login messages that are not for this server, or not by this wallet.

use crate::common::World;
use crate::common::people::{log_in, login_message, wallet};
use alloy_primitives::{Bytes, U256, uint};

/// Another message made of a good one.
type Change<'a> = &'a dyn Fn(&str) -> String;

/// The order of secp256k1.
const ORDER: U256 = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);

/// The same signature with its high s, which recovers the same key.
fn malleated(signature: &Bytes) -> Bytes {
    let s = U256::from_be_slice(&signature[32..64]);
    let v = if signature[64] == 27 { 28 } else { 27 };
    [&signature[..32], &(ORDER - s).to_be_bytes::<32>(), &[v]].concat().into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_for_another_place_is_refused_and_its_nonce_is_gone() {
    let world = World::start("hostile-login").await;
    let (owner, other) = (wallet("alice"), wallet("mallory"));
    let api = &world.server.api;
    let place = api.url.trim_start_matches("http://").to_owned();

    let changes: [(&str, Change<'_>, &str); 7] = [
        ("domain", &|m| m.replacen(&place, "evil.example", 1), "domain_mismatch"),
        ("port", &|m| m.replacen(&place, "127.0.0.1:1", 1), "domain_mismatch"),
        ("uri", &|m| m.replace("URI: http://", "URI: https://"), "uri_mismatch"),
        ("chain", &|m| m.replace("Chain ID: 31337", "Chain ID: 1"), "chain_not_allowed"),
        ("future", &|m| m.replace("Issued At: 2", "Issued At: 3"), "issued_in_future"),
        ("past", &|m| format!("{m}\nExpiration Time: 2020-01-01T00:00:00Z"), "expired"),
        ("early", &|m| format!("{m}\nNot Before: 2100-01-01T00:00:00Z"), "not_yet_valid"),
    ];
    for (what, change, code) in changes {
        let message = login_message(api, owner.address()).await;
        let changed = change(&message);
        assert_ne!(changed, message, "{what}");
        let answer = log_in(api, &changed, &owner.sign_message(&changed).unwrap()).await;
        assert_eq!(answer.kind(), (401, code.to_owned()), "{what}: {}", answer.text);
        // The good message that it was made from is worth nothing any more.
        log_in(api, &message, &owner.sign_message(&message).unwrap()).await.refused(401, "nonce_unknown");
    }

    let message = login_message(api, owner.address()).await;
    log_in(api, &message, &other.sign_message(&message).unwrap()).await.refused(401, "wrong_signer");
    log_in(api, &message, &owner.sign_message(&message).unwrap()).await.refused(401, "nonce_unknown");

    let message = login_message(api, owner.address()).await;
    let high = malleated(&owner.sign_message(&message).unwrap());
    log_in(api, &message, &high).await.refused(401, "signature_high_s");

    for spoilt in ["0x", "0x00", &format!("0x{}", "00".repeat(65)), &format!("0x{}", "ff".repeat(65))] {
        let message = login_message(api, owner.address()).await;
        let answer = log_in(api, &message, &spoilt.parse().unwrap()).await;
        assert_eq!(answer.status, 401, "{spoilt}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonce_is_good_for_one_login_and_only_if_this_server_made_it() {
    let world = World::start("hostile-nonce").await;
    let owner = wallet("alice");
    let api = &world.server.api;

    let message = login_message(api, owner.address()).await;
    let signature = owner.sign_message(&message).unwrap();
    assert_eq!(log_in(api, &message, &signature).await.status, 201);
    log_in(api, &message, &signature).await.refused(401, "nonce_unknown");

    let nonce = |m: &str| m.lines().find_map(|l| l.strip_prefix("Nonce: ")).unwrap().to_owned();
    let message = login_message(api, owner.address()).await;
    let own = message.replace(&nonce(&message), "0123456789abcdef0123456789abcdef");
    log_in(api, &own, &owner.sign_message(&own).unwrap()).await.refused(401, "nonce_unknown");
    // What was not taken up still is good.
    assert_eq!(log_in(api, &message, &owner.sign_message(&message).unwrap()).await.status, 201);

    for text in ["", "hello", &message.replace("Version: 1", "Version: 2"), &format!("{message}\n\n"), &message[..90]] {
        let answer = log_in(api, text, &signature).await;
        assert_eq!(answer.status, 400, "{text:?}: {}", answer.text);
        answer.refused(400, &answer.code());
        assert!(!answer.code().is_empty());
    }
}
