//! `GET /v1/me`: who the token stands for.

use crate::ApiError;
use crate::caller::AnyLogin;
use crate::error::Problem;
use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who is logged in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The person's id here.
    pub user: String,
    /// CAIP-10.
    pub account: String,
    /// The login session's id.
    pub session: String,
    /// Exclusive, Unix seconds.
    pub not_after: u64,
    /// How its token is bound: `bearer`, `cookie` or `dpop`.
    pub binding: String,
    /// When the wallet last proved itself, Unix seconds.
    pub proved_at: u64,
    /// Where a grant's signature proved it: the only session that it may use, until a message steps it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_pass: Option<String>,
}

/// Answers 401 without a live session.
#[utoipa::path(get, path = "/v1/me", operation_id = "whoAmI", tag = "login",
    responses((status = 200, body = Me), (status = 401, body = Problem)))]
pub async fn handler(AnyLogin(caller): AnyLogin) -> Result<Json<Me>, ApiError> {
    Ok(Json(Me {
        user: caller.user().to_string(),
        account: caller.account().to_string(),
        session: caller.login.id.to_string(),
        not_after: caller.login.not_after.get(),
        binding: caller.login.binding.name().to_owned(),
        proved_at: caller.login.proved_at.get(),
        own_pass: caller.login.own_pass.map(|pass| pass.to_string()),
    }))
}
