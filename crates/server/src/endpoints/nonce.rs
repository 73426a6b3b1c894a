//! `POST /v1/login/nonce`: what a login message must contain.

use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::LoginNonce;
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

/// Needs no login.
#[utoipa::path(post, path = "/v1/login/nonce", operation_id = "loginNonce", tag = "login",
    responses((status = 200, body = NonceView), (status = 503, body = Problem)))]
pub async fn handler(State(app): State<App>) -> Result<Json<NonceView>, ApiError> {
    let now = app.clock.now();
    let nonce = LoginNonce::issue(app.random()?, now);
    let mut tx = app.store.begin().await?;
    tx.nonces().prune(now.minus(hallpass_session::login::NONCE_LIFE)).await?;
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
