//! From suspended to active again.

use super::books::Books;
use super::{alarm, own, settle, stored_grant};
use crate::app::event;
use crate::caller::Caller;
use crate::{ApiError, App};
use hallpass_policy::Grant;
use hallpass_policy::eval::bounds::MAX_OP_SECONDS;
use hallpass_session::{Action, Actor, Explained, FurtherLane, KeySession, Lifecycle, Reason, Subject};
use hallpass_signer::MAX_AHEAD;
use hallpass_signer::bounds::EDGE;
use hallpass_types::{SessionId, UserId};

/// The owner has looked, and wants the session to go on. What the chain shows is adopted.
///
/// # Errors
/// 404; 409 where it is not suspended, has ended on chain, or shows at the head what no final block shows yet; as node and store.
pub async fn by_owner(app: &App, caller: &Caller, id: SessionId) -> Result<KeySession, ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    drop(tx);
    let Lifecycle::Suspended { since, reason, .. } = session.lifecycle else {
        return Err(ApiError::conflict("not_suspended", format!("the session is {}", session.lifecycle.name())));
    };
    // What was reserved is settled first, so that nothing that is adopted is held as well.
    settle::one(app, &session).await?;
    // In whichever lane the key was used.
    let books = Books::read_with(app, &grant, session.grant, &FurtherLane::ALL).await?;
    books.confirm(app, &grant, session.grant).await?;
    if reason == Reason::Restored && !grant.backend.is_zero() {
        // The final block's time alone is one node's word.
        let passed = books.final_block.time.min(app.clock.now()).get().saturating_sub(since.get());
        if passed < OUTLIVED {
            return Err(ApiError::conflict("not_final", "operations that were signed before may still execute")
                .hint(format!("try again in {} seconds, and a final block", OUTLIVED.saturating_sub(passed))));
        }
    }
    resume(app, &session, &grant, &books, caller.user()).await
}

/// Longest time, in seconds, for which something that was signed can be good: its own, what it may lie ahead, and how far the
/// chain's clock may have been ahead of ours.
const OUTLIVED: u64 = MAX_OP_SECONDS + EDGE + MAX_AHEAD;

async fn resume(
    app: &App,
    session: &KeySession,
    grant: &Grant,
    books: &Books,
    user: UserId,
) -> Result<KeySession, ApiError> {
    let mut tx = app.store.begin().await?;
    let stored = tx.sessions().find_key(session.id).await?.ok_or_else(|| ApiError::missing("session"))?;
    if stored.lifecycle != session.lifecycle {
        return Err(ApiError::conflict("not_suspended", "the session has moved on meanwhile").hint("look at it again"));
    }
    if let Some(sequences) = alarm::sequences(grant) {
        let adopted = Explained { block: books.final_block.number, ledger: books.view.settled.clone() };
        let before = alarm::explained(tx.as_mut(), session, grant).await?;
        if before.is_some_and(|before| adopted.block < before.block) {
            return Err(ApiError::unavailable("node_behind", "the node shows less of the chain than was seen before")
                .hint("try again once the node has caught up"));
        }
        let since = tx.reservations().held(session.grant, adopted.block).await?;
        if let Err(strange) = adopted.explains(&books.view.head, &since, sequences) {
            return Err(ApiError::conflict("not_final", format!("no final block shows it yet: {strange}"))
                .hint("try again once the chain has gone on"));
        }
        tx.reservations().set_explained(session.grant, &adopted).await?;
    }
    let now = app.clock.now();
    let active = stored.resume(now)?;
    let line = event(now, Actor::Owner(user), Action::Resumed, Subject::Key(session.id), user, None);
    tx.sessions().save_key(&active, &line).await?;
    tx.commit().await?;
    Ok(active)
}
