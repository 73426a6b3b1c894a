//! `POST /v1/sessions/{id}/sign`: reserves and signs; the asker sends.

use super::request_shapes::{AskBody, RequestView, accepted, terms};
use super::shapes::{Body, CostView, address, idempotency_key};
use super::user_op::{Bundle, RouteBody, UserOpBody};
use crate::caller::{Asker, Named};
use crate::error::Problem;
use crate::work::books::Left;
use crate::work::requests::{Outcome, carry};
use crate::work::sign::{Done, ToSend};
use crate::{ApiError, App};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hallpass_chain::transaction;
use hallpass_policy::eval::Action;
use hallpass_policy::json::ask::read_action;
use hallpass_session::Route;
use hallpass_signer::Wanted;
use hallpass_types::{ChainId, IdempotencyKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What is to be signed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignBody {
    /// 1 to 128 visible ASCII characters; a retry with the same key finds the same operation.
    pub idempotency_key: String,
    /// `{"call": {..}}`, `{"batch": [{"call": {..}}]}`, `{"typed": {..}}` as `eth_signTypedData_v4` takes it,
    /// `{"app": {"app", "verb", "attrs"}}`, or `{"transaction": {..}}` as `eth_signTransaction` takes it.
    #[schema(value_type = Object)]
    pub action: Value,
    /// For calls: the sequence number to use; the next free one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// For calls: the route, direct where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<RouteBody>,
    /// For the route `entrypoint`: gas, prices and who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_op: Option<UserOpBody>,
    /// For calls on the direct route: who will send it, where the grant leaves that open; this server's relayer where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relayer: Option<String>,
    /// Whether the owner is asked where the pass does not allow it: one call, under a contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<AskBody>,
}

impl SignBody {
    /// Reads what is wanted.
    ///
    /// # Errors
    /// 400 naming the place.
    pub fn wanted(&self, chain: ChainId) -> Result<Wanted, ApiError> {
        let relayer = self.relayer.as_deref().map(|text| address("relayer", text)).transpose()?;
        let by_entry_point = self.by_entry_point()?;
        if let Some(tx) =
            self.action.as_object().filter(|kinds| kinds.len() == 1).and_then(|kinds| kinds.get("transaction"))
        {
            if by_entry_point.is_some() {
                return Err(ApiError::bad("bad_route", "an EntryPoint carries calls, and nothing else"));
            }
            let request = serde_json::from_value(tx.clone())
                .map_err(|e| ApiError::bad("bad_transaction_request", format!("`action.transaction`: {e}")))?;
            return transaction::read(&request, chain)
                .map(Wanted::Transaction)
                .map_err(|e| ApiError::bad(e.code(), e.to_string()));
        }
        match read_action(&self.action).map_err(|e| ApiError::bad(e.code(), e.to_string()))? {
            Action::Calls(batch) if let Some(op) = by_entry_point => {
                Ok(Wanted::UserOp(Box::new(op.wanted(batch, self.sequence)?)))
            }
            _ if by_entry_point.is_some() => {
                Err(ApiError::bad("bad_route", "an EntryPoint carries calls, and nothing else"))
            }
            Action::Calls(batch) => Ok(Wanted::Calls(batch, self.sequence, relayer)),
            Action::Typed(message) => Ok(Wanted::Message(message)),
            Action::App(action) => Ok(Wanted::App(action)),
        }
    }

    /// What is asked of an EntryPoint; `None` for the direct route.
    fn by_entry_point(&self) -> Result<Option<&UserOpBody>, ApiError> {
        match (self.route, &self.user_op) {
            (Some(RouteBody::EntryPoint), Some(_)) if self.relayer.is_some() => Err(ApiError::bad(
                "bad_route",
                "on an EntryPoint's route nobody is named as `relayer`: anyone may bundle",
            )),
            (Some(RouteBody::EntryPoint), Some(op)) => Ok(Some(op)),
            (Some(RouteBody::EntryPoint), None) => {
                Err(ApiError::bad("bad_user_op", "the route `entrypoint` needs `user_op`: gas limits and prices"))
            }
            (None | Some(RouteBody::Direct), Some(_)) => {
                Err(ApiError::bad("bad_route", "`user_op` is for the route `entrypoint`"))
            }
            (None | Some(RouteBody::Direct), None) => Ok(None),
        }
    }

    /// Its idempotency key.
    ///
    /// # Errors
    /// 400 for another shape.
    pub fn key(&self) -> Result<IdempotencyKey, ApiError> {
        idempotency_key(&self.idempotency_key)
    }
}

/// What was signed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignView {
    /// The reservation's id.
    pub operation: String,
    /// `direct` for an operation of the account, `entrypoint` for a user operation, `plain` for a transaction, `bare` for a message or an app action.
    pub route: String,
    /// What was signed, 32 bytes.
    pub digest: String,
    /// 65 bytes for secp256k1; absent for an app action, which is only counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The sequence number or nonce that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u32>,
    /// The lane of that sequence on the direct route; absent for lane 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u8>,
    /// Inclusive, Unix seconds.
    pub valid_from: u64,
    /// Exclusive, Unix seconds; without meaning for a transaction.
    pub valid_until: u64,
    /// For calls: what `from` sends to `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallToSend>,
    /// For a transaction: signed, for `eth_sendRawTransaction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// For a transaction: its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// For a user operation: what is sent to a bundler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
    /// The rule that allowed each call.
    pub rules: Vec<u16>,
    /// What it costs.
    pub costs: Vec<CostView>,
    /// What is left of every meter, this action counted.
    pub left: Vec<Left>,
}

/// A call that carries an operation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CallToSend {
    /// Who must send it.
    pub from: String,
    /// The account.
    pub to: String,
    /// Calldata, 0x-hex.
    pub data: String,
}

impl From<Done> for SignView {
    fn from(done: Done) -> Self {
        let r = done.reservation;
        let bundle = match &done.ready {
            Some(ToSend::Bundle(bundle)) => Some(Bundle::from(bundle.as_ref())),
            _ => None,
        };
        let (call, raw, hash) = match done.ready {
            None | Some(ToSend::Bundle(_)) => (None, None, None),
            Some(ToSend::Raw(raw, hash)) => (None, Some(raw.to_string()), Some(hash.to_string())),
            Some(ToSend::Call { to, data, from }) => {
                let (from, to) = (from.to_checksum(None), to.to_checksum(None));
                (Some(CallToSend { from, to, data: data.to_string() }), None, None)
            }
        };
        let route = match r.route {
            Route::Direct => "direct",
            Route::EntryPoint => "entrypoint",
            Route::Plain => "plain",
            Route::Bare => "bare",
        };
        Self {
            operation: r.id.to_string(),
            route: route.to_owned(),
            digest: r.digest.to_string(),
            signature: done.signature.map(|s| s.to_string()),
            sequence: (r.route != Route::Bare).then_some(r.sequence),
            lane: r.counter.further(),
            valid_from: r.valid_from.get(),
            valid_until: r.valid_until.get(),
            call,
            raw,
            hash,
            bundle,
            rules: done.rules,
            costs: r.costs.iter().map(CostView::from).collect(),
            left: done.left,
        }
    }
}

/// A denial answers 403 with its code; nothing was reserved then. The owner may ask, and the holder. With `ask`, what the owner
/// could allow becomes a request to them, and answers 202; sent again with the same key once it is approved, it is signed.
#[utoipa::path(post, path = "/v1/sessions/{id}/sign", operation_id = "sign", tag = "sessions", params(("id" = String, Path,)),
    request_body = SignBody,
    responses((status = 200, body = SignView), (status = 202, body = RequestView), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asker: Asker,
    Named(id): Named,
    Body(body): Body<SignBody>,
) -> Result<Response, ApiError> {
    let (wanted, key) = (body.wanted(app.settings.chain)?, body.key()?);
    match carry::sign(&app, &asker, id, wanted, key, &terms(body.ask)).await? {
        Outcome::Done(done) => Ok(Json(SignView::from(done)).into_response()),
        Outcome::Asked(request) => accepted(&app, &request).await,
    }
}
