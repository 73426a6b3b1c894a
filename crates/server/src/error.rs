//! What a refusal looks like: a status, a stable code, one sentence, and a hint where one helps.

use crate::roles::Decision;
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hallpass_auth::dpop::LOG_IN;
use hallpass_chain::NodeError;
use hallpass_chain::hallpass::HomeError;
use hallpass_session::{SettleError, TransitionError};
use hallpass_store::StoreError;
use hallpass_vault::{CreateError, SignError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every refusal.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// The stable code.
    pub code: String,
    /// One sentence.
    pub says: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What it was decided by, where roles were asked for: of each that the account has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Decision>,
}

/// A refusal.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body.
    pub problem: Problem,
    /// What is asked for instead, as `WWW-Authenticate` has it.
    pub challenge: Option<&'static str>,
    /// Seconds to wait, as `Retry-After` has them.
    pub retry_after: Option<u64>,
}

impl ApiError {
    /// A refusal.
    #[must_use]
    pub fn new(status: StatusCode, code: &str, says: impl Into<String>) -> Self {
        let problem = Problem { code: code.to_owned(), says: says.into(), hint: None, evidence: Vec::new() };
        Self { status, problem, challenge: None, retry_after: None }
    }

    /// Says in `WWW-Authenticate` what to come with.
    #[must_use]
    pub const fn challenge(mut self, challenge: &'static str) -> Self {
        self.challenge = Some(challenge);
        self
    }

    /// Says in `Retry-After` how many seconds to wait.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// 403
    #[must_use]
    pub fn forbidden(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, says)
    }

    /// 400
    #[must_use]
    pub fn bad(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, says)
    }

    /// 401, with one sentence for every reason, so that nothing can be learned from it.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_logged_in", "there is no valid session behind this request")
            .hint("log in first")
            .challenge(LOG_IN)
    }

    /// 404, also for what is somebody else's.
    #[must_use]
    pub fn missing(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// 409
    #[must_use]
    pub fn conflict(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, says)
    }

    /// 422
    #[must_use]
    pub fn refused(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, says)
    }

    /// 500
    #[must_use]
    pub fn internal(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, says)
    }

    /// 503
    #[must_use]
    pub fn unavailable(code: &str, says: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, says)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.problem.hint = Some(hint.into());
        self
    }

    /// Adds what it was decided by.
    #[must_use]
    pub fn evidence(mut self, evidence: Vec<Decision>) -> Self {
        self.problem.evidence = evidence;
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!(code = %self.problem.code, says = %self.problem.says, "refused");
        }
        let mut response = (self.status, Json(self.problem)).into_response();
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error.code() {
            "other_request" => {
                Self::conflict("other_request", error.to_string()).hint("use a new idempotency key for a new request")
            }
            "already_exists" => Self::conflict("already_exists", error.to_string()),
            "stale_write" => Self::conflict("stale_write", error.to_string()).hint("read it again and retry"),
            code => Self::unavailable(code, error.to_string()),
        }
    }
}

impl From<NodeError> for ApiError {
    fn from(error: NodeError) -> Self {
        match &error {
            NodeError::Reverts { code, .. } => Self::refused(code, format!("the chain refuses: {code}")),
            _ => Self::new(StatusCode::BAD_GATEWAY, error.code(), error.to_string())
                .hint("nothing was lost; look at the node and send the same request again"),
        }
    }
}

impl From<HomeError> for ApiError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Node(node) => node.into(),
            other => Self::refused(other.code(), other.to_string()),
        }
    }
}

impl From<TransitionError> for ApiError {
    fn from(error: TransitionError) -> Self {
        Self::conflict(error.code(), error.to_string())
    }
}

impl From<SettleError> for ApiError {
    fn from(error: SettleError) -> Self {
        Self::conflict(error.code(), error.to_string())
    }
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> Self {
        Self::internal(error.code(), error.to_string())
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        Self::unavailable(error.code(), error.to_string())
    }
}
