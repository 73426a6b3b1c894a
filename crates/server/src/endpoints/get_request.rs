//! `GET /v1/requests/{id}`: one request, for its owner or for whoever holds the session that asks.

use super::request_shapes::RequestView;
use crate::caller::{Asker, Caller, NamedRequest};
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::OwnerRequest;
use hallpass_types::RequestId;

/// The owner gets the grant too, with what is to be signed. Anybody else's request answers 404.
#[utoipa::path(get, path = "/v1/requests/{id}", operation_id = "getRequest", tag = "requests", params(("id" = String, Path,)),
    responses((status = 200, body = RequestView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    NamedRequest(id): NamedRequest,
) -> Result<Json<RequestView>, ApiError> {
    let found = app.store.read().await?.requests().find(id).await?;
    let request = found.filter(|request| asker.sees(request)).ok_or_else(|| ApiError::missing("request"))?;
    RequestView::of(&app, &request, matches!(asker, Asker::Owner(_))).await.map(Json)
}

/// The caller's own request, or 404.
///
/// # Errors
/// 404 also for somebody else's.
pub async fn own(app: &App, caller: &Caller, id: RequestId) -> Result<OwnerRequest, ApiError> {
    let found = app.store.read().await?.requests().find(id).await?;
    found.filter(|r| r.user == caller.user()).ok_or_else(|| ApiError::missing("request"))
}
