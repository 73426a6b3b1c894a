//! Accounts that stand: plain ones, and contracts that answer in every way.

use crate::lab::{DISHONEST, Lab, Manner};
use alloy_primitives::Bytes;
use hallpass_auth::wallet::{Eoa, MAX_SIGNATURE};

const BOTH: [Eoa; 2] = [Eoa::WithoutRpc, Eoa::CodeFirst];

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_account_is_proven_by_its_key_without_a_question_unless_the_chain_has_the_first_word() {
    let lab = Lab::new().await;
    let (own, other) = (lab.signed(&lab.owner), lab.signed(&lab.stranger));
    let account = lab.owner.address();
    assert_eq!(lab.proved(account, &own, Eoa::WithoutRpc).await, "key");
    assert_eq!(lab.asked(), [""; 0]);
    assert_eq!(lab.proved(account, &own, Eoa::CodeFirst).await, "key");
    assert_eq!(lab.asked(), ["eth_getBlockByNumber", "eth_getCode"]);
    for eoa in BOTH {
        assert_eq!(lab.proved(account, &other, eoa).await, "wrong_signer");
        assert_eq!(lab.proved(account, &own[..64], eoa).await, "signature_length");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_accepts_by_one_word_and_by_nothing_else() {
    let lab = Lab::new().await;
    let (own, other) = (lab.signed(&lab.owner), lab.signed(&lab.stranger));
    let honest = lab.wallet(Manner::Owner).await;
    for eoa in BOTH {
        lab.asked();
        assert_eq!(lab.proved(honest, &own, eoa).await, "contract");
        assert_eq!(lab.asked(), ["eth_getBlockByNumber", "eth_getCode", "eth_call"]);
        assert_eq!(lab.proved(honest, &other, eoa).await, "contract_refused");
        assert_eq!(lab.proved(honest, &[], eoa).await, "contract_refused");
        let longest = Bytes::from(vec![1; MAX_SIGNATURE]);
        assert_eq!(lab.proved(honest, &longest, eoa).await, "contract_refused");
        assert_eq!(lab.proved(honest, &[&longest[..], &[1]].concat(), eoa).await, "signature_too_long");
    }
    for manner in DISHONEST {
        let wallet = lab.wallet(manner).await;
        let before = lab.everything().await;
        for eoa in BOTH {
            assert_eq!(lab.proved(wallet, &own, eoa).await, "contract_refused", "{manner:?}");
        }
        assert!(lab.everything().await == before, "{manner:?}");
    }
    lab.asked();
}
