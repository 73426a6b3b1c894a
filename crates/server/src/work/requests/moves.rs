//! What moves a request: an answer, the end of its session, its deadline. Each in the transaction of what moves it.

use super::words;
use crate::app::event;
use crate::webhook::Event;
use crate::{ApiError, App};
use hallpass_session::{
    Action, Actor, Asked, KeySession, Lifecycle, OwnerRequest, Reason, RequestState, StoredGrant, Subject,
};
use hallpass_store::Tx;
use hallpass_types::{SessionId, UnixSeconds, UserId};

/// The owner signed the grant of session `id`. Where that answers a request, the request must still be open and its session
/// still active.
///
/// # Errors
/// 409 where it was answered, its deadline has passed, or its session is not active any more.
pub async fn approved(
    tx: &mut dyn Tx,
    id: SessionId,
    user: UserId,
    now: UnixSeconds,
) -> Result<Option<OwnerRequest>, ApiError> {
    let Some(request) = tx.requests().find_by_proposal(id).await? else { return Ok(None) };
    let session = tx.sessions().find_key(request.session).await?.ok_or_else(|| ApiError::missing("session"))?;
    if !session.is_live(now) {
        let says = format!("the session that asked is {}", session.lifecycle.name());
        return Err(ApiError::conflict("session_ended", says));
    }
    let request = request.approve(now)?;
    save(tx, &request, Actor::Owner(user), now).await?;
    Ok(Some(request))
}

/// The owner refused the grant of session `id`.
///
/// # Errors
/// 409 where a request that it answers was answered before.
pub async fn refused(
    tx: &mut dyn Tx,
    id: SessionId,
    user: UserId,
    now: UnixSeconds,
) -> Result<Option<OwnerRequest>, ApiError> {
    let Some(request) = tx.requests().find_by_proposal(id).await? else { return Ok(None) };
    let request = request.refuse(now)?;
    save(tx, &request, Actor::Owner(user), now).await?;
    Ok(Some(request))
}

/// Session `ended` has ended: what it asked is withdrawn, and what was approved for it ends with it: one-offs, and a renewal that
/// has not begun.
///
/// # Errors
/// As the store.
pub async fn session_ended(
    tx: &mut dyn Tx,
    ended: &KeySession,
    reason: Reason,
    by: Actor,
    now: UnixSeconds,
) -> Result<Vec<OwnerRequest>, ApiError> {
    let mut withdrawn = Vec::new();
    for request in tx.requests().list_of(ended.id).await? {
        match (&request.state, &request.asked) {
            (RequestState::Open, _) => withdrawn.push(close(tx, request.withdraw(now)?, by, now).await?),
            (RequestState::Approved { .. }, asked) => {
                let Some(given) = tx.sessions().find_key(request.proposal).await? else { continue };
                let follows = matches!(asked, Asked::OneOff { .. }) || now < given.not_before;
                if follows && matches!(given.lifecycle, Lifecycle::Active { .. } | Lifecycle::Suspended { .. }) {
                    let (id, user) = (given.id, given.user);
                    let line = event(now, by, Action::Revoking, Subject::Key(id), user, Some(reason));
                    tx.sessions().save_key(&given.revoke(now, reason, by)?, &line).await?;
                }
            }
            _ => {}
        }
    }
    Ok(withdrawn)
}

/// Saves a request that ended unanswered, and refuses the grant that was drafted for it.
///
/// # Errors
/// As the store.
pub async fn close(
    tx: &mut dyn Tx,
    request: OwnerRequest,
    by: Actor,
    now: UnixSeconds,
) -> Result<OwnerRequest, ApiError> {
    save(tx, &request, by, now).await?;
    refuse(tx, request.proposal, Reason::RequestExpired, by, now).await?;
    Ok(request)
}

/// Refuses the grant of a session that waits for its owner.
///
/// # Errors
/// As the store.
pub async fn refuse(
    tx: &mut dyn Tx,
    id: SessionId,
    reason: Reason,
    by: Actor,
    now: UnixSeconds,
) -> Result<(), ApiError> {
    let session = tx.sessions().find_key(id).await?;
    if let Some(session) = session.filter(|s| matches!(s.lifecycle, Lifecycle::Requested { .. })) {
        let line = |subject| event(now, by, Action::Refused, subject, session.user, Some(reason));
        let stored = tx.grants().find(session.grant).await?.ok_or_else(|| ApiError::missing("grant"))?;
        let stored: StoredGrant = stored.refuse(now, reason, by)?;
        tx.sessions().save_key(&session.clone().refuse(now, reason, by)?, &line(Subject::Key(id))).await?;
        tx.grants().save(&stored, &line(Subject::Grant(stored.id))).await?;
    }
    Ok(())
}

/// Looks once at what is open: ends what was not answered in time, and what has lost its session.
///
/// # Errors
/// As the store.
pub async fn sweep(app: &App) -> Result<(), ApiError> {
    let now = app.clock.now();
    let mut tx = app.store.read().await?;
    let mut over = Vec::new();
    for request in tx.requests().list_open().await? {
        let session = tx.sessions().find_key(request.session).await?;
        if now >= request.deadline || session.is_none_or(|s| s.lifecycle.is_terminal()) {
            over.push(request.id);
        }
    }
    drop(tx);
    for id in over {
        let mut tx = app.store.begin().await?;
        let Some(request) = tx.requests().find(id).await?.filter(|r| r.state == RequestState::Open) else { continue };
        let ended = if now >= request.deadline { request.expire(now)? } else { request.withdraw(now)? };
        let ended = close(tx.as_mut(), ended, Actor::Server, now).await?;
        tx.commit().await?;
        tell(app, &ended).await;
    }
    unanswered(app, now).await
}

/// Refuses what was asked for and whose time has run out unanswered, by whatever way it was asked.
async fn unanswered(app: &App, now: UnixSeconds) -> Result<(), ApiError> {
    let mut due = app.store.read().await?.sessions().list_due_keys(now).await?;
    due.retain(|s| matches!(s.lifecycle, Lifecycle::Requested { .. }));
    for session in due {
        let mut tx = app.store.begin().await?;
        refuse(tx.as_mut(), session.id, Reason::RequestExpired, Actor::Server, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

async fn save(tx: &mut dyn Tx, request: &OwnerRequest, by: Actor, now: UnixSeconds) -> Result<(), ApiError> {
    let action = match request.state {
        RequestState::Open => Action::Requested,
        RequestState::Approved { .. } => Action::Approved,
        RequestState::Refused { .. } => Action::Refused,
        RequestState::Expired { .. } => Action::Expired,
        RequestState::Withdrawn { .. } => Action::Withdrawn,
    };
    let line = event(now, by, action, Subject::Request(request.id), request.user, None);
    Ok(tx.requests().save(request, &line).await?)
}

/// Tells the webhook what became of a request. Waits for nobody, and fails nothing.
pub async fn tell(app: &App, request: &OwnerRequest) {
    let Some(outbox) = &app.outbox else { return };
    match words::of(app, request).await {
        Ok(words) => outbox.put(Event::of(request, words.to_text())),
        Err(error) => tracing::warn!(request = %request.id, code = %error.problem.code, "a request cannot be told of"),
    }
}

/// Tells of everything that is open, at start: what was not delivered before the last end.
///
/// # Errors
/// As the store.
pub async fn tell_all(app: &App) -> Result<(), ApiError> {
    let open = app.store.read().await?.requests().list_open().await?;
    for request in open {
        tell(app, &request).await;
    }
    Ok(())
}
