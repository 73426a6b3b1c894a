//! The relayer's key: one transaction at a time, simulated first.

use crate::{ApiError, App};
use alloy_primitives::B256;
use core::time::Duration;
use hallpass_chain::node::NodeError;
use hallpass_chain::relay::{Receipt, Relayed, Unsigned, prepare};
use hallpass_vault::{RelayTx, SignError};

/// Most seconds to wait for a block.
pub const BLOCK_WAIT: Duration = Duration::from_secs(90);

/// Sends a call and tells its transaction. It is not sent where it would revert.
///
/// # Errors
/// 422 with the custom error's code where it would revert, 502 where the node fails.
pub async fn send(app: &App, call: Relayed) -> Result<B256, ApiError> {
    let chain = &app.chain;
    let record = chain.relayer.lock().await;
    let nonce = chain.node.next_nonce(chain.relayer_address).await?;
    let unsigned = prepare(&chain.node, chain.relayer_address, nonce, call).await.map_err(explain)?;
    let tx = match unsigned {
        Unsigned::Call(tx) => RelayTx::Eip1559(tx),
        Unsigned::Delegating(tx) => RelayTx::Eip7702(tx),
    };
    let raw = app.vault.sign_relay(&record, &tx).map_err(|e: SignError| ApiError::internal(e.code(), e.to_string()))?;
    chain.node.send_raw(&raw).await.map_err(explain)
}

/// Waits until a transaction is in a block.
///
/// # Errors
/// 502 where that takes too long or the node fails.
pub async fn receipt(app: &App, tx: B256) -> Result<Receipt, ApiError> {
    Ok(Receipt::read(&app.chain.node.wait(tx, BLOCK_WAIT).await?)?)
}

fn explain(error: NodeError) -> ApiError {
    let poor = matches!(&error, NodeError::Refused(why) if why.to_lowercase().contains("insufficient funds"));
    if poor {
        return ApiError::unavailable("relayer_unfunded", "the relayer's key cannot pay for gas")
            .hint("send native coin to the address that `hallpass doctor` shows, then send the same request again");
    }
    error.into()
}
