//! A signed login message, against what this server expects: once; and contract wallets, asked again.

use crate::logins::again::Asked;
use crate::{ApiError, App};
use alloy_primitives::Bytes;
use axum::http::StatusCode;
use hallpass_auth::siwe::{Message, ParseError};
use hallpass_auth::{Expected, personal_hash, prove as proven_by, verify_on};
use hallpass_session::{ContractProof, LoginNonce, Token};
use hallpass_types::AccountId;

/// An account that proved itself just now.
#[derive(Debug)]
pub struct Proven {
    /// The account.
    pub account: AccountId,
    /// What its contract accepted; none for its own key.
    pub contract: Option<ContractProof>,
}

/// The account that signed `message` just now. Whatever becomes of it, its nonce is gone.
///
/// # Errors
/// 400 for what is no message, 401 for one that proves nothing here, 503 where a contract wallet could not be asked.
pub async fn prove(app: &App, message: &str, signature: &Bytes) -> Result<Proven, ApiError> {
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
    let judged = verify_on(message, signature, &expected, app.settings.eoa, &app.chain.wallets).await;
    let proven = judged.map_err(|e| {
        if e.is_verdict() {
            return refused(e.code(), e.to_string());
        }
        ApiError::unavailable(e.code(), e.to_string()).hint("ask for a new nonce, and sign again later")
    })?;
    let contract = proven.evidence().ages().then(|| ContractProof {
        digest: personal_hash(message),
        signature: signature.clone(),
        asked: now,
        every: app.logins.bounds().contract,
    });
    Ok(Proven { account: proven.account(), contract })
}

/// Has the contract wallet behind a refresh token asked first, where one is. The login ends where it no longer accepts.
///
/// # Errors
/// 503 where it could not be asked; as the store.
pub async fn before_refresh(app: &App, token: &Token, jkt: Option<[u8; 32]>) -> Result<(), ApiError> {
    match app.logins.behind(token, jkt).await? {
        Some(asked) => ask(app, asked).await,
        None => Ok(()),
    }
}

/// Asks the contract wallets whose last answer is getting old. One that cannot be asked keeps no other waiting; its login ends
/// when that answer is too old.
///
/// # Errors
/// As the store.
pub async fn ask_again(app: &App) -> Result<(), ApiError> {
    for asked in app.logins.to_be_asked().await? {
        let login = asked.id;
        if let Err(error) = ask(app, asked).await {
            tracing::warn!(%login, code = %error.problem.code, "a contract wallet could not be asked again");
        }
    }
    Ok(())
}

async fn ask(app: &App, asked: Asked) -> Result<(), ApiError> {
    // Before the question is put: an answer is as old as that.
    let at = app.clock.now();
    let proof = &asked.proof;
    let judged = proven_by(asked.account, proof.digest, &proof.signature, app.settings.eoa, &app.chain.wallets).await;
    let accepts = match judged {
        Ok(_) => true,
        Err(error) if error.is_verdict() => false,
        Err(error) => return Err(ApiError::unavailable(error.code(), error.to_string()).hint("try again later")),
    };
    app.logins.answered(asked, at, accepts).await
}
