//! `POST /v1/sessions/{id}/renew`: asks the owner for the same pass later.

use super::request_shapes::accepted;
use super::shapes::Body;
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::work::requests::renew::{self, Later};
use crate::{ApiError, App};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewBody {
    /// How many seconds the new pass lasts, from the end of this one; as long as this one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<u64>,
    /// What it is for, at most 128 characters; shown to the owner as a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many seconds the owner has to answer, 1 to 86,400; never past the end of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// Answers 202 with the request; the one that is open already, where there is one.
#[utoipa::path(post, path = "/v1/sessions/{id}/renew", operation_id = "renewSession", tag = "requests", params(("id" = String, Path,)),
    request_body = RenewBody,
    responses((status = 202, body = super::request_shapes::RequestView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    Named(id): Named,
    Body(body): Body<RenewBody>,
) -> Result<Response, ApiError> {
    let how = Later { lasts: body.lasts, why: body.why.as_deref(), seconds: body.seconds };
    let request = renew::ask(&app, &asker, asker.actor(), id, how).await?;
    accepted(&app, &request).await
}
