//! `POST /v1/login/nonce`: what a login message must contain.

use crate::caller::asking::MayAsk;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hallpass_session::LoginNonce;
use hallpass_session::login_nonce::NONCE_LIFE;
use hallpass_types::UnixSeconds;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a login message must say (ERC-4361).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct NonceView {
    /// Good for one login within 300 seconds.
    pub nonce: String,
    /// The message's domain.
    pub domain: String,
    /// The message's URI.
    pub uri: String,
    /// The chain id that it may name.
    pub chain_id: u64,
    /// Unix seconds, by the server's clock.
    pub now: u64,
}

/// Most nonces that are issued in [`NONCE_LIFE`], to everybody together: each is a write, which others wait for.
const MOST: u32 = 20_000;

/// Counts a nonce; tells whether it is the first of its window.
fn admit(app: &App, now: UnixSeconds) -> Result<bool, ApiError> {
    let window = now.get() / NONCE_LIFE;
    let mut gate = app.nonces.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
    if gate.0 != window {
        *gate = (window, 0);
    }
    gate.1 = gate.1.saturating_add(1);
    if gate.1 > MOST {
        return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_logins", "too many logins were begun")
            .hint("try again in five minutes"));
    }
    Ok(gate.1 == 1)
}

/// Needs no login.
#[utoipa::path(post, path = "/v1/login/nonce", operation_id = "loginNonce", tag = "login",
    responses((status = 200, body = NonceView), (status = 403, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(State(app): State<App>, _: MayAsk) -> Result<Json<NonceView>, ApiError> {
    let now = app.clock.now();
    let first_of_window = admit(&app, now)?;
    let nonce = LoginNonce::issue(app.random()?, now);
    let mut tx = app.store.begin().await?;
    if first_of_window {
        tx.nonces().prune(now.minus(NONCE_LIFE)).await?;
    }
    tx.nonces().issue(&nonce).await?;
    tx.commit().await?;
    Ok(Json(NonceView {
        nonce: nonce.text(),
        domain: app.settings.domain.clone(),
        uri: app.settings.uri.clone(),
        chain_id: app.settings.chain.get(),
        now: now.get(),
    }))
}
