//! A signed login message, against what this server expects: once.

use crate::{ApiError, App};
use alloy_primitives::Bytes;
use axum::http::StatusCode;
use hallpass_auth::siwe::{Message, ParseError};
use hallpass_auth::{Expected, verify};
use hallpass_session::LoginNonce;
use hallpass_types::AccountId;

/// The account that signed `message` just now. Whatever becomes of it, its nonce is gone.
///
/// # Errors
/// 400 for what is no message, 401 for one that proves nothing here.
pub async fn prove(app: &App, message: &str, signature: &Bytes) -> Result<AccountId, ApiError> {
    let refused = |code: &str, says: String| {
        ApiError::new(StatusCode::UNAUTHORIZED, code, says).hint("ask for a new nonce and sign again")
    };
    let parsed: Message = message.parse().map_err(|e: ParseError| ApiError::bad(e.code(), e.to_string()))?;
    let unknown = || refused("nonce_unknown", "the nonce is not one of this server's, or was used before".to_owned());
    let nonce = LoginNonce::parse(parsed.nonce.as_str()).ok_or_else(unknown)?;
    let now = app.clock.now();
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
    let proven = verify(message, signature, &expected).map_err(|e| refused(e.code(), e.to_string()))?;
    Ok(proven.account())
}
