//! `POST /v1/login`: a signed ERC-4361 message for a session.

use super::shapes::{Body, bytes};
use crate::caller::shown::COOKIE_NAME;
use crate::error::Problem;
use crate::logins::begin::Given;
use crate::logins::door::{Door, Ways};
use crate::work::wallet;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hallpass_auth::siwe::{Message, ParseError};
use hallpass_session::Binding;
use hallpass_types::{AccountId, UnixSeconds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wallet's answer.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The message, byte by byte as it was signed.
    pub message: String,
    /// 0x-hex: 65 bytes of a key, or what a contract wallet takes (ERC-1271, ERC-6492).
    pub signature: String,
    /// For browsers: the token comes as a cookie that no script sees, and the answer has none. Needs an allowed `Origin`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cookie: bool,
    /// For programs: a short access token and a refresh token. A login with a DPoP proof always has both.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refresh: bool,
    /// What to call the device in lists: 1 to 64 characters, no control characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// A session.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct LoginView {
    /// The access token, shown once; absent where the cookie has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How it is sent: `Bearer` or `DPoP` in `Authorization`, `Cookie` by the browser itself.
    pub token_type: String,
    /// Its exclusive end, Unix seconds.
    pub token_not_after: u64,
    /// What `POST /v1/token` takes for the next one; absent where the access token lives as long as the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The session's id.
    pub session: String,
    /// CAIP-10.
    pub account: String,
    /// The session's exclusive end, whatever the activity, Unix seconds.
    pub not_after: u64,
    /// Seconds without use after which it ends.
    pub idle_seconds: u64,
}

impl core::fmt::Debug for LoginView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoginView")
            .field("session", &self.session)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Uses the nonce up, whatever comes of it. A `DPoP` header binds the session to the proof's key (RFC 9449).
#[utoipa::path(post, path = "/v1/login", operation_id = "login", tag = "login", request_body = LoginBody,
    responses((status = 201, body = LoginView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(State(app): State<App>, parts: Parts, Body(body): Body<LoginBody>) -> Result<Response, ApiError> {
    let signature = bytes("signature", &body.signature)?;
    let ways = Ways { cookie: body.cookie, refresh: body.refresh, device: body.device };
    let door = Door::of(&app, &parts, ways)?;
    let said = said(&body.message)?;
    app.limits.account(&said, app.clock.now())?;
    let proved = wallet::prove(&app, &body.message, &signature).await;
    app.alerts.login(&app, said, proved.as_ref().map(|_| ()));
    let given = door.enter(&app, proved?).await?;
    Ok(answer(StatusCode::CREATED, &given, app.clock.now()))
}

/// New tokens, where their holder takes them from.
pub fn answer(status: StatusCode, given: &Given, now: UnixSeconds) -> Response {
    with_cookie((status, Json(LoginView::of(given))).into_response(), given, now)
}

/// An answer, and the cookie where that is where the token goes.
pub fn with_cookie(mut response: Response, given: &Given, now: UnixSeconds) -> Response {
    if given.login.binding == Binding::Cookie {
        let lives = given.access_not_after.get().saturating_sub(now.get());
        set_cookie(&mut response, &given.access.reveal(), lives);
    }
    response
}

impl LoginView {
    /// What was given, the cookie left out.
    #[must_use]
    pub fn of(given: &Given) -> Self {
        let login = &given.login;
        let (token, token_type) = match login.binding {
            Binding::Cookie => (None, "Cookie"),
            Binding::Bearer => (Some(given.access.reveal().to_string()), "Bearer"),
            Binding::Dpop { .. } => (Some(given.access.reveal().to_string()), "DPoP"),
        };
        Self {
            token,
            token_type: token_type.to_owned(),
            token_not_after: given.access_not_after.get(),
            refresh_token: given.refresh.as_ref().map(|token| token.reveal().to_string()),
            session: login.id.to_string(),
            account: login.account.to_string(),
            not_after: login.not_after.get(),
            idle_seconds: login.idle,
        }
    }
}

/// Sets the cookie for so many seconds; for none it is taken away.
pub fn set_cookie(response: &mut Response, value: &str, seconds: u64) {
    let text = format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The account that a message speaks of, before anything of it is believed.
fn said(message: &str) -> Result<AccountId, ApiError> {
    let parsed: Message = message.parse().map_err(|e: ParseError| ApiError::bad(e.code(), e.to_string()))?;
    Ok(AccountId { chain: parsed.chain_id, address: parsed.address })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6265bis, section 4.1.3.2: what the prefix asks for, or browsers drop the cookie; no `Domain`.
    #[test]
    fn the_cookie_is_one_hosts_and_no_scripts() {
        let mut response = StatusCode::OK.into_response();
        set_cookie(&mut response, "hpc_0", 60);
        let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie, "__Host-hallpass=hpc_0; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
    }
}
