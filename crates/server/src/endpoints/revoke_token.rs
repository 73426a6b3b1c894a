//! `POST /v1/revoke_token`: whoever has a token ends its session (RFC 7009).

use super::oauth::{Fields, OauthError, OauthProblem};
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::StatusCode;
use hallpass_session::{Token, TokenKind};
use serde::Deserialize;
use utoipa::ToSchema;

/// The form.
#[derive(Deserialize, ToSchema)]
pub struct RevokeTokenForm {
    /// An access or a refresh token of a login, whether it is still good or not.
    pub token: String,
}

/// The whole session ends, with every token of it, before this answers. 200 also for what is no token here. No proof of a key
/// is asked for: a thief can do nothing better for the owner.
#[utoipa::path(post, path = "/v1/revoke_token", operation_id = "revokeToken", tag = "login",
    request_body(content = RevokeTokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200), (status = 400, body = OauthProblem)))]
pub async fn handler(State(app): State<App>, Fields(form): Fields<RevokeTokenForm>) -> Result<StatusCode, OauthError> {
    let Ok(token) = form.token.parse::<Token>() else { return Ok(StatusCode::OK) };
    if matches!(token.kind(), TokenKind::Holder | TokenKind::ResourceServer) {
        let says = "this ends logins; the token is of another kind";
        let hint = "a holder gives its session back with POST /v1/sessions/{id}/surrender";
        return Err(ApiError::bad("unsupported_token_type", says).hint(hint).into());
    }
    app.logins.end_by_token(token.hash()).await?;
    Ok(StatusCode::OK)
}
