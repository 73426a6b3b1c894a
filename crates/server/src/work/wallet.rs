//! A signed login message, against what this server expects: once; and contract wallets, asked again.

use crate::logins::again::Asked;
use crate::logins::by_grant::Opening;
use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes};
use axum::http::StatusCode;
use hallpass_auth::siwe::{Message, ParseError};
use hallpass_auth::{Evidence, Expected, personal_hash, prove as proven_by, prove_grant, verify_on};
use hallpass_session::{ContractProof, LoginNonce, Token};
use hallpass_types::{AccountId, SessionId, UnixSeconds};

/// An account that proved itself just now.
#[derive(Debug)]
pub struct Proven {
    /// The account.
    pub account: AccountId,
    /// What its contract accepted; none for its own key.
    pub contract: Option<ContractProof>,
    /// Where the signature was a grant's and no message's, the session that is to stand on it.
    pub own_pass: Option<SessionId>,
}

/// The account that signed `message` just now. Whatever becomes of it, its nonce is gone.
///
/// # Errors
/// 400 for what is no message, 401 for one that proves nothing here, 503 where a contract wallet could not be asked.
pub async fn prove(app: &App, message: &str, signature: &Bytes) -> Result<Proven, ApiError> {
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
    let proven = judged.map_err(|e| unproved(e.is_verdict(), e.code(), e.to_string()))?;
    let contract = contract(app, proven.evidence(), personal_hash(message), signature, now);
    Ok(Proven { account: proven.account(), contract, own_pass: None })
}

/// The account that signed a grant which names this server and a nonce of it. The chain takes an account's own key alone for a
/// grant, so that has signed in any case; the operator may want the chain to be asked as well.
///
/// # Errors
/// 401 for a signature that is not the owner's, or comes too late; 503 where a contract wallet could not be asked.
pub async fn prove_by_grant(app: &App, opening: &Opening, signature: &Bytes) -> Result<Proven, ApiError> {
    let now = app.clock.now();
    opening.nonce.clone().use_at(now).map_err(|e| refused(e.code(), e.to_string()))?;
    let (account, digest) = (opening.owner, opening.drafted.grant.message().digest());
    prove_grant(digest, signature, account.address).map_err(|e| refused(e.code(), e.to_string()))?;
    let judged = proven_by(account, digest, signature, app.settings.eoa, &app.chain.wallets).await;
    let evidence = judged.map_err(|e| unproved(e.is_verdict(), e.code(), e.to_string()))?;
    Ok(Proven {
        account,
        contract: contract(app, evidence, digest, signature, now),
        own_pass: Some(opening.drafted.id),
    })
}

/// 401: what was signed proves nothing here.
#[must_use]
pub fn refused(code: &str, says: String) -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, code, says).hint("ask for a new nonce and sign again")
}

fn unproved(is_verdict: bool, code: &str, says: String) -> ApiError {
    if is_verdict {
        return refused(code, says);
    }
    ApiError::unavailable(code, says).hint("ask for a new nonce, and sign again later")
}

/// What is asked again of a contract wallet.
fn contract(
    app: &App,
    evidence: Evidence,
    digest: B256,
    signature: &Bytes,
    asked: UnixSeconds,
) -> Option<ContractProof> {
    let every = app.logins.bounds().contract;
    evidence.ages().then(|| ContractProof { digest, signature: signature.clone(), asked, every })
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
