//! `POST /v1/sessions/{id}/approve`: the owner's signature.

use super::get_grant;
use super::shapes::{Body, SessionView, address, bytes, decimal};
use crate::caller::asking::MayAsk;
use crate::caller::{AnyLogin, Named};
use crate::error::Problem;
use crate::work::consent::Agreed;
use crate::work::{install, own};
use crate::{ApiError, App};
use alloy_eips::eip7702::{Authorization, SignedAuthorization};
use axum::Json;
use axum::extract::State;
use hallpass_chain::relay::Receipt;
use hallpass_session::KeySession;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The wallet's answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    /// Over the grant's typed data, 65 bytes, 0x-hex.
    pub signature: String,
    /// An EIP-7702 authorization, where the account is not delegated yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<AuthorizationBody>,
    /// The `words_hash` of the words that the owner was shown. Others than the server shows now are refused, and with it the
    /// record of what was agreed to says that somebody showed them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words_hash: Option<String>,
}

/// A signed EIP-7702 authorization.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AuthorizationBody {
    /// Never 0.
    pub chain_id: u64,
    /// The contract that is delegated to.
    pub address: String,
    /// The account's nonce.
    pub nonce: u64,
    /// 0 or 1.
    pub y_parity: u8,
    /// As a decimal string.
    pub r: String,
    /// As a decimal string.
    pub s: String,
}

impl From<&SignedAuthorization> for AuthorizationBody {
    fn from(signed: &SignedAuthorization) -> Self {
        Self {
            chain_id: signed.chain_id.to(),
            address: signed.address.to_checksum(None),
            nonce: signed.nonce,
            y_parity: signed.y_parity(),
            r: signed.r().to_string(),
            s: signed.s().to_string(),
        }
    }
}

/// A grant that stands.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ApproveView {
    /// The session.
    pub session: SessionView,
    /// The transaction that installed it; absent where no contract enforces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
    /// Gas units that took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_used: Option<u64>,
}

/// Checks the signature, makes the session active, installs the grant. Sent again, it goes on where it stopped.
#[utoipa::path(post, path = "/v1/sessions/{id}/approve", operation_id = "approveGrant", tag = "grants", params(("id" = String, Path,)),
    request_body = ApproveBody,
    responses((status = 200, body = ApproveView), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem), (status = 502, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asks: MayAsk,
    AnyLogin(caller): AnyLogin,
    Named(id): Named,
    Body(body): Body<ApproveBody>,
) -> Result<Json<ApproveView>, ApiError> {
    let signature = bytes("signature", &body.signature)?;
    let delegation = body.authorization.map(|a| read(&a)).transpose()?;
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), &caller, id).await?;
    let view = get_grant::view(&app, tx.as_mut(), &session).await?;
    drop(tx);
    let agreed = Agreed::to(view.text, body.words_hash.as_deref(), asks.page)?;
    let (session, receipt) = install::approve(&app, &caller, id, &signature, delegation, agreed).await?;
    Ok(Json(ApproveView::of(&session, receipt)))
}

impl ApproveView {
    /// A session, and the transaction that installed its grant.
    #[must_use]
    pub fn of(session: &KeySession, receipt: Option<Receipt>) -> Self {
        Self {
            session: SessionView::of_key(session, None),
            tx: receipt.map(|r| r.tx.to_string()),
            gas_used: receipt.map(|r| r.gas_used),
        }
    }
}

/// Reads an authorization.
///
/// # Errors
/// 400 naming the field, 422 for chain 0.
pub fn read(body: &AuthorizationBody) -> Result<SignedAuthorization, ApiError> {
    if body.chain_id == 0 {
        return Err(ApiError::refused(
            "chain_zero",
            "an authorization for chain 0 is good on every chain, and is refused",
        ));
    }
    let inner = Authorization {
        chain_id: alloy_primitives::U256::from(body.chain_id),
        address: address("authorization.address", &body.address)?,
        nonce: body.nonce,
    };
    let (r, s) = (decimal("authorization.r", &body.r)?, decimal("authorization.s", &body.s)?);
    Ok(SignedAuthorization::new_unchecked(inner, body.y_parity, r, s))
}
