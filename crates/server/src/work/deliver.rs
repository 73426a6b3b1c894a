//! A signed operation to the chain, once: whatever broke off before is found and gone on with.

use super::send;
use crate::app::event;
use crate::{ApiError, App};
use alloy_eips::BlockNumberOrTag;
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolValue;
use core::time::Duration;
use hallpass_chain::hallpass::wire::{Opening, execute_calldata, rules_of};
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::Grant;
use hallpass_policy::eip712::SessionOp;
use hallpass_session::{Action, Actor, Installation, KeySession, Reservation, ReservationState, Subject};
use hallpass_signer::bounds::EDGE;
use hallpass_types::{ReservationId, UnixSeconds};

/// Sends a reserved operation and waits for its block. `fresh` is a signature that was just made.
///
/// One sent before is waited for; one that the node has forgotten is sent again; one that somebody else sent, or that
/// was sent just before a crash, is found by its nonce.
///
/// # Errors
/// 409 for one that was released unexecuted; the chain's own refusal; 502 as the node.
pub async fn deliver(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    id: ReservationId,
    fresh: Option<Bytes>,
) -> Result<(Reservation, Receipt), ApiError> {
    let _one_at_a_time = app.sending(id).lock().await;
    let reservation = load(app, id).await?;
    let signature = match &reservation.state {
        ReservationState::Reserved => match fresh {
            Some(signature) => signature,
            // Nobody signs what was executed already.
            None => return done(app, grant, session, reservation).await,
        },
        ReservationState::Signed { signature } => signature.clone(),
        ReservationState::Submitted { signature, txs } => {
            if let Some(receipt) = landed(app, txs).await? {
                let receipt = borne_out(app, grant, session, &reservation, receipt).await?;
                return Ok((reservation, receipt));
            }
            signature.clone()
        }
        ReservationState::Spent { .. } => return done(app, grant, session, reservation).await,
        // Its sequence may be another operation's by now, so nothing that the chain shows is taken for its own.
        ReservationState::Released { .. } => return Err(released()),
        ReservationState::Counted => return Err(ApiError::internal("nothing_to_send", "it is no operation")),
    };
    let call =
        Relayed { to: grant.account, data: calldata(grant, &reservation, &signature)?.1, authorizations: Vec::new() };
    match send_in_time(app, grant, session, call, reservation.valid_from).await {
        Ok(sent) => {
            let reservation = note(app, session, id, &signature, sent).await?;
            let receipt = send::receipt(app, sent).await?;
            let receipt = borne_out(app, grant, session, &reservation, receipt).await?;
            Ok((reservation, receipt))
        }
        Err(error) if error.problem.code == "nonce_used" => match executed(app, grant, session, &reservation).await? {
            Some(receipt) => Ok((note(app, session, id, &signature, receipt.tx).await?, receipt)),
            None => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// What became of an operation that is not to be sent any more.
async fn done(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    r: Reservation,
) -> Result<(Reservation, Receipt), ApiError> {
    match executed(app, grant, session, &r).await? {
        Some(receipt) => Ok((r, receipt)),
        None => Err(released()),
    }
}

fn released() -> ApiError {
    ApiError::conflict("released", "this operation was never executed and no longer can be")
        .hint("send the request with a new idempotency key")
}

/// A transaction that failed says nothing of the operation: somebody else may have carried it, or we ourselves before.
async fn borne_out(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    r: &Reservation,
    receipt: Receipt,
) -> Result<Receipt, ApiError> {
    if receipt.success {
        return Ok(receipt);
    }
    Ok(executed(app, grant, session, r).await?.unwrap_or(receipt))
}

/// Nothing is sent for a session that was ended or suspended after its operation was signed.
async fn still_active(app: &App, session: &KeySession) -> Result<(), ApiError> {
    let mut tx = app.store.read().await?;
    let now = tx.sessions().find_key(session.id).await?.ok_or_else(|| ApiError::missing("session"))?;
    if now.lifecycle.is_active() {
        Ok(())
    } else {
        Err(ApiError::new(
            axum::http::StatusCode::FORBIDDEN,
            hallpass_policy::Code::GrantEnded.as_str(),
            format!("the session is {}, so nothing is sent for it", now.lifecycle.name()),
        ))
    }
}

/// The receipt of a transaction that is in a block, or will be; `None` where the node knows none of them any more.
async fn landed(app: &App, txs: &[B256]) -> Result<Option<Receipt>, ApiError> {
    let node = &app.chain.node;
    let mut reverted = None;
    for tx in txs {
        if let Some(receipt) = node.receipt(*tx).await? {
            let receipt = Receipt::read(&receipt)?;
            if receipt.success {
                return Ok(Some(receipt));
            }
            reverted = Some(receipt);
        }
    }
    for tx in txs.iter().rev() {
        if reverted.is_none_or(|r| r.tx != *tx) && node.knows(*tx).await? {
            return send::receipt(app, *tx).await.map(Some);
        }
    }
    Ok(reverted)
}

/// The transaction that executed the operation, whoever sent it.
async fn executed(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    r: &Reservation,
) -> Result<Option<Receipt>, ApiError> {
    let node = &app.chain.node;
    let from = match session.install {
        Installation::Installed { block, .. } => block,
        _ => 0,
    };
    let head = node.block(BlockNumberOrTag::Latest).await?;
    let all = node.executed(grant.account, session.grant, from, head.number).await?;
    match all.into_iter().find(|(nonce, _)| Some(*nonce) == r.nonce().packed()) {
        Some((_, tx)) => send::receipt(app, tx).await.map(Some),
        None => Ok(None),
    }
}

/// Who sends a reserved operation, and what.
///
/// # Errors
/// 500 where it cannot be read.
pub fn calldata(grant: &Grant, r: &Reservation, signature: &Bytes) -> Result<(Address, Bytes), ApiError> {
    let corrupt = || ApiError::internal("corrupt_row", "a reserved operation cannot be read");
    let op = SessionOp::abi_decode(&r.op).map_err(|_| corrupt())?;
    let rules = rules_of(&op.calls).ok_or_else(corrupt)?;
    let opening = Opening::needed(grant, &rules, op.relayer);
    Ok((op.relayer, execute_calldata(grant, &op, &opening, signature)))
}

/// Sends as soon as the chain's clock has reached `from`.
async fn send_in_time(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    call: Relayed,
    from: UnixSeconds,
) -> Result<B256, ApiError> {
    let most = grant.rest.gas.units_per_op.saturating_add(send::OVERHEAD);
    for _ in 0..60 {
        let early = from.get().saturating_sub(app.clock.now().get());
        if early > 0 {
            tokio::time::sleep(Duration::from_secs(early.min(EDGE))).await;
        }
        still_active(app, session).await?;
        match send::send(app, Some(session.user), call.clone(), most).await {
            // A grant that begins just now has not begun by the time of the newest block.
            Err(error) if ["op_not_yet_valid", "grant_not_started"].contains(&error.problem.code.as_str()) => {
                tokio::time::sleep(Duration::from_millis(500)).await
            }
            other => return other,
        }
    }
    Err(ApiError::unavailable("clock_mismatch", "the chain's clock stays behind this server's")
        .hint("send the same request again"))
}

async fn load(app: &App, id: ReservationId) -> Result<Reservation, ApiError> {
    let mut tx = app.store.read().await?;
    tx.reservations().find(id).await?.ok_or_else(|| ApiError::internal("corrupt_row", "a reservation is gone"))
}

async fn note(
    app: &App,
    session: &KeySession,
    id: ReservationId,
    signature: &Bytes,
    sent: B256,
) -> Result<Reservation, ApiError> {
    let mut tx = app.store.begin().await?;
    let stored =
        tx.reservations().find(id).await?.ok_or_else(|| ApiError::internal("corrupt_row", "a reservation is gone"))?;
    let moved = match stored.state {
        ReservationState::Reserved => stored.signed(signature.clone())?.submitted(sent)?,
        // Settlement may have been quicker; what is final is not moved.
        ReservationState::Spent { .. } | ReservationState::Released { .. } => return Ok(stored),
        _ => stored.submitted(sent)?,
    };
    let line = event(app.clock.now(), Actor::Server, Action::Submitted, Subject::Reservation(id), session.user, None);
    tx.reservations().save(&moved, &line).await?;
    tx.commit().await?;
    Ok(moved)
}
