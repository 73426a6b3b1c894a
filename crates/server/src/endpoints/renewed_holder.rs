//! `POST /v1/requests/{id}/holder`: a token of the session that follows, for whoever held the one that was renewed.

use super::holder::{self, HolderView};
use crate::caller::{Asker, NamedRequest};
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::{Asked, Lifecycle, RequestState};

/// For a renewal that the owner approved: they agreed to the same holder. A token made before is no longer good. The old
/// session may have run out, but not have been revoked.
#[utoipa::path(post, path = "/v1/requests/{id}/holder", operation_id = "makeRenewedHolderToken", tag = "requests", params(("id" = String, Path,)),
    responses((status = 200, body = HolderView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    NamedRequest(id): NamedRequest,
) -> Result<Json<HolderView>, ApiError> {
    let mut tx = app.store.begin().await?;
    let found = tx.requests().find(id).await?.filter(|request| asker.sees(request));
    let request = found.ok_or_else(|| ApiError::missing("request"))?;
    if !matches!((&request.asked, request.state), (Asked::Renewal { .. }, RequestState::Approved { .. })) {
        return Err(ApiError::conflict("not_renewed", "this request is no renewal that its owner approved"));
    }
    let missing = || ApiError::missing("session");
    let before = tx.sessions().find_key(request.session).await?.ok_or_else(missing)?;
    if !matches!(before.lifecycle, Lifecycle::Active { .. } | Lifecycle::Expired { .. }) {
        let says = format!("the session that was renewed is {}", before.lifecycle.name());
        return Err(
            ApiError::conflict("session_ended", says).hint("its owner makes a token with `hallpass session token`")
        );
    }
    if let Asker::Owner(caller) = &asker {
        caller.expect_use(request.proposal)?;
    }
    let next = tx.sessions().find_key(request.proposal).await?.ok_or_else(missing)?;
    // Handed on once: whoever shows the old token later may be a thief of it.
    if tx.sessions().has_holder(next.id).await? {
        return Err(ApiError::conflict("has_holder", "the session that follows has a holder's token already")
            .hint("its owner makes another one with `hallpass session token`"));
    }
    holder::make(&app, tx, &next, asker.actor()).await.map(Json)
}
