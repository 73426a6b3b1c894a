//! The relayer's key: every call is simulated first, bounded in gas, and counted against a budget of the user's.

use crate::{ApiError, App};
use alloy_primitives::B256;
use core::time::Duration;
use hallpass_chain::node::NodeError;
use hallpass_chain::relay::{Receipt, Relayed, Unsigned, prepare, price};
use hallpass_types::UserId;
use hallpass_vault::{RelayTx, SignError};
use std::collections::HashMap;

/// Most seconds to wait for a block.
pub const BLOCK_WAIT: Duration = Duration::from_secs(90);
/// Gas units of an operation beside its calls: checks, calldata, the transaction itself.
pub const OVERHEAD: u64 = 400_000;
/// Most gas units of an installation or an end.
pub const UPKEEP: u64 = 1_000_000;

/// Gas units that each user has had relayed on a day, counted from the last start.
#[derive(Debug, Default)]
pub struct Relayings {
    day: u64,
    units: HashMap<UserId, u64>,
}

/// Sends a call and tells its transaction. It is not sent where it would revert or take more than `most` gas. With a
/// `user` it counts against that user's budget; without one (an end) it is never refused for it.
///
/// # Errors
/// 422 with the custom error's code where it would revert, `gas_over_cap` where it takes too much; 429 where the user's
/// budget of the day is used up; 502 where the node fails.
pub async fn send(app: &App, user: Option<UserId>, call: Relayed, most: u64) -> Result<B256, ApiError> {
    let chain = &app.chain;
    let price = price(&chain.node, chain.relayer_address, &call).await.map_err(explain)?;
    if price.estimate > most {
        return Err(ApiError::refused(
            "gas_over_cap",
            format!("it takes {} units of gas, and at most {most} are sent", price.estimate),
        ));
    }
    if let Some(user) = user {
        count(app, user, price.estimate)?;
    }
    let record = chain.relayer.lock().await;
    let nonce = chain.node.next_nonce(chain.relayer_address).await?;
    let tx = match prepare(chain.node.chain(), nonce, call, price) {
        Unsigned::Call(tx) => RelayTx::Eip1559(tx),
        Unsigned::Delegating(tx) => RelayTx::Eip7702(tx),
    };
    let raw = app.vault.sign_relay(&record, &tx).map_err(|e: SignError| ApiError::internal(e.code(), e.to_string()))?;
    chain.node.send_raw(&raw).await.map_err(explain)
}

fn count(app: &App, user: UserId, units: u64) -> Result<(), ApiError> {
    let today = app.clock.now().get() / 86_400;
    let mut all = app.relayings.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
    if all.day != today {
        *all = Relayings { day: today, units: HashMap::new() };
    }
    let mine = all.units.entry(user).or_default();
    let after = mine.saturating_add(units);
    if after > app.settings.relay_gas_per_day {
        return Err(ApiError::new(
            axum::http::StatusCode::TOO_MANY_REQUESTS,
            "relay_budget",
            "the gas that this server relays for a user in a day is used up",
        )
        .hint("wait until tomorrow (UTC), or ask the operator"));
    }
    *mine = after;
    Ok(())
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
