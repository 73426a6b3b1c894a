//! `POST /v1/logout`: ends the login session that asks.

use super::login::set_cookie;
use crate::caller::AnyLogin;
use crate::error::Problem;
use crate::logins::end::Which;
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hallpass_session::{Actor, Binding, Reason};

/// Every token of it is dead when this answers; a browser is told to forget its cookie.
#[utoipa::path(post, path = "/v1/logout", operation_id = "logout", tag = "login",
    responses((status = 204), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, AnyLogin(caller): AnyLogin) -> Result<Response, ApiError> {
    let id = caller.login.id;
    app.logins.end(Which::One(caller.user(), id), Actor::Holder(id), Reason::HolderAsked).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    if caller.login.binding == Binding::Cookie {
        set_cookie(&mut response, "", 0);
    }
    Ok(response)
}
