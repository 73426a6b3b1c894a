//! What an owner is asked beside a new grant: one call that a pass does not allow, or the pass for longer.
//!
//! - [`marks`]: which actions the operator wants asked, and which denials an owner can lift.
//! - [`make`]: from a denied action to a request, with the narrowest grant that would allow it.
//! - [`carry`]: what is asked for, and what becomes of it: done, waiting, refused.
//! - [`renew`]: the same pass for longer.
//! - [`moves`]: what moves a request: an answer, the end of its session, its deadline.
//! - [`words`]: what the owner reads.
//!
//! A request gives nothing by itself. Its answer is the owner's signature of a grant that was drafted with it, taken by
//! [`super::install`] as any other; a request whose action or grant changed would be another one.

pub mod carry;
pub mod make;
pub mod marks;
pub mod moves;
pub mod renew;
pub mod words;

use crate::webhook::Webhook;
use crate::{ApiError, App};
use axum::http::StatusCode;
use hallpass_session::{OwnerRequest, RequestError, RequestState};
use hallpass_types::{SessionId, UnixSeconds, UserId};
pub use marks::Mark;

/// Most open requests of a session.
pub const OPEN_OF_SESSION: usize = 4;
/// Most open requests of an owner.
pub const OPEN_OF_USER: usize = 16;
/// Most requests that a session makes in a day, whatever became of them: each is a drafted grant with keys of its own.
pub const MADE_A_DAY: usize = 64;
/// The longest deadline, in seconds.
pub const LONGEST: u64 = 86_400;
/// How many seconds after the deadline a one-off still can be used: for the last second's approval to reach the chain.
pub const AFTER: u64 = 300;
/// Longest claim of an asker, in characters.
pub const WHY: usize = 128;

/// What the operator decides about asking.
#[derive(Debug, Clone)]
pub struct Asking {
    /// What is asked although nobody asks for it.
    pub marks: Vec<Mark>,
    /// How long the owner has to answer, in seconds, where the asker does not say.
    pub seconds: u64,
    /// How long before its end a session is asked to be renewed, in seconds; 0 for never.
    pub renew_ahead: u64,
    /// Who is told of requests.
    pub webhook: Option<Webhook>,
}

impl Default for Asking {
    fn default() -> Self {
        Self { marks: Vec::new(), seconds: 600, renew_ahead: 0, webhook: None }
    }
}

/// How an asker wants the owner asked.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Whether the asker wants it at all.
    pub wanted: bool,
    /// What it is for: a claim.
    pub why: Option<String>,
    /// How long the owner has, in seconds.
    pub seconds: Option<u64>,
    /// The function that is called, where neither a rule nor a known selector says so: a claim.
    pub function: Option<String>,
}

/// What becomes of an action.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// The owner is asked.
    Asked(Box<OwnerRequest>),
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::conflict(error.code(), error.to_string())
    }
}

/// When a request made now must be answered.
///
/// # Errors
/// 400 for no time at all, or more than a day.
pub fn deadline(app: &App, seconds: Option<u64>) -> Result<UnixSeconds, ApiError> {
    let seconds = seconds.unwrap_or(app.settings.asking.seconds);
    if !(1..=LONGEST).contains(&seconds) {
        return Err(ApiError::bad("bad_deadline", format!("a request is open for 1 to {LONGEST} seconds")));
    }
    app.clock.now().plus(seconds).ok_or_else(|| ApiError::internal("clock", "the clock is past its end"))
}

/// A claim that can be shown between quotation marks.
///
/// # Errors
/// 400 for anything else.
pub fn claim(why: Option<&str>) -> Result<Option<String>, ApiError> {
    let Some(why) = why.filter(|why| !why.is_empty()) else { return Ok(None) };
    if why.chars().count() <= WHY && hallpass_policy::labels::is_plain_name(why) {
        return Ok(Some(why.to_owned()));
    }
    Err(ApiError::bad(
        "bad_why",
        "`why` has at most 128 letters, digits, spaces and signs, without quotation marks or anything invisible",
    ))
}

/// Whether one more request may be made; a holder must not flood the owner.
///
/// # Errors
/// 429 with what to wait for.
pub async fn room(app: &App, session: SessionId, user: UserId) -> Result<(), ApiError> {
    let now = app.clock.now();
    let mut tx = app.store.read().await?;
    let of_session = tx.requests().list_of(session).await?;
    let open = of_session.iter().filter(|r| r.is_open(now)).count();
    let full = |says: String| {
        Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", says)
            .hint("wait until the owner has answered, or the deadlines have passed"))
    };
    if open >= OPEN_OF_SESSION {
        return full(format!("{open} requests of this session wait for its owner"));
    }
    let today = now.get().saturating_sub(86_400);
    if of_session.iter().filter(|r| r.made.get() > today).count() >= MADE_A_DAY {
        return full(format!("this session has asked its owner {MADE_A_DAY} times in a day"));
    }
    let of_user = tx.requests().list_open().await?;
    if of_user.iter().filter(|r| r.user == user && r.is_open(now)).count() >= OPEN_OF_USER {
        return full(format!("{OPEN_OF_USER} requests wait for this owner"));
    }
    Ok(())
}

/// Why an answered request does nothing.
#[must_use]
pub fn ended(state: RequestState) -> ApiError {
    let (code, says) = match state {
        RequestState::Refused { .. } => ("owner_refused", "the owner said no"),
        RequestState::Expired { .. } => ("request_expired", "the owner did not answer in time"),
        RequestState::Withdrawn { .. } => ("request_withdrawn", "the session ended before the owner answered"),
        RequestState::Open | RequestState::Approved { .. } => ("request_answered", "the request was answered"),
    };
    ApiError::new(StatusCode::FORBIDDEN, code, says).hint("ask again with a new idempotency key")
}
