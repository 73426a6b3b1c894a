//! `POST /v1/login/step_up`: the wallet proves itself once more.

use super::login::{LoginView, answer};
use super::shapes::{Body, bytes};
use crate::caller::AnyLogin;
use crate::error::Problem;
use crate::work::wallet;
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wallet's answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepUpBody {
    /// A new login message, byte by byte as it was signed.
    pub message: String,
    /// 65 bytes, 0x-hex.
    pub signature: String,
}

/// By the session's own account alone. The session goes on with new tokens, and the old ones are dead when this answers.
#[utoipa::path(post, path = "/v1/login/step_up", operation_id = "stepUp", tag = "login", request_body = StepUpBody,
    responses((status = 200, body = LoginView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Body(body): Body<StepUpBody>,
) -> Result<Response, ApiError> {
    let signature = bytes("signature", &body.signature)?;
    app.limits.account(&caller.account(), app.clock.now())?;
    let proven = wallet::prove(&app, &body.message, &signature).await?;
    if proven.account != caller.account() {
        let says = "another account signed than the one that is logged in";
        return Err(
            ApiError::forbidden("other_account", says).hint("sign with the account of this session, or log in anew")
        );
    }
    let given = app.logins.step_up(caller.login.id, proven.contract).await?;
    Ok(answer(StatusCode::OK, &given, app.clock.now()))
}
