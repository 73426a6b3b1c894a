//! What is answered to whoever is not let in: as Hallpass itself answers.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hallpass_auth::dpop::{LOG_IN, ProofError, ReplayError};

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token, or none that is good: one sentence for every reason.
    #[error("there is no valid session behind this request")]
    NotLoggedIn,
    /// More than one `Authorization`.
    #[error("the request shows more than one credential")]
    TwoCredentials,
    /// The proof beside the token.
    #[error(transparent)]
    Proof(ProofError),
    /// The proof was shown before, or no more can be remembered.
    #[error(transparent)]
    Replay(ReplayError),
    /// The account has not the role of that name.
    #[error("this is for accounts that have `{0}`")]
    RoleRequired(String),
    /// It could not be found out.
    #[error("it cannot be found out now who is logged in")]
    Unavailable,
    /// The route has no layer.
    #[error("this route asks who is logged in, and nothing finds it out")]
    NoGuard,
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotLoggedIn => "not_logged_in",
            Self::TwoCredentials => "two_credentials",
            Self::Proof(error) => error.code(),
            Self::Replay(error) => error.code(),
            Self::RoleRequired(_) => "role_required",
            Self::Unavailable => "login_check_unavailable",
            Self::NoGuard => "no_guard",
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotLoggedIn | Self::Proof(_) | Self::Replay(ReplayError::Seen) => StatusCode::UNAUTHORIZED,
            Self::TwoCredentials => StatusCode::BAD_REQUEST,
            Self::Replay(ReplayError::Full) => StatusCode::TOO_MANY_REQUESTS,
            Self::RoleRequired(_) => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoGuard => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::NotLoggedIn => "log in first",
            Self::TwoCredentials => "send one `Authorization`",
            Self::Proof(error) => error.hint(),
            Self::Replay(error) => error.hint(),
            Self::RoleRequired(_) => "`GET /v1/me/roles` of Hallpass says what gives each role",
            Self::Unavailable => "try again in a few seconds",
            Self::NoGuard => "put `.layer(guard.require_login())` around the route",
        }
    }

    const fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::NotLoggedIn => Some(LOG_IN),
            Self::Proof(error) => Some(error.challenge()),
            Self::Replay(error) => error.challenge(),
            Self::TwoCredentials | Self::RoleRequired(_) | Self::Unavailable | Self::NoGuard => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "code": self.code(), "says": self.to_string(), "hint": self.hint() });
        let mut response = (self.status(), Json(body)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
