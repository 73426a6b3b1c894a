//! `POST /v1/sessions/{id}/refuse`: the owner says no.

use super::shapes::SessionView;
use crate::app::event;
use crate::caller::{AnyLogin, Caller, Named};
use crate::error::Problem;
use crate::work::own_to_end;
use crate::work::requests::moves;
use crate::work::stored_grant;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Action, Actor, KeySession, Reason, Subject};
use hallpass_types::SessionId;

/// Final; a new request is a new session.
#[utoipa::path(post, path = "/v1/sessions/{id}/refuse", operation_id = "refuseGrant", tag = "grants", params(("id" = String, Path,)),
    responses((status = 200, body = SessionView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
) -> Result<Json<SessionView>, ApiError> {
    refuse(&app, &caller, id).await.map(|session| Json(SessionView::of_key(&session, None)))
}

/// Refuses a grant that was asked for, and the request that it answers.
///
/// # Errors
/// 404 for somebody else's, 409 where it was answered.
pub async fn refuse(app: &App, caller: &Caller, id: SessionId) -> Result<KeySession, ApiError> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let session = own_to_end(tx.as_mut(), caller, id).await?;
    let (stored, _) = stored_grant(tx.as_mut(), &session).await?;
    let by = Actor::Owner(caller.user());
    let line = |subject| event(now, by, Action::Refused, subject, caller.user(), Some(Reason::Declined));
    let session = session.refuse(now, Reason::Declined, by)?;
    let stored = stored.refuse(now, Reason::Declined, by)?;
    tx.sessions().save_key(&session, &line(Subject::Key(id))).await?;
    tx.grants().save(&stored, &line(Subject::Grant(stored.id))).await?;
    let answered = moves::refused(tx.as_mut(), id, caller.user(), now).await?;
    tx.commit().await?;
    if let Some(request) = answered {
        moves::tell(app, &request).await;
    }
    Ok(session)
}
