//! `GET /v1/logins`: where the caller is logged in.

use super::shapes::reason;
use crate::caller::Caller;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use hallpass_session::LoginSession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A login, to its owner.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct OwnLogin {
    /// The session's id.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// active, expired or revoked.
    pub state: String,
    /// Why it ended, where somebody ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How its token is bound: `bearer`, `cookie` or `dpop`.
    pub binding: String,
    /// What the device is called: a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The network it was begun from: IPv4 /24, IPv6 /48.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Unix seconds.
    pub created: u64,
    /// Unix seconds.
    pub last_used: u64,
    /// When the wallet last proved itself, Unix seconds.
    pub proved_at: u64,
    /// Where a grant's signature proved it: the only session that it may use, until a message steps it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_pass: Option<String>,
    /// Exclusive, Unix seconds: when it ends if it is not used again.
    pub ends: u64,
    /// Exclusive, Unix seconds, whatever the activity.
    pub not_after: u64,
}

/// Oldest first, ended ones too.
#[utoipa::path(get, path = "/v1/logins", operation_id = "listLogins", tag = "login",
    responses((status = 200, body = Vec<OwnLogin>), (status = 401, body = Problem)))]
pub async fn handler(State(app): State<App>, caller: Caller) -> Result<Json<Vec<OwnLogin>>, ApiError> {
    let mut tx = app.store.read().await?;
    let logins = tx.logins().list(caller.user()).await?;
    Ok(Json(logins.into_iter().map(|login| OwnLogin::of(&app, &caller, login)).collect()))
}

impl OwnLogin {
    /// A login, as the caller sees it.
    #[must_use]
    pub fn of(app: &App, caller: &Caller, login: LoginSession) -> Self {
        let used = app.logins.last_used(login.id).unwrap_or(login.seen).max(login.seen);
        // What ran out and was not swept yet has run out.
        let over = login.lifecycle.is_active() && !login.is_live(app.clock.now(), used);
        Self {
            id: login.id.to_string(),
            current: login.id == caller.login.id,
            state: if over { "expired" } else { login.lifecycle.name() }.to_owned(),
            reason: reason(&login.lifecycle).map(str::to_owned),
            binding: login.binding.name().to_owned(),
            created: login.created.get(),
            last_used: used.get(),
            proved_at: login.proved_at.get(),
            own_pass: login.own_pass.map(|pass| pass.to_string()),
            ends: login.ends(used).get(),
            not_after: login.not_after.get(),
            device: login.device,
            ip: login.ip,
        }
    }
}
