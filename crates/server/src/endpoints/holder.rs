//! `POST /v1/sessions/{id}/holder`: a token for whoever holds the session: a bot, a game.

use crate::app::event;
use crate::caller::{Caller, Named};
use crate::error::Problem;
use crate::work::own;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Action, Actor, Subject, Token};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A holder's token.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct HolderView {
    /// Shown once. It asks for signatures inside this session's grant, for as long as the session lives, and nothing else.
    pub token: String,
}

/// Makes a token; one made before is no longer good. Ending the session ends it.
#[utoipa::path(post, path = "/v1/sessions/{id}/holder", operation_id = "makeHolderToken", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = HolderView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller, Named(id): Named) -> Result<Json<HolderView>, ApiError> {
    let token = Token::from_random(app.random()?);
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), &caller, id).await?;
    if session.lifecycle.is_terminal() {
        return Err(ApiError::conflict("session_ended", "an ended session has no holder"));
    }
    let line =
        event(app.clock.now(), Actor::Owner(caller.user()), Action::Created, Subject::Key(id), caller.user(), None);
    tx.sessions().set_holder(id, &token.hash(), &line).await?;
    tx.commit().await?;
    Ok(Json(HolderView { token: token.reveal().to_string() }))
}
