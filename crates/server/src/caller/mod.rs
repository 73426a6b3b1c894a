//! Who asks: the login session, or the key session, behind what a request comes with.
//!
//! [`shown`]: what that is; more than one thing is refused. [`origin`]: which pages may use a browser's cookie.
//! [`proof`]: that whoever shows a token holds its key. [`outer`]: what was asked of a proxy in front of an app.
//! [`asking`]: which pages may ask for a login or a grant.

pub mod asking;
pub mod origin;
pub mod outer;
pub mod proof;
pub mod shown;

use crate::{ApiError, App};
use axum::extract::{FromRequestParts, Path};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use hallpass_session::{Actor, KeySession, LiveLogin, OwnerRequest, TokenKind};
use hallpass_store::Tx;
use hallpass_types::{AccountId, RequestId, SessionId, UserId};
use shown::Shown;

/// A caller who is logged in. Extracting it answers 401 for everything else, and 403 `step_up_required` for a login that may
/// use one pass alone ([`AnyLogin`] takes that too).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The login session.
    pub login: LiveLogin,
}

impl Caller {
    async fn of(app: &App, parts: &Parts, shown: &Shown) -> Result<Self, ApiError> {
        if shown.is_cookie() {
            origin::check(parts, &app.settings)?;
        }
        let uri = app.settings.address(parts.uri.path());
        Self::by(app, &parts.headers, parts.method.as_str(), &uri, shown).await
    }

    /// By what is shown for a request of `method` to `uri`, where the page behind it may send it.
    async fn by(app: &App, headers: &HeaderMap, method: &str, uri: &str, shown: &Shown) -> Result<Self, ApiError> {
        let hash = shown.token().hash();
        let checked = app.logins.check(&hash);
        if let Shown::Dpop(token) = shown {
            proof::check(app, headers, (method, uri), token, checked.as_ref().map(|checked| &checked.login))?;
        }
        let checked = checked.ok_or_else(ApiError::unauthorized)?;
        app.logins.used(&checked, hash).await?;
        Ok(Self { login: checked.login })
    }

    /// That a message proved the wallet, so that the login may do whatever its owner may.
    ///
    /// # Errors
    /// 403 `step_up_required`.
    pub fn expect_whole(self) -> Result<Self, ApiError> {
        if self.login.own_pass.is_none() { Ok(self) } else { Err(step_up_required()) }
    }

    /// Whether the wallet proved itself within the time that the operator set, by a message: no wallet compares a grant with
    /// the page that asks for it.
    #[must_use]
    pub fn is_fresh(&self, app: &App) -> bool {
        let until = self.login.proved_at.plus(app.logins.bounds().step_up);
        self.login.own_pass.is_none() && until.is_some_and(|until| app.clock.now() < until)
    }

    /// That it did.
    ///
    /// # Errors
    /// 403 `step_up_required`.
    pub fn expect_fresh(&self, app: &App) -> Result<(), ApiError> {
        if self.is_fresh(app) { Ok(()) } else { Err(step_up_required()) }
    }

    /// That the login may use a session of its owner's, and not only end it: one that a grant's signature made may use the one
    /// that stands on that grant.
    ///
    /// # Errors
    /// 403 `step_up_required`.
    pub fn expect_use(&self, session: SessionId) -> Result<(), ApiError> {
        match self.login.own_pass {
            Some(own) if own != session => Err(step_up_required()),
            _ => Ok(()),
        }
    }

    /// The person.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.login.user
    }

    /// The wallet that was proved.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.login.account
    }
}

/// A caller who is logged in, if only by the signature of a grant: whoever takes one says what such a login may do
/// ([`Caller::expect_use`]).
#[derive(Debug, Clone)]
pub struct AnyLogin(pub Caller);

/// A caller whose wallet proved itself lately: what grants, exports, deletes, or ends everything asks for one.
#[derive(Debug, Clone)]
pub struct Fresh(pub Caller);

/// 403: the wallet is to prove itself once more.
#[must_use]
pub fn step_up_required() -> ApiError {
    let says = "this needs a login whose wallet proved itself lately";
    ApiError::forbidden("step_up_required", says)
        .hint("sign a new login message and send it to POST /v1/login/step_up, or run `hallpass login --step-up`")
}

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let AnyLogin(caller) = AnyLogin::from_request_parts(parts, app).await?;
        caller.expect_whole()
    }
}

impl FromRequestParts<App> for AnyLogin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let shown = Shown::of(&parts.headers)?;
        Caller::of(app, parts, &shown).await.map(Self)
    }
}

impl FromRequestParts<App> for Fresh {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.expect_fresh(app)?;
        Ok(Self(caller))
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
            Self::Owner(caller) => request.user == caller.user() && caller.expect_use(request.session).is_ok(),
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

    /// The session, where it is the asker's own to use.
    ///
    /// # Errors
    /// 404 also for somebody else's; 403 as [`Caller::expect_use`].
    pub async fn session_to_use(&self, tx: &mut dyn Tx, id: SessionId) -> Result<KeySession, ApiError> {
        let session = self.session(tx, id).await?;
        if let Self::Owner(caller) = self {
            caller.expect_use(id)?;
        }
        Ok(session)
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
        let shown = Shown::of(&parts.headers)?;
        if shown.token().kind() != TokenKind::Holder {
            return Caller::of(app, parts, &shown).await.map(Self::Owner);
        }
        let mut tx = app.store.read().await?;
        let held = tx.sessions().find_key_by_holder(&shown.token().hash()).await?;
        held.map(|session| Self::Holder(session.id)).ok_or_else(ApiError::unauthorized)
    }
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
