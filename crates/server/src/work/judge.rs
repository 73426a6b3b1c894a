//! What the policy says of an action now, and for which seconds an operation of it is good.

use super::books::{Books, Left, left};
use super::own;
use super::stored_grant;
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::{Address, U256};
use hallpass_policy::eval::At;
use hallpass_policy::eval::meters::{window_end, window_of};
use hallpass_policy::{Authorised, Batch, Denial, Facts, Grant, Ledger, OpBounds, Status, authorise};
use hallpass_session::{KeySession, Lifecycle};
use hallpass_types::{SessionId, UnixSeconds};

/// An operation must have at least this long to live when it is sent, else the next window's is signed.
pub const EDGE: u64 = 5;
/// Longest life of an operation.
const LIFE: u64 = 600;
/// How far an operation's start lies in the past, for nodes whose clock is behind.
const BACKDATE: u64 = 15;

/// What the policy says of an action, without reserving anything.
///
/// # Errors
/// As node and store.
pub async fn check(
    app: &App,
    caller: &Caller,
    id: SessionId,
    action: &Batch,
) -> Result<(Result<Authorised, Denial>, Vec<Left>), ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let books = Books::read(app, &grant, session.grant).await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let now = books.now(app.clock.now())?;
    let ledger = locally_ended(&session, books.judged(&held));
    let judged = judge(app, &grant, &ledger, action, books.next_sequence(&grant, &held)?, now);
    Ok((judged, left(&grant, &ledger, now)))
}

/// The end of a session here counts before the chain knows of it.
#[must_use]
pub fn locally_ended(session: &KeySession, mut ledger: Ledger) -> Ledger {
    match session.lifecycle {
        Lifecycle::Active { .. } => {}
        Lifecycle::Requested { .. } | Lifecycle::Refused { .. } => ledger.status = Status::Unknown,
        Lifecycle::Suspended { .. } => ledger.frozen = true,
        Lifecycle::Revoking { .. } | Lifecycle::Revoked { .. } => ledger.status = Status::Ended,
        // Time is judged before status, and says so.
        Lifecycle::Expired { .. } => {}
    }
    ledger
}

/// Judges an action as an operation with `sequence`, and makes it.
///
/// # Errors
/// The policy's denial.
pub fn judge(
    app: &App,
    grant: &Grant,
    ledger: &Ledger,
    action: &Batch,
    sequence: u32,
    now: UnixSeconds,
) -> Result<Authorised, Denial> {
    let (from, until, at) = bounds(grant, now);
    let op = OpBounds {
        valid_from: from,
        valid_until: until,
        lane: U256::ZERO,
        sequence: sequence.into(),
        relayer: op_relayer(app, grant),
        max_fee: 0,
        gas_floors: Vec::new(),
    };
    let at = At { now: at, chain: app.settings.chain, caller: None };
    // Grants with requirements are not taken yet, so there is nothing to know.
    authorise(grant, ledger, action, &op, &at, &Facts::default())
}

/// Who may send the operation: our relayer alone, so that nobody else lands it first, or with gas of their choosing.
#[must_use]
pub fn op_relayer(app: &App, grant: &Grant) -> Address {
    if grant.relayer.is_zero() { app.chain.relayer_address } else { grant.relayer }
}

/// From when, until when, and the second to judge at: now, or the start of the next window where this one is about to end.
fn bounds(grant: &Grant, now: UnixSeconds) -> (UnixSeconds, UnixSeconds, UnixSeconds) {
    let edge = |t: UnixSeconds| grant.meters.iter().filter_map(|m| window_end(m, t)).min();
    let mut at = now;
    if let Some(end) = edge(now).filter(|end| end.get() - now.get() < EDGE && *end < grant.not_after) {
        at = end;
    }
    let started = grant.meters.iter().filter_map(|m| {
        let window = u64::from(window_of(m.anchor, m.period, at)?);
        m.anchor.plus(window.checked_mul(m.period?.get().into())?)
    });
    let floor = started.max().unwrap_or(grant.not_before).max(grant.not_before);
    let from = at.minus(BACKDATE).max(floor);
    let mut until = from.plus(LIFE).unwrap_or(grant.not_after).min(grant.not_after);
    if let Some(end) = edge(at) {
        until = until.min(end);
    }
    (from, until, at)
}
