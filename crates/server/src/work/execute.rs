//! Reserve, make durable, sign, send.

use super::books::{Books, Left, left};
use super::install::own;
use super::{send, stored_grant};
use crate::app::{event, record_id, sealed_key};
use crate::caller::Caller;
use crate::{ApiError, App};
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use core::time::Duration;
use hallpass_chain::hallpass::wire::{Opening, execute_calldata};
use hallpass_chain::relay::{Receipt, Relayed};
use hallpass_policy::eval::At;
use hallpass_policy::eval::meters::{window_end, window_of};
use hallpass_policy::{Action, Authorised, Denial, Grant, Ledger, OpBounds, authorise};
use hallpass_session::{Action as Did, Actor, KeySession, Reservation, ReservationState, Route, Subject, budget};
use hallpass_store::Inserted;
use hallpass_types::{IdempotencyKey, SessionId, UnixSeconds};

/// An operation must have at least this long to live when it is sent, else the next window's is signed.
const EDGE: u64 = 5;
/// Longest life of an operation.
const LIFE: u64 = 600;
/// How far an operation's start lies in the past, for nodes whose clock is behind.
const BACKDATE: u64 = 15;

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

/// What the policy says of an action, without reserving anything.
///
/// # Errors
/// As node and store.
pub async fn check(app: &App, caller: &Caller, id: SessionId, action: &Action) -> Result<(Result<Authorised, Denial>, Vec<Left>), ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let books = Books::read(app, &grant, session.grant).await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let now = books.now(app.clock.now())?;
    let ledger = locally_ended(&session, books.judged(&held));
    let judged = judge(app, &grant, &ledger, action, books.next_sequence(&grant, &held)?, now);
    Ok((judged, left(&grant, &ledger, now)))
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
    action: &Action,
    key: IdempotencyKey,
    wanted: Option<u32>,
) -> Result<Outcome, ApiError> {
    let mut tx = app.store.read().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    let sealed = sealed_key(tx.as_mut(), &record_id("session", id)).await?;
    let sealed = sealed.ok_or_else(|| ApiError::refused("key_outside", "this session's key is held outside, so only its holder can sign"))?;
    drop(tx);
    let books = Books::read(app, &grant, session.grant).await?;
    let now = books.now(app.clock.now())?;

    // One write transaction from the reading of what is held to the reservation: nobody reserves in between.
    let mut tx = app.store.begin().await?;
    let session = own(tx.as_mut(), caller, id).await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let request_hash = hash(action, wanted);
    let earlier = tx.reservations().find_by_key(id, &key).await?;
    let (authorised, reservation) = match earlier {
        Some(earlier) => {
            earlier.same_request(request_hash).map_err(|_| {
                ApiError::conflict("other_request", "this idempotency key was used for another request")
                    .hint("use a new key for a new request")
            })?;
            drop(tx);
            match again(app, &grant, &books, &held, &earlier, action, &session)? {
                Again::Sent => return finish(app, &grant, &session, earlier, None).await,
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
            let line = event(now, Actor::Holder(id), Did::Reserved, Subject::Reservation(reservation.id), session.user, None);
            if let Inserted::Existing(other) = tx.reservations().insert(&reservation, &line).await? {
                return Err(ApiError::internal("reserved_twice", format!("reservation {} appeared within its own transaction", other.id)));
            }
            tx.commit().await?;
            (authorised, reservation)
        }
    };
    let signature = app.vault.sign_operation(&sealed, &authorised)?;
    finish(app, &grant, &session, reservation, Some((authorised, Bytes::copy_from_slice(signature.as_bytes())))).await
}

/// The end of a session here counts before the chain knows of it.
fn locally_ended(session: &KeySession, mut ledger: Ledger) -> Ledger {
    use hallpass_policy::Status;
    use hallpass_session::Lifecycle;
    match session.lifecycle {
        Lifecycle::Active { .. } => {}
        Lifecycle::Requested { .. } | Lifecycle::Refused { .. } => ledger.status = Status::Unknown,
        Lifecycle::Suspended { .. } => ledger.frozen = true,
        Lifecycle::Revoking { .. } | Lifecycle::Revoked { .. } => ledger.status = Status::Ended,
        // Time is judged before status, and says so.
        Lifecycle::Expired { .. } => {}
    }
    ledger
}

fn judge(app: &App, grant: &Grant, ledger: &Ledger, action: &Action, sequence: u32, now: UnixSeconds) -> Result<Authorised, Denial> {
    let (from, until, at) = bounds(grant, now);
    let op = OpBounds {
        valid_from: from,
        valid_until: until,
        lane: U256::ZERO,
        sequence: sequence.into(),
        relayer: if grant.relayer.is_zero() { Address::ZERO } else { grant.relayer },
        max_fee: 0,
        gas_floors: Vec::new(),
    };
    authorise(grant, ledger, action, &op, &At { now: at, chain: app.settings.chain, caller: None })
}

/// From when, until when, and the second to judge at: now, or the start of the next window where this one is about to end.
fn bounds(grant: &Grant, now: UnixSeconds) -> (UnixSeconds, UnixSeconds, UnixSeconds) {
    let edge = |t: UnixSeconds| grant.meters.iter().filter_map(|m| window_end(m, t)).min();
    let mut at = now;
    if let Some(end) = edge(now).filter(|end| end.get() - now.get() < EDGE && *end < grant.not_after) {
        at = end;
    }
    let started = grant.meters.iter().filter_map(|m| {
        let window = u64::from(window_of(m.anchor, m.period, at)?);
        m.anchor.plus(window.checked_mul(m.period?.get().into())?)
    });
    let floor = started.max().unwrap_or(grant.not_before).max(grant.not_before);
    let from = at.minus(BACKDATE).max(floor);
    let mut until = from.plus(LIFE).unwrap_or(grant.not_after).min(grant.not_after);
    if let Some(end) = edge(at) {
        until = until.min(end);
    }
    (from, until, at)
}

fn reserve(app: &App, session: &KeySession, op: &Authorised, sequence: u32, idempotency: IdempotencyKey, request_hash: B256) -> Result<Reservation, ApiError> {
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
        costs: op.verdict().costs.clone(),
        state: ReservationState::Reserved,
    })
}

enum Again {
    /// It was sent: only its receipt is wanted.
    Sent,
    /// It was reserved, perhaps signed: the same operation is signed again, which gives the same signature.
    Sign(Authorised),
}

fn again(app: &App, grant: &Grant, books: &Books, held: &[Reservation], earlier: &Reservation, action: &Action, session: &KeySession) -> Result<Again, ApiError> {
    if !matches!(earlier.state, ReservationState::Reserved | ReservationState::Signed { .. }) {
        return Ok(Again::Sent);
    }
    let mut ledger = locally_ended(session, budget::project_sharing(&books.head, held, earlier.sequence));
    ledger.meters.retain(|m| grant.meters.iter().any(|g| g.id == m.meter));
    let op = OpBounds {
        valid_from: earlier.valid_from,
        valid_until: earlier.valid_until,
        lane: U256::ZERO,
        sequence: earlier.sequence.into(),
        relayer: grant.relayer,
        max_fee: 0,
        gas_floors: Vec::new(),
    };
    let now = books.now(app.clock.now())?.max(earlier.valid_from);
    let at = At { now, chain: app.settings.chain, caller: None };
    match authorise(grant, &ledger, action, &op, &at) {
        Ok(same) if same.digest() == earlier.digest => Ok(Again::Sign(same)),
        Ok(_) => Err(ApiError::internal("another_operation", "the reserved operation came out otherwise")),
        Err(denial) => Err(ApiError::refused(denial.code.as_str(), format!("the reserved operation can no longer be signed: {denial}"))
            .hint("it is released at a final block; send the request with a new idempotency key")),
    }
}

async fn finish(app: &App, grant: &Grant, session: &KeySession, reservation: Reservation, signed: Option<(Authorised, Bytes)>) -> Result<Outcome, ApiError> {
    let reservation = match signed {
        None => reservation,
        Some((authorised, signature)) => {
            let opening = Opening::needed(grant, &authorised.verdict().rules, app.chain.relayer_address);
            let data = execute_calldata(grant, authorised.op(), &opening, &signature);
            let call = Relayed { to: grant.account, data, authorizations: Vec::new() };
            let sent = send_in_time(app, call, reservation.valid_from).await?;
            note(app, session, reservation.id, signature, sent).await?
        }
    };
    let ReservationState::Submitted { txs, .. } = &reservation.state else {
        return Err(ApiError::conflict("settled", format!("this request is settled: {}", state_name(&reservation.state))));
    };
    let tx = txs.last().copied().ok_or_else(|| ApiError::internal("no_transaction", "a submitted reservation has no transaction"))?;
    let receipt = send::receipt(app, tx).await?;
    let books = Books::read(app, grant, session.grant).await?;
    let mut tx = app.store.read().await?;
    let held = tx.reservations().held(session.grant, books.final_block.number).await?;
    let left = left(grant, &books.judged(&held), books.now(app.clock.now())?);
    Ok(Outcome::Done(Done { reservation, receipt, left }))
}

/// Sends as soon as the chain's clock has reached `from`.
async fn send_in_time(app: &App, call: Relayed, from: UnixSeconds) -> Result<B256, ApiError> {
    for _ in 0..60 {
        let early = from.get().saturating_sub(app.clock.now().get());
        if early > 0 {
            tokio::time::sleep(Duration::from_secs(early.min(EDGE))).await;
        }
        match send::send(app, call.clone()).await {
            Err(error) if error.problem.code == "op_not_yet_valid" => tokio::time::sleep(Duration::from_millis(500)).await,
            other => return other,
        }
    }
    Err(ApiError::unavailable("clock_mismatch", "the chain's clock stays behind this server's").hint("send the same request again"))
}

async fn note(app: &App, session: &KeySession, id: hallpass_types::ReservationId, signature: Bytes, sent: B256) -> Result<Reservation, ApiError> {
    let mut tx = app.store.begin().await?;
    let stored = tx.reservations().find(id).await?.ok_or_else(|| ApiError::internal("corrupt_row", "a reservation is gone"))?;
    let moved = match stored.state {
        ReservationState::Reserved => stored.signed(signature)?.submitted(sent)?,
        _ => stored.submitted(sent)?,
    };
    let line = event(app.clock.now(), Actor::Server, Did::Submitted, Subject::Reservation(id), session.user, None);
    tx.reservations().save(&moved, &line).await?;
    tx.commit().await?;
    Ok(moved)
}

const fn state_name(state: &ReservationState) -> &'static str {
    match state {
        ReservationState::Reserved => "reserved",
        ReservationState::Signed { .. } => "signed",
        ReservationState::Submitted { .. } => "submitted",
        ReservationState::Spent { .. } => "spent",
        ReservationState::Released { .. } => "released",
    }
}

/// What makes two requests the same.
fn hash(action: &Action, wanted: Option<u32>) -> B256 {
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
