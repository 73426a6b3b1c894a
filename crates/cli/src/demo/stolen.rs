//! A session key that was held outside the vault and stolen.

use super::forge::Forged;
use super::players::{Pass, Player};
use super::report::Report;
use super::setup::World;
use crate::commands::serve::node_error;
use crate::commands::wallet_error;
use crate::error::CliError;
use alloy_eips::BlockNumberOrTag;
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_policy::eip712::Grant as Message;
use std::time::Duration;

/// An operation is not made in the last seconds of a window.
const EDGE: u64 = 5;

/// A pass whose key is held outside the vault, and the sequences that it has used.
pub struct Stolen {
    /// The pass.
    pub pass: Pass,
    /// Its message, as wires open it.
    pub message: Message,
    /// The key.
    pub key: DevWallet,
    /// The next sequence.
    pub next: u64,
}

impl Stolen {
    /// Hands out a pass for a key of the thief's.
    pub async fn new(
        world: &World,
        player: &Player,
        text: &str,
        name: &str,
        report: &Report,
    ) -> Result<Self, CliError> {
        let name = format!("stolen {} {name}", player.name);
        let key = DevWallet::named(&name, world.node.chain(), Manners::Local).map_err(wallet_error)?;
        let text = text.replacen("chain ", &format!("key = \"{}\"\nchain ", key.address().to_checksum(None)), 1);
        let pass = player.hand_out(world, &text, report, false).await?;
        let message = pass.grant.message();
        Ok(Self { pass, message, key, next: 0 })
    }

    /// An operation with a fresh sequence, good in every respect but what the caller changes.
    pub async fn forge(&mut self, world: &World, rule: u16, arguments: Vec<u8>) -> Result<Forged<'_>, CliError> {
        let grant = &self.pass.grant;
        let end = grant.not_after.get();
        // From the start of the present minute, which is a window of every meter here; not so near its end that the
        // operation would come too late.
        let (from, until) = loop {
            let head = world.node.block(BlockNumberOrTag::Latest).await.map_err(|e| node_error(&e))?;
            let anchor = grant.not_before.get();
            let now = head.time.get().max(anchor);
            let from = now - (now - anchor) % 60;
            let until = from + 60;
            if until - now > EDGE || now >= end {
                break (from, until.min(end));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        self.next += 1;
        Ok(Forged {
            message: self.message.clone(),
            grant: grant.id(),
            rule,
            sequence: self.next - 1,
            value: 0,
            arguments,
            valid: (from, until),
            chain: world.node.chain().get(),
            key: &self.key,
        })
    }
}
