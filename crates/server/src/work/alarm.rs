//! A session whose key was used past the signer: its chain's figure is adopted, it is suspended, and the operator is told.

use super::books::{Books, disagree};
use crate::app::{event, record_id};
use crate::webhook::alert::Data;
use crate::{ApiError, App};
use axum::http::StatusCode;
use hallpass_policy::Grant;
use hallpass_session::{Action, Actor, Elsewhere, Explained, KeySession, Lifecycle, Reason, Sequences, Subject};
use hallpass_store::Tx;

/// The code that a session is suspended with.
pub const SPENT_ELSEWHERE: &str = Reason::SpentElsewhere.code();

/// How a grant's sequences are used up; `None` where no chain shows any.
#[must_use]
pub fn sequences(grant: &Grant) -> Option<Sequences> {
    match (grant.backend.is_zero(), grant.calls.is_empty()) {
        (false, _) => Some(Sequences::Bitmap),
        (true, false) => Some(Sequences::Counter),
        (true, true) => None,
    }
}

/// What the chain showed when it was last compared; `None` for a grant that takes another's place and has not done so at a final
/// block, since the counters that it takes over are not known before.
///
/// # Errors
/// As the store.
pub async fn explained(tx: &mut dyn Tx, session: &KeySession, grant: &Grant) -> Result<Option<Explained>, ApiError> {
    if let Some(explained) = tx.reservations().explained(session.grant).await? {
        return Ok(Some(explained));
    }
    let replaces = tx.grants().find(session.grant).await?.is_some_and(|stored| stored.replaces.is_some());
    Ok((!replaces).then(|| Explained::beginning(grant)))
}

/// Whether the session's key is in the vault. Another one signs without us, so nothing that it does is strange.
///
/// # Errors
/// As the store.
pub async fn is_ours(tx: &mut dyn Tx, session: &KeySession) -> Result<bool, ApiError> {
    Ok(tx.vault().record(&record_id("session", session.id)).await?.is_some())
}

/// Compares what the head shows with what was reserved, and suspends the session where nothing explains it. The books must
/// have been read before: what is reserved later explains nothing that they show.
///
/// # Errors
/// 403 `spent_elsewhere` where it was suspended; as the store.
pub async fn look(app: &App, session: &KeySession, grant: &Grant, books: &Books) -> Result<(), ApiError> {
    let Some(sequences) = sequences(grant).filter(|_| session.lifecycle.is_active()) else { return Ok(()) };
    let mut tx = app.store.read().await?;
    if !is_ours(tx.as_mut(), session).await? {
        return Ok(());
    }
    let Some(before) = explained(tx.as_mut(), session, grant).await? else { return Ok(()) };
    // A node that lags behind another shows less, not more.
    if books.head < before.block {
        return Ok(());
    }
    let since = tx.reservations().held(session.grant, before.block).await?;
    drop(tx);
    match before.explains(&books.view.head, &since, sequences) {
        Ok(()) => Ok(()),
        Err(strange) => {
            // One node may lie; nobody is suspended for that where another one can be asked.
            if let Some(second) = books.second_head(app, grant, session.grant).await?
                && before.explains(&second, &since, sequences).is_ok()
            {
                return Err(disagree());
            }
            suspend(app, session, strange, None).await?;
            Err(suspended(Reason::SpentElsewhere))
        }
    }
}

/// Suspends the session; what a final block showed is adopted. What is being signed is signed first, and nothing after.
///
/// # Errors
/// As the store.
pub async fn suspend(
    app: &App,
    session: &KeySession,
    strange: Elsewhere,
    adopted: Option<Explained>,
) -> Result<(), ApiError> {
    tracing::error!(session = %session.id, grant = %session.grant, %strange, "a session key was used past the signer");
    let _signing = app.signing.write().await;
    let mut tx = app.store.begin().await?;
    if let Some(adopted) = adopted {
        tx.reservations().set_explained(session.grant, &adopted).await?;
    }
    let stored = tx.sessions().find_key(session.id).await?.ok_or_else(|| ApiError::missing("session"))?;
    if stored.lifecycle.is_active() {
        let (now, why) = (app.clock.now(), Reason::SpentElsewhere);
        let user = stored.user;
        let moved = stored.suspend(now, why, Actor::Server)?;
        let line = event(now, Actor::Server, Action::Suspended, Subject::Key(session.id), user, Some(why));
        tx.sessions().save_key(&moved, &line).await?;
    }
    tx.commit().await?;
    let data = Data { session: Some(session.id.to_string()), user: Some(session.user.to_string()), ..Data::default() };
    app.alerts.tell("alert.past_the_signer", app.clock.now(), data);
    Ok(())
}

/// What is answered for a session that signs nothing for now; `Ok` for every other one.
///
/// # Errors
/// 403 with the reason.
pub fn may_ask(lifecycle: &Lifecycle) -> Result<(), ApiError> {
    match lifecycle {
        Lifecycle::Suspended { reason, .. } => Err(suspended(*reason)),
        _ => Ok(()),
    }
}

fn suspended(reason: Reason) -> ApiError {
    let (says, hint) = match reason {
        Reason::SpentElsewhere => (
            "the session is suspended: the chain shows what its signer never signed",
            "revoke it; or, if you know who signed, its owner resumes it with `hallpass session resume`",
        ),
        Reason::Restored => (
            "the session is suspended: the server's store was put back from a copy, and what it signed since is not known",
            "its owner resumes it with `hallpass session resume`, once nothing that was signed before can execute any more",
        ),
        _ => ("the session is suspended", "its owner resumes it with `hallpass session resume`"),
    };
    ApiError::new(StatusCode::FORBIDDEN, reason.code(), says).hint(hint)
}
