//! What a webhook is told. Never a token, a key or a signature: who answers does so with a login of their own.

use hallpass_session::{OwnerRequest, RequestState};
use serde::Serialize;

/// Longest plain words, in bytes; the rest is read over the API.
const MAX_TEXT: usize = 16 * 1024;

/// One event of one request.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// `request.open`, `request.approved`, `request.refused`, `request.expired` or `request.withdrawn`.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it happened, in Unix seconds.
    pub at: u64,
    /// What it is about.
    pub data: Data,
}

/// What an event is about.
#[derive(Debug, Clone, Serialize)]
pub struct Data {
    /// The request.
    pub request: String,
    /// `one_off` or `renewal`.
    pub kind: String,
    /// The session that asks.
    pub session: String,
    /// From this second on it can no longer be approved, in Unix seconds.
    pub deadline: u64,
    /// The plain words; lines that the asker claims say so. Empty where something in them looks like a key.
    pub text: String,
}

impl Event {
    /// The event of a request's present state.
    #[must_use]
    pub fn of(request: &OwnerRequest, mut text: String) -> Self {
        if text.len() > MAX_TEXT {
            let end = (0..=MAX_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
            text.push_str("\n(cut here; read the rest before you sign)\n");
        }
        let at = match request.state {
            RequestState::Open => request.made,
            RequestState::Approved { at }
            | RequestState::Refused { at }
            | RequestState::Expired { at }
            | RequestState::Withdrawn { at } => at,
        };
        Self {
            kind: format!("request.{}", request.state.name()),
            at: at.get(),
            data: Data {
                request: request.id.to_string(),
                kind: request.kind().to_owned(),
                session: request.session.to_string(),
                deadline: request.deadline.get(),
                text,
            },
        }
    }

    /// The same without its plain words, which are then read over the API.
    #[must_use]
    pub fn without_words(&self) -> Self {
        Self { data: Data { text: String::new(), ..self.data.clone() }, ..self.clone() }
    }

    /// The same for each delivery of this event.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}", self.data.request, self.kind.trim_start_matches("request."))
    }
}
