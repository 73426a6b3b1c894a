//! The whole policy of calls over the server and on a real chain: several meters a rule, conditions on text, prices.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod common;

use alloy_primitives::{Address, U256, hex};
use alloy_sol_types::{SolCall, sol};
use common::World;
use common::people::{Pass, address_of, pay};
use serde_json::{Value, json};

sol! {
    function say(string text, address[] to);
    function swap(uint256 amountIn, uint256 minOut);
}

fn call(to: Address, data: Vec<u8>) -> Value {
    let chain = format!("eip155:{}", 31_337);
    json!({ "call": { "chain": chain, "to": to.to_checksum(None), "value": "0", "data": hex::encode_prefixed(data) } })
}

fn say(board: Address, text: &str, to: &[Address]) -> Value {
    call(board, sayCall { text: text.to_owned(), to: to.to_vec() }.abi_encode())
}

fn swap(pool: Address, amount_in: u64, min_out: u64) -> Value {
    let data = swapCall { amountIn: U256::from(amount_in), minOut: U256::from(min_out) };
    call(pool, data.abi_encode())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_of_every_shape_is_approved_and_holds_on_both_sides() {
    let world = World::start("whole").await;
    let owner = world.owner("alice").await;
    let (token, shop, board, pool) = (world.chain.token, address_of("shop"), address_of("board"), address_of("pool"));
    let (ann, bob) = (address_of("ann"), address_of("bob"));
    let text = format!(
        r#"
        chain = "eip155:31337"
        lasts = "1h"
        [tokens.AUSD]
        address = "{token}"
        decimals = 6
        [[allow]]
        call = "AUSD"
        function = "transfer(address to, uint256 amount)"
        where = ["to == {shop}"]
        spend = "amount <= 10"
        at_most = "2"
        [[allow]]
        call = "{board}"
        function = "say(string text, address[] to)"
        where = ["text.length <= 12", "text != 'forbidden'", "to[every] in [{low}, {high}]", "to.length <= 2"]
        at_most = "2"
        [[allow]]
        call = "{pool}"
        function = "swap(uint256 amountIn, uint256 minOut)"
        where = ["minOut >= amountIn * 0.98"]
        spend = "amountIn <= 100"
        "#,
        low = ann.min(bob),
        high = ann.max(bob),
    );
    let view = owner.api.post("/v1/grants", &json!({ "grant": text })).await.ok();
    let pass = Pass::of(&view);
    world.chain.give_tokens(pass.grant.account, 10).await;
    let approval = owner.approval(&world, &pass).await;
    owner.at(&pass.session, "approve", &approval).await.ok();

    let mut number = 0;
    let mut execute = async |action: Value, expected: &str| {
        number += 1;
        let answer = owner.execute(&pass.session, &format!("op-{number}"), &action).await;
        if expected == "ok" {
            assert_eq!(answer.ok()["success"], true, "{action}");
        } else {
            assert_eq!(answer.code(), expected, "{action}");
        }
    };
    execute(pay(token, shop, 7), "ok").await;
    execute(pay(token, shop, 4), "meter_exceeded").await;
    execute(pay(token, shop, 1), "ok").await;
    execute(pay(token, shop, 1), "meter_exceeded").await;
    execute(say(board, "hello there", &[ann, bob]), "ok").await;
    execute(say(board, "hello, everyone", &[ann]), "condition_failed").await;
    execute(say(board, "forbidden", &[ann]), "condition_failed").await;
    execute(say(board, "to the shop", &[ann, shop]), "condition_failed").await;
    execute(say(board, "", &[]), "ok").await;
    execute(say(board, "once more", &[ann]), "meter_exceeded").await;
    execute(swap(pool, 50, 49), "ok").await;
    execute(swap(pool, 50, 48), "condition_failed").await;
    execute(swap(pool, 51, 50), "meter_exceeded").await;
    let mut short = sayCall { text: "short".to_owned(), to: vec![] }.abi_encode();
    short.pop();
    execute(call(board, short), "bad_calldata").await;
    assert_eq!(world.chain.tokens_of(shop).await, 8);
}
