//! Who asks: the login session, or the key session, behind the bearer token.

use crate::{ApiError, App};
use axum::extract::{FromRequestParts, Path};
use axum::http::{header::AUTHORIZATION, request::Parts};
use hallpass_session::{Actor, KeySession, LoginSession, OwnerRequest, Token, TokenHash};
use hallpass_store::Tx;
use hallpass_types::{AccountId, RequestId, SessionId, UserId};

/// A caller who is logged in. Extracting it answers 401 for everything else.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The login session.
    pub session: LoginSession,
}

impl Caller {
    async fn of(app: &App, hash: &TokenHash) -> Result<Self, ApiError> {
        let mut tx = app.store.read().await?;
        let session = tx.sessions().find_login_by_token(hash).await?.ok_or_else(ApiError::unauthorized)?;
        if session.is_live(app.clock.now()) { Ok(Self { session }) } else { Err(ApiError::unauthorized()) }
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.session.user
    }

    /// The wallet that was proved.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.session.account
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        Self::of(app, &bearer(parts)?.hash()).await
    }
}

/// Who asks a key session for something: its owner, or its holder.
#[derive(Debug, Clone)]
pub enum Asker {
    /// The owner, logged in.
    Owner(Caller),
    /// Whoever holds the session's own token: a bot, a game.
    Holder(SessionId),
    /// The same over the local socket, authenticated once: what is known of the chain may be a few seconds old.
    Local(SessionId),
}

impl Asker {
    /// Whether a request is the asker's to see: asked of it, or by it.
    #[must_use]
    pub fn sees(&self, request: &OwnerRequest) -> bool {
        match self {
            Self::Owner(caller) => request.user == caller.user(),
            Self::Holder(held) | Self::Local(held) => request.session == *held,
        }
    }

    /// Who it is, for the audit trail.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Owner(caller) => Actor::Owner(caller.user()),
            Self::Holder(held) | Self::Local(held) => Actor::Holder(*held),
        }
    }

    /// The session, where it is the asker's own.
    ///
    /// # Errors
    /// 404 also for somebody else's.
    pub async fn session(&self, tx: &mut dyn Tx, id: SessionId) -> Result<KeySession, ApiError> {
        let found = tx.sessions().find_key(id).await?;
        let own = |session: &KeySession| match self {
            Self::Owner(caller) => session.user == caller.user(),
            Self::Holder(held) | Self::Local(held) => session.id == *held,
        };
        found.filter(own).ok_or_else(|| ApiError::missing("session"))
    }
}

impl FromRequestParts<App> for Asker {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let hash = bearer(parts)?.hash();
        let mut tx = app.store.read().await?;
        if let Some(session) = tx.sessions().find_key_by_holder(&hash).await? {
            return Ok(Self::Holder(session.id));
        }
        drop(tx);
        Caller::of(app, &hash).await.map(Self::Owner)
    }
}

fn bearer(parts: &Parts) -> Result<Token, ApiError> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(ApiError::unauthorized)?;
    let text = header.strip_prefix("Bearer ").ok_or_else(ApiError::unauthorized)?;
    text.parse().map_err(|_| ApiError::unauthorized())
}

/// The request that a path names; as [`Named`].
#[derive(Debug, Clone, Copy)]
pub struct NamedRequest(pub RequestId);

impl FromRequestParts<App> for NamedRequest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<RequestId>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ApiError::missing("request"))
    }
}

/// The session that a path names. One that cannot be read is nobody's, and answers 404 as any other that is not there.
#[derive(Debug, Clone, Copy)]
pub struct Named(pub SessionId);

impl FromRequestParts<App> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let path = Path::<SessionId>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Self(id)).map_err(|_| ApiError::missing("session"))
    }
}
