//! Roles by the operator's lists and by what accounts hold on a real chain: who has one, who has not, and by what.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use common::World;
use common::chain::{Chain, IItems, INft};
use common::people::{Owner, wallet};
use common::proxy::Proxy;
use serde_json::{Value, json};

async fn role(owner: &Owner, name: &str) -> Value {
    let all = owner.api.get("/v1/me/roles").await.ok();
    all.as_array().unwrap().iter().find(|r| r["role"] == name).unwrap().clone()
}

async fn granted(owner: &Owner, name: &str) -> bool {
    role(owner, name).await["granted"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_source_gives_its_role_to_whom_it_should_and_to_nobody_else() {
    let chain = Chain::start().await;
    let (nft, items, ausd) = (chain.nft().await, chain.items().await, chain.token);
    let line = Proxy::to(&chain.url);
    let (alice, nobody) = (wallet("alice").address(), Address::repeat_byte(0x99));
    let world = World::configured("roles", chain, &line.url, |_| {
        format!(
            "role_seconds = 1\n\
             [[roles]]\nname = \"admin\"\naccounts = [\"eip155:31337:{alice}\"]\n\
             [[roles]]\nname = \"abroad\"\naccounts = [\"eip155:1:{alice}\"]\n\
             [[roles]]\nname = \"holder\"\ntoken = \"{ausd}\"\nstandard = \"erc20\"\nat_least = \"1000001\"\n\
             [[roles]]\nname = \"collector\"\ntoken = \"{nft}\"\nstandard = \"erc721\"\n\
             [[roles]]\nname = \"smith\"\ntoken = \"{items}\"\nstandard = \"erc1155\"\nid = \"7\"\nat_least = \"3\"\n\
             [[roles]]\nname = \"ghost\"\ntoken = \"{nobody}\"\nstandard = \"erc20\"\n\
             [[roles]]\nname = \"either\"\ntoken = \"{nft}\"\nstandard = \"erc721\"\n\
             [[roles]]\nname = \"either\"\naccounts = [\"eip155:31337:{alice}\"]\n"
        )
    })
    .await;
    let (alice, bob) =
        (Owner::logged_in(&world.server.api, "alice").await, Owner::logged_in(&world.server.api, "bob").await);
    let send = async |to: Address, data: Vec<u8>| {
        world.chain.transact(Some(to), data.into()).await;
    };

    world.chain.give_tokens(alice.account(), 1_000_001).await;
    world.chain.give_tokens(bob.account(), 1_000_000).await;

    // By the operator's list, on the chain that it names.
    assert_eq!(
        role(&alice, "admin").await,
        json!({ "role": "admin", "granted": true, "evidence": { "source": "listed" } })
    );
    assert!(!granted(&bob, "admin").await && !granted(&alice, "abroad").await);
    // By an amount, to the last unit.
    let decided = role(&alice, "holder").await;
    assert_eq!((&decided["granted"], &decided["evidence"]["balance"]), (&json!(true), &json!("1000001")));
    assert_eq!(decided["evidence"]["token"], ausd.to_checksum(None));
    assert!(decided["evidence"]["block"].as_u64().unwrap() > 0);
    let decided = role(&bob, "holder").await;
    let shown = (&decided["evidence"]["balance"], &decided["evidence"]["at_least"]);
    assert_eq!((decided["granted"].as_bool(), shown), (Some(false), (&json!("1000000"), &json!("1000001"))));
    // By one of a collection; by enough of a kind, not of another kind.
    send(nft, INft::mintCall { to: alice.account(), id: U256::from(5) }.abi_encode()).await;
    for (to, id, amount) in [(alice.account(), 7, 3), (bob.account(), 7, 2), (bob.account(), 8, 50)] {
        let call = IItems::mintCall { to, id: U256::from(id), amount: U256::from(amount) };
        send(items, call.abi_encode()).await;
    }
    for name in ["collector", "smith"] {
        common::until("what was read before has run out", async || granted(&alice, name).await).await;
        assert!(!granted(&bob, name).await, "{name}");
    }
    assert_eq!(role(&bob, "smith").await["evidence"]["id"], "7");
    // What cannot be read gives nothing.
    assert_eq!(role(&alice, "ghost").await["evidence"]["code"], "no_contract");
    assert!(!granted(&alice, "ghost").await);
    // Of two rules one is enough.
    assert!(granted(&alice, "either").await && !granted(&bob, "either").await);
    // Sold, it is gone.
    world.chain.hand_on(nft, alice.account(), bob.account(), 5).await;
    common::until("it is read again", async || !granted(&alice, "collector").await).await;
    common::until("it is read again", async || granted(&bob, "collector").await).await;

    // A silent node gives no role that is not the operator's.
    line.down(true);
    common::until("what was read has run out", async || !granted(&bob, "collector").await).await;
    assert_eq!(role(&bob, "collector").await["evidence"]["code"], "node_unreachable");
    assert!(granted(&alice, "admin").await && granted(&alice, "either").await);
    line.down(false);
    assert!(granted(&bob, "collector").await);
}
