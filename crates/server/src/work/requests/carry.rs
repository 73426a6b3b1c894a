//! What is asked for, and what becomes of it: done, waiting for the owner, or refused.

use super::make::{self, ToAsk};
use super::{Outcome, Terms, ended};
use crate::caller::Asker;
use crate::work::ask::Consent;
use crate::work::books::Books;
use crate::work::stored_grant;
use crate::work::{execute, sign};
use crate::{ApiError, App};
use hallpass_policy::{Batch, Call, Status};
use hallpass_session::{Asked, How, OwnerRequest, RequestState};
use hallpass_signer::Wanted;
use hallpass_types::{IdempotencyKey, SessionId};

/// Executes an action, or asks the owner for it. Sent again with the same key, it finds what became of it; once the owner
/// has said yes, it is done, once.
///
/// # Errors
/// As [`execute::execute`]; 403 where the owner said no or did not answer.
pub async fn execute(
    app: &App,
    asker: &Asker,
    id: SessionId,
    batch: Batch,
    key: IdempotencyKey,
    sequence: Option<u32>,
    terms: &Terms,
) -> Result<Outcome<execute::Done>, ApiError> {
    let wanted = Wanted::Calls(batch.clone(), sequence, None);
    if let Some(request) = earlier(app, asker, id, &key, &wanted).await? {
        return match standing(app, &request).await? {
            Stands::Open => Ok(Outcome::Asked(Box::new(request))),
            Stands::Approved => executed(app, &request).await.map(Outcome::Done),
        };
    }
    match execute::execute(app, asker, id, batch, key.clone(), sequence).await {
        Err(refused) if make::asks(&app.settings.asking, terms, &refused) => {
            let action = ToAsk { wanted: &wanted, key: &key, how: How::Execute };
            let request = make::one_off(app, asker, id, &action, terms, refused).await?;
            Ok(Outcome::Asked(Box::new(request)))
        }
        other => other.map(Outcome::Done),
    }
}

/// The same for a signature that the asker sends itself.
///
/// # Errors
/// As [`sign::sign`]; 403 where the owner said no or did not answer.
pub async fn sign(
    app: &App,
    asker: &Asker,
    id: SessionId,
    wanted: Wanted,
    key: IdempotencyKey,
    terms: &Terms,
) -> Result<Outcome<sign::Done>, ApiError> {
    if let Some(request) = earlier(app, asker, id, &key, &wanted).await? {
        return match standing(app, &request).await? {
            Stands::Open => Ok(Outcome::Asked(Box::new(request))),
            Stands::Approved => {
                let (wanted, key, holder) = answer(&request)?;
                let done = sign::with(app, &holder, request.proposal, wanted, key, Consent::Given).await?;
                Ok(Outcome::Done(done))
            }
        };
    }
    match sign::sign(app, asker, id, wanted.clone(), key.clone()).await {
        Err(refused) if make::asks(&app.settings.asking, terms, &refused) => {
            let action = ToAsk { wanted: &wanted, key: &key, how: How::Sign };
            let request = make::one_off(app, asker, id, &action, terms, refused).await?;
            Ok(Outcome::Asked(Box::new(request)))
        }
        other => other.map(Outcome::Done),
    }
}

/// Executes what the owner approved, once.
///
/// # Errors
/// As [`execute::execute`]; 403 where its session has ended since, 409 where the key was used without asking.
pub async fn approved(app: &App, request: &OwnerRequest) -> Result<execute::Done, ApiError> {
    match standing(app, request).await? {
        Stands::Approved => executed(app, request).await,
        Stands::Open => Err(ApiError::conflict("not_answered", "the owner has not answered yet")),
    }
}

async fn executed(app: &App, request: &OwnerRequest) -> Result<execute::Done, ApiError> {
    let (wanted, key, holder) = answer(request)?;
    let Wanted::Calls(batch, ..) = wanted else {
        return Err(ApiError::internal("corrupt_row", "a request is for a call"));
    };
    execute::with(app, &holder, request.proposal, batch, key, None, Consent::Given).await
}

/// The request that this session made with this key.
///
/// # Errors
/// 404 for a session that is not the asker's, 409 where the key came with another action.
pub async fn earlier(
    app: &App,
    asker: &Asker,
    id: SessionId,
    key: &IdempotencyKey,
    wanted: &Wanted,
) -> Result<Option<OwnerRequest>, ApiError> {
    let mut tx = app.store.read().await?;
    let Some(request) = tx.requests().find_by_key(id, key).await? else { return Ok(None) };
    asker.session_to_use(tx.as_mut(), id).await?;
    if request.request_hash == wanted.hash() {
        return Ok(Some(request));
    }
    Err(ApiError::conflict("idempotency_conflict", "this idempotency key was used for another request")
        .hint("use a new key for a new request"))
}

/// A request that is not past answering, or was answered with yes.
enum Stands {
    Open,
    Approved,
}

async fn standing(app: &App, request: &OwnerRequest) -> Result<Stands, ApiError> {
    match request.state_at(app.clock.now()) {
        RequestState::Open => Ok(Stands::Open),
        RequestState::Approved { .. } => {
            let mut tx = app.store.read().await?;
            let session = tx.sessions().find_key(request.session).await?.ok_or_else(|| ApiError::missing("session"))?;
            if !session.is_live(app.clock.now()) {
                let says = format!("the session is {}, so nothing is done for it", session.lifecycle.name());
                return Err(ApiError::new(axum::http::StatusCode::FORBIDDEN, "session_ended", says));
            }
            let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
            // Its owner may have ended it with their wallet.
            let books = Books::read(app, &grant, session.grant).await?;
            if !grant.backend.is_zero() && books.view.head.status != Status::Active {
                let says = "the pass does not stand on chain, so nothing is done for it";
                return Err(ApiError::new(axum::http::StatusCode::FORBIDDEN, "grant_ended", says));
            }
            // Sent without asking at the same time, the same key may have got through.
            if tx.reservations().find_by_key(request.session, &request.idempotency).await?.is_some() {
                return Err(ApiError::conflict("already_sent", "this was done within the pass, without the owner"));
            }
            Ok(Stands::Approved)
        }
        other => Err(ended(other)),
    }
}

/// What is done for an approved one-off, with what key, as whom.
fn answer(request: &OwnerRequest) -> Result<(Wanted, IdempotencyKey, Asker), ApiError> {
    let Asked::OneOff { chain, to, value, data, relayer, .. } = &request.asked else {
        return Err(ApiError::conflict(
            "nothing_to_do",
            "a renewal is a session of its own; there is nothing to execute",
        ));
    };
    let call = Call { to: *to, value: *value, data: data.clone() };
    let wanted = Wanted::Calls(Batch { chain: *chain, calls: vec![call] }, None, *relayer);
    let key = IdempotencyKey::try_from(request.id.to_string()).map_err(|e| ApiError::internal("key", e.to_string()))?;
    Ok((wanted, key, Asker::Holder(request.proposal)))
}
