//! `POST /v1/requests/{id}/approve`: the owner's signature of the grant that answers a request.

use super::approve::{self, ApproveBody, ApproveView};
use super::get_request::own;
use super::request_shapes::RequestView;
use super::shapes::{Body, bytes};
use crate::caller::asking::MayAsk;
use crate::caller::{AnyLogin, NamedRequest};
use crate::error::Problem;
use crate::work::consent::Agreed;
use crate::work::requests::{carry, words};
use crate::work::{install, requests};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Asked, How, RequestState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An approved request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AnsweredView {
    /// The request.
    pub request: RequestView,
    /// The grant that stands now.
    pub approved: ApproveView,
    /// Why what was approved could not be done yet; sent again by either side, it goes on where it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Problem>,
}

/// Takes the signature as `/v1/sessions/{id}/approve` does for the drafted grant; then does what was asked, once, where it was
/// to be executed. Sent again, it goes on where it stopped.
#[utoipa::path(post, path = "/v1/requests/{id}/approve", operation_id = "approveRequest", tag = "requests", params(("id" = String, Path,)),
    request_body = ApproveBody,
    responses((status = 200, body = AnsweredView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asks: MayAsk,
    AnyLogin(caller): AnyLogin,
    NamedRequest(id): NamedRequest,
    Body(body): Body<ApproveBody>,
) -> Result<Json<AnsweredView>, ApiError> {
    let signature = bytes("signature", &body.signature)?;
    let delegation = body.authorization.map(|a| approve::read(&a)).transpose()?;
    let request = own(&app, &caller, id).await?;
    caller.expect_use(request.session)?;
    let state = request.state_at(app.clock.now());
    if !matches!(state, RequestState::Open | RequestState::Approved { .. }) {
        return Err(ApiError { status: axum::http::StatusCode::CONFLICT, ..requests::ended(state) });
    }
    let text = words::of(&app, &request).await?.to_text();
    let agreed = Agreed::to(text, body.words_hash.as_deref(), asks.page)?;
    let (session, receipt) = install::approve(&app, &caller, request.proposal, &signature, delegation, agreed).await?;
    let request = own(&app, &caller, id).await?;
    let execute = matches!(request.asked, Asked::OneOff { how: How::Execute, .. });
    let pending = if execute { carry::approved(&app, &request).await.err().map(|e| e.problem) } else { None };
    Ok(Json(AnsweredView {
        request: RequestView::of(&app, &request, true).await?,
        approved: ApproveView::of(&session, receipt),
        pending,
    }))
}
