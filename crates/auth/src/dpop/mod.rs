//! Proofs of possession: RFC 9449 (DPoP), the part of whoever receives them.
//!
//! - this file: the twelve checks of section 4.3, in their order. [`jws`]: a JWS in its compact form, strictly.
//! - [`jwk`]: the public keys that are taken, and their thumbprints (RFC 7638). [`htu`]: two spellings of one address.
//! - [`nonce`]: what the server hands out so that a proof cannot be made beforehand. [`replay`]: each proof once.
//!
//! Pure: time is handed in, and so is the key that nonces are made with.

pub mod htu;
pub mod jwk;
mod jws;
pub mod nonce;
pub mod replay;

#[cfg(test)]
mod tests;

pub use jwk::{Algorithm, PublicKey};
pub use nonce::Nonces;
pub use replay::{ReplayError, Replays};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_types::UnixSeconds;
use sha2::{Digest, Sha256};

/// How far, in seconds, a proof's `iat` may lie from the server's clock, either way.
pub const MAX_SKEW: u64 = 60;
/// Longest proof, in bytes.
pub const MAX_PROOF: usize = 4096;
/// Longest `jti`, in bytes.
const MAX_JTI: usize = 256;

/// The error code of a proof that is not taken.
const INVALID_PROOF: &str = "invalid_dpop_proof";

/// `WWW-Authenticate` (RFC 9449, sections 7.1 and 9) to whoever shows no token that is good, with the algorithms of [`Algorithm`].
pub const LOG_IN: &str = "Bearer, DPoP algs=\"ES256 EdDSA\"";
const BAD_PROOF: &str = "DPoP error=\"invalid_dpop_proof\", algs=\"ES256 EdDSA\"";
const USE_NONCE: &str = "DPoP error=\"use_dpop_nonce\", algs=\"ES256 EdDSA\"";

/// What a proof must be of. Every field is the server's own knowledge.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's address, as people write it; what follows `?` or `#` does not count.
    pub uri: &'a str,
    /// What was handed out.
    pub nonces: &'a Nonces,
    /// The present second.
    pub now: UnixSeconds,
    /// The access token beside it, and the thumbprint that it is bound to.
    pub token: Option<(&'a str, [u8; 32])>,
}

/// A proof that holds. That it comes once is [`Replays`]'s to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The key's thumbprint.
    pub jkt: [u8; 32],
    /// What names the proof.
    pub jti: String,
    /// The period of its nonce: it is worth nothing after the next.
    pub period: u64,
}

/// Checks the `DPoP` headers of a request: all of them, as they came (RFC 9449, section 4.3).
///
/// # Errors
/// The first check that fails.
pub fn verify(headers: &[&[u8]], expected: &Expected<'_>) -> Result<Proof, ProofError> {
    // 1. There is not more than one field; and here, not none.
    let [header] = headers else {
        return Err(if headers.is_empty() { ProofError::Missing } else { ProofError::Several });
    };
    // 2. It is one well-formed JWT.
    let jwt = jws::parse(header).ok_or(ProofError::Malformed)?;
    // 3. It has every claim.
    let text = |name: &str| jwt.claims.get(name).and_then(|value| value.as_str());
    let claims = (text("jti"), text("htm"), text("htu"), jwt.claims.get("iat").and_then(|iat| iat.as_u64()));
    let (Some(jti), Some(htm), Some(htu), Some(iat)) = claims else { return Err(ProofError::Claims) };
    if jti.is_empty() || jti.len() > MAX_JTI {
        return Err(ProofError::Claims);
    }
    // 4. It says that it is such a proof.
    if jwt.header.get("typ").and_then(|typ| typ.as_str()) != Some("dpop+jwt") {
        return Err(ProofError::Type);
    }
    // 5. The algorithm is asymmetric, and one of ours.
    let algorithm =
        jwt.header.get("alg").and_then(|alg| alg.as_str()).and_then(Algorithm::named).ok_or(ProofError::Algorithm)?;
    // 7, before 6: the key, of which there is no private part.
    let jwk = jwt.header.get("jwk").and_then(|jwk| jwk.as_object()).ok_or(ProofError::Key)?;
    if jwk::has_private_part(jwk) {
        return Err(ProofError::PrivateKey);
    }
    let key = PublicKey::of(jwk, algorithm).ok_or(ProofError::Key)?;
    // 6. It signed this.
    if !key.verifies(jwt.signed, &jwt.signature) {
        return Err(ProofError::Signature);
    }
    // 8. For this method.
    if htm != expected.method {
        return Err(ProofError::Method);
    }
    // 9. For this address.
    match (htu::normal(htu), htu::normal(expected.uri)) {
        (Some(theirs), Some(ours)) if theirs == ours => {}
        _ => return Err(ProofError::Address),
    }
    // 10. With a nonce of this server's, which it always asks for.
    let period =
        text("nonce").and_then(|nonce| expected.nonces.period_of(nonce, expected.now)).ok_or(ProofError::Nonce)?;
    // 11. Made just now.
    if iat.abs_diff(expected.now.get()) > MAX_SKEW {
        return Err(ProofError::Time);
    }
    // 12. For this token, by the key that it is bound to.
    let jkt = key.thumbprint();
    if let Some((token, bound)) = expected.token {
        if text("ath") != Some(&URL_SAFE_NO_PAD.encode(Sha256::digest(token))) {
            return Err(ProofError::TokenHash);
        }
        if jkt != bound {
            return Err(ProofError::OtherKey);
        }
    }
    Ok(Proof { jkt, jti: jti.to_owned(), period })
}

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is none.
    #[error("the request needs a DPoP proof")]
    Missing,
    /// Check 1.
    #[error("the request has more than one DPoP header")]
    Several,
    /// Check 2.
    #[error("the DPoP proof is not one well-formed jwt of at most 4096 bytes")]
    Malformed,
    /// Check 3.
    #[error("the DPoP proof lacks one of `jti`, `htm`, `htu` and `iat`, or one has another form")]
    Claims,
    /// Check 4.
    #[error("the DPoP proof's `typ` is not `dpop+jwt`")]
    Type,
    /// Check 5.
    #[error("the DPoP proof's `alg` is neither `ES256` nor `EdDSA`")]
    Algorithm,
    /// The key cannot be read, or is not one of the algorithm.
    #[error("the DPoP proof's `jwk` is not a public key of its `alg`")]
    Key,
    /// Check 6.
    #[error("the DPoP proof's signature is not by its `jwk`")]
    Signature,
    /// Check 7.
    #[error("the DPoP proof shows a private key, which is compromised now: make another")]
    PrivateKey,
    /// Check 8.
    #[error("the DPoP proof is for another method")]
    Method,
    /// Check 9.
    #[error("the DPoP proof is for another address")]
    Address,
    /// Check 10.
    #[error("the DPoP proof lacks the server's nonce, or has an old one")]
    Nonce,
    /// Check 11.
    #[error("the DPoP proof's `iat` is more than 60 seconds away: a clock is wrong, or it is old")]
    Time,
    /// Check 12, first half.
    #[error("the DPoP proof's `ath` is not the hash of the access token")]
    TokenHash,
    /// Check 12, second half.
    #[error("the access token is bound to another key")]
    OtherKey,
}

impl ProofError {
    /// The code of RFC 9449 (sections 5, 7.1 and 8).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nonce => "use_dpop_nonce",
            _ => INVALID_PROOF,
        }
    }

    /// The `WWW-Authenticate` that tells it.
    #[must_use]
    pub const fn challenge(self) -> &'static str {
        match self {
            Self::Nonce => USE_NONCE,
            _ => BAD_PROOF,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Nonce => "make the proof again with the nonce of the answer's `DPoP-Nonce` header",
            _ => "RFC 9449, section 4.2, says what a proof holds",
        }
    }
}
