//! An end waits for nobody's agreement.

use crate::common::chain::Chain;
use crate::common::people::{Owner, address_of, pay_pass};
use crate::common::proxy::Proxy;
use crate::common::server::Folder;
use crate::inside::{DEPTH, Inside};
use hallpass_server::work;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_could_not_be_sent_is_sent_although_the_second_node_is_gone() {
    let chain = Chain::start().await;
    let folder = Folder::new("settlement-ends");
    let (first, second) = (Proxy::to(&chain.url), Proxy::to(&chain.url));
    let inside = Inside::start(&folder, &first.url, Some(&second.url)).await;
    let owner = Owner::on(&inside.api, &chain, "alice").await;
    chain.fund(inside.app.chain.relayer_address).await;
    let pass = owner.ask(&pay_pass(chain.token, address_of("shop"), 10)).await;
    let body = owner.approval_on(&chain, &pass).await;
    owner.at(&pass.session, "approve", &body).await.ok();

    // So that there is a final block, of which the second node is asked.
    chain.rpc("anvil_mine", json!([format!("0x{:x}", 2 * DEPTH)])).await;

    first.block(Some("eth_sendRawTransaction"));
    let ended = owner.at(&pass.session, "revoke", &Value::Null).await.ok();
    assert_eq!(ended["session"]["state"], "revoking", "{ended}");
    first.block(None);
    second.down(true);
    let before = first.count("eth_sendRawTransaction");
    work::settle::once(&inside.app).await;
    assert_eq!(first.count("eth_sendRawTransaction"), before + 1);
}
