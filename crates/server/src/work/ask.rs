//! A request to the signer, with what the chain says beside it.

use super::books::Books;
use super::requests::marks;
use super::{alarm, replace, stored_grant};
use crate::caller::Asker;
use crate::{ApiError, App};
use axum::http::StatusCode;
use hallpass_policy::{Denial, Facts, Grant};
use hallpass_session::KeySession;
use hallpass_signer::{Answer, Ask, AskError, Wanted};
use hallpass_types::{IdempotencyKey, SessionId, UnixSeconds};
use std::collections::HashMap;
use std::sync::Arc;

/// How many seconds a local asker's view of the chain stands.
pub const SEEN_FOR: u64 = 5;
/// With so many views remembered, those that no longer stand are forgotten.
const MOST_SEEN: usize = 200_000;

/// A session that its asker may use, and what the chain says of its grant.
#[derive(Debug)]
pub struct Asked {
    /// The session, as it stood a moment ago; the signer reads it again.
    pub session: KeySession,
    /// Its grant.
    pub grant: Grant,
    /// What the chain says.
    pub books: Books,
    /// Whether it stands for one call that its owner was asked for.
    pub one_off: bool,
}

/// Finds the session and reads the chain. For a local asker what was found stands for [`SEEN_FOR`] seconds: the signer reads
/// the session itself anew in any case, and an older view of a final block is never more generous.
///
/// # Errors
/// 404 for a session that is not the asker's, 502 as the node.
pub async fn prepare(app: &App, asker: &Asker, id: SessionId) -> Result<Arc<Asked>, ApiError> {
    let now = app.clock.now();
    let local = matches!(asker, Asker::Local(held) if *held == id);
    if local && let Some((_, asked)) = seen(app)?.get(&id).filter(|(until, _)| now < *until) {
        return Ok(Arc::clone(asked));
    }
    let mut tx = app.store.read().await?;
    let session = asker.session_to_use(tx.as_mut(), id).await?;
    let (stored, grant) = stored_grant(tx.as_mut(), &session).await?;
    let request = tx.requests().find_by_proposal(id).await?;
    let one_off = request.is_some_and(|r| matches!(r.asked, hallpass_session::Asked::OneOff { .. }));
    drop(tx);
    alarm::may_ask(&session.lifecycle)?;
    let books = Books::read(app, &grant, session.grant).await?;
    if stored.replaces.is_some() {
        replace::took_over(app, &session, &grant, &books).await?;
    }
    alarm::look(app, &session, &grant, &books).await?;
    let asked = Arc::new(Asked { session, grant, books, one_off });
    if local {
        let mut seen = seen(app)?;
        if seen.len() >= MOST_SEEN {
            seen.retain(|_, (until, _)| now < *until);
        }
        seen.insert(id, (now.plus(SEEN_FOR).unwrap_or(now), Arc::clone(&asked)));
    }
    Ok(asked)
}

/// What was found of sessions that local askers use, and until when it stands.
pub type Seen = HashMap<SessionId, (UnixSeconds, Arc<Asked>)>;

fn seen(app: &App) -> Result<std::sync::MutexGuard<'_, Seen>, ApiError> {
    app.seen.lock().map_err(|_| ApiError::internal("lock", "a lock is poisoned"))
}

/// Whether the owner has said yes to this very action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The pass alone allows it, or nothing does.
    Unasked,
    /// By the signature of a grant for it.
    Given,
}

impl Asked {
    /// Asks the signer.
    ///
    /// # Errors
    /// As [`refusal`]; 403 `ask_owner` for what the operator wants asked, where anything would be reserved.
    pub async fn ask(
        &self,
        app: &App,
        wanted: Wanted,
        idempotency: IdempotencyKey,
        dry_run: bool,
    ) -> Result<Answer, ApiError> {
        if self.one_off && !dry_run {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "one_off",
                "this session stands for one call that was asked for",
            )
            .hint("send the request that asked again, with its own idempotency key"));
        }
        let asked = if dry_run { None } else { marks::met(&app.settings.asking.marks, &wanted) };
        match asked {
            Some(met) => Err(ApiError::new(StatusCode::FORBIDDEN, &met.code, met.says)
                .hint("`sign`, `execute` and `hallpass_sign` ask the owner by themselves")),
            None => self.ask_agreed(app, wanted, idempotency, dry_run).await,
        }
    }

    /// The same of what the owner has agreed to, or of what is only judged.
    ///
    /// # Errors
    /// As [`refusal`].
    pub async fn ask_agreed(
        &self,
        app: &App,
        wanted: Wanted,
        idempotency: IdempotencyKey,
        dry_run: bool,
    ) -> Result<Answer, ApiError> {
        let view = match &wanted {
            Wanted::UserOp(op) => self.books.with_counter(app, &self.grant, op.counter(self.session.grant)).await?,
            _ => Arc::clone(&self.books.view),
        };
        let ask = Ask {
            session: self.session.id,
            idempotency,
            wanted,
            view,
            // Grants with requirements are not taken yet, so there is nothing to know.
            facts: Facts::default(),
            dry_run,
        };
        let may_go_on = matches!(ask.wanted, Wanted::Calls(_, None, _)) && !self.grant.bounds_sequences();
        let answer = match app.signer.ask(ask.clone()).await {
            Err(AskError::TooManyInFlight) if may_go_on => {
                // Whoever asks next sees the lanes in which anything is out.
                seen(app)?.remove(&self.session.id);
                let view = self.books.with_lanes(app, &self.grant, self.session.grant).await?;
                app.signer.ask(Ask { view, ..ask }).await
            }
            answer => answer,
        }
        .map_err(refusal);
        if !dry_run {
            app.alerts.answered(&self.session, &answer, app.clock.now());
        }
        answer
    }
}

/// A denial answers 403 with its code.
#[must_use]
pub fn denied(denial: &Denial) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, denial.code.as_str(), denial.to_string())
        .hint(format!("denied at {}", denial.at))
}

/// Why there is no answer.
#[must_use]
pub fn refusal(error: AskError) -> ApiError {
    let (code, says) = (error.code(), error.to_string());
    match error {
        AskError::UnknownSession => ApiError::missing("session"),
        AskError::KeyOutside | AskError::Vault(_) => ApiError::refused(code, says),
        AskError::OtherRequest => ApiError::conflict(code, says).hint("use a new key for a new request"),
        AskError::SequenceTooFar(_) => ApiError::conflict(code, says),
        AskError::TooManyInFlight => ApiError::conflict(code, says).hint("wait until the oldest is in a block"),
        AskError::Dead(_) => ApiError::refused(code, says)
            .hint("it is released at a final block; send the request with a new idempotency key"),
        AskError::Clock => ApiError::unavailable(code, says).hint("set this server's clock, or look at the node"),
        AskError::Corrupt(_) | AskError::NoCounter => ApiError::internal(code, says),
        AskError::NotDurable(_) => ApiError::unavailable(code, says)
            .hint("send the same request with the same idempotency key once the store can be written again"),
        AskError::Stopped => ApiError::unavailable(code, says).hint("the server is stopping; send it again"),
    }
}
