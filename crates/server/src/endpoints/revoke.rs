//! `POST /v1/sessions/{id}/revoke`: ends a key session, or one of the caller's own logins.

use super::shapes::SessionView;
use crate::caller::{AnyLogin, Asker, Named};
use crate::error::Problem;
use crate::work::end::{self, Ended};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the revocation has reached.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RevokeView {
    /// Nothing is signed for it any more. `revoking` until a final block shows the end, then `revoked`.
    pub session: SessionView,
    /// Whether the key is held outside: its holder can act past this server until the end is in a block.
    pub outside: bool,
    /// Signed operations that could still execute, as far as final blocks have told; those of a key outside are not known.
    pub outstanding: usize,
    /// Until when, in Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outstanding_until: Option<u64>,
    /// The transaction that ended it on chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
    /// Gas units that took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_used: Option<u64>,
    /// Why the chain does not know yet; the server keeps trying.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Problem>,
}

/// The end here is durable before this answers; the end on chain is sent and, where that fails, tried again.
#[utoipa::path(post, path = "/v1/sessions/{id}/revoke", operation_id = "revoke", tag = "sessions", params(("id" = String, Path,)),
    responses((status = 200, body = RevokeView), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
) -> Result<Json<RevokeView>, ApiError> {
    if let Some(login) = end::revoke_login(&app, &caller, id).await? {
        let session = SessionView::of_login(&login);
        return Ok(Json(RevokeView {
            session,
            outside: false,
            outstanding: 0,
            outstanding_until: None,
            tx: None,
            gas_used: None,
            pending: None,
        }));
    }
    let ended = end::revoke(&app, &Asker::Owner(caller), id).await?;
    Ok(Json(RevokeView::from(ended)))
}

impl From<Ended> for RevokeView {
    fn from(ended: Ended) -> Self {
        Self {
            session: SessionView::of_key(&ended.session, None),
            outside: ended.outside,
            outstanding: ended.outstanding,
            outstanding_until: ended.outstanding_until,
            tx: ended.on_chain.map(|r| r.tx.to_string()),
            gas_used: ended.on_chain.map(|r| r.gas_used),
            pending: ended.pending.map(|e| e.problem),
        }
    }
}
