//! `POST /v1/token`: the next access token for a refresh token (RFC 6749, section 6).

use super::oauth::{Fields, OauthError, OauthProblem};
use crate::caller::proof;
use crate::work::wallet;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use hallpass_session::{Token, TokenKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form.
#[derive(Deserialize, ToSchema)]
pub struct TokenForm {
    /// `refresh_token`.
    pub grant_type: String,
    /// The refresh token.
    #[serde(default)]
    pub refresh_token: Option<String>,
}

/// The next tokens.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TokenView {
    /// The access token.
    pub access_token: String,
    /// `Bearer` or `DPoP`.
    pub token_type: String,
    /// Seconds that it lives from now on.
    pub expires_in: u64,
    /// The next refresh token; using it, or the access token, ends the one that was presented.
    pub refresh_token: String,
}

/// The same refresh token gives the same successor until that one is used: an answer that was lost is asked for again. After
/// that it ends the whole session. One that is bound to a key needs a proof of it in `DPoP`.
#[utoipa::path(post, path = "/v1/token", operation_id = "refreshToken", tag = "login",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = TokenView), (status = 400, body = OauthProblem), (status = 429, body = OauthProblem)))]
pub async fn handler(
    State(app): State<App>,
    parts: Parts,
    Fields(form): Fields<TokenForm>,
) -> Result<Json<TokenView>, OauthError> {
    if form.grant_type != "refresh_token" {
        let says = "`grant_type` is `refresh_token`";
        return Err(ApiError::bad("unsupported_grant_type", says).hint("a session begins with POST /v1/login").into());
    }
    let missing = || ApiError::bad("invalid_request", "`refresh_token` is missing");
    let text = form.refresh_token.ok_or_else(missing)?;
    let proof = proof::of_request(&app, &parts.headers, parts.uri.path())?;
    let token = text.parse::<Token>().ok().filter(|token| token.kind() == TokenKind::Refresh).ok_or_else(no)?;
    if let Some(proof) = &proof {
        proof::once(&app, proof, StatusCode::BAD_REQUEST)?;
    }
    let jkt = proof.map(|proof| proof.jkt);
    wallet::before_refresh(&app, &token, jkt).await?;
    let given = app.logins.refresh(token, jkt).await?.ok_or_else(no)?;
    let now = app.clock.now().get();
    let refresh = given.refresh.as_ref().ok_or_else(no)?;
    Ok(Json(TokenView {
        access_token: given.access.reveal().to_string(),
        token_type: if given.login.binding.jkt().is_some() { "DPoP" } else { "Bearer" }.to_owned(),
        expires_in: given.access_not_after.get().saturating_sub(now),
        refresh_token: refresh.reveal().to_string(),
    }))
}

/// In the same words for every reason.
fn no() -> ApiError {
    ApiError::bad("invalid_grant", "the refresh token gives nothing: it is none, or its session has ended")
        .hint("log in anew")
}
