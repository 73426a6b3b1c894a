//! `GET /v1/me/roles`: which roles the caller has, and by what.

use crate::caller::Caller;
use crate::error::Problem;
use crate::roles::{self, Decision};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// Every role that the operator has configured. What a chain says is read at the newest block, and stands for `role_seconds`.
#[utoipa::path(get, path = "/v1/me/roles", operation_id = "myRoles", tag = "login",
    responses((status = 200, body = Vec<Decision>), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller) -> Result<Json<Vec<Decision>>, ApiError> {
    Ok(Json(roles::of(&app, caller.account()).await?))
}
