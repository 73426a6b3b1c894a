//! A request to the signer, with what the chain says beside it.

use super::books::Books;
use super::stored_grant;
use crate::caller::Asker;
use crate::{ApiError, App};
use axum::http::StatusCode;
use hallpass_policy::{Denial, Facts, Grant};
use hallpass_session::KeySession;
use hallpass_signer::{Answer, Ask, AskError, Wanted};
use hallpass_types::{IdempotencyKey, SessionId};

/// A session that its asker may use, and what the chain says of its grant.
#[derive(Debug)]
pub struct Asked {
    /// The session, as it stood a moment ago; the signer reads it again.
    pub session: KeySession,
    /// Its grant.
    pub grant: Grant,
    /// What the chain says.
    pub books: Books,
}

/// Finds the session and reads the chain.
///
/// # Errors
/// 404 for a session that is not the asker's, 502 as the node.
pub async fn prepare(app: &App, asker: &Asker, id: SessionId) -> Result<Asked, ApiError> {
    let mut tx = app.store.read().await?;
    let session = asker.session(tx.as_mut(), id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    drop(tx);
    let books = Books::read(app, &grant, session.grant).await?;
    Ok(Asked { session, grant, books })
}

impl Asked {
    /// Asks the signer.
    ///
    /// # Errors
    /// As [`refusal`].
    pub async fn ask(
        &self,
        app: &App,
        wanted: Wanted,
        idempotency: IdempotencyKey,
        dry_run: bool,
    ) -> Result<Answer, ApiError> {
        let ask = Ask {
            session: self.session.id,
            idempotency,
            wanted,
            view: self.books.view.clone(),
            // Grants with requirements are not taken yet, so there is nothing to know.
            facts: Facts::default(),
            dry_run,
        };
        app.signer.ask(ask).await.map_err(refusal)
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
        AskError::Corrupt(_) => ApiError::internal(code, says),
        AskError::NotDurable(_) => ApiError::unavailable(code, says)
            .hint("send the same request with the same idempotency key once the store can be written again"),
        AskError::Stopped => ApiError::unavailable(code, says).hint("the server is stopping; send it again"),
    }
}
