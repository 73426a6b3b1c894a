//! Extractors. They find what [`RequireLogin`](crate::RequireLogin) found out, and nothing by themselves.

use crate::guard::Login;
use crate::refusal::Refusal;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use hallpass_types::AccountId;

impl<S: Sync> FromRequestParts<S> for Login {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or(Refusal::NoGuard)
    }
}

/// The account that is logged in, alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account(pub AccountId);

impl<S: Sync> FromRequestParts<S> for Account {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Login::from_request_parts(parts, state).await.map(|login| Self(login.account))
    }
}
