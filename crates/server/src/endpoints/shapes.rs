//! What several endpoints read and show.

use crate::ApiError;
use crate::work::books::Left;
use crate::work::judge::Judged;
use alloy_primitives::{Address, Bytes, U256, hex};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use core::str::FromStr;
use hallpass_policy::{Batch, Call, Cost, Denial};
use hallpass_session::{Installation, KeySession, Lifecycle, LoginSession};
use hallpass_types::{ChainId, IdempotencyKey, account::parse_address};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A JSON body; what cannot be read answers 400 with a code of ours.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => {
                let code = match &rejection {
                    JsonRejection::BytesRejection(_) => "body_too_large",
                    JsonRejection::MissingJsonContentType(_) => "not_json",
                    _ => "bad_body",
                };
                Err(ApiError::new(rejection.status(), code, rejection.body_text()))
            }
        }
    }
}

/// One contract call.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBody {
    /// CAIP-2.
    pub chain: String,
    /// The contract.
    pub to: String,
    /// Wei, as a decimal string.
    pub value: String,
    /// Calldata, 0x-hex; `0x` for empty.
    pub data: String,
}

/// A call, or a batch of calls that is all or nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ActionBody {
    /// One call.
    Call(CallBody),
    /// Several, each written as `{"call": {...}}`.
    Batch(Vec<BatchItem>),
}

/// A call in a batch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// The call.
    pub call: CallBody,
}

impl ActionBody {
    /// Reads it.
    ///
    /// # Errors
    /// 400 naming the field.
    pub fn read(&self) -> Result<Batch, ApiError> {
        let calls: Vec<&CallBody> = match self {
            Self::Call(call) => vec![call],
            Self::Batch(items) => items.iter().map(|item| &item.call).collect(),
        };
        let first = calls
            .first()
            .ok_or_else(|| ApiError::refused("empty_batch", "an operation must hold at least one call"))?;
        let chain = chain(&first.chain)?;
        let mut out = Vec::with_capacity(calls.len());
        for call in calls {
            if self::chain(&call.chain)? != chain {
                return Err(ApiError::bad("mixed_chains", "a batch stays on one chain"));
            }
            out.push(Call {
                to: address("to", &call.to)?,
                value: decimal("value", &call.value)?,
                data: bytes("data", &call.data)?,
            });
        }
        Ok(Batch { chain, calls: out })
    }
}

fn chain(text: &str) -> Result<ChainId, ApiError> {
    text.parse()
        .map_err(|e: hallpass_types::account::AccountError| ApiError::bad(e.code(), format!("`chain`: `{text}`: {e}")))
}

/// Reads an address.
///
/// # Errors
/// 400 naming the field.
pub fn address(field: &str, text: &str) -> Result<Address, ApiError> {
    parse_address(text).map_err(|e| ApiError::bad(e.code(), format!("`{field}`: `{text}`: {e}")))
}

/// Reads a decimal string.
///
/// # Errors
/// 400 naming the field.
pub fn decimal(field: &str, text: &str) -> Result<U256, ApiError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { U256::from_str(text).ok() } else { None };
    value.ok_or_else(|| ApiError::bad("bad_amount", format!("`{field}`: `{text}` is no decimal number below 2^256")))
}

/// Reads 0x-hex.
///
/// # Errors
/// 400 naming the field.
pub fn bytes(field: &str, text: &str) -> Result<Bytes, ApiError> {
    let decoded = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    decoded.map(Bytes::from).ok_or_else(|| ApiError::bad("bad_hex", format!("`{field}` is no 0x-hex")))
}

/// What an operation charges to a meter.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CostView {
    /// The meter's id.
    pub meter: u16,
    /// The window, counted from the meter's anchor.
    pub window: u32,
    /// In smallest units, as a decimal string.
    pub amount: String,
}

impl From<&Cost> for CostView {
    fn from(cost: &Cost) -> Self {
        Self { meter: cost.meter, window: cost.window, amount: cost.amount.to_string() }
    }
}

/// What the policy says of an action.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VerdictView {
    /// The answer.
    pub allowed: bool,
    /// The rule that allowed each call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<u16>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<CostView>,
    /// The denial code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The place in the grant that denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// One plain sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// What is left of every meter, this action not counted.
    #[serde(default)]
    pub left: Vec<Left>,
}

impl VerdictView {
    /// Allowed.
    #[must_use]
    pub fn allowed(rules: Vec<u16>, costs: &[Cost], left: Vec<Left>) -> Self {
        Self {
            allowed: true,
            rules,
            costs: costs.iter().map(CostView::from).collect(),
            code: None,
            at: None,
            says: None,
            left,
        }
    }

    /// What was judged.
    #[must_use]
    pub fn of(judged: Judged, left: Vec<Left>) -> Self {
        match judged {
            Ok((rules, costs)) => Self::allowed(rules, &costs, left),
            Err(denial) => Self::denied(&denial, left),
        }
    }

    /// Denied.
    #[must_use]
    pub fn denied(denial: &Denial, left: Vec<Left>) -> Self {
        Self {
            allowed: false,
            rules: Vec::new(),
            costs: Vec::new(),
            code: Some(denial.code.to_string()),
            at: Some(denial.at.clone()),
            says: Some(denial.to_string()),
            left,
        }
    }
}

/// An idempotency key.
///
/// # Errors
/// 400 for another shape.
pub fn idempotency_key(text: &str) -> Result<IdempotencyKey, ApiError> {
    IdempotencyKey::try_from(text.to_owned()).map_err(|e| ApiError::bad("bad_idempotency_key", e.to_string()))
}

/// A session as its owner sees it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    /// The session's id.
    pub id: String,
    /// `login` or `key`.
    pub kind: String,
    /// requested, active, suspended, expired, revoking, revoked or refused.
    pub state: String,
    /// Why it ended, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// CAIP-10.
    pub account: String,
    /// What the requester calls it: a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The grant's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// The session key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the grant stands on chain: `no`, `submitted` or `yes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed: Option<String>,
    /// Inclusive, Unix seconds.
    pub not_before: u64,
    /// Exclusive, Unix seconds.
    pub not_after: u64,
}

/// Why a session was moved, where its state has a reason.
#[must_use]
pub const fn reason(lifecycle: &Lifecycle) -> Option<&'static str> {
    match lifecycle {
        Lifecycle::Suspended { reason, .. }
        | Lifecycle::Revoking { reason, .. }
        | Lifecycle::Revoked { reason, .. }
        | Lifecycle::Refused { reason, .. } => Some(reason.code()),
        Lifecycle::Requested { .. } | Lifecycle::Active { .. } | Lifecycle::Expired { .. } => None,
    }
}

impl SessionView {
    /// A login session.
    #[must_use]
    pub fn of_login(s: &LoginSession) -> Self {
        Self {
            id: s.id.to_string(),
            kind: "login".to_owned(),
            state: s.lifecycle.name().to_owned(),
            reason: reason(&s.lifecycle).map(str::to_owned),
            account: s.account.to_string(),
            title: None,
            grant: None,
            key: None,
            installed: None,
            not_before: s.created.get(),
            not_after: s.not_after.get(),
        }
    }

    /// A key session.
    #[must_use]
    pub fn of_key(s: &KeySession, title: Option<String>) -> Self {
        let installed = match s.install {
            Installation::NotInstalled => "no",
            Installation::Submitted { .. } => "submitted",
            Installation::Installed { .. } => "yes",
        };
        Self {
            id: s.id.to_string(),
            kind: "key".to_owned(),
            state: s.lifecycle.name().to_owned(),
            reason: reason(&s.lifecycle).map(str::to_owned),
            account: s.account.to_string(),
            title,
            grant: Some(s.grant.to_string()),
            key: Some(s.key.to_checksum(None)),
            installed: Some(installed.to_owned()),
            not_before: s.not_before.get(),
            not_after: s.not_after.get(),
        }
    }
}
