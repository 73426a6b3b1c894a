//! `POST /v1/sessions/{id}/check`: would this be allowed?

use super::shapes::{ActionBody, Body, VerdictView};
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::work::judge;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_signer::Wanted;

/// Reserves and signs nothing.
#[utoipa::path(post, path = "/v1/sessions/{id}/check", operation_id = "check", tag = "sessions", params(("id" = String, Path,)),
    request_body = ActionBody,
    responses((status = 200, body = VerdictView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 502, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    Named(id): Named,
    Body(body): Body<ActionBody>,
) -> Result<Json<VerdictView>, ApiError> {
    let (judged, left) = judge::check(&app, &asker, id, Wanted::Calls(body.read()?, None, None)).await?;
    Ok(Json(VerdictView::of(judged, left)))
}
