//! Passes that end: by time, and by their owner.

use super::attacks::{MOVE, step};
use super::play::{one_move, only};
use super::players::{Pass, Player};
use super::report::Report;
use super::rows::Rows;
use super::setup::World;
use super::stolen::Stolen;
use crate::commands::serve::node_error;
use crate::error::CliError;
use alloy_eips::BlockNumberOrTag;
use hallpass_policy::eip712::Grant as Message;
use hallpass_server::endpoints::revoke::RevokeView;
use std::time::Duration;

/// A five-second pass in the vault, and one outside it.
pub struct Short {
    inside: Pass,
    outside: Stolen,
}

/// Hands out two five-second passes and uses each once, as a control.
pub async fn short_pass(world: &World, player: &Player, report: &mut Report) -> Result<Short, CliError> {
    let text = only(usize::from(MOVE)).replace("\"1h\"", "\"5s\"").replace("120 per 1m", "120");
    let inside = player.hand_out(world, &text, report, false).await?;
    let mut rows = Rows { world, player, pass: &inside, report };
    rows.at_signer("control: use a five-second pass in time", "executed", one_move(world, 1), None).await?;
    let mut outside = Stolen::new(world, player, &text, "short", rows.report).await?;
    let mut forged = outside.forge(world, MOVE, step()).await?;
    forged.valid = lifetime(&forged.message);
    rows.past("control: use a five-second pass in time", "executed", forged).await?;
    Ok(Short { inside, outside })
}

fn lifetime(message: &Message) -> (u64, u64) {
    (message.notBefore.to(), message.notAfter.to())
}

/// Waits until both have run out, on the chain's clock, and tries them again.
pub async fn waited_out(world: &World, player: &Player, short: Short, report: &mut Report) -> Result<(), CliError> {
    let Short { inside, mut outside } = short;
    let end = inside.grant.not_after.max(outside.pass.grant.not_after);
    for _ in 0..100 {
        let head = world.node.block(BlockNumberOrTag::Latest).await.map_err(|e| node_error(&e))?;
        if head.time >= end {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut rows = Rows { world, player, pass: &inside, report };
    rows.at_signer("use a five-second pass that has run out", "grant_expired", one_move(world, 1), None).await?;
    let mut forged = outside.forge(world, MOVE, step()).await?;
    forged.valid = lifetime(&forged.message);
    rows.past("use a five-second pass that has run out", "grant_expired", forged).await
}

/// Revokes, and shows that both sides now refuse.
pub async fn revoked(world: &World, player: &Player, pass: &Pass, report: &mut Report) -> Result<(), CliError> {
    let mut stolen = Stolen::new(world, player, &only(usize::from(MOVE)), "last", report).await?;
    let control = stolen.forge(world, MOVE, step()).await?;
    let mut rows = Rows { world, player, pass, report };
    rows.at_signer("control: move before the pass is revoked", "executed", one_move(world, 1), None).await?;
    rows.past("control: move before the pass is revoked", "executed", control).await?;
    for session in [&pass.session, &stolen.pass.session] {
        let view: RevokeView = player.client.post(&format!("/v1/sessions/{session}/revoke"), &()).await?;
        let said = if view.tx.is_some() { "ended" } else { "pending" };
        let gas = view.gas_used;
        rows.row(
            "revoke a pass",
            "ended",
            if view.session.state == "revoking" { "ended" } else { &view.session.state },
            said,
            gas,
        );
    }
    rows.at_signer("move after the pass was revoked", "grant_ended", one_move(world, 1), None).await?;
    let forged = stolen.forge(world, MOVE, step()).await?;
    rows.past("move after the pass was revoked", "grant_ended", forged).await
}
