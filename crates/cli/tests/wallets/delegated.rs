//! Accounts that a key has delegated (EIP-7702), before, meanwhile and after.

use crate::lab::{DIGEST, DISHONEST, ITestFactory, Lab, Manner, on_chain, shown, wrapped};
use alloy_primitives::Address;
use hallpass_auth::Cached;
use hallpass_auth::wallet::reader::{Code, ContractReader};
use hallpass_auth::wallet::{Eoa, prove};
use hallpass_chain::wallet::DevWallet;
use serde_json::json;
use std::time::Duration;

/// Has the key delegate to a contract; to zero ends it.
async fn delegate(lab: &Lab, who: &DevWallet, to: Address) {
    let nonce = lab.chain.node.mined_nonce(who.address()).await.unwrap();
    let authorization = who.sign_authorization(to, nonce).unwrap();
    let bank = lab.chain.rpc("eth_accounts", json!([])).await[0].clone();
    let tx = json!({ "from": bank, "to": bank, "authorizationList": [authorization] });
    let hash = lab.chain.rpc("eth_sendTransaction", json!([tx])).await;
    let receipt = lab.chain.node.wait(hash.as_str().unwrap().parse().unwrap(), Duration::from_secs(30)).await.unwrap();
    assert!(receipt.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delegate_is_asked_first_and_the_key_has_the_last_word() {
    let lab = Lab::new().await;
    // The account's key is `owner`'s; the delegate takes signatures of `friend`.
    let friend = crate::common::people::wallet("friend");
    let account = lab.owner.address();
    let (own, friends, other) = (lab.signed(&lab.owner), lab.signed(&friend), lab.signed(&lab.stranger));
    let arguments = crate::lab::wallet_arguments(Manner::Owner, friend.address());
    let delegate_to = lab.deploy("TestWallet", &arguments).await;

    assert_eq!(lab.proved(account, &friends, Eoa::CodeFirst).await, "wrong_signer");
    delegate(&lab, &lab.owner, delegate_to).await;
    let head = lab.reader.head().await.unwrap();
    assert_eq!(lab.reader.code(account, head).await, Ok(Code::Delegation(delegate_to)));
    for eoa in [Eoa::WithoutRpc, Eoa::CodeFirst] {
        assert_eq!(lab.proved(account, &friends, eoa).await, "contract");
        assert_eq!(lab.proved(account, &own, eoa).await, "key");
        assert_eq!(lab.proved(account, &other, eoa).await, "wrong_signer");
        let behind = wrapped(account, &ITestFactory::pretendCall {}, &own);
        assert_eq!(lab.proved(account, &behind, eoa).await, "preparation_failed");
    }
    for manner in DISHONEST {
        delegate(&lab, &lab.owner, lab.wallet(manner).await).await;
        assert_eq!(lab.proved(account, &own, Eoa::CodeFirst).await, "key", "{manner:?}");
        assert_eq!(lab.proved(account, &friends, Eoa::CodeFirst).await, "wrong_signer", "{manner:?}");
    }
    // To nothing: a delegation to an address without code.
    delegate(&lab, &lab.owner, crate::common::people::address_of("nobody")).await;
    assert_eq!(lab.proved(account, &own, Eoa::CodeFirst).await, "key");
    assert_eq!(lab.proved(account, &friends, Eoa::CodeFirst).await, "wrong_signer");
    lab.asked();
}

#[tokio::test(flavor = "multi_thread")]
async fn code_of_an_older_block_is_not_code_of_the_newest() {
    let lab = Lab::new().await;
    let friend = crate::common::people::wallet("friend");
    let account = lab.owner.address();
    let friends = lab.signed(&friend);
    let arguments = crate::lab::wallet_arguments(Manner::Owner, friend.address());
    let delegate_to = lab.deploy("TestWallet", &arguments).await;
    let cached = Cached::new(lab.reader.clone());
    let judged = async || shown(&prove(on_chain(account), DIGEST, &friends, Eoa::WithoutRpc, &cached).await);

    delegate(&lab, &lab.owner, delegate_to).await;
    let then = cached.head().await.unwrap();
    lab.asked();
    assert_eq!(judged().await, "contract");
    assert_eq!(lab.asked(), ["eth_getBlockByNumber", "eth_getCode", "eth_call"]);
    // The same block again: its code is known, its contract is asked anew.
    assert_eq!(judged().await, "contract");
    assert_eq!(lab.asked(), ["eth_getBlockByNumber", "eth_call"]);

    delegate(&lab, &lab.owner, Address::ZERO).await;
    lab.asked();
    assert_eq!(judged().await, "wrong_signer");
    assert_eq!(lab.asked(), ["eth_getBlockByNumber", "eth_getCode"]);
    // The older block still says what it said.
    assert_eq!(lab.reader.code(account, then).await, Ok(Code::Delegation(delegate_to)));
    let now = lab.reader.head().await.unwrap();
    assert_eq!(lab.reader.code(account, now).await, Ok(Code::None));
}
