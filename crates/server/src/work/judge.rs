//! What the policy says of an action now, and what it would cost.

use super::ask;
use super::books::{Left, left};
use crate::caller::Asker;
use crate::{ApiError, App};
use hallpass_policy::{Cost, Denial};
use hallpass_signer::{Answer, Wanted};
use hallpass_types::{IdempotencyKey, SessionId};

/// Allowed: by which rules, at what cost; or denied.
pub type Judged = Result<(Vec<u16>, Vec<Cost>), Denial>;

/// What the policy says of an action, without reserving anything; and what is left of every meter.
///
/// # Errors
/// As node and store.
pub async fn check(app: &App, asker: &Asker, id: SessionId, wanted: Wanted) -> Result<(Judged, Vec<Left>), ApiError> {
    let key = IdempotencyKey::try_from("-".to_owned()).map_err(|e| ApiError::internal("key", e.to_string()))?;
    let asked = ask::prepare(app, asker, id).await?;
    let now = asked.books.view.head_time.max(app.clock.now());
    let (judged, ledger) = match asked.ask(app, wanted, key, true).await? {
        Answer::Allowed { rules, costs, ledger } => (Ok((rules, costs)), ledger),
        Answer::Denied { denial, ledger } => (Err(denial), ledger),
        Answer::Signed(_) | Answer::Earlier(_) => {
            return Err(ApiError::internal("reserved", "a question was answered with a reservation"));
        }
    };
    Ok((judged, left(&asked.grant, &ledger, now)))
}
