//! Reserve, make durable, sign; [`super::deliver`] sends.

use super::ask::{self, Consent};
use super::books::{Left, left};
use super::deliver::deliver;
use crate::caller::Asker;
use crate::{ApiError, App};
use hallpass_chain::relay::Receipt;
use hallpass_policy::Batch;
use hallpass_session::Reservation;
use hallpass_signer::{Answer, Wanted};
use hallpass_types::{IdempotencyKey, SessionId};

/// An action that is in a block.
#[derive(Debug)]
pub struct Done {
    /// The reservation, with what it costs.
    pub reservation: Reservation,
    /// The transaction.
    pub receipt: Receipt,
    /// What is left, with this operation counted.
    pub left: Vec<Left>,
}

/// Executes an action once for each idempotency key.
///
/// # Errors
/// 403 for what the policy denies, and nothing was reserved then; 409 for a key used for another request, 422 where the session's key is not here or the chain refuses, 502 and 503 as
/// node and store. Whatever was reserved stays reserved; sent again with the same key, it goes on where it stopped.
pub async fn execute(
    app: &App,
    asker: &Asker,
    id: SessionId,
    action: Batch,
    key: IdempotencyKey,
    sequence: Option<u32>,
) -> Result<Done, ApiError> {
    with(app, asker, id, action, key, sequence, Consent::Unasked).await
}

/// The same, with the owner's consent or without.
///
/// # Errors
/// As [`execute`].
pub async fn with(
    app: &App,
    asker: &Asker,
    id: SessionId,
    action: Batch,
    key: IdempotencyKey,
    sequence: Option<u32>,
    consent: Consent,
) -> Result<Done, ApiError> {
    let asked = ask::prepare(app, asker, id).await?;
    if asked.grant.backend.is_zero() {
        return Err(ApiError::refused("no_contract", "no contract enforces this grant, so there is nothing to relay")
            .hint("sign a transaction of the key's own account: POST /v1/sessions/{id}/sign"));
    }
    let wanted = Wanted::Calls(action, sequence, None);
    let answer = match consent {
        Consent::Unasked => asked.ask(app, wanted, key, false).await?,
        Consent::Given => asked.ask_agreed(app, wanted, key, false).await?,
    };
    let (reservation, signature) = match answer {
        Answer::Denied { denial, .. } => return Err(ask::denied(&denial)),
        Answer::Signed(signed) => (signed.reservation, signed.signature),
        Answer::Earlier(reservation) => (*reservation, None),
        Answer::Allowed { .. } => return Err(ApiError::internal("not_reserved", "a request was only judged")),
    };
    let (reservation, receipt) = deliver(app, &asked.grant, &asked.session, reservation.id, signature).await?;
    let books = super::books::Books::read(app, &asked.grant, asked.session.grant).await?;
    let mut tx = app.store.read().await?;
    let held = tx.reservations().held(asked.session.grant, books.final_block.number).await?;
    let counted = tx.reservations().counted(asked.session.grant).await?;
    let now = books.view.head_time.max(app.clock.now());
    let left = left(&asked.grant, &books.view.judged(None, &held, &counted), now);
    Ok(Done { reservation, receipt, left })
}
