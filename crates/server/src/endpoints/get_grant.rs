//! `GET /v1/sessions/{id}`: a key session and its grant, in every form.

use super::request_grant::GrantView;
use crate::app::{record_id, sealed_key};
use crate::caller::{AnyLogin, Named};
use crate::error::Problem;
use crate::work::replace::replaced_grant;
use crate::work::requests::words;
use crate::work::{home, own, stored_grant};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::KeySession;
use hallpass_store::Tx;

/// Another owner's session answers 404.
#[utoipa::path(get, path = "/v1/sessions/{id}", operation_id = "getSession", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = GrantView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
) -> Result<Json<GrantView>, ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), &caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let view = view(&app, tx.as_mut(), &session).await?;
    drop(tx);
    if grant.backend.is_zero() {
        return Ok(Json(view));
    }
    let home = home(&session, caller.account().address);
    let ready = home.ready(&app.chain.node, &app.chain.suite, grant.account).await;
    Ok(Json(match ready {
        Ok(ready) => view.needing(ready),
        Err(_) => view,
    }))
}

/// A session's grant as its owner is shown it, but for what the account still needs.
///
/// # Errors
/// As the store.
pub async fn view(app: &App, tx: &mut dyn Tx, session: &KeySession) -> Result<GrantView, ApiError> {
    let (stored, grant) = stored_grant(tx, session).await?;
    let old = match stored.replaces {
        None => None,
        Some(id) => Some(replaced_grant(tx, id).await?),
    };
    let outside = sealed_key(tx, &record_id("session", session.id)).await?.is_none();
    let consent = tx.grants().consent(session.grant).await?;
    let view = GrantView::new(session, &grant, &app.settings.lists, outside, old.as_ref()).agreed(consent.as_ref());
    // What was asked belongs to it: there is one text that a signature agrees to.
    Ok(match tx.requests().find_by_proposal(session.id).await? {
        Some(request) => view.saying(words::of(app, &request).await?.lines),
        None => view,
    })
}
