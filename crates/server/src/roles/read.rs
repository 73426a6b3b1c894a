//! What an account holds, at a block that is recent.

use super::Token;
use crate::App;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::U256;
use alloy_sol_types::sol;
use hallpass_chain::NodeError;
use hallpass_types::AccountId;

sol! {
    interface ICounts {
        function balanceOf(address account) external view returns (uint256);
    }
    interface ICountsKinds {
        function balanceOf(address account, uint256 id) external view returns (uint256);
    }
}

/// How far, in seconds, the newest block may lie behind our clock.
pub const RECENT: u64 = 300;

/// What was read.
pub struct Held {
    pub balance: U256,
    pub block: u64,
}

/// Reads it; an error is a code, and no balance.
pub async fn balance(app: &App, account: AccountId, token: Token) -> Result<Held, &'static str> {
    let node = &app.chain.node;
    if account.chain != app.settings.chain {
        return Err("chain_not_read");
    }
    let unread = |error: NodeError| error.code();
    let head = node.block(BlockNumberOrTag::Latest).await.map_err(unread)?;
    if head.time.get().saturating_add(RECENT) < app.clock.now().get() {
        return Err("node_behind");
    }
    let at = BlockId::hash(head.hash);
    let (contract, id) = token.place();
    // An address without code answers every call with nothing.
    if node.code_at(contract, at).await.map_err(unread)?.is_empty() {
        return Err("no_contract");
    }
    let account = account.address;
    let balance = match id {
        None => node.view_at(contract, &ICounts::balanceOfCall { account }, at).await,
        Some(id) => node.view_at(contract, &ICountsKinds::balanceOfCall { account, id }, at).await,
    };
    Ok(Held { balance: balance.map_err(unread)?, block: head.number })
}
