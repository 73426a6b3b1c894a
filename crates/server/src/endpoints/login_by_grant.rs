//! `POST /v1/login/grant/{id}`: one signature for a login and a pass.

use super::approve::{ApproveView, AuthorizationBody, read};
use super::login::{LoginView, with_cookie};
use super::shapes::{Body, bytes};
use crate::caller::Named;
use crate::error::Problem;
use crate::logins::door::{Door, Ways};
use crate::work::{sign_in, wallet};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wallet's answer.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginByGrantBody {
    /// 65 bytes over the typed data, 0x-hex.
    pub signature: String,
    /// Where the account is not delegated yet: a signed EIP-7702 authorization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<AuthorizationBody>,
    /// As for `POST /v1/sessions/{id}/approve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words_hash: Option<String>,
    /// As for `POST /v1/login`.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub cookie: bool,
    /// As for `POST /v1/login`.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub refresh: bool,
    /// As for `POST /v1/login`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// A login, and the pass that was approved with it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LoginByGrantView {
    /// The login.
    #[serde(flatten)]
    pub login: LoginView,
    /// The pass; absent where it does not stand yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<ApproveView>,
    /// Why it does not. The login stands all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Whether the grant was stored, so that `POST /v1/sessions/{id}/approve` goes on with the same signature.
    pub kept: bool,
}

/// Uses the grant's nonce up, whatever comes of it, unless something is missing that no signature makes good. A login by a grant
/// has not stepped up: for what asks for that, a message is signed (`POST /v1/login/step_up`).
#[utoipa::path(post, path = "/v1/login/grant/{id}", operation_id = "loginByGrant", tag = "login", params(("id" = String, Path,)),
    request_body = LoginByGrantBody,
    responses((status = 201, body = LoginByGrantView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    Named(id): Named,
    parts: Parts,
    Body(body): Body<LoginByGrantBody>,
) -> Result<Response, ApiError> {
    let signature = bytes("signature", &body.signature)?;
    let delegation = body.authorization.map(|a| read(&a)).transpose()?;
    let ways = Ways { cookie: body.cookie, refresh: body.refresh, device: body.device };
    let door = Door::of(&app, &parts, ways)?;
    let (opening, agreed) = sign_in::take(&app, &id, &door, delegation.is_some(), body.words_hash.as_deref())?;
    let owner = opening.owner;
    let proved = wallet::prove_by_grant(&app, &opening, &signature).await;
    app.alerts.login(&app, owner, proved.as_ref().map(|_| ()));
    let given = door.enter(&app, proved?).await?;
    let stood = sign_in::stand(&app, &given, opening.drafted, signature, delegation, agreed).await;
    let kept = stood.is_ok();
    let (approved, problem) = match stood {
        Ok(Ok((session, receipt))) => (Some(ApproveView::of(&session, receipt)), None),
        Ok(Err(error)) | Err(error) => (None, Some(error.problem)),
    };
    let view = LoginByGrantView { login: LoginView::of(&given), approved, problem, kept };
    Ok(with_cookie((StatusCode::CREATED, Json(view)).into_response(), &given, app.clock.now()))
}
