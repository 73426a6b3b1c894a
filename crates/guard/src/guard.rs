//! Decides about a request.

use crate::ask::Asking;
use crate::layer::RequireLogin;
use crate::refusal::Refusal;
use crate::remembered::Remembered;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use hallpass_auth::dpop::{self, Expected, Nonces, ProofError, Replays};
use hallpass_session::{Token, TokenKind};
use hallpass_types::{AccountId, Clock, SessionId, UnixSeconds, UserId};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

/// How long an answer is good where nothing else is said, in seconds.
const SECONDS: u64 = 5;
/// The longest that may be said.
const MAX_SECONDS: u64 = 60;

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account that was proved, CAIP-10 when printed.
    pub account: AccountId,
    /// The person's id at Hallpass.
    pub user: UserId,
    /// The login.
    pub session: SessionId,
    /// When the wallet last proved itself.
    pub proved_at: UnixSeconds,
    /// The token's exclusive end.
    pub not_after: UnixSeconds,
    /// The roles that the account has, in the order of Hallpass's configuration.
    pub roles: Vec<String>,
}

impl Login {
    /// Whether the account has a role, by its very name.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|had| had == role)
    }
}

/// What Hallpass said of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Whose it is.
    pub login: Login,
    /// The thumbprint of the key that must be proved with it.
    pub jkt: Option<[u8; 32]>,
}

/// Finds out who is logged in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    asking: Asking,
    /// The app's own address, without a slash at its end.
    own: String,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Remembered>,
    nonces: Nonces,
    replays: Mutex<Replays>,
}

impl core::fmt::Debug for Inner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Guard").field("asking", &self.asking).field("own", &self.own).finish_non_exhaustive()
    }
}

/// Why there is no guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// An address that is none.
    #[error("hallpass's or the app's own address is no http or https url without user, query and fragment")]
    Url,
    /// Secrets would travel in clear.
    #[error("hallpass is asked over https, or over http on loopback alone")]
    Plain,
    /// The credential has another shape.
    #[error("the credential is `hpi_` and 64 lower-case hex digits, as `hallpass logins credential` prints it")]
    Credential,
    /// More than a minute.
    #[error("an answer is remembered for at most 60 seconds")]
    TooLong,
    /// The operating system gave no randomness.
    #[error("the operating system gave no random bytes")]
    Random,
    /// TLS cannot be set up.
    #[error("there is no http client: tls cannot be set up")]
    Client,
}

impl GuardError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Url => "bad_url",
            Self::Plain => "insecure_url",
            Self::Credential => "bad_credential",
            Self::TooLong => "too_long",
            Self::Random => "no_randomness",
            Self::Client => "no_client",
        }
    }
}

impl Guard {
    /// By Hallpass's URL, this app's credential (`hpi_...`), and the address that programs know this app by:
    /// `https://api.example`. Proofs must name that address; what is asked for stands behind it.
    ///
    /// # Errors
    /// [`GuardError`].
    pub fn new(hallpass: &str, credential: &str, own: &str) -> Result<Self, GuardError> {
        Self::remembering(hallpass, credential, own, SECONDS)
    }

    /// The same, and an answer is good for this many seconds, 0 to 60. 0 asks about every request.
    ///
    /// # Errors
    /// [`GuardError`].
    pub fn remembering(hallpass: &str, credential: &str, own: &str, seconds: u64) -> Result<Self, GuardError> {
        Self::by(hallpass, credential, own, seconds, Arc::new(SystemClock))
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// [`GuardError`].
    pub fn by(
        hallpass: &str,
        credential: &str,
        own: &str,
        seconds: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, GuardError> {
        if seconds > MAX_SECONDS {
            return Err(GuardError::TooLong);
        }
        let own = own.trim_end_matches('/').to_owned();
        if own.contains(['?', '#']) || dpop::htu::normal(&own).is_none() {
            return Err(GuardError::Url);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| GuardError::Random)?;
        Ok(Self(Arc::new(Inner {
            asking: Asking::new(hallpass, credential)?,
            own,
            clock,
            remembered: Mutex::new(Remembered::new(seconds)),
            nonces: Nonces::new(key),
            replays: Mutex::default(),
        })))
    }

    /// The layer for routes.
    #[must_use]
    pub fn require_login(&self) -> RequireLogin {
        RequireLogin { guard: self.clone(), role: None }
    }

    /// The layer for routes that are for accounts with a role. One layer around another asks for both roles.
    #[must_use]
    pub fn require_role(&self, role: &str) -> RequireLogin {
        RequireLogin { guard: self.clone(), role: Some(role.into()) }
    }

    /// Whether both are one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The nonce that a proof is to have now; an answer to a request with a proof has it as `DPoP-Nonce`.
    #[must_use]
    pub fn nonce(&self) -> String {
        self.0.nonces.at(self.0.clock.now())
    }

    /// Who is behind a request of `method` to `path`, the whole path as it was asked for.
    ///
    /// # Errors
    /// [`Refusal`]: answer with it, and do nothing.
    pub async fn check(&self, headers: &HeaderMap, method: &str, path: &str) -> Result<Login, Refusal> {
        let token = shown(headers)?;
        let known = self.known(&token).await?.ok_or(Refusal::NotLoggedIn);
        if token.kind() == TokenKind::Dpop {
            // No key has this thumbprint: a token that is not good, and one of another key, are told apart by nobody.
            let bound = known.as_ref().ok().and_then(|known| known.jkt).unwrap_or([0; 32]);
            self.proved(headers, method, path, &token, bound)?;
        }
        known.map(|known| known.login)
    }

    async fn known(&self, token: &Token) -> Result<Option<Known>, Refusal> {
        let (hash, asked) = (token.hash(), self.0.clock.now());
        let lost = |_| Refusal::Unavailable;
        if let Some(known) = self.0.remembered.lock().map_err(lost)?.get(&hash, asked) {
            return Ok(Some(known));
        }
        let said = self.0.asking.ask(token).await.map_err(|why| {
            tracing::error!(why, "it cannot be found out who is logged in");
            Refusal::Unavailable
        })?;
        // It may have run out while it was asked about.
        let known = said.filter(|known| self.0.clock.now() < known.login.not_after);
        let mut remembered = self.0.remembered.lock().map_err(lost)?;
        match &known {
            Some(known) => remembered.put(hash, asked, known.clone()),
            None => remembered.remove(&hash),
        }
        Ok(known)
    }

    fn proved(
        &self,
        headers: &HeaderMap,
        method: &str,
        path: &str,
        token: &Token,
        bound: [u8; 32],
    ) -> Result<(), Refusal> {
        let shown: Vec<&[u8]> = headers.get_all("dpop").iter().map(|value| value.as_bytes()).collect();
        let (text, uri, now) = (token.reveal(), format!("{}{path}", self.0.own), self.0.clock.now());
        let expected = Expected { method, uri: &uri, nonces: &self.0.nonces, now, token: Some((&text, bound)) };
        let proof = dpop::verify(&shown, &expected).map_err(|error| match error {
            ProofError::OtherKey => Refusal::NotLoggedIn,
            other => Refusal::Proof(other),
        })?;
        let mut replays = self.0.replays.lock().map_err(|_| Refusal::Unavailable)?;
        replays.take(proof.jkt, &proof.jti, proof.period).map_err(Refusal::Replay)
    }
}

/// The access token, under the scheme of its kind.
fn shown(headers: &HeaderMap) -> Result<Token, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let first = all.next().ok_or(Refusal::NotLoggedIn)?;
    if all.next().is_some() {
        return Err(Refusal::TwoCredentials);
    }
    let token = first.to_str().ok().and_then(Token::of_authorization);
    // A holder's token is for Hallpass itself.
    token.filter(|token| token.kind() != TokenKind::Holder).ok_or(Refusal::NotLoggedIn)
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the real time is read")]
    fn now(&self) -> UnixSeconds {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        UnixSeconds::new(since).unwrap_or(UnixSeconds::EPOCH)
    }
}
