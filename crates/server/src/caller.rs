//! Who asks: the login session behind the bearer token.

use crate::{ApiError, App};
use axum::extract::{FromRequestParts, Path};
use axum::http::{header::AUTHORIZATION, request::Parts};
use hallpass_session::{LoginSession, Token};
use hallpass_types::{AccountId, SessionId, UserId};

/// A caller who is logged in. Extracting it answers 401 for everything else.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The login session.
    pub session: LoginSession,
}

impl Caller {
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
        let header =
            parts.headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok()).ok_or_else(ApiError::unauthorized)?;
        let text = header.strip_prefix("Bearer ").ok_or_else(ApiError::unauthorized)?;
        let token: Token = text.parse().map_err(|_| ApiError::unauthorized())?;
        let mut tx = app.store.read().await?;
        let session = tx.sessions().find_login_by_token(&token.hash()).await?.ok_or_else(ApiError::unauthorized)?;
        if session.is_live(app.clock.now()) { Ok(Self { session }) } else { Err(ApiError::unauthorized()) }
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
