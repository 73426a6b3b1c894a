//! How a request to an owner is asked for, and shown.

use super::request_grant::{GrantView, WordsLine};
use super::shapes::CallBody;
use crate::work::requests::{Terms, words};
use crate::{ApiError, App};
use alloy_primitives::keccak256;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hallpass_policy::diff::Diff;
use hallpass_session::{Asked, How, OwnerRequest, RequestState, ReservationState};
use hallpass_types::IdempotencyKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the owner is to be asked where the pass does not allow an action: `true`, or how.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum AskBody {
    /// Whether.
    Flag(bool),
    /// How.
    Terms(AskTerms),
}

/// How the owner is asked.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskTerms {
    /// What it is for, at most 128 characters; shown to the owner as a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How many seconds the owner has to answer, 1 to 86,400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// The function that is called, such as `buy(uint256 item)`, where no rule and no known selector names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

/// The terms in a body that may have none.
#[must_use]
pub fn terms(body: Option<AskBody>) -> Terms {
    match body {
        None | Some(AskBody::Flag(false)) => Terms::default(),
        Some(AskBody::Flag(true)) => Terms { wanted: true, ..Terms::default() },
        Some(AskBody::Terms(t)) => Terms { wanted: true, why: t.why, seconds: t.seconds, function: t.function },
    }
}

/// A request to an owner.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// Its id; the address is `/v1/requests/{id}`.
    pub id: String,
    /// `one_off` for one call, `renewal` for the same pass later.
    pub kind: String,
    /// The session that asks.
    pub session: String,
    /// `open`, `approved`, `refused`, `expired` or `withdrawn`.
    pub state: String,
    /// Unix seconds.
    pub made: u64,
    /// From this second on it can no longer be approved.
    pub deadline: u64,
    /// What the asker says it is for: a claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// For a one-off: the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallBody>,
    /// For a one-off: `execute` or `sign`, what is done with the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<String>,
    /// For a one-off: why the owner is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<MetView>,
    /// The session that stands, or would stand, on the owner's signature.
    pub proposal: String,
    /// The plain words, as one text; red lines begin with `!`.
    pub text: String,
    /// The keccak-256 of `text`: whoever shows it sends this with the signature.
    pub words_hash: String,
    /// The plain words, line by line.
    pub words: Vec<WordsLine>,
    /// For a renewal: what changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<DifferenceView>,
    /// For the owner: the grant, with what is to be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantView>,
    /// What was done with a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<DoneView>,
}

/// Why an owner is asked.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MetView {
    /// A denial code, or `ask_owner` for what the operator wants asked.
    pub code: String,
    /// The place in the grant.
    pub at: String,
    /// One sentence.
    pub says: String,
}

/// What changes from one grant to another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DifferenceView {
    /// `wider`, `narrower`, `mixed` or `same`.
    pub summary: String,
    /// What that means.
    pub says: String,
    /// Each change.
    pub changes: Vec<ChangeView>,
}

/// One change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeView {
    /// `added`, `removed` or `changed`.
    pub change: String,
    /// Whether it allows something that was not allowed; null where that cannot be told.
    pub widens: Option<bool>,
    /// Where.
    pub at: String,
    /// One sentence.
    pub says: String,
}

/// What was done with a yes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct DoneView {
    /// The reservation's id.
    pub operation: String,
    /// `reserved`, `signed`, `submitted`, `spent`, `released` or `counted`.
    pub state: String,
    /// The newest transaction that carries it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tx: Option<String>,
}

impl RequestView {
    /// Shows a request; to its owner with the grant.
    ///
    /// # Errors
    /// As the store.
    pub async fn of(app: &App, request: &OwnerRequest, to_owner: bool) -> Result<Self, ApiError> {
        let words = words::of(app, request).await?;
        let grant = to_owner.then(|| {
            let view = GrantView::new(&words.session, &words.grant, &app.settings.lists, words.outside, None);
            view.saying(words.lines.clone())
        });
        let (call, how, met) = match &request.asked {
            Asked::OneOff { chain, to, value, data, met, how, .. } => {
                let call = CallBody {
                    chain: chain.to_string(),
                    to: to.to_checksum(None),
                    value: value.to_string(),
                    data: data.to_string(),
                };
                let how = match how {
                    How::Execute => "execute",
                    How::Sign => "sign",
                };
                let met = MetView { code: met.code.clone(), at: met.at.clone(), says: met.says.clone() };
                (Some(call), Some(how.to_owned()), Some(met))
            }
            Asked::Renewal { .. } => (None, None, None),
        };
        Ok(Self {
            id: request.id.to_string(),
            kind: request.kind().to_owned(),
            session: request.session.to_string(),
            state: request.state_at(app.clock.now()).name().to_owned(),
            made: request.made.get(),
            deadline: request.deadline.get(),
            why: request.why.clone(),
            call,
            how,
            met,
            proposal: request.proposal.to_string(),
            words_hash: keccak256(words.to_text()).to_string(),
            text: words.to_text(),
            difference: words.difference.as_ref().map(DifferenceView::from),
            words: words
                .lines
                .into_iter()
                .map(|l| WordsLine { tone: l.tone.name().to_owned(), text: l.text })
                .collect(),
            grant,
            done: done(app, request).await?,
        })
    }
}

/// Answers 202 with a request that waits for its owner.
///
/// # Errors
/// As [`RequestView::of`].
pub async fn accepted(app: &App, request: &OwnerRequest) -> Result<Response, ApiError> {
    let view = RequestView::of(app, request, false).await?;
    let location = [(axum::http::header::LOCATION, format!("/v1/requests/{}", view.id))];
    Ok((StatusCode::ACCEPTED, location, Json(view)).into_response())
}

async fn done(app: &App, request: &OwnerRequest) -> Result<Option<DoneView>, ApiError> {
    if !matches!(request.state, RequestState::Approved { .. }) {
        return Ok(None);
    }
    let key = IdempotencyKey::try_from(request.id.to_string()).map_err(|e| ApiError::internal("key", e.to_string()))?;
    let mut tx = app.store.read().await?;
    let Some(found) = tx.reservations().find_by_key(request.proposal, &key).await? else { return Ok(None) };
    let (state, sent) = match &found.state {
        ReservationState::Reserved => ("reserved", None),
        ReservationState::Signed { .. } => ("signed", None),
        ReservationState::Submitted { txs, .. } => ("submitted", txs.last()),
        ReservationState::Spent { .. } => ("spent", None),
        ReservationState::Released { .. } => ("released", None),
        ReservationState::Counted => ("counted", None),
    };
    Ok(Some(DoneView { operation: found.id.to_string(), state: state.to_owned(), tx: sent.map(ToString::to_string) }))
}

impl From<&Diff> for DifferenceView {
    fn from(diff: &Diff) -> Self {
        let change = |c: &hallpass_policy::diff::Change| ChangeView {
            change: c.change.name().to_owned(),
            widens: c.widens(),
            at: c.at.clone(),
            says: c.says.clone(),
        };
        Self {
            summary: diff.summary.name().to_owned(),
            says: diff.summary.says().to_owned(),
            changes: diff.changes.iter().map(change).collect(),
        }
    }
}
