//! Nodes that are silent, elsewhere, or say what no node may: never a verdict, never a proof.

use crate::common::chain::Foreign;
use crate::lab::{DIGEST, Lab, Manner, on_chain};
use hallpass_auth::wallet::{Eoa, prove};
use hallpass_chain::{AccountReader, Node};
use hallpass_types::{AccountId, ChainId};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_be_asked_decides_nothing() {
    let lab = Lab::new().await;
    let honest = lab.wallet(Manner::Owner).await;
    let own = lab.signed(&lab.owner);
    let refused = async || {
        let error = prove(on_chain(honest), DIGEST, &own, Eoa::WithoutRpc, &lab.reader).await.unwrap_err();
        (error.code(), error.is_verdict())
    };
    for method in ["eth_getBlockByNumber", "eth_getCode", "eth_call"] {
        lab.proxy.block(Some(method));
        assert_eq!(refused().await, ("node_unreachable", false), "{method}");
        lab.proxy.block(None);
    }
    let answers = [
        (json!({ "result": "0x" }), "node_unreadable"),
        (json!({ "result": "0x01" }), "node_unreadable"),
        (json!({ "result": format!("0x{:064x}", 6) }), "node_unreadable"),
        (json!({ "result": format!("0x1626ba7e{:056x}", 0) }), "node_unreadable"),
        (json!({ "error": { "code": 3, "message": "execution reverted", "data": "0x" } }), "node_refused"),
        (json!({ "error": { "code": -32000, "message": "out of gas" } }), "node_refused"),
    ];
    for (answer, code) in answers {
        let told = answer.clone();
        lab.proxy.lie(Some(move |question: &Value, said: &mut Value| {
            if question["method"] == "eth_call" {
                let id = said["id"].clone();
                *said = told.clone();
                said["jsonrpc"] = "2.0".into();
                said["id"] = id;
            }
            true
        }));
        assert_eq!(refused().await, (code, false), "{answer}");
    }
    lab.listen();
    assert_eq!(lab.proved(honest, &own, Eoa::WithoutRpc).await, "contract");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_read_on_its_own_chain_alone() {
    let lab = Lab::new().await;
    let honest = lab.wallet(Manner::Owner).await;
    let own = lab.signed(&lab.owner);
    let elsewhere = AccountId { chain: ChainId::new(1).unwrap(), address: honest };
    let error = prove(elsewhere, DIGEST, &own, Eoa::WithoutRpc, &lab.reader).await.unwrap_err();
    assert_eq!((error.code(), error.is_verdict()), ("chain_not_read", false));
    assert_eq!(lab.asked(), [""; 0]);

    let foreign = Foreign::start(31_338).await;
    let node = Node::connect(&foreign.1, ChainId::new(31_337).unwrap()).await;
    assert_eq!(node.unwrap_err().code(), "wrong_chain");
    // On a chain of its own the same address has no contract.
    let there = ChainId::new(31_338).unwrap();
    let reader = AccountReader::new(Node::connect(&foreign.1, there).await.unwrap()).unwrap();
    let account = AccountId { chain: there, address: honest };
    let error = prove(account, DIGEST, &own, Eoa::WithoutRpc, &reader).await.unwrap_err();
    assert_eq!((error.code(), error.is_verdict()), ("wrong_signer", true));
}
