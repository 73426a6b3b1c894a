//! `POST /v1/sessions/{id}/surrender`: whoever holds a session gives it back.

use super::revoke::RevokeView;
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::work::end;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// Ends the session as a revocation does, here first and then on chain; the trail says that the holder asked for it.
#[utoipa::path(post, path = "/v1/sessions/{id}/surrender", operation_id = "surrender", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = RevokeView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(State(app): State<App>, asker: Asker, Named(id): Named) -> Result<Json<RevokeView>, ApiError> {
    end::revoke(&app, &asker, id).await.map(|ended| Json(RevokeView::from(ended)))
}
