//! `POST /v1/sessions/{id}/rpc`: JSON-RPC 2.0, in the form of web3signer.

use super::shapes::Body;
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::{ApiError, App, rpc};
use axum::Json;
use axum::extract::State;
use serde_json::Value;

/// Most requests in one batch.
const MOST: usize = 64;

/// `eth_accounts`, `eth_chainId`, `eth_signTypedData`, `eth_signTypedData_v4`, `eth_signTransaction`, `hallpass_sign`,
/// `hallpass_check`, `hallpass_surrender`; one request, or a list of up to 64. Refusals are JSON-RPC errors whose `data.code` is the stable code.
#[utoipa::path(post, path = "/v1/sessions/{id}/rpc", operation_id = "rpc", tag = "sessions", params(("id" = String, Path,)),
    request_body = Object,
    responses((status = 200, body = Object), (status = 400, body = Problem), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    Named(id): Named,
    Body(body): Body<Value>,
) -> Result<Json<Value>, ApiError> {
    let Value::Array(requests) = body else {
        return Ok(Json(rpc::answer(&app, &asker, id, &body).await));
    };
    if requests.is_empty() || requests.len() > MOST {
        return Err(ApiError::bad("bad_batch", format!("a batch has 1 to {MOST} requests")));
    }
    let mut answers = Vec::with_capacity(requests.len());
    for request in &requests {
        answers.push(rpc::answer(&app, &asker, id, request).await);
    }
    Ok(Json(Value::Array(answers)))
}
