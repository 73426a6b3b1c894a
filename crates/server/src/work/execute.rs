//! Reserve, make durable, sign; [`super::deliver`] sends.

use super::books::{Books, Left, left};
use super::deliver::deliver;
use super::judge::{judge, locally_ended, op_relayer};
use super::own;
use super::stored_grant;
use crate::app::{event, record_id, sealed_key};
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use hallpass_chain::relay::Receipt;
use hallpass_policy::eval::At;
use hallpass_policy::{Authorised, Batch, Denial, Facts, Grant, OpBounds, authorise};
use hallpass_session::{Action as Did, Actor, KeySession, Reservation, ReservationState, Route, Subject, budget};
use hallpass_store::Inserted;
use hallpass_types::{IdempotencyKey, ReservationId, SessionId, UnixSeconds};

/// What became of an action.
#[derive(Debug)]
pub enum Outcome {
    /// The policy denied it; nothing was reserved.
    Denied(Denial),
    /// It is in a block.
    Done(Done),
}

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
/// 409 for a key used for another request, 422 where the session's key is not here or the chain refuses, 502 and 503 as
/// node and store. Whatever was reserved stays reserved; sent again with the same key, it goes on where it stopped.
pub async fn execute(
    app: &App,
    caller: &Caller,
    id: SessionId,
    action: &Batch,
    key: IdempotencyKey,
    wanted: Option<u32>,
) -> Result<Outcome, ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let sealed = sealed_key(tx.as_mut(), &record_id("session", id)).await?;
    let sealed = sealed.ok_or_else(|| {
        ApiError::refused("key_outside", "this session's key is held outside, so only its holder can sign")
    })?;
    drop(tx);
    let books = Books::read(app, &grant, session.grant).await?;
    let now = books.now(app.clock.now())?;

    // Held until the signature exists: a revocation waits for it, so none is made after a revocation was answered.
    let signing = app.signing.read().await;
    // One write transaction from the reading of what is held to the reservation: nobody reserves in between.
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let request_hash = hash(action, wanted);
    let earlier = tx.reservations().find_by_key(id, &key).await?;
    let (authorised, reservation) = match earlier {
        Some(earlier) => {
            earlier.same_request(request_hash).map_err(|_| {
                ApiError::conflict("idempotency_conflict", "this idempotency key was used for another request")
                    .hint("use a new key for a new request")
            })?;
            drop(tx);
            match again(app, &grant, &books, &held, &earlier, action, &session)? {
                Again::Sent => {
                    drop(signing);
                    return finish(app, &grant, &session, earlier.id, None).await;
                }
                Again::Sign(authorised) => (authorised, earlier),
            }
        }
        None => {
            let ledger = locally_ended(&session, books.judged(&held));
            let free = books.next_sequence(&grant, &held)?;
            let sequence = match wanted {
                // One that lies further would kill sequences that are still out.
                Some(wanted) if wanted > free => {
                    return Err(ApiError::conflict("sequence_too_far", format!("the next free sequence is {free}")));
                }
                Some(wanted) => wanted,
                None => free,
            };
            let authorised = match judge(app, &grant, &ledger, action, sequence, now) {
                Ok(authorised) => authorised,
                Err(denial) => {
                    let line = event(now, Actor::Holder(id), Did::Denied, Subject::Key(id), session.user, None);
                    tx.audit().append(&line).await?;
                    tx.commit().await?;
                    return Ok(Outcome::Denied(denial));
                }
            };
            let reservation = reserve(app, &session, &authorised, sequence, key, request_hash)?;
            let line =
                event(now, Actor::Holder(id), Did::Reserved, Subject::Reservation(reservation.id), session.user, None);
            if let Inserted::Existing(other) = tx.reservations().insert(&reservation, &line).await? {
                return Err(ApiError::internal(
                    "reserved_twice",
                    format!("reservation {} appeared within its own transaction", other.id),
                ));
            }
            tx.commit().await?;
            (authorised, reservation)
        }
    };
    let signature = app.vault.sign_session(&sealed, &authorised)?;
    drop(signing);
    finish(app, &grant, &session, reservation.id, Some(Bytes::copy_from_slice(signature.as_bytes()))).await
}

fn reserve(
    app: &App,
    session: &KeySession,
    op: &Authorised,
    sequence: u32,
    idempotency: IdempotencyKey,
    request_hash: B256,
) -> Result<Reservation, ApiError> {
    let seconds = |t: u64| UnixSeconds::new(t).ok_or_else(|| ApiError::internal("time", "a time is out of range"));
    Ok(Reservation {
        id: app.reservation_id()?,
        session: session.id,
        grant: session.grant,
        idempotency,
        request_hash,
        route: Route::Direct,
        op: op.op().abi_encode().into(),
        digest: op.digest(),
        sequence,
        valid_from: seconds(op.op().validFrom.to())?,
        valid_until: seconds(op.op().validUntil.to())?,
        costs: op.verdict().costs.to_vec(),
        state: ReservationState::Reserved,
    })
}

enum Again {
    /// It was sent: only its receipt is wanted.
    Sent,
    /// It was reserved, perhaps signed: the same operation is signed again, which gives the same signature.
    Sign(Authorised),
}

fn again(
    app: &App,
    grant: &Grant,
    books: &Books,
    held: &[Reservation],
    earlier: &Reservation,
    action: &Batch,
    session: &KeySession,
) -> Result<Again, ApiError> {
    if !matches!(earlier.state, ReservationState::Reserved | ReservationState::Signed { .. }) {
        return Ok(Again::Sent);
    }
    // Sent just before a crash, and executed: judged again it would be denied for its own use of its sequence.
    if budget::is_used(&books.head, earlier.sequence) {
        return Ok(Again::Sent);
    }
    let ledger = locally_ended(session, budget::project_sharing(&books.head, held, earlier.sequence));
    let op = OpBounds {
        valid_from: earlier.valid_from,
        valid_until: earlier.valid_until,
        lane: U256::ZERO,
        sequence: earlier.sequence.into(),
        relayer: op_relayer(app, grant),
        max_fee: 0,
        gas_floors: Vec::new(),
    };
    let now = books.now(app.clock.now())?.max(earlier.valid_from);
    let at = At { now, chain: app.settings.chain, caller: None };
    match authorise(grant, &ledger, action, &op, &at, &Facts::default()) {
        Ok(same) if same.digest() == earlier.digest => Ok(Again::Sign(same)),
        Ok(_) => Err(ApiError::internal("another_operation", "the reserved operation came out otherwise")),
        Err(denial) => Err(ApiError::refused(
            denial.code.as_str(),
            format!("the reserved operation can no longer be signed: {denial}"),
        )
        .hint("it is released at a final block; send the request with a new idempotency key")),
    }
}

async fn finish(
    app: &App,
    grant: &Grant,
    session: &KeySession,
    id: ReservationId,
    signature: Option<Bytes>,
) -> Result<Outcome, ApiError> {
    let (reservation, receipt) = deliver(app, grant, session, id, signature).await?;
    let books = Books::read(app, grant, session.grant).await?;
    let mut tx = app.store.read().await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let left = left(grant, &books.judged(&held), books.now(app.clock.now())?);
    Ok(Outcome::Done(Done { reservation, receipt, left }))
}

/// What makes two requests the same.
fn hash(action: &Batch, wanted: Option<u32>) -> B256 {
    let mut bytes = action.chain.get().to_be_bytes().to_vec();
    if let Some(sequence) = wanted {
        bytes.extend(sequence.to_be_bytes());
    }
    for call in &action.calls {
        bytes.extend(call.to);
        bytes.extend(call.value.to_be_bytes::<32>());
        bytes.extend(keccak256(&call.data));
    }
    keccak256(bytes)
}
