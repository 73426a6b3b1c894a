//! `POST /v1/login/grant`: a grant whose signature also signs in.

use super::request_grant::GrantView;
use super::shapes::{Body, address};
use crate::caller::asking::MayAsk;
use crate::error::Problem;
use crate::limits::Client;
use crate::limits::client::Source;
use crate::logins::by_grant::{self, Held, Opening};
use crate::work::propose::{self, For, Place};
use crate::{ApiError, App};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use hallpass_policy::labels::LoginPlace;
use hallpass_session::LoginNonce;
use hallpass_session::login_nonce::NONCE_LIFE;
use hallpass_types::{AccountId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked for, and by whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftLoginBody {
    /// The wallet's address, on the server's chain. It is proved by what it signs.
    pub address: String,
    /// The grant, in the text form or the JSON form, as for `POST /v1/grants`.
    pub grant: String,
    /// The number of the wallet's pocket that it is for; absent for its own account by EIP-7702.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pocket: Option<u64>,
    /// No contract: the account is the session key's own.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub signer_only: bool,
}

/// What is to be signed.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DraftLoginView {
    /// The grant. Its `session.id` is where the signature goes: `POST /v1/login/grant/{id}`.
    pub grant: GrantView,
    /// Until when, exclusive, Unix seconds.
    pub sign_before: u64,
}

/// Needs no login, and writes nothing: the grant waits in memory until the owner's signature comes, for 300 seconds. It names
/// this server and a nonce of it, so that the one signature is evidence of a login here and nowhere else.
#[utoipa::path(post, path = "/v1/login/grant", operation_id = "draftLogin", tag = "login", request_body = DraftLoginBody,
    responses((status = 201, body = DraftLoginView), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem), (status = 503, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asks: MayAsk,
    client: Option<Extension<Client>>,
    Body(body): Body<DraftLoginBody>,
) -> Result<(StatusCode, Json<DraftLoginView>), ApiError> {
    let owner = AccountId { chain: app.settings.chain, address: address("address", &body.address)? };
    // Not by account: it is anybody's to name here.
    let source = by_grant::counted(client.map_or(Source::Unknown, |client| client.0.source()));
    by_grant::of(&app)?.room(source, app.clock.now())?;
    let busy = |_| ApiError::unavailable("busy", "too many grants are being drafted").hint("try again in a moment");
    let _one = app.drafting.try_acquire().map_err(busy)?;
    let place = match (body.pocket, body.signer_only) {
        (None, false) => Place::Delegated,
        (Some(index), false) => Place::Pocket(index),
        (None, true) => Place::SignerOnly,
        (Some(_), true) => return Err(ApiError::bad("bad_body", "`pocket` and `signer_only` exclude each other")),
    };
    let mut draft = propose::asked_by(propose::read(&body.grant)?, asks.page.as_deref())?;
    let nonce = LoginNonce::issue(app.random()?, app.clock.now());
    let (domain, uri) = (app.settings.domain.clone(), app.settings.uri.clone());
    let named = LoginPlace { domain, uri, nonce: nonce.text() };
    draft.rest.login = named.hash();
    draft.rest.labels.login = Some(named);
    let requested_by = asks.page.clone().unwrap_or_else(|| "a program that signed in with it".to_owned());
    let asked = For { account: owner, requested_by };
    let drafted = propose::draft(&app, &asked, &draft, place, None).await?;
    // Whose it would be is not known before the signature, and is not shown.
    let session = drafted.session(UserId::from_bytes([0; 16]))?;
    let outside = drafted.inside.is_none();
    let view = GrantView::new(&session, &drafted.grant, &app.settings.lists, outside, None).needing(drafted.ready);
    let sign_before = nonce.issued_at().plus(NONCE_LIFE).map_or(0, |until| until.get());
    let (text, bytes) = (view.text.clone(), view.canonical.len() + view.text.len());
    let held = Held { source, since: nonce.issued_at(), bytes };
    let opening = Opening { drafted, owner, nonce, page: asks.page, text };
    by_grant::of(&app)?.put(opening.drafted.id, held, opening)?;
    Ok((StatusCode::CREATED, Json(DraftLoginView { grant: view, sign_before })))
}
