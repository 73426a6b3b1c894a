//! Sends calls from a funded key, having simulated them first, so that nobody can drain it with calls that revert.

use crate::node::{Node, NodeError, request};
use alloy_consensus::{TxEip1559, TxEip7702};
use alloy_eips::eip7702::SignedAuthorization;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use hallpass_types::ChainId;

/// A call to relay.
#[derive(Debug, Clone)]
pub struct Relayed {
    /// Where to.
    pub to: Address,
    /// What.
    pub data: Bytes,
    /// Delegations that owners signed; empty for a plain call.
    pub authorizations: Vec<SignedAuthorization>,
}

/// A transaction that waits for the relayer's signature.
#[derive(Debug, Clone)]
pub enum Unsigned {
    /// A plain call.
    Call(TxEip1559),
    /// A call with delegations.
    Delegating(TxEip7702),
}

/// What a call costs, found by simulating it.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    /// Gas units that it took.
    pub estimate: u64,
    /// Most wei a unit in all.
    pub max_fee: u128,
    /// Most wei a unit to the proposer.
    pub tip: u128,
}

/// Simulates a call from `relayer`.
///
/// # Errors
/// [`NodeError::Reverts`] where it would revert: it is then not to be sent.
pub async fn price(node: &Node, relayer: Address, call: &Relayed) -> Result<Price, NodeError> {
    let mut asked = request(relayer, call.to, call.data.clone());
    if !call.authorizations.is_empty() {
        asked.authorization_list = Some(call.authorizations.clone());
    }
    let estimate = node.estimate(asked).await?;
    let (max_fee, tip) = node.fees().await?;
    Ok(Price { estimate, max_fee, tip })
}

/// The transaction of a call, with nonce `nonce` and a fifth more gas than it took.
#[must_use]
pub fn prepare(chain: ChainId, nonce: u64, call: Relayed, price: Price) -> Unsigned {
    let Price { estimate, max_fee, tip } = price;
    let gas_limit = estimate.saturating_add(estimate / 5);
    let chain_id = chain.get();
    if call.authorizations.is_empty() {
        Unsigned::Call(TxEip1559 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: tip,
            to: TxKind::Call(call.to),
            value: U256::ZERO,
            access_list: Default::default(),
            input: call.data,
        })
    } else {
        Unsigned::Delegating(TxEip7702 {
            chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: max_fee,
            max_priority_fee_per_gas: tip,
            to: call.to,
            value: U256::ZERO,
            access_list: Default::default(),
            authorization_list: call.authorizations,
            input: call.data,
        })
    }
}

/// What became of a relayed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction.
    pub tx: B256,
    /// The block's number.
    pub block: u64,
    /// Whether it succeeded.
    pub success: bool,
    /// Gas units used.
    pub gas_used: u64,
}

impl Receipt {
    /// Reads the node's form.
    ///
    /// # Errors
    /// [`NodeError::Unreadable`] where the block is missing.
    pub fn read(receipt: &alloy_rpc_types_eth::TransactionReceipt) -> Result<Self, NodeError> {
        Ok(Self {
            tx: receipt.transaction_hash,
            block: receipt.block_number.ok_or(NodeError::Unreadable("blockNumber"))?,
            success: receipt.status(),
            gas_used: receipt.gas_used,
        })
    }
}
