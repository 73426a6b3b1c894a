//! Moves and purchases by session key, with no further signature of the owner's.

use super::players::{Pass, Player};
use super::report::Report;
use super::setup::{IGame, PRICE, World};
use crate::error::CliError;
use alloy_primitives::{Address, TxKind, U256};
use alloy_sol_types::SolCall;
use hallpass_chain::contracts::IERC20;
use hallpass_server::endpoints::execute::{ExecuteBody, ExecuteView};
use hallpass_server::endpoints::shapes::{ActionBody, BatchItem, CallBody};
use std::sync::atomic::{AtomicU32, Ordering};

/// Uses of one session that are enough to be in its steady state.
const STEADY: usize = 3;

static REQUESTS: AtomicU32 = AtomicU32::new(0);

/// A call on the demo's chain.
pub fn call(world: &World, to: Address, value: u64, data: Vec<u8>) -> CallBody {
    CallBody {
        chain: world.node.chain().to_string(),
        to: to.to_checksum(None),
        value: value.to_string(),
        data: format!("0x{}", hex::encode(data)),
    }
}

/// A purchase: pay the shop, then claim the item, all or nothing.
fn purchase(world: &World) -> ActionBody {
    let pay = IERC20::transferCall { to: world.shop, amount: U256::from(PRICE) };
    let claim = IGame::claimCall { item: U256::from(7) };
    ActionBody::Batch(vec![
        BatchItem { call: call(world, world.token, 0, pay.abi_encode()) },
        BatchItem { call: call(world, world.game, 0, claim.abi_encode()) },
    ])
}

/// A move of hero 1.
pub fn one_move(world: &World, direction: u8) -> ActionBody {
    let data = IGame::moveCall { hero: U256::from(1), direction }.abi_encode();
    ActionBody::Call(call(world, world.game, 0, data))
}

/// A transfer to the shop.
pub fn pay(world: &World, amount: u64) -> ActionBody {
    let data = IERC20::transferCall { to: world.shop, amount: U256::from(amount) }.abi_encode();
    ActionBody::Call(call(world, world.token, 0, data))
}

/// Has the server sign and send an action.
pub async fn execute(
    player: &Player,
    session: &str,
    action: ActionBody,
    sequence: Option<u32>,
) -> Result<ExecuteView, CliError> {
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let body = ExecuteBody { idempotency_key: format!("demo-{number}"), action, sequence, ask: None };
    player.client.post(&format!("/v1/sessions/{session}/execute"), &body).await
}

/// Twenty moves and three purchases.
pub async fn moves_and_purchases(
    world: &World,
    player: &Player,
    pass: &Pass,
    report: &mut Report,
) -> Result<(), CliError> {
    let bar = report.bar(23);
    let mut lines = Vec::new();
    for i in 0..23_u8 {
        let buying = i % 8 == 7 || i == 22;
        let (what, action) = if buying { ("buy", purchase(world)) } else { ("move", one_move(world, i % 4)) };
        let done = execute(player, &pass.session, action, None).await?;
        if !done.success {
            return Err(CliError::refused("reverted", format!("{what} reverted in {}", done.tx)));
        }
        let left = |meter: usize| done.left.get(meter).map_or("?", |l| l.left.as_str()).to_owned();
        lines.push(format!(
            "  {what:<5} {}  {:>7} gas   left: {:>3} moves this minute, {:>8} of the token today",
            done.tx,
            done.gas_used,
            left(0),
            left(4)
        ));
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.say(&lines.join("\n"));
    Ok(())
}

/// What a session key costs beside a plain wallet, in this very run.
pub async fn gas(world: &World, player: &Player, report: &mut Report) -> Result<(), CliError> {
    let plain_move = IGame::moveCall { hero: U256::from(1), direction: 0 }.abi_encode();
    let plain_pay = IERC20::transferCall { to: world.shop, amount: U256::from(1) }.abi_encode();
    let mut plain = (0, 0);
    for _ in 0..STEADY {
        plain.0 =
            world.send(&world.deployer, TxKind::Call(world.game), plain_move.clone().into(), None).await?.gas_used;
        plain.1 =
            world.send(&world.deployer, TxKind::Call(world.token), plain_pay.clone().into(), None).await?.gas_used;
    }
    let moving = player.hand_out(world, &only(0), report, false).await?;
    let paying = player.hand_out(world, &only(4), report, false).await?;
    let mut keyed = (0, 0);
    for _ in 0..STEADY {
        keyed.0 = execute(player, &moving.session, one_move(world, 0), None).await?.gas_used;
        keyed.1 = execute(player, &paying.session, pay(world, 1), None).await?.gas_used;
    }
    report.gas(player.name, "one move", plain.0, keyed.0);
    report.gas(player.name, "one capped ERC-20 transfer", plain.1, keyed.1);
    Ok(())
}

/// The demo's pass with one of its rules.
pub fn only(rule: usize) -> String {
    let mut parts = super::setup::ARENA.split("[[allow]]");
    let head = parts.next().unwrap_or("");
    format!("{head}[[allow]]{}", parts.nth(rule).unwrap_or(""))
}
