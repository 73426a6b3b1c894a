//! `POST /v1/logins/{id}/revoke`, `/v1/logins/revoke_all` and `/v1/logins/revoke_others`: ends logins of the caller's.

use crate::caller::{AnyLogin, Caller, Fresh, Named};
use crate::error::Problem;
use crate::logins::end::Which;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Actor, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct EndedLogins {
    /// The sessions that had not ended before; good for nothing when this answers.
    pub ended: Vec<String>,
}

async fn end(app: &App, caller: &Caller, which: Which) -> Result<EndedLogins, ApiError> {
    let ended = app.logins.end(which, Actor::Owner(caller.user()), Reason::OwnerAsked).await?;
    Ok(EndedLogins { ended: ended.iter().map(|login| login.id.to_string()).collect() })
}

/// One. Sent again, it answers the same with nothing in it; 404 for what is nobody's or somebody else's.
#[utoipa::path(post, path = "/v1/logins/{id}/revoke", operation_id = "revokeLogin", tag = "login", params(("id" = String, Path,)),
    responses((status = 200, body = EndedLogins), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
) -> Result<Json<EndedLogins>, ApiError> {
    let known = app.store.read().await?.logins().find(id).await?.filter(|login| login.user == caller.user());
    known.ok_or_else(|| ApiError::missing("session"))?;
    end(&app, &caller, Which::One(caller.user(), id)).await.map(Json)
}

/// All, the one that asks too. The wallet must have proved itself lately.
#[utoipa::path(post, path = "/v1/logins/revoke_all", operation_id = "revokeAllLogins", tag = "login",
    responses((status = 200, body = EndedLogins), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn all(State(app): State<App>, Fresh(caller): Fresh) -> Result<Json<EndedLogins>, ApiError> {
    end(&app, &caller, Which::All(caller.user())).await.map(Json)
}

/// All but the one that asks. The wallet must have proved itself lately.
#[utoipa::path(post, path = "/v1/logins/revoke_others", operation_id = "revokeOtherLogins", tag = "login",
    responses((status = 200, body = EndedLogins), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn others(State(app): State<App>, Fresh(caller): Fresh) -> Result<Json<EndedLogins>, ApiError> {
    end(&app, &caller, Which::Others(caller.user(), caller.login.id)).await.map(Json)
}
