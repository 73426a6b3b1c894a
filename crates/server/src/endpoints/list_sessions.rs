//! `GET /v1/sessions`: everything the caller has handed out, ended ones too.

use super::shapes::SessionView;
use crate::caller::Caller;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;

/// Logins and key sessions, oldest first.
#[utoipa::path(get, path = "/v1/sessions", operation_id = "listSessions", tag = "sessions",
    responses((status = 200, body = Vec<SessionView>), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller) -> Result<Json<Vec<SessionView>>, ApiError> {
    let mut tx = app.store.read().await?;
    let mut out = Vec::new();
    for s in tx.logins().list(caller.user()).await? {
        out.push(SessionView::of_login(&s));
    }
    for s in tx.sessions().list_keys(caller.user()).await? {
        let title = tx.grants().find(s.grant).await?.map(|g| g.title).filter(|t| !t.is_empty());
        out.push(SessionView::of_key(&s, title));
    }
    Ok(Json(out))
}
