//! `POST /v1/requests/{id}/refuse`: the owner says no.

use super::get_request::own;
use super::refuse;
use super::request_shapes::RequestView;
use crate::caller::{AnyLogin, NamedRequest};
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// Final; the same may be asked again as a new request.
#[utoipa::path(post, path = "/v1/requests/{id}/refuse", operation_id = "refuseRequest", tag = "requests", params(("id" = String, Path,)),
    responses((status = 200, body = RequestView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    NamedRequest(id): NamedRequest,
) -> Result<Json<RequestView>, ApiError> {
    let request = own(&app, &caller, id).await?;
    refuse::refuse(&app, &caller, request.proposal).await?;
    let request = own(&app, &caller, id).await?;
    RequestView::of(&app, &request, true).await.map(Json)
}
