//! `POST /v1/logout`: ends the login session that asks.

use crate::app::event;
use crate::caller::Caller;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::StatusCode;
use hallpass_session::{Action, Actor, Reason, Subject};

/// The token is dead when this answers.
#[utoipa::path(post, path = "/v1/logout", operation_id = "logout", tag = "login",
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller) -> Result<StatusCode, ApiError> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let session = tx.sessions().find_login(caller.session.id).await?.ok_or_else(ApiError::unauthorized)?;
    let actor = Actor::Holder(session.id);
    let ended = session.revoke(now, Reason::HolderAsked, actor)?;
    let line = event(now, actor, Action::Revoked, Subject::Login(ended.id), ended.user, Some(Reason::HolderAsked));
    tx.sessions().save_login(&ended, &line).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
