//! `POST /v1/login`: a signed ERC-4361 message for a session token.

use super::shapes::{Body, bytes};
use crate::app::event;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hallpass_auth::siwe::Message;
use hallpass_auth::{Expected, verify};
use hallpass_session::{Action, Actor, Lifecycle, LoginNonce, LoginSession, Subject, Token};
use hallpass_store::Account;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wallet's answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginBody {
    /// The message, byte by byte as it was signed.
    pub message: String,
    /// 65 bytes, 0x-hex.
    pub signature: String,
}

/// A session.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct LoginView {
    /// Sent as `Authorization: Bearer` from now on; shown once.
    pub token: String,
    /// The session's id.
    pub session: String,
    /// CAIP-10.
    pub account: String,
    /// Exclusive, Unix seconds.
    pub not_after: u64,
}

impl core::fmt::Debug for LoginView {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoginView")
            .field("session", &self.session)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

/// Uses the message's nonce up, whether the rest of it is good or not.
#[utoipa::path(post, path = "/v1/login", operation_id = "login", tag = "login", request_body = LoginBody,
    responses((status = 201, body = LoginView), (status = 400, body = Problem), (status = 401, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    Body(body): Body<LoginBody>,
) -> Result<(StatusCode, Json<LoginView>), ApiError> {
    let refused = |code: &str, says: String| {
        ApiError::new(StatusCode::UNAUTHORIZED, code, says).hint("ask for a new nonce and sign again")
    };
    let message: Message =
        body.message.parse().map_err(|e: hallpass_auth::siwe::ParseError| ApiError::bad(e.code(), e.to_string()))?;
    let signature = bytes("signature", &body.signature)?;
    let now = app.clock.now();
    let unknown = || refused("nonce_unknown", "the nonce is not one of this server's, or was used before".to_owned());
    let nonce = LoginNonce::parse(message.nonce.as_str()).ok_or_else(unknown)?;
    let mut tx = app.store.begin().await?;
    let nonce = tx.nonces().take(&nonce).await?.ok_or_else(unknown)?;
    tx.commit().await?;
    let text = nonce.text();
    nonce.use_at(now).map_err(|e| refused(e.code(), e.to_string()))?;
    let expected = Expected {
        domain: &app.settings.domain,
        uri: &app.settings.uri,
        nonce: &text,
        chains: &[app.settings.chain],
        now,
    };
    let proven = verify(&body.message, &signature, &expected).map_err(|e| refused(e.code(), e.to_string()))?;

    let token = Token::from_random(app.random()?);
    let mut tx = app.store.begin().await?;
    let user = match tx.accounts().find_by_account(&proven.account()).await? {
        Some(known) => known.user,
        None => {
            let user = app.user_id()?;
            let account = Account { user, account: proven.account(), created: now };
            let line = event(now, Actor::Owner(user), Action::Created, Subject::Account(user), user, None);
            tx.accounts().create(&account, &line).await?;
            user
        }
    };
    let session = LoginSession {
        id: app.session_id()?,
        user,
        account: proven.account(),
        lifecycle: Lifecycle::Active { since: now },
        not_after: now
            .plus(app.settings.login_seconds)
            .ok_or_else(|| ApiError::internal("time", "a time is out of range"))?,
        token_hash: token.hash(),
        created: now,
    };
    tx.sessions()
        .create_login(
            &session,
            &event(now, Actor::Owner(user), Action::Created, Subject::Login(session.id), user, None),
        )
        .await?;
    tx.commit().await?;
    let view = LoginView {
        token: token.reveal().to_string(),
        session: session.id.to_string(),
        account: session.account.to_string(),
        not_after: session.not_after.get(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}
