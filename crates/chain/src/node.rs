//! A JSON-RPC node.

use crate::contracts::error_code;
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_provider::network::Ethereum;
use alloy_provider::{Provider, RootProvider};
use alloy_rpc_types_eth::{TransactionInput, TransactionReceipt, TransactionRequest};
use alloy_sol_types::SolCall;
use alloy_transport::{RpcError, TransportErrorKind};
use core::time::Duration;
use hallpass_types::{ChainId, UnixSeconds};

/// How long a question waits for its answer.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// Why the node gave no good answer.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// It cannot be reached, or does not speak JSON-RPC.
    #[error("the node at {url} does not answer")]
    Unreachable {
        /// The node, without any key in its address.
        url: String,
        /// What happened.
        source: Box<dyn core::error::Error + Send + Sync>,
    },
    /// It refused.
    #[error("the node refused: {0}")]
    Refused(String),
    /// The call reverts.
    #[error("the call would revert: {code}")]
    Reverts {
        /// The stable code of the custom error.
        code: &'static str,
        /// The revert data.
        data: Bytes,
    },
    /// The answer cannot be read.
    #[error("the node's answer to `{0}` cannot be read")]
    Unreadable(&'static str),
    /// It is on another chain.
    #[error("the node is on chain {found}, the configuration says {expected}")]
    WrongChain {
        /// The node's.
        found: u64,
        /// Ours.
        expected: ChainId,
    },
    /// The address is no URL.
    #[error("the node's address is no http:// or https:// URL")]
    BadUrl,
}

impl NodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "node_unreachable",
            Self::Refused(_) => "node_refused",
            Self::Reverts { code, .. } => code,
            Self::Unreadable(_) => "node_unreadable",
            Self::WrongChain { .. } => "wrong_chain",
            Self::BadUrl => "bad_url",
        }
    }
}

/// A node that was found to be on the chain we expect.
#[derive(Debug, Clone)]
pub struct Node {
    provider: RootProvider<Ethereum>,
    chain: ChainId,
    shown: String,
}

/// A block's number and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// The number.
    pub number: u64,
    /// The hash.
    pub hash: B256,
    /// The timestamp.
    pub time: UnixSeconds,
}

impl Node {
    /// Connects, and compares the chain.
    ///
    /// # Errors
    /// [`NodeError::Unreachable`], [`NodeError::WrongChain`], [`NodeError::BadUrl`].
    pub async fn connect(url: &str, chain: ChainId) -> Result<Self, NodeError> {
        let parsed: url::Url = url.parse().map_err(|_| NodeError::BadUrl)?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(NodeError::BadUrl);
        }
        // Paths and queries of hosted nodes carry keys.
        let shown = parsed.origin().ascii_serialization();
        let node = Self { provider: RootProvider::new_http(parsed), chain, shown };
        let found = node.ask(node.provider.get_chain_id()).await?;
        if found == chain.get() { Ok(node) } else { Err(NodeError::WrongChain { found, expected: chain }) }
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> ChainId {
        self.chain
    }

    /// The node's origin, without path or key.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The code at `address`, at the head.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn code(&self, address: Address) -> Result<Bytes, NodeError> {
        self.code_at(address, BlockId::latest()).await
    }

    /// The code at `address`, at a block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn code_at(&self, address: Address, block: BlockId) -> Result<Bytes, NodeError> {
        self.ask(self.provider.get_code_at(address).block_id(block)).await
    }

    /// Calls a view function at the head.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn view<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, NodeError> {
        self.view_at(to, call, BlockId::latest()).await
    }

    /// Calls a view function at a block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn view_at<C: SolCall>(&self, to: Address, call: &C, block: BlockId) -> Result<C::Return, NodeError> {
        let request = TransactionRequest {
            to: Some(TxKind::Call(to)),
            input: TransactionInput::new(call.abi_encode().into()),
            ..TransactionRequest::default()
        };
        let answer = self.ask(self.provider.call(request).block(block)).await?;
        C::abi_decode_returns(&answer).map_err(|_| NodeError::Unreadable(C::SIGNATURE))
    }

    /// Runs a call at the head without sending it.
    ///
    /// # Errors
    /// [`NodeError::Reverts`] with the custom error's code.
    pub async fn simulate(&self, from: Address, to: Address, data: Bytes) -> Result<Bytes, NodeError> {
        self.ask(self.provider.call(request(from, to, data))).await
    }

    /// Runs a request at a block without sending it; tells what it returns.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn run_at(&self, request: TransactionRequest, block: BlockId) -> Result<Bytes, NodeError> {
        self.ask(self.provider.call(request).block(block)).await
    }

    /// The gas that a call would take at the head.
    ///
    /// # Errors
    /// [`NodeError::Reverts`] with the custom error's code.
    pub async fn estimate(&self, request: TransactionRequest) -> Result<u64, NodeError> {
        self.ask(self.provider.estimate_gas(request)).await
    }

    /// Fee per gas: (most in all, most to the proposer), in wei (EIP-1559).
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn fees(&self) -> Result<(u128, u128), NodeError> {
        let fees = self.ask(self.provider.estimate_eip1559_fees()).await?;
        Ok((fees.max_fee_per_gas, fees.max_priority_fee_per_gas))
    }

    /// The next nonce of an EOA, transactions in the pool counted.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn next_nonce(&self, address: Address) -> Result<u64, NodeError> {
        self.ask(self.provider.get_transaction_count(address).pending()).await
    }

    /// The next nonce of an EOA, transactions in blocks alone counted.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn mined_nonce(&self, address: Address) -> Result<u64, NodeError> {
        self.ask(self.provider.get_transaction_count(address).latest()).await
    }

    /// The next nonce of an EOA at a block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn nonce_at(&self, address: Address, block: BlockId) -> Result<u64, NodeError> {
        self.ask(self.provider.get_transaction_count(address).block_id(block)).await
    }

    /// Wei.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn balance(&self, address: Address) -> Result<U256, NodeError> {
        self.ask(self.provider.get_balance(address)).await
    }

    /// Sends a signed transaction and tells its hash.
    ///
    /// # Errors
    /// [`NodeError::Refused`] with the node's reason.
    pub async fn send_raw(&self, raw: &[u8]) -> Result<B256, NodeError> {
        Ok(*self.ask(self.provider.send_raw_transaction(raw)).await?.tx_hash())
    }

    /// The receipt, if the transaction is in a block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn receipt(&self, tx: B256) -> Result<Option<TransactionReceipt>, NodeError> {
        self.ask(self.provider.get_transaction_receipt(tx)).await
    }

    /// Whether the node has the transaction, in its pool or in a block.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn knows(&self, tx: B256) -> Result<bool, NodeError> {
        Ok(self.ask(self.provider.get_transaction_by_hash(tx)).await?.is_some())
    }

    /// Waits for the receipt, looking every quarter of a second at first and then every two, for at most `limit`.
    ///
    /// # Errors
    /// [`NodeError::Refused`] where it is not in a block by then; it may still come.
    pub async fn wait(&self, tx: B256, limit: Duration) -> Result<TransactionReceipt, NodeError> {
        let mut pause = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        loop {
            if let Some(receipt) = self.receipt(tx).await? {
                return Ok(receipt);
            }
            if waited >= limit {
                return Err(NodeError::Refused(format!(
                    "transaction {tx} is not in a block after {} s",
                    limit.as_secs()
                )));
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// A block's number and time.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn block(&self, tag: BlockNumberOrTag) -> Result<BlockInfo, NodeError> {
        let block = self
            .ask(self.provider.get_block_by_number(tag))
            .await?
            .ok_or(NodeError::Unreadable("eth_getBlockByNumber"))?;
        let time = UnixSeconds::new(block.header.inner.timestamp).ok_or(NodeError::Unreadable("timestamp"))?;
        Ok(BlockInfo { number: block.header.inner.number, hash: block.header.hash, time })
    }

    /// The nonces of operations of `grant` that `account` executed, by transaction hash, from `from` to `to` inclusive.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn executed(
        &self,
        account: Address,
        grant: B256,
        from: u64,
        to: u64,
    ) -> Result<Vec<(U256, B256)>, NodeError> {
        use alloy_sol_types::SolEvent;
        let filter = alloy_rpc_types_eth::Filter::new()
            .address(account)
            .event_signature(crate::contracts::IHallpass::Executed::SIGNATURE_HASH)
            .topic1(grant)
            .from_block(from)
            .to_block(to);
        let logs = self.logs(&filter).await?;
        logs.into_iter()
            .map(|log| {
                let data = &log.data().data;
                let tx = log.transaction_hash;
                match (<[u8; 32]>::try_from(data.as_ref()), tx) {
                    (Ok(nonce), Some(tx)) => Ok((U256::from_be_bytes(nonce), tx)),
                    _ => Err(NodeError::Unreadable("Executed")),
                }
            })
            .collect()
    }

    /// What says that it executed operations from block `from` to `to` inclusive: the account, the grant, the operation's nonce.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn executed_by_any(&self, from: u64, to: u64) -> Result<Vec<(Address, B256, U256)>, NodeError> {
        use crate::contracts::IHallpass::Executed;
        use alloy_sol_types::SolEvent;
        let filter =
            alloy_rpc_types_eth::Filter::new().event_signature(Executed::SIGNATURE_HASH).from_block(from).to_block(to);
        let logs = self.logs(&filter).await?;
        // Anybody may emit what looks like ours; what cannot be read is not ours.
        let read = logs.iter().filter_map(|log| Executed::decode_log(&log.inner).ok());
        Ok(read.map(|event| (event.address, event.grant, event.nonce)).collect())
    }

    /// The transaction in which `account` installed `grant`, or put it in the place of another, up to block `to` inclusive.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn installed(&self, account: Address, grant: B256, to: u64) -> Result<Option<B256>, NodeError> {
        use alloy_sol_types::SolEvent;
        let of = |signature| {
            alloy_rpc_types_eth::Filter::new().address(account).event_signature(signature).from_block(0).to_block(to)
        };
        let installed = of(crate::contracts::IHallpass::Installed::SIGNATURE_HASH).topic1(grant);
        let replaced = of(crate::contracts::IHallpass::Replaced::SIGNATURE_HASH).topic2(grant);
        for filter in [installed, replaced] {
            let logs = self.logs(&filter).await?;
            if let Some(log) = logs.first() {
                return Ok(log.transaction_hash);
            }
        }
        Ok(None)
    }

    /// The logs that `filter` finds.
    ///
    /// # Errors
    /// [`NodeError`].
    pub async fn logs(&self, filter: &alloy_rpc_types_eth::Filter) -> Result<Vec<alloy_rpc_types_eth::Log>, NodeError> {
        self.ask(self.provider.get_logs(filter)).await
    }

    async fn ask<T>(
        &self,
        question: impl IntoFuture<Output = Result<T, RpcError<TransportErrorKind>>>,
    ) -> Result<T, NodeError> {
        let answer = tokio::time::timeout(ANSWER_WAIT, question.into_future()).await;
        let answer = answer.map_err(|e| NodeError::Unreachable { url: self.shown.clone(), source: Box::new(e) })?;
        answer.map_err(|error| match error {
            RpcError::ErrorResp(payload) => match payload.as_revert_data() {
                Some(data) => NodeError::Reverts { code: error_code(&data), data },
                None => NodeError::Refused(payload.message.to_string()),
            },
            RpcError::NullResp => NodeError::Unreadable("null"),
            other => NodeError::Unreachable { url: self.shown.clone(), source: Box::new(other) },
        })
    }
}

/// A call as the node's own methods take it.
#[must_use]
pub fn request(from: Address, to: Address, data: Bytes) -> TransactionRequest {
    TransactionRequest {
        from: Some(from),
        to: Some(TxKind::Call(to)),
        input: TransactionInput::new(data),
        ..TransactionRequest::default()
    }
}
