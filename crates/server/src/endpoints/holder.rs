//! `POST /v1/sessions/{id}/holder`: a token for whoever holds the session: a bot, a game.

use crate::app::event;
use crate::caller::{AnyLogin, Named};
use crate::error::Problem;
use crate::work::own;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Action, Actor, KeySession, Subject, Token, TokenKind};
use hallpass_store::Tx;
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
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
) -> Result<Json<HolderView>, ApiError> {
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), &caller, id).await?;
    make(&app, tx, &session, Actor::Owner(caller.user())).await.map(Json)
}

/// Makes a token for a session, in the transaction that read it.
///
/// # Errors
/// 409 for a session that has ended.
pub async fn make(app: &App, mut tx: Box<dyn Tx>, session: &KeySession, actor: Actor) -> Result<HolderView, ApiError> {
    let token = Token::from_random(TokenKind::Holder, app.random()?);
    let id = session.id;
    if session.lifecycle.is_terminal() {
        return Err(ApiError::conflict("session_ended", "an ended session has no holder"));
    }
    let line = event(app.clock.now(), actor, Action::Created, Subject::Key(id), session.user, None);
    tx.sessions().set_holder(id, &token.hash(), &line).await?;
    tx.commit().await?;
    Ok(HolderView { token: token.reveal().to_string() })
}
