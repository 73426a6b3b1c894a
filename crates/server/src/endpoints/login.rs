//! `POST /v1/login`: a signed ERC-4361 message for a session.

use super::shapes::{Body, bytes};
use crate::caller::asking;
use crate::caller::shown::{COOKIE_NAME, cookies};
use crate::caller::{origin, proof};
use crate::error::Problem;
use crate::limits::Client;
use crate::logins::begin::{Given, Wanted};
use crate::work::wallet;
use crate::{ApiError, App, alerts};
use axum::Json;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hallpass_auth::siwe::{Message, ParseError};
use hallpass_session::{Binding, Jkt, Token, TokenKind};
use hallpass_types::{AccountId, SessionId, UnixSeconds};
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
    let device = body.device.map(device).transpose()?.or_else(|| agent(&parts.headers));
    // Before the nonce is gone: a proof that is to be made again does not cost a signature.
    let proof = proof::of_request(&app, &parts.headers, parts.uri.path())?;
    let binding = match (&proof, body.cookie) {
        (Some(_), true) => {
            return Err(ApiError::bad("two_bindings", "a login is bound to a cookie or to a key, not to both"));
        }
        (Some(proof), false) => Binding::Dpop { jkt: Jkt(proof.jkt) },
        (None, true) => Binding::Cookie,
        (None, false) => Binding::Bearer,
    };
    if binding == Binding::Cookie {
        if body.refresh {
            return Err(ApiError::bad(
                "cookie_slides",
                "a login in a cookie lives on by being used; it is not refreshed",
            ));
        }
        origin::check_login(&parts.headers, &app.settings)?;
    }
    asking::check(&parts.headers, &app.settings)?;
    let said = said(&body.message)?;
    app.limits.account(&said, app.clock.now())?;
    let proved = wallet::prove(&app, &body.message, &signature).await;
    app.alerts.login(&app, said, proved.as_ref().map(|_| ()));
    let proven = proved?;
    if let Some(proof) = &proof {
        proof::once(&app, proof, StatusCode::BAD_REQUEST)?;
    }
    let wanted = Wanted {
        account: proven.account,
        contract: proven.contract,
        binding,
        refresh: body.refresh || proof.is_some(),
        device,
        ip: parts.extensions.get::<Client>().map(|client| client.network()),
        instead: if binding == Binding::Cookie { of_browser(&app, &parts.headers) } else { None },
    };
    let given = app.logins.log_in(wanted).await?;
    alerts::device::look(&app, &given.login);
    Ok(answer(StatusCode::CREATED, &given, app.clock.now()))
}

/// New tokens, where their holder takes them from.
pub fn answer(status: StatusCode, given: &Given, now: UnixSeconds) -> Response {
    let login = &given.login;
    let (token, token_type) = match login.binding {
        Binding::Cookie => (None, "Cookie"),
        Binding::Bearer => (Some(given.access.reveal().to_string()), "Bearer"),
        Binding::Dpop { .. } => (Some(given.access.reveal().to_string()), "DPoP"),
    };
    let view = LoginView {
        token,
        token_type: token_type.to_owned(),
        token_not_after: given.access_not_after.get(),
        refresh_token: given.refresh.as_ref().map(|token| token.reveal().to_string()),
        session: login.id.to_string(),
        account: login.account.to_string(),
        not_after: login.not_after.get(),
        idle_seconds: login.idle,
    };
    let mut response = (status, Json(view)).into_response();
    if login.binding == Binding::Cookie {
        let lives = given.access_not_after.get().saturating_sub(now.get());
        set_cookie(&mut response, &given.access.reveal(), lives);
    }
    response
}

/// Sets the cookie for so many seconds; for none it is taken away.
pub fn set_cookie(response: &mut Response, value: &str, seconds: u64) {
    let text = format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// The login that this browser has now.
fn of_browser(app: &App, headers: &HeaderMap) -> Option<SessionId> {
    let tokens = cookies(headers).filter_map(|text| text.parse::<Token>().ok());
    let mut ours = tokens.filter(|token| token.kind() == TokenKind::Cookie);
    ours.find_map(|token| app.logins.check(&token.hash())).map(|checked| checked.login.id)
}

fn device(name: String) -> Result<String, ApiError> {
    let fits = (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(ApiError::bad("bad_device", "a device's name is 1 to 64 characters, none of control"))
    }
}

/// The account that a message speaks of, before anything of it is believed.
fn said(message: &str) -> Result<AccountId, ApiError> {
    let parsed: Message = message.parse().map_err(|e: ParseError| ApiError::bad(e.code(), e.to_string()))?;
    Ok(AccountId { chain: parsed.chain_id, address: parsed.address })
}

/// The program that somebody logs in with, where they name no device: its `User-Agent`, cut.
fn agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(USER_AGENT)?.to_str().ok()?;
    device(text.chars().filter(|c| !c.is_control()).take(64).collect()).ok()
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

    #[test]
    fn a_device_s_name_is_short_and_plain() {
        for good in ["a", "Ann\u{2019}s laptop", &"x".repeat(64)] {
            assert!(device(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "a\nb", "\u{7f}", &"x".repeat(65)] {
            assert_eq!(device(bad.to_owned()).unwrap_err().problem.code, "bad_device", "{bad}");
        }
    }
}
