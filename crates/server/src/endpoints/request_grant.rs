//! `POST /v1/grants`: asks the owner for a pass.

use super::shapes::{Body, SessionView};
use crate::caller::Caller;
use crate::caller::asking::MayAsk;
use crate::error::Problem;
use crate::work::drafted::Proposed;
use crate::work::propose::{self, Place};
use crate::work::replace::Replaced;
use crate::{ApiError, App};
use alloy_primitives::keccak256;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use hallpass_chain::hallpass::Ready;
use hallpass_policy::diff::diff;
use hallpass_policy::draft::Draft;
use hallpass_policy::grant::Grant;
use hallpass_policy::words::{Line, Lists, Tone, catalogue, explain, to_text};
use hallpass_policy::{json, typed_data};
use hallpass_session::{Consent, KeySession};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestBody {
    /// The grant, in the text form or the JSON form. What it leaves open is filled in.
    pub grant: String,
    /// The number of the caller's pocket that it is for; absent for the caller's own account by EIP-7702.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pocket: Option<u64>,
    /// No contract: the account is the session key's own, made in the vault, for plain transactions, messages and app actions.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub signer_only: bool,
    /// A session whose grant it is to take the place of, narrower and without resetting what was spent; the account is that
    /// session's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<String>,
}

/// A line of the plain words.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WordsLine {
    /// heading, plain, detail or red.
    pub tone: String,
    /// The sentence.
    pub text: String,
}

/// A grant, as its owner is asked for it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct GrantView {
    /// The session that stands, or would stand, on it.
    pub session: SessionView,
    /// The canonical JSON (RFC 8785).
    pub canonical: String,
    /// The plain words, as one text; red lines begin with `!`.
    pub text: String,
    /// The plain words, line by line.
    pub words: Vec<WordsLine>,
    /// For `eth_signTypedData_v4`.
    #[schema(value_type = Object)]
    pub typed_data: serde_json::Value,
    /// What the account needs beside the signature: `delegation` (an EIP-7702 authorization to `backend`), or nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The contract that enforces it.
    pub backend: String,
    /// Where it is to take another's place: what changes, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The keccak-256 of `text`: whoever shows it sends this with the signature.
    pub words_hash: String,
    /// What the owner was shown and agreed to, once they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentView>,
}

/// What an owner agreed to.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ConsentView {
    /// The words, as one text.
    pub text: String,
    /// Their keccak-256.
    pub words_hash: String,
    /// Whether whoever showed them named them by that hash; else nobody is known to have looked.
    pub confirmed: bool,
    /// The version of the server that made them.
    pub version: String,
    /// The hash of the operator's lists that gave the names in them.
    pub lists: String,
    /// CAIP-10: who agreed.
    pub account: String,
    /// The login that the signature came through.
    pub login: String,
    /// The page that it came from; absent for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Unix seconds.
    pub at: u64,
}

impl From<&Consent> for ConsentView {
    fn from(consent: &Consent) -> Self {
        Self {
            text: consent.text.clone(),
            words_hash: consent.words_hash().to_string(),
            confirmed: consent.confirmed,
            version: consent.version.clone(),
            lists: consent.lists.to_string(),
            account: consent.account.to_string(),
            login: consent.login.to_string(),
            page: consent.page.clone(),
            at: consent.at.get(),
        }
    }
}

impl GrantView {
    /// Shows a grant, with the names that the operator's lists have; as the replacement of `old`, where it is to take its place.
    #[must_use]
    pub fn new(session: &KeySession, grant: &Grant, lists: &Lists, outside: bool, old: Option<&Grant>) -> Self {
        let draft = Draft::from(grant);
        let mut lines = explain(&draft, lists);
        if outside {
            lines.push(Line { tone: Tone::Red, text: catalogue::OUTSIDE.to_owned() });
        }
        let found = old.map(|old| diff(&Draft::from(old), &draft));
        let changes: Vec<String> =
            found.iter().flat_map(|found| &found.changes).map(|c| format!("{}: {}", c.at, c.says)).collect();
        if found.is_some() {
            lines.push(Line { tone: Tone::Heading, text: "What changes against the present pass".to_owned() });
            lines.extend(changes.iter().map(|says| Line { tone: Tone::Detail, text: says.clone() }));
        }
        let view = Self {
            session: SessionView::of_key(session, grant.rest.labels.title.clone()),
            canonical: json::print(&draft),
            words_hash: String::new(),
            text: String::new(),
            words: Vec::new(),
            typed_data: old.map_or_else(|| typed_data::of_grant(grant), |old| typed_data::of_replace(old.id(), grant)),
            needs: None,
            backend: grant.backend.to_checksum(None),
            changes,
            consent: None,
        };
        view.saying(lines)
    }

    /// In these words.
    #[must_use]
    pub fn saying(self, lines: Vec<Line>) -> Self {
        let text = to_text(&lines);
        let words_hash = keccak256(&text).to_string();
        let words = lines.into_iter().map(|l| WordsLine { tone: l.tone.name().to_owned(), text: l.text }).collect();
        Self { text, words, words_hash, ..self }
    }

    /// With what the account needs beside the signature.
    #[must_use]
    pub fn needing(self, ready: Ready) -> Self {
        Self { needs: (ready == Ready::NeedsDelegation).then(|| "delegation".to_owned()), ..self }
    }

    /// With what its owner agreed to.
    #[must_use]
    pub fn agreed(self, consent: Option<&Consent>) -> Self {
        Self { consent: consent.map(ConsentView::from), ..self }
    }
}

/// Makes the session key (unless the grant names one) and the ender key, and waits for the owner.
#[utoipa::path(post, path = "/v1/grants", operation_id = "requestGrant", tag = "grants", request_body = RequestBody,
    responses((status = 201, body = GrantView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn handler(
    State(app): State<App>,
    asks: MayAsk,
    caller: Caller,
    Body(body): Body<RequestBody>,
) -> Result<(StatusCode, Json<GrantView>), ApiError> {
    app.limits.account(&caller.account(), app.clock.now())?;
    let draft = propose::read(&body.grant)?;
    let (place, replaces) = match (body.pocket, body.signer_only, body.replaces) {
        (None, false, Some(old)) => {
            let old = Replaced::find(&app, &caller, &old).await?;
            (old.place(), Some(old))
        }
        (None, false, None) => (Place::Delegated, None),
        (Some(index), false, None) => (Place::Pocket(index), None),
        (None, true, None) => (Place::SignerOnly, None),
        _ => return Err(ApiError::bad("bad_body", "`pocket`, `signer_only` and `replaces` exclude each other")),
    };
    let Proposed { session, grant, ready, outside } =
        propose::propose(&app, &caller, asks.page.as_deref(), draft, place, replaces.as_ref()).await?;
    let old = replaces.as_ref().map(|old| &old.grant);
    let view = GrantView::new(&session, &grant, &app.settings.lists, outside, old).needing(ready);
    Ok((StatusCode::CREATED, Json(view)))
}
