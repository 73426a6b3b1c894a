//! What an account holds, at a block that is recent.

use super::Token;
use crate::App;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, U256};
use alloy_sol_types::sol;
use hallpass_chain::node::BlockInfo;
use hallpass_chain::{Node, NodeError};
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

/// The chain at its newest block, which is read when it is first asked for: all that is decided at once is decided by one block.
pub struct Newest<'a> {
    app: &'a App,
    block: Option<Result<BlockInfo, &'static str>>,
}

impl<'a> Newest<'a> {
    pub const fn of(app: &'a App) -> Self {
        Self { app, block: None }
    }

    /// Reads what `account` holds; an error is a code, and no balance.
    pub async fn balance(&mut self, account: AccountId, token: Token) -> Result<Held, &'static str> {
        if account.chain != self.app.settings.chain {
            return Err("chain_not_read");
        }
        let block = match self.block {
            Some(known) => known?,
            None => (*self.block.insert(head(self.app).await))?,
        };
        let held = balance(&self.app.chain.node, &block, account.address, token).await;
        held.map(|balance| Held { balance, block: block.number }).inspect_err(|code| {
            // A node that hangs keeps nobody waiting once for each rule.
            if *code == UNREACHABLE {
                self.block = Some(Err(code));
            }
        })
    }
}

/// The code of a node that does not answer.
const UNREACHABLE: &str = "node_unreachable";

async fn head(app: &App) -> Result<BlockInfo, &'static str> {
    let head = app.chain.node.block(BlockNumberOrTag::Latest).await.map_err(|error| error.code())?;
    if head.time.get().saturating_add(RECENT) < app.clock.now().get() { Err("node_behind") } else { Ok(head) }
}

async fn balance(node: &Node, block: &BlockInfo, account: Address, token: Token) -> Result<U256, &'static str> {
    let unread = |error: NodeError| error.code();
    let at = BlockId::hash(block.hash);
    let (contract, id) = token.place();
    // An address without code answers every call with nothing.
    if node.code_at(contract, at).await.map_err(unread)?.is_empty() {
        return Err("no_contract");
    }
    let balance = match id {
        None => node.view_at(contract, &ICounts::balanceOfCall { account }, at).await,
        Some(id) => node.view_at(contract, &ICountsKinds::balanceOfCall { account, id }, at).await,
    };
    balance.map_err(unread)
}
