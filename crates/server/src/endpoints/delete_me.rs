//! `POST /v1/me/delete`: deletes the caller's personal data.

use super::refuse::refuse;
use super::shapes::Body;
use crate::app::{event, record_id};
use crate::caller::{Asker, Caller, Fresh};
use crate::error::Problem;
use crate::work::end;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Action, Actor, Lifecycle, Reason, Subject};
use hallpass_store::StoreError;
use hallpass_types::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether what lives is ended for it.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteBody {
    /// End every session and every other login first.
    #[serde(default)]
    pub end_sessions: bool,
}

/// What is gone.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Deleted {
    /// The id that audit events go on naming; it leads to nobody any more.
    pub user: String,
}

/// The wallet must have proved itself lately. Nothing is deleted while a session lives, an operation could still execute, or an end
/// is not yet final on chain; then the caller stays logged in, to send it again. Its own login ends with the deletion.
#[utoipa::path(post, path = "/v1/me/delete", operation_id = "deleteMe", tag = "login", request_body = DeleteBody,
    responses((status = 200, body = Deleted), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    Fresh(caller): Fresh,
    Body(body): Body<DeleteBody>,
) -> Result<Json<Deleted>, ApiError> {
    let user = caller.user();
    let mut tx = app.store.read().await?;
    let mut keys = tx.sessions().list_keys(user).await?;
    let logins = tx.logins().list_live_of(user).await?;
    drop(tx);
    let all: Vec<SessionId> = keys.iter().map(|key| key.id).collect();
    keys.retain(|key| !key.lifecycle.is_terminal());
    let others = logins.iter().filter(|login| login.id != caller.login.id).count();
    if keys.len() + others > 0 && !body.end_sessions {
        let says = format!("{} sessions and {others} other logins are live, and nothing was deleted", keys.len());
        return Err(ApiError::conflict("still_live", says)
            .hint("end them, or send `end_sessions: true` (`hallpass me delete --end-sessions`)"));
    }
    for key in keys {
        match key.lifecycle {
            Lifecycle::Requested { .. } => refuse(&app, &caller, key.id).await.map(|_| ())?,
            _ => end::revoke(&app, &Asker::Owner(caller.clone()), key.id).await.map(|_| ())?,
        }
    }
    delete(&app, &caller, all).await?;
    Ok(Json(Deleted { user: user.to_string() }))
}

/// Ends the logins, forgets the sessions' keys and destroys the person's key, together or not at all.
async fn delete(app: &App, caller: &Caller, sessions: Vec<SessionId>) -> Result<(), ApiError> {
    let user = caller.user();
    let change = app.logins.change(move |work| {
        Box::pin(async move {
            let by = Actor::Owner(user);
            for login in work.tx.logins().list_live_of(user).await? {
                let ended = login.revoke(work.now, Reason::OwnerAsked, by)?;
                work.save(ended, Action::Revoked, by, Some(Reason::OwnerAsked)).await?;
            }
            for id in sessions {
                for kind in ["session", "ender"] {
                    work.tx.vault().delete_record(&record_id(kind, id)).await?;
                }
            }
            let line = event(work.now, by, Action::DataDeleted, Subject::Account(user), user, None);
            work.tx.accounts().delete_personal_data(user, &line).await.map_err(|error| match error {
                StoreError::StillLive => still_ending(),
                other => other.into(),
            })?;
            work.wrote();
            Ok(())
        })
    });
    change.await
}

fn still_ending() -> ApiError {
    let says = "sessions have ended here, and not yet at a final block; nothing was deleted";
    ApiError::conflict("still_ending", says)
        .hint("no more is signed for them; send it again once `hallpass session list` shows them as revoked")
}
