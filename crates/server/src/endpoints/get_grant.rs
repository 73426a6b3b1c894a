//! `GET /v1/sessions/{id}`: a key session and its grant, in every form.

use super::request_grant::GrantView;
use crate::app::{record_id, sealed_key};
use crate::caller::{Caller, Named};
use crate::error::Problem;
use crate::work::replace::replaced_grant;
use crate::work::{home, own, stored_grant};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_chain::hallpass::Ready;

/// Another owner's session answers 404.
#[utoipa::path(get, path = "/v1/sessions/{id}", operation_id = "getSession", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = GrantView), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller, Named(id): Named) -> Result<Json<GrantView>, ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), &caller, id).await?;
    let (stored, grant) = stored_grant(tx.as_mut(), &session).await?;
    let old = match stored.replaces {
        None => None,
        Some(id) => Some(replaced_grant(tx.as_mut(), id).await?),
    };
    let outside = sealed_key(tx.as_mut(), &record_id("session", id)).await?.is_none();
    let needs = if grant.backend.is_zero() {
        None
    } else {
        let home = home(&session, caller.account().address);
        let ready = home.ready(&app.chain.node, &app.chain.suite, grant.account).await;
        matches!(ready, Ok(Ready::NeedsDelegation)).then_some("delegation")
    };
    let view = GrantView::new(&session, &grant, &app.settings.lists, needs, outside);
    Ok(Json(view.replacing(old.as_ref(), &grant)))
}
