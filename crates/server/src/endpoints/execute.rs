//! `POST /v1/sessions/{id}/execute`: reserves, signs, sends.

use super::request_shapes::{AskBody, RequestView, accepted, terms};
use super::shapes::{ActionBody, Body, CostView, idempotency_key};
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::work::books::Left;
use crate::work::requests::{Outcome, carry};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is to be done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExecuteBody {
    /// 1 to 128 visible ASCII characters; a retry with the same key finds the same operation.
    pub idempotency_key: String,
    /// The action.
    pub action: ActionBody,
    /// The sequence number to use; the next free one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// Whether the owner is asked where the pass does not allow it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskBody>,
}

/// What was done.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ExecuteView {
    /// The reservation's id.
    pub operation: String,
    /// The sequence number that it used.
    pub sequence: u32,
    /// The lane of that sequence; absent for lane 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u8>,
    /// The transaction.
    pub tx: String,
    /// The block's number.
    pub block: u64,
    /// Whether it succeeded; a revert changes nothing on chain, and its budget stays held until it can no longer execute.
    pub success: bool,
    /// Gas units used.
    pub gas_used: u64,
    /// What it cost.
    pub costs: Vec<CostView>,
    /// What is left of every meter, this operation counted.
    pub left: Vec<Left>,
}

/// A denial answers 403 with its code; nothing was reserved then. With `ask`, what the owner could allow becomes a request to
/// them, and answers 202; sent again with the same key once it is approved, the action is executed, once.
#[utoipa::path(post, path = "/v1/sessions/{id}/execute", operation_id = "execute", tag = "sessions", params(("id" = String, Path,)),
    request_body = ExecuteBody,
    responses((status = 200, body = ExecuteView), (status = 202, body = RequestView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    Named(id): Named,
    Body(body): Body<ExecuteBody>,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&body.idempotency_key)?;
    let terms = terms(body.ask);
    let done = match carry::execute(&app, &asker, id, body.action.read()?, key, body.sequence, &terms).await? {
        Outcome::Done(done) => done,
        Outcome::Asked(request) => return accepted(&app, &request).await,
    };
    let view = ExecuteView {
        operation: done.reservation.id.to_string(),
        sequence: done.reservation.sequence,
        lane: done.reservation.counter.further(),
        tx: done.receipt.tx.to_string(),
        block: done.receipt.block,
        success: done.receipt.success,
        gas_used: done.receipt.gas_used,
        costs: done.reservation.costs.iter().map(CostView::from).collect(),
        left: done.left,
    };
    Ok(Json(view).into_response())
}
