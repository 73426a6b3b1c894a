//! User operations: what becomes of their numbers, and the form in which they are sent.

use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes};
use hallpass_chain::entry_point;
use hallpass_policy::{Grant, UserOp};
use hallpass_session::{ChainView, Counter, Installation, KeySession, NonceState, Reservation, Route};
use hallpass_types::ReservationId;
use std::collections::BTreeMap;

/// A signed operation, for `eth_sendUserOperation` at its EntryPoint.
#[derive(Debug, Clone)]
pub struct ToBundle {
    /// The operation, and what was signed for it.
    pub op: UserOp,
    /// What the account reads as its signature.
    pub signature: Bytes,
}

/// A reserved operation with the session key's signature.
///
/// # Errors
/// 500 where it cannot be read.
pub fn to_bundle(grant: &Grant, r: &Reservation, session_signature: &Bytes) -> Result<ToBundle, ApiError> {
    let op = read(r)?;
    let signature = entry_point::signature(grant, &op, session_signature);
    Ok(ToBundle { op, signature })
}

/// What became of the numbers of a session's operations at the view's final block; those whose counter was not read there
/// are left out, since nothing is known of them.
///
/// A used number counts as its operation's, whether that succeeded or failed, unless the EntryPoint's own event says that
/// another used it.
///
/// # Errors
/// As node and store.
pub async fn nonces(
    app: &App,
    session: &KeySession,
    grant: &Grant,
    view: &ChainView,
) -> Result<BTreeMap<ReservationId, NonceState>, ApiError> {
    let mut tx = app.store.read().await?;
    let live = tx.reservations().list_live(session.id).await?;
    drop(tx);
    let mut all = BTreeMap::new();
    for r in live.into_iter().filter(|r| r.route == Route::EntryPoint) {
        let read = matches!(r.counter, Counter::EntryPoint(key) if view.settled_counters.contains_key(&key));
        if !read {
            continue;
        }
        let state = if view.at_final().is_used(r.nonce()) {
            NonceState::UsedBy(used_by(app, session, grant, &r, view.final_block).await?)
        } else {
            NonceState::Unused
        };
        all.insert(r.id, state);
    }
    Ok(all)
}

/// The reservation's own digest, or the hash of the operation that used its number.
async fn used_by(
    app: &App,
    session: &KeySession,
    grant: &Grant,
    r: &Reservation,
    final_block: u64,
) -> Result<B256, ApiError> {
    let op = read(r)?;
    let from = match session.install {
        Installation::Installed { block, .. } => block,
        _ => 0,
    };
    let (node, blocks) = (&app.chain.node, (from, final_block));
    let by = entry_point::used_by(node, op.entry_point, grant.account, op.op.nonce, blocks).await?;
    Ok(by.filter(|hash| *hash != op.signed.userOpHash).unwrap_or(r.digest))
}

fn read(r: &Reservation) -> Result<UserOp, ApiError> {
    UserOp::decode(&r.op).ok_or_else(|| ApiError::internal("corrupt_row", "a reserved user operation cannot be read"))
}
