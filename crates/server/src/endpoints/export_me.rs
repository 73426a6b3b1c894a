//! `GET /v1/me/export`: everything that is stored of the caller.

use crate::caller::Fresh;
use crate::error::Problem;
use crate::{ApiError, App};
use axum::Json;
use axum::extract::{Query, State};
use hallpass_session::AuditEvent;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// Most audit events in one answer.
const MOST: usize = 5_000;

/// Which part of the audit log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// Events after this place; from the beginning where absent.
    #[serde(default)]
    pub audit_after: u64,
}

/// What is stored of a person, as it is stored. Without hashes of tokens, which are of use to nobody, and without keys, which
/// never leave the vault.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Export {
    /// The person's id here.
    pub user: String,
    /// CAIP-10.
    pub account: String,
    /// When it was first proved, Unix seconds.
    pub created: u64,
    /// Logins, ended ones too, oldest first.
    pub logins: Vec<Value>,
    /// Key sessions, ended ones too, oldest first.
    pub sessions: Vec<Value>,
    /// Grants as they were asked for and answered.
    pub grants: Vec<Value>,
    /// What the person was shown of the grants that they approved.
    pub consents: Vec<Value>,
    /// What the person was asked beside new grants.
    pub requests: Vec<Value>,
    /// Operations that were signed, and have not died without effect.
    pub operations: Vec<Value>,
    /// Audit events, in order.
    pub audit: Vec<Value>,
    /// The `audit_after` of the next part; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_after: Option<u64>,
}

/// The wallet must have proved itself lately. The whole but the audit log comes with every part.
#[utoipa::path(get, path = "/v1/me/export", operation_id = "exportMe", tag = "login", params(ExportQuery),
    responses((status = 200, body = Export), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    Fresh(caller): Fresh,
    query: Result<Query<ExportQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Export>, ApiError> {
    let Query(ExportQuery { audit_after }) =
        query.map_err(|_| ApiError::bad("bad_query", "`audit_after` is a place in the audit log"))?;
    let user = caller.user();
    let mut tx = app.store.read().await?;
    let account = tx.accounts().find(user).await?.ok_or_else(ApiError::unauthorized)?;
    let grants = tx.grants().list(user).await?;
    let (mut operations, mut consents) = (Vec::new(), Vec::new());
    for grant in &grants {
        consents.extend(tx.grants().consent(grant.id).await?);
        operations.extend(tx.reservations().held(grant.id, 0).await?);
    }
    let audit = tx.audit().list(Some(user), audit_after, MOST).await?;
    let next = if audit.len() == MOST { audit.last().and_then(|event: &AuditEvent| event.seq) } else { None };
    Ok(Json(Export {
        user: user.to_string(),
        account: account.account.to_string(),
        created: account.created.get(),
        logins: values(&tx.logins().list(user).await?, &["access", "refresh"])?,
        sessions: values(&tx.sessions().list_keys(user).await?, &[])?,
        grants: values(&grants, &[])?,
        consents: values(&consents, &[])?,
        requests: values(&tx.requests().list(user).await?, &[])?,
        operations: values(&operations, &[])?,
        audit: values(&audit, &[])?,
        audit_after: next,
    }))
}

/// As they are stored, but for some fields.
fn values<T: Serialize>(rows: &[T], without: &[&str]) -> Result<Vec<Value>, ApiError> {
    let one = |row: &T| {
        let value = serde_json::to_value(row).map_err(|e| ApiError::internal("encode", e.to_string()))?;
        let Value::Object(fields) = value else { return Ok(value) };
        let kept: Map<String, Value> =
            fields.into_iter().filter(|(name, _)| !without.contains(&name.as_str())).collect();
        Ok(Value::Object(kept))
    };
    rows.iter().map(one).collect()
}
