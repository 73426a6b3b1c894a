//! What the endpoints of the OAuth family share: forms in, and errors with OAuth's own members beside ours.

use crate::ApiError;
use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A refusal as RFC 6749, section 5.2, has it, with our `code` and `says`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OauthProblem {
    /// OAuth's name for it.
    pub error: String,
    /// One sentence.
    pub error_description: String,
    /// The same as `error`.
    pub code: String,
    /// The same as `error_description`.
    pub says: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// A refusal.
#[derive(Debug)]
pub struct OauthError(pub ApiError);

impl From<ApiError> for OauthError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let Self(error) = self;
        let problem = OauthProblem {
            error: error.problem.code.clone(),
            error_description: error.problem.says.clone(),
            code: error.problem.code.clone(),
            says: error.problem.says.clone(),
            hint: error.problem.hint.clone(),
        };
        // Status and challenge are the refusal's own; only the body is another.
        let (parts, _) = error.into_response().into_parts();
        let mut response = (parts.status, Json(problem)).into_response();
        for name in [axum::http::header::WWW_AUTHENTICATE, axum::http::header::RETRY_AFTER] {
            if let Some(value) = parts.headers.get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }
}

/// A form (`application/x-www-form-urlencoded`). A parameter that stands twice is refused, one that is not known is not looked
/// at (RFC 6749, section 3.2).
#[derive(Debug)]
pub struct Fields<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = OauthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OauthError> {
        match Form::<T>::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => {
                let (status, says) = match rejection {
                    FormRejection::InvalidFormContentType(_) => {
                        (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is a form: application/x-www-form-urlencoded")
                    }
                    FormRejection::BytesRejection(_) => (StatusCode::PAYLOAD_TOO_LARGE, "a body has at most 64 KiB"),
                    _ => (StatusCode::BAD_REQUEST, "a parameter is missing, stands twice, or cannot be read"),
                };
                Err(ApiError::new(status, "invalid_request", says).into())
            }
        }
    }
}
