//! What final blocks say: reservations are spent or released, revocations confirmed, expiry noted.

use super::books::Books;
use super::requests::{moves, renew};
use super::{alarm, by_entry_point, end, replace, retain, stored_grant, watch};
use crate::app::event;
use crate::{ApiError, App};
use hallpass_policy::{Grant, Ledger, Status};
use hallpass_session::{
    Action, Actor, ChainView, Counter, Elsewhere, Explained, FinalBlock, FinalView, GrantState, KeySession, Lifecycle,
    NonceState, Reason, Reservation, ReservationState, Route, Seen, Subject, budget, view,
};
use hallpass_store::Tx;
use hallpass_types::ReservationId;
use std::collections::BTreeMap;

/// Looks once at every session that something is to be settled of. One that cannot be looked at does not keep the others
/// waiting.
pub async fn once(app: &App) {
    app.alerts.flush(app.clock.now());
    if let Err(error) = retain::once(app).await {
        tracing::warn!(code = %error.problem.code, "what is old could not be forgotten");
    }
    if let Err(error) = watch::once(app).await {
        tracing::warn!(code = %error.problem.code, "the chain's operations could not be looked at");
    }
    for asked in [moves::sweep(app).await, renew::ahead(app).await] {
        if let Err(error) = asked {
            tracing::warn!(code = %error.problem.code, "what owners are asked could not be looked at");
        }
    }
    match due(app).await {
        Err(error) => tracing::warn!(code = %error.problem.code, "settlement could not read the store"),
        Ok(sessions) => {
            for session in sessions {
                if let Err(error) = one(app, &session).await {
                    tracing::warn!(session = %session.id, code = %error.problem.code, "settlement is waiting");
                }
            }
        }
    }
}

/// Ends first, then what has run out, then what has operations out; nothing else is asked about.
async fn due(app: &App) -> Result<Vec<KeySession>, ApiError> {
    let mut tx = app.store.read().await?;
    let mut sessions = tx.sessions().list_due_keys(app.clock.now()).await?;
    sessions.retain(|s| !matches!(s.lifecycle, Lifecycle::Requested { .. }));
    for id in tx.reservations().live_sessions().await? {
        if sessions.iter().all(|s| s.id != id)
            && let Some(session) = tx.sessions().find_key(id).await?
        {
            sessions.push(session);
        }
    }
    Ok(sessions)
}

/// Looks once at one session.
///
/// # Errors
/// As node and store.
pub async fn one(app: &App, session: &KeySession) -> Result<(), ApiError> {
    let mut tx = app.store.read().await?;
    let (_, grant) = stored_grant(tx.as_mut(), session).await?;
    drop(tx);
    let books = Books::read(app, &grant, session.grant).await?;
    // An end waits for nobody's agreement.
    if let Lifecycle::Revoking { reason, .. } = session.lifecycle
        && books.view.head.status != Status::Ended
        && let Err(error) = end_or_replace(app, session, &grant, reason).await
    {
        tracing::warn!(session = %session.id, code = %error.problem.code, "an end could not be sent yet");
    }
    books.confirm(app, &grant, session.grant).await?;
    // No block's time releases before our own clock agrees: one node's word is not enough.
    let time = books.final_block.time.min(app.clock.now());
    let block = FinalBlock { number: books.final_block.number, time };
    if let Err(strange) = reservations(app, session, &grant, &books.view, block).await? {
        let adopted = Explained { block: block.number, ledger: books.view.settled.clone() };
        return alarm::suspend(app, session, strange, Some(adopted)).await;
    }
    let final_end = books.view.settled.status == Status::Ended
        || books.view.settled.epoch > grant.epoch
        || block.time >= grant.not_after;
    match session.lifecycle {
        Lifecycle::Revoking { .. } if final_end => finish(app, session, Action::Revoked).await,
        Lifecycle::Active { .. } | Lifecycle::Suspended { .. }
            if block.time >= grant.not_after && app.clock.now() >= grant.not_after =>
        {
            finish(app, session, Action::Expired).await
        }
        _ => Ok(()),
    }
}

/// A grant that another is to take the place of ends by that; by its ender where the other one is not to stand any more.
async fn end_or_replace(app: &App, session: &KeySession, grant: &Grant, reason: Reason) -> Result<(), ApiError> {
    if let Reason::Replaced(by) = reason
        && replace::again(app, session.user, by).await?
    {
        return Ok(());
    }
    end::on_chain(app, session, grant).await.map(|_| ())
}

async fn finish(app: &App, session: &KeySession, action: Action) -> Result<(), ApiError> {
    let mut tx = app.store.begin().await?;
    let Some(stored) = tx.sessions().find_key(session.id).await? else { return Ok(()) };
    let now = app.clock.now();
    let moved = if action == Action::Revoked { stored.confirm_revoked(now)? } else { stored.expire(now)? };
    tx.sessions()
        .save_key(&moved, &event(now, Actor::Server, action, Subject::Key(session.id), session.user, None))
        .await?;
    Ok(tx.commit().await?)
}

/// Settles what is live, and compares what the chain shows with all that was reserved.
async fn reservations(
    app: &App,
    session: &KeySession,
    grant: &Grant,
    view: &ChainView,
    block: FinalBlock,
) -> Result<Result<(), Elsewhere>, ApiError> {
    let settled = &view.settled;
    // The node is asked before the store is written: nobody waits for it.
    let by_entry_point = by_entry_point::nonces(app, session, grant, view).await?;
    let mut tx = app.store.begin().await?;
    let before = alarm::explained(tx.as_mut(), session, grant).await?;
    let live = tx.reservations().list_live(session.id).await?;
    let mut changed = false;
    let (plain, live): (Vec<_>, Vec<_>) = live.into_iter().partition(|r| r.route == Route::Plain);
    let mut executed: Vec<_> = plain.iter().filter(|r| Seen::from(settled).is_used(r.nonce())).cloned().collect();
    changed |= transactions(app, tx.as_mut(), session, settled, plain).await?;
    for reservation in live {
        let Some(nonce) = nonce(&reservation, view, &by_entry_point) else { continue };
        let view = FinalView { block, nonce, grant: grant_state(settled, grant.epoch) };
        let state = reservation.state.clone();
        let after = reservation.settle(view)?;
        if after.state != state {
            let action =
                if matches!(after.state, ReservationState::Spent { .. }) { Action::Spent } else { Action::Released };
            let line =
                event(app.clock.now(), Actor::Server, action, Subject::Reservation(after.id), session.user, None);
            tx.reservations().save(&after, &line).await?;
            tracing::info!(operation = %after.id, outcome = outcome(&after), "an operation is settled");
            changed = true;
        }
    }
    let mut explained = Ok(());
    // The counters of one that was replaced are another's by now.
    let compared = before.filter(|before| session.lifecycle.is_active() && block.number > before.block);
    if let Some((before, sequences)) = compared.zip(alarm::sequences(grant))
        && alarm::is_ours(tx.as_mut(), session).await?
    {
        // Those that were settled before what was compared was noted, too.
        let since = tx.reservations().held(session.grant, before.block).await?;
        executed.extend(since.into_iter().filter(|r| matches!(r.state, ReservationState::Spent { .. })));
        explained = before.explains(settled, &executed, sequences);
        let now = Explained { block: block.number, ledger: settled.clone() };
        if explained.is_ok() && (changed || now.ledger != before.ledger) {
            tx.reservations().set_explained(session.grant, &now).await?;
            changed = true;
        }
    }
    if changed {
        tx.commit().await?;
    }
    Ok(explained)
}

/// A plain transaction whose nonce is used: nobody's counter has it but ours, so it is counted here for good. Which of those
/// that share the nonce was included is not asked: of every meter the dearest counts.
async fn transactions(
    app: &App,
    tx: &mut dyn Tx,
    session: &KeySession,
    settled: &Ledger,
    live: Vec<Reservation>,
) -> Result<bool, ApiError> {
    let mut by_nonce: BTreeMap<u32, Vec<Reservation>> = BTreeMap::new();
    for r in live.into_iter().filter(|r| Seen::from(settled).is_used(r.nonce())) {
        by_nonce.entry(r.sequence).or_default().push(r);
    }
    if by_nonce.is_empty() {
        return Ok(false);
    }
    let mut counted = tx.reservations().counted(session.grant).await?;
    for sharing in by_nonce.into_values() {
        view::add(&mut counted, &budget::dearest(&sharing));
        tracing::info!(session = %session.id, "a transaction's nonce is used: counted for good");
        for r in sharing {
            let done = r.count()?;
            let line =
                event(app.clock.now(), Actor::Server, Action::Spent, Subject::Reservation(done.id), session.user, None);
            tx.reservations().save(&done, &line).await?;
        }
    }
    tx.reservations().set_counted(session.grant, &counted).await?;
    Ok(true)
}

/// A lane's bitmap tells that a sequence was used, not by what; each sequence is given to one operation only, so a used
/// one counts as that operation's. That is the strict reading: what is spent stays charged.
fn nonce(
    r: &Reservation,
    view: &ChainView,
    by_entry_point: &BTreeMap<ReservationId, NonceState>,
) -> Option<NonceState> {
    let seen = view.at_final();
    match r.counter {
        Counter::EntryPoint(_) => by_entry_point.get(&r.id).copied(),
        Counter::Own | Counter::Further(_) if !seen.reads(r.counter) => None,
        Counter::Own | Counter::Further(_) if seen.is_used(r.nonce()) => Some(NonceState::UsedBy(r.digest)),
        Counter::Own | Counter::Further(_) => Some(NonceState::Unused),
    }
}

/// How it ended, in a word.
const fn outcome(r: &Reservation) -> &'static str {
    match r.state {
        ReservationState::Released { why, .. } => why.code(),
        _ => "spent",
    }
}

const fn grant_state(settled: &Ledger, epoch: u64) -> GrantState {
    if settled.epoch > epoch {
        GrantState::EpochMoved
    } else {
        match settled.status {
            Status::Ended => GrantState::Ended,
            Status::Active | Status::Unknown => GrantState::Live,
        }
    }
}
