//! From a denied action to a request, with the narrowest grant that would allow it.

use super::{AFTER, Asking, Mark, Terms, claim, deadline, marks, moves, room};
use crate::app::event;
use crate::caller::Asker;
use crate::work::ask;
use crate::work::propose::{self, For, Place};
use crate::{ApiError, App};
use hallpass_policy::pinned;
use hallpass_session::{Action, Actor, Asked, How, KeySession, Met, OwnerRequest, RequestState, Subject};
use hallpass_signer::{Answer, Wanted};
use hallpass_types::{IdempotencyKey, RequestId, SessionId};
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Whether a refusal becomes a request: the asker or the operator wants it, and the owner could allow it.
#[must_use]
pub fn asks(asking: &Asking, terms: &Terms, error: &ApiError) -> bool {
    let wanted = terms.wanted || asking.marks.contains(&Mark::OverLimit) || error.problem.code == marks::MARKED;
    wanted && error.status == axum::http::StatusCode::FORBIDDEN && marks::is_liftable(&error.problem.code)
}

/// An action, and with what key it is asked.
pub struct ToAsk<'a> {
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// The asker's idempotency key.
    pub key: &'a IdempotencyKey,
    /// What is done with the answer.
    pub how: How,
}

/// Makes a request of a refused action. `refused` is what is answered where there is nothing to ask about.
///
/// # Errors
/// `refused`; 403 for what no owner could allow; 422 for what cannot be pinned to one call; 429 where too many are open.
pub async fn one_off(
    app: &App,
    asker: &Asker,
    id: SessionId,
    action: &ToAsk<'_>,
    terms: &Terms,
    refused: ApiError,
) -> Result<OwnerRequest, ApiError> {
    let why = claim(terms.why.as_deref())?;
    let deadline = deadline(app, terms.seconds)?;
    // One at a time, so that the bounds hold and a key asks once.
    let turn = Arc::clone(&app.asking).lock_owned().await;
    if let Some(earlier) = super::carry::earlier(app, asker, id, action.key, action.wanted).await? {
        return Ok(earlier);
    }
    // Before anything is asked of the node: who is past the bounds keeps nobody waiting for it.
    let mut tx = app.store.read().await?;
    let user = asker.session(tx.as_mut(), id).await?.user;
    drop(tx);
    room(app, id, user).await?;
    let asked = ask::prepare(app, asker, id).await?;
    let session = &asked.session;
    let met = match asked.ask(app, action.wanted.clone(), action.key.clone(), true).await? {
        Answer::Denied { denial, .. } if marks::can_be_lifted(denial.code) => {
            let (code, says) = (denial.code.as_str().to_owned(), denial.to_string());
            Met { code, at: denial.at, says }
        }
        Answer::Denied { denial, .. } => return Err(ask::denied(&denial)),
        _ => marks::met(&app.settings.asking.marks, action.wanted).ok_or_else(|| refused.clone())?,
    };
    let Wanted::Calls(batch, _, relayer) = action.wanted else { return Err(not_askable(refused)) };
    let ([call], false) = (batch.calls.as_slice(), asked.grant.backend.is_zero()) else {
        return Err(not_askable(refused));
    };
    let deadline = deadline.min(session.not_after);
    let now = app.clock.now();
    let until = deadline.plus(AFTER).unwrap_or(deadline);
    let draft = pinned::draft(&asked.grant, call, terms.function.as_deref(), now, until).map_err(|e| {
        let says = e.to_string();
        let refused = ApiError::refused(e.code(), says);
        match e {
            pinned::PinError::UnknownFunction(_) => refused.hint("name it in `ask.function`: \"buy(uint256 item)\""),
            _ => refused,
        }
    })?;
    let kind = Asked::OneOff {
        how: action.how,
        chain: batch.chain,
        to: call.to,
        value: call.value,
        data: call.data.clone(),
        relayer: *relayer,
        met,
    };
    let made = New {
        session: session.clone(),
        draft,
        asked: kind,
        why,
        deadline,
        key: action.key.clone(),
        hash: action.wanted.hash(),
    };
    create(app, asker.actor(), made, turn).await
}

fn not_askable(refused: ApiError) -> ApiError {
    let hint =
        "the owner is asked for one call at a time, under a contract; ask for a pass with `hallpass grant request`";
    ApiError { problem: crate::error::Problem { hint: Some(hint.to_owned()), ..refused.problem }, ..refused }
}

/// What a new request is made from.
pub struct New {
    /// The session that asks.
    pub session: KeySession,
    /// The grant that would be the answer.
    pub draft: hallpass_policy::Draft,
    /// What is asked.
    pub asked: Asked,
    /// The asker's claim.
    pub why: Option<String>,
    /// When it must be answered.
    pub deadline: hallpass_types::UnixSeconds,
    /// The key under which it is found again.
    pub key: IdempotencyKey,
    /// What makes two of that key the same.
    pub hash: alloy_primitives::B256,
}

/// Drafts the grant and stores the request, within the asker's turn. Both or neither: it goes on where the asker goes away.
///
/// # Errors
/// As [`propose::draft`] and the store.
pub async fn create(app: &App, actor: Actor, new: New, turn: OwnedMutexGuard<()>) -> Result<OwnerRequest, ApiError> {
    let app = app.clone();
    let created = tokio::spawn(async move {
        let made = stored(&app, actor, new).await;
        drop(turn);
        made
    });
    created.await.map_err(|e| ApiError::internal("task", e.to_string()))?
}

async fn stored(app: &App, actor: Actor, new: New) -> Result<OwnerRequest, ApiError> {
    let session = &new.session;
    let mut tx = app.store.read().await?;
    let account = tx.accounts().find(session.user).await?.ok_or_else(|| ApiError::missing("account"))?.account;
    drop(tx);
    let id = RequestId::from_bytes(app.random()?);
    let owner = For { account, requested_by: id.to_string() };
    let place = session.pocket.map_or(Place::Delegated, Place::Pocket);
    let drafted = propose::draft(app, &owner, &new.draft, place, None).await?;
    let proposed = drafted.keep(app, session.user, actor).await?;
    let now = app.clock.now();
    let request = OwnerRequest {
        id,
        session: session.id,
        user: session.user,
        made: now,
        deadline: new.deadline,
        idempotency: new.key,
        request_hash: new.hash,
        why: new.why,
        asked: new.asked,
        proposal: proposed.session.id,
        grant: proposed.session.grant,
        state: RequestState::Open,
    };
    let mut tx = app.store.begin().await?;
    let line = event(now, actor, Action::Requested, Subject::Request(id), session.user, None);
    tx.requests().create(&request, &line).await?;
    // It may have ended while the grant was drafted.
    let stands = tx.sessions().find_key(session.id).await?.is_some_and(|s| s.lifecycle.is_active());
    if stands {
        tx.commit().await?;
        moves::tell(app, &request).await;
        return Ok(request);
    }
    let withdrawn = moves::close(tx.as_mut(), request.withdraw(now)?, Actor::Server, now).await?;
    tx.commit().await?;
    Err(super::ended(withdrawn.state))
}
