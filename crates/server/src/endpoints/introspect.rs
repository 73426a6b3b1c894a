//! `POST /v1/introspect`: what a token is that a resource server was shown (RFC 7662).

use super::oauth::{Fields, OauthError, OauthProblem};
use crate::{ApiError, App, roles};
use axum::Json;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_session::{Binding, Token, TokenKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The form.
#[derive(Deserialize, ToSchema)]
pub struct IntrospectForm {
    /// The access token.
    pub token: String,
}

/// What is said of a token. Of every token that is not good now: `{"active":false}`, and nothing else.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Introspection {
    /// Whether it is good now.
    pub active: bool,
    /// `Bearer` or `DPoP`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// The person's id here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The account that was proved, CAIP-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The token's exclusive end, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// When the session began, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// When the wallet last proved itself, Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// The roles that the account has, where any are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// This server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// What must come with it: whoever was shown the token checks that proof (RFC 9449, section 6.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// The key that a token is bound to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Confirmation {
    /// The key's thumbprint (RFC 7638), base64url.
    pub jkt: String,
}

/// For the resource servers that the operator lists, each with its own credential as `Authorization: Bearer`. Being asked
/// about counts as being used. Refresh tokens and browsers' cookies are no tokens to be shown, and are not active.
#[utoipa::path(post, path = "/v1/introspect", operation_id = "introspectToken", tag = "login",
    request_body(content = IntrospectForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = Introspection), (status = 400, body = OauthProblem), (status = 401, body = OauthProblem)))]
pub async fn handler(
    State(app): State<App>,
    headers: HeaderMap,
    Fields(form): Fields<IntrospectForm>,
) -> Result<Json<Introspection>, OauthError> {
    if !is_resource_server(&app, &headers) {
        let says = "this is for the resource servers that the operator lists";
        let refused = ApiError::new(StatusCode::UNAUTHORIZED, "invalid_client", says);
        return Err(refused.hint("send the credential as `Authorization: Bearer`").challenge("Bearer").into());
    }
    let Some(token) =
        form.token.parse::<Token>().ok().filter(|t| matches!(t.kind(), TokenKind::Bearer | TokenKind::Dpop))
    else {
        return Ok(Json(Introspection::default()));
    };
    let hash = token.hash();
    // One that may use a single pass is a login nowhere else.
    let Some(checked) = app.logins.check(&hash).filter(|checked| checked.login.own_pass.is_none()) else {
        return Ok(Json(Introspection::default()));
    };
    match app.logins.used(&checked, hash).await {
        Ok(()) => {}
        Err(error) if error.status == StatusCode::UNAUTHORIZED => return Ok(Json(Introspection::default())),
        Err(error) => return Err(error.into()),
    }
    let login = checked.login;
    let roles = if app.settings.roles.is_empty() { None } else { Some(roles::names(&app, login.account).await?) };
    let bound = match login.binding {
        Binding::Dpop { jkt } => Some(Confirmation { jkt: URL_SAFE_NO_PAD.encode(jkt.0) }),
        Binding::Bearer | Binding::Cookie => None,
    };
    Ok(Json(Introspection {
        active: true,
        token_type: Some(if bound.is_some() { "DPoP" } else { "Bearer" }.to_owned()),
        sub: Some(login.user.to_string()),
        account: Some(login.account.to_string()),
        sid: Some(login.id.to_string()),
        exp: Some(checked.not_after.get()),
        iat: Some(login.created.get()),
        auth_time: Some(login.proved_at.get()),
        iss: Some(app.settings.uri.clone()),
        roles,
        cnf: bound,
    }))
}

/// Whether the credential is one that the operator lists. Compared by its hash, so that time tells nothing of it.
pub(crate) fn is_resource_server(app: &App, headers: &HeaderMap) -> bool {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (all.next(), all.next()) else { return false };
    let token =
        value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).and_then(|text| text.parse::<Token>().ok());
    let shown = token.filter(|token| token.kind() == TokenKind::ResourceServer).map(|token| token.hash());
    shown.is_some_and(|shown| app.settings.resource_servers.iter().any(|known| known.credential == shown))
}
