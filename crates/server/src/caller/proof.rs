//! That whoever shows a token, or asks for one, holds a key (RFC 9449).

use crate::{ApiError, App};
use axum::http::{HeaderMap, StatusCode};
use hallpass_auth::dpop::{self, Expected, Proof, ProofError, ReplayError};
use hallpass_session::{LiveLogin, Token};

/// The header of a proof.
pub const DPOP: &str = "dpop";
/// The header of a nonce.
pub const DPOP_NONCE: &str = "dpop-nonce";

/// Checks the proof beside an access token, of a request by its method and address. A login that is not there is told apart
/// from one that is bound to another key by nobody.
///
/// # Errors
/// 401.
pub fn check(
    app: &App,
    headers: &HeaderMap,
    (method, uri): (&str, &str),
    token: &Token,
    login: Option<&LiveLogin>,
) -> Result<(), ApiError> {
    let text = token.reveal();
    // No key has this thumbprint.
    let bound = login.and_then(|login| login.binding.jkt()).map_or([0; 32], |jkt| jkt.0);
    let proof = match verify(app, headers, (method, uri), Some((&text, bound))) {
        Ok(proof) => proof,
        Err(ProofError::OtherKey) => return Err(ApiError::unauthorized()),
        Err(error) => return Err(refused(StatusCode::UNAUTHORIZED, error)),
    };
    once(app, &proof, StatusCode::UNAUTHORIZED)
}

/// The thumbprint of the key that a request for tokens is proved with; `None` where it has no proof.
///
/// # Errors
/// 400, as RFC 9449, section 5, has it.
pub fn of_request(app: &App, headers: &HeaderMap, path: &str) -> Result<Option<Proof>, ApiError> {
    match verify(app, headers, ("POST", &app.settings.address(path)), None) {
        Ok(proof) => Ok(Some(proof)),
        Err(ProofError::Missing) => Ok(None),
        Err(error) => Err(refused(StatusCode::BAD_REQUEST, error)),
    }
}

/// Takes a proof, once.
///
/// # Errors
/// As `status` for one that was shown before; 429 where no more can be remembered.
pub fn once(app: &App, proof: &Proof, status: StatusCode) -> Result<(), ApiError> {
    let mut replays = app.logins.replays.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))?;
    replays.take(proof.jkt, &proof.jti, proof.period).map_err(|error| {
        let status = if error == ReplayError::Full { StatusCode::TOO_MANY_REQUESTS } else { status };
        let refused = ApiError::new(status, error.code(), error.to_string()).hint(error.hint());
        error.challenge().map_or(refused.clone(), |challenge| refused.challenge(challenge))
    })
}

fn verify(
    app: &App,
    headers: &HeaderMap,
    (method, uri): (&str, &str),
    token: Option<(&str, [u8; 32])>,
) -> Result<Proof, ProofError> {
    let shown: Vec<&[u8]> = headers.get_all(DPOP).iter().map(|value| value.as_bytes()).collect();
    let now = app.clock.now();
    dpop::verify(&shown, &Expected { method, uri, nonces: &app.logins.nonces, now, token })
}

fn refused(status: StatusCode, error: ProofError) -> ApiError {
    ApiError::new(status, error.code(), error.to_string()).hint(error.hint()).challenge(error.challenge())
}
