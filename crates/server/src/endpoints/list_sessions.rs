//! `GET /v1/sessions`: everything the caller has handed out, ended ones too.

use super::shapes::SessionView;
use crate::caller::AnyLogin;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// Logins and key sessions, oldest first. A login by a grant's signature is told of itself and its own pass.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "listSessions", tag = "sessions",
    responses((status = 200, body = Vec<SessionView>), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, AnyLogin(caller): AnyLogin) -> Result<Json<Vec<SessionView>>, ApiError> {
    let mut tx = app.store.read().await?;
    let mut out = Vec::new();
    let login = &caller.login;
    let told = |id| login.own_pass.is_none_or(|pass| id == pass || id == login.id);
    for s in tx.logins().list(caller.user()).await?.into_iter().filter(|s| told(s.id)) {
        out.push(SessionView::of_login(&s));
    }
    for s in tx.sessions().list_keys(caller.user()).await?.into_iter().filter(|s| told(s.id)) {
        let title = tx.grants().find(s.grant).await?.map(|g| g.title).filter(|t| !t.is_empty());
        out.push(SessionView::of_key(&s, title));
    }
    Ok(Json(out))
}
