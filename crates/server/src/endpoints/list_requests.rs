//! `GET /v1/requests`: what the caller is asked.

use super::request_shapes::RequestView;
use crate::caller::Caller;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// Most requests in one answer: the newest.
const MOST: usize = 100;

/// Which.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Those alone that wait for an answer.
    #[serde(default)]
    pub open: bool,
}

/// The newest hundred, oldest first; with `open=true` those alone that wait. Without their grants: ask for one by its id.
#[utoipa::path(get, path = "/v1/requests", operation_id = "listRequests", tag = "requests", params(Which),
    responses((status = 200, body = Vec<RequestView>), (status = 401, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<RequestView>>, ApiError> {
    let now = app.clock.now();
    let mut all = app.store.read().await?.requests().list(caller.user()).await?;
    all.retain(|r| !which.open || r.is_open(now));
    let older = all.len().saturating_sub(MOST);
    let mut out = Vec::new();
    for request in all.iter().skip(older) {
        out.push(RequestView::of(&app, request, false).await?);
    }
    Ok(Json(out))
}
