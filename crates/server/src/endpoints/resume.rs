//! `POST /v1/sessions/{id}/resume`: a suspended session goes on.

use super::shapes::SessionView;
use crate::caller::{Caller, Named};
use crate::error::Problem;
use crate::work::resume;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// For the owner, who has looked at why it was suspended. What the chain shows now is taken as spent.
#[utoipa::path(post, path = "/v1/sessions/{id}/resume", operation_id = "resume", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = SessionView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 502, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller, Named(id): Named) -> Result<Json<SessionView>, ApiError> {
    let session = resume::by_owner(&app, &caller, id).await?;
    Ok(Json(SessionView::of_key(&session, None)))
}
