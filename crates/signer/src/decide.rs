//! One request against one session, inside a transaction: what the policy says, and what is reserved for it.

use crate::bounds::{Life, life};
use crate::known::Known;
use crate::points::{Point, reached};
use crate::{Answer, Ask, AskError, Limits, Wanted, userop};
use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolValue;
use hallpass_policy::ledger::Status;
use hallpass_policy::{Action, At, Authority, Batch, Cost, Denial, Grant, Ledger, Op, OpBounds, Signable, Spent};
use hallpass_session::{Action as Did, Actor, AuditEvent, Subject};
use hallpass_session::{Counter, KeySession, Lifecycle, Nonce, Reservation, ReservationState, Route, budget, view};
use hallpass_store::{Inserted, Tx};
use hallpass_types::{ReservationId, UnixSeconds};
use std::sync::Arc;

/// How far the chain's clock may run ahead of ours before nothing is signed, in seconds.
pub const MAX_AHEAD: u64 = 120;

/// Most reservations that share a number: each is looked at wherever one of them is.
const MOST_SHARING: usize = 16;

/// What is to be done once the transaction is durable.
#[derive(Debug)]
pub enum Decision {
    /// Nothing but to answer.
    Answer(Answer),
    /// The reservation may be signed.
    Sign(Box<Ready>),
}

/// A reservation whose transaction is about to be made durable.
#[derive(Debug)]
pub struct Ready {
    /// The reservation.
    pub reservation: Reservation,
    /// What is signed; `None` for an action inside an app.
    pub signable: Option<Signable>,
    /// The rule that allowed each call.
    pub rules: Vec<u16>,
    /// What stood before.
    pub ledger: Ledger,
}

/// Whose word it is, in which second, with what randomness.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Our clock.
    pub clock: UnixSeconds,
    /// For a reservation's id.
    pub id: ReservationId,
}

/// Allowed, before it is reserved.
pub(crate) struct Allowed {
    pub signable: Option<Signable>,
    pub rules: Vec<u16>,
    pub costs: Vec<Cost>,
    pub route: Route,
    pub op: Bytes,
    pub nonce: Nonce,
    pub life: Life,
}

/// Judges a request, and reserves for it.
///
/// # Errors
/// [`AskError`]; the transaction is then to be thrown away where it says [`AskError::NotDurable`].
pub async fn decide(
    tx: &mut dyn Tx,
    known: &mut Known,
    ask: &Ask,
    limits: &Limits,
    now: Now,
) -> Result<Decision, AskError> {
    if known.key.is_none() && !ask.dry_run {
        return Err(AskError::KeyOutside);
    }
    if ask.view.head_time.get() > now.clock.get().saturating_add(MAX_AHEAD) {
        return Err(AskError::Clock);
    }
    let at = ask.view.head_time.max(now.clock);
    let request = ask.wanted.hash();
    let earlier = tx.reservations().find_by_key(ask.session, &ask.idempotency).await?;
    if let Some(earlier) = earlier.filter(|_| !ask.dry_run) {
        earlier.same_request(request).map_err(|_| AskError::OtherRequest)?;
        return again(known, ask, limits, earlier, at);
    }
    let ledger = ledger(known, ask);
    let allowed = match judge(known, ask, limits, &ledger, at)? {
        Ok(Allowed { rules, costs, .. }) if ask.dry_run => {
            return Ok(Decision::Answer(Answer::Allowed { rules, costs, ledger }));
        }
        Ok(allowed) => allowed,
        Err(denial) if ask.dry_run => return Ok(Decision::Answer(Answer::Denied { denial, ledger })),
        Err(denial) => {
            tx.audit().append(&line(&known.session, at, Did::Denied, Subject::Key(ask.session))).await?;
            return Ok(Decision::Answer(Answer::Denied { denial, ledger }));
        }
    };
    let Allowed { signable, rules, costs, route, op, nonce, life } = allowed;
    let bare = route == Route::Bare;
    let sharing = known.held.iter().filter(|r| r.is_live() && r.nonce() == nonce).count();
    if !bare && sharing >= MOST_SHARING {
        return Err(AskError::TooManyInFlight);
    }
    let reservation = Reservation {
        id: now.id,
        session: ask.session,
        grant: known.session.grant,
        idempotency: ask.idempotency.clone(),
        request_hash: request,
        route,
        op,
        digest: signable.as_ref().map_or(request, Signable::digest),
        sequence: nonce.sequence,
        counter: nonce.counter,
        valid_from: life.from,
        valid_until: life.until,
        costs,
        state: if bare { ReservationState::Counted } else { ReservationState::Reserved },
    };
    reached(Point::Decided);
    let event = line(&known.session, at, Did::Reserved, Subject::Reservation(reservation.id));
    if let Inserted::Existing(_) = tx.reservations().insert(&reservation, &event).await? {
        return Err(AskError::NotDurable("a reservation appeared within its own transaction".to_owned()));
    }
    reached(Point::Inserted);
    if bare {
        view::add(&mut known.counted, &view::charged(&reservation));
        tx.reservations().set_counted(known.session.grant, &known.counted).await?;
    } else {
        known.held.push(reservation.clone());
    }
    Ok(Decision::Sign(Box::new(Ready { reservation, signable, rules, ledger })))
}

/// A retry: what was reserved is signed again, which is the same operation, or is past signing.
fn again(
    known: &Known,
    ask: &Ask,
    limits: &Limits,
    earlier: Reservation,
    at: UnixSeconds,
) -> Result<Decision, AskError> {
    let past = |r: Reservation| Ok(Decision::Answer(Answer::Earlier(Box::new(r))));
    let open = matches!(
        earlier.state,
        ReservationState::Reserved | ReservationState::Signed { .. } | ReservationState::Counted
    );
    // Sent just before a crash, and executed: judged again it would be denied for its own use of its sequence.
    let executed = earlier.route != Route::Bare && ask.view.at_head().is_used(earlier.nonce());
    if !open || executed {
        return past(earlier);
    }
    let mut counted = known.counted.clone();
    if earlier.route == Route::Bare {
        uncount(&mut counted, &view::charged(&earlier));
    }
    let ledger = match earlier.route {
        Route::Bare => ended_here(&known.session, ask.view.judged(known.floor(), &known.held, &counted)),
        _ => ended_here(&known.session, ask.view.judged_sharing(known.floor(), &known.held, &counted, earlier.nonce())),
    };
    let life = Life { from: earlier.valid_from, until: earlier.valid_until, at: at.max(earlier.valid_from) };
    let judged = match &ask.wanted {
        Wanted::Calls(batch, _, relayer) => {
            operation(known, ask, limits, &ledger, (batch, *relayer), earlier.nonce(), life)
        }
        Wanted::UserOp(wanted) => userop::operation(known, ask, limits, &ledger, wanted, (earlier.sequence, life))?,
        _ => beside(known, ask, limits, &ledger, at)?,
    };
    let allowed = judged.map_err(AskError::Dead)?;
    if allowed.signable.as_ref().is_some_and(|s| s.digest() != earlier.digest) {
        return Err(AskError::Corrupt("the reserved operation came out otherwise".to_owned()));
    }
    let Allowed { signable, rules, .. } = allowed;
    Ok(Decision::Sign(Box::new(Ready { reservation: earlier, signable, rules, ledger })))
}

/// The ledger to judge a new request against.
fn ledger(known: &Known, ask: &Ask) -> Ledger {
    let judged = match &ask.wanted {
        // One that takes the place of others: at most one of them is included.
        Wanted::Transaction(tx) => {
            let nonce = own(u32::try_from(tx.nonce).unwrap_or(u32::MAX));
            ask.view.judged_sharing(known.floor(), &known.held, &known.counted, nonce)
        }
        Wanted::UserOp(wanted) => match userop::named(known, wanted) {
            Some(nonce) => ask.view.judged_sharing(known.floor(), &known.held, &known.counted, nonce),
            None => ask.view.judged(known.floor(), &known.held, &known.counted),
        },
        _ => ask.view.judged(known.floor(), &known.held, &known.counted),
    };
    ended_here(&known.session, judged)
}

fn judge(
    known: &Known,
    ask: &Ask,
    limits: &Limits,
    ledger: &Ledger,
    at: UnixSeconds,
) -> Result<Result<Allowed, Denial>, AskError> {
    let grant = known.authority.policy().grant();
    let (batch, wanted, relayer) = match &ask.wanted {
        Wanted::Calls(batch, wanted, relayer) => (batch, wanted, relayer),
        Wanted::UserOp(wanted) => {
            let sequence = userop::sequence(known, ask, wanted)?;
            return userop::operation(known, ask, limits, ledger, wanted, (sequence, life(grant, at)));
        }
        _ => return beside(known, ask, limits, ledger, at),
    };
    let nonce = match wanted {
        None => ask.view.next_direct(grant, &known.held).ok_or(AskError::TooManyInFlight)?,
        Some(wanted) => {
            let free = ask.view.next_sequence(grant, &known.held).ok_or(AskError::TooManyInFlight)?;
            // One that lies further would kill sequences that are still out.
            if *wanted > free {
                return Err(AskError::SequenceTooFar(free));
            }
            own(*wanted)
        }
    };
    Ok(operation(known, ask, limits, ledger, (batch, *relayer), nonce, life(grant, at)))
}

fn operation(
    known: &Known,
    ask: &Ask,
    limits: &Limits,
    ledger: &Ledger,
    (batch, relayer): (&Batch, Option<Address>),
    nonce: Nonce,
    life: Life,
) -> Result<Allowed, Denial> {
    let grant = known.authority.policy().grant();
    let op = OpBounds {
        valid_from: life.from,
        valid_until: life.until,
        lane: nonce.counter.lane().unwrap_or_default(),
        sequence: nonce.sequence.into(),
        relayer: relayer.unwrap_or_else(|| sender(grant, limits)),
        max_fee: 0,
        gas_floors: Vec::new(),
    };
    let at = At { now: life.at, chain: limits.chain, caller: None };
    let done = known.authority.calls(ledger, batch, &op, &at, &ask.facts)?;
    Ok(Allowed {
        rules: done.verdict().rules.to_vec(),
        costs: done.verdict().costs.to_vec(),
        route: Route::Direct,
        op: done.op().abi_encode().into(),
        nonce,
        life,
        signable: Some(done.signable().clone()),
    })
}

/// What is no operation of an account.
fn beside(
    known: &Known,
    ask: &Ask,
    limits: &Limits,
    ledger: &Ledger,
    now: UnixSeconds,
) -> Result<Result<Allowed, Denial>, AskError> {
    let authority: &Authority<Arc<Grant>> = &known.authority;
    let at = At { now, chain: limits.chain, caller: None };
    let until = now.plus(1).unwrap_or(now);
    let life = Life { from: now, until, at: now };
    let allowed = |signable, verdict: hallpass_policy::Verdict, route, sequence| Allowed {
        signable,
        rules: verdict.rules.to_vec(),
        costs: verdict.costs.to_vec(),
        route,
        op: Bytes::new(),
        nonce: own(sequence),
        life,
    };
    Ok(match &ask.wanted {
        Wanted::Message(message) => authority
            .message(ledger, message, &at, &ask.facts)
            .map(|(signable, verdict)| allowed(Some(signable), verdict, Route::Bare, 0)),
        Wanted::App(action) => authority
            .policy()
            .judge(ledger, &Action::App(action.clone()), &Op::default(), &at, &ask.facts)
            .map(|verdict| allowed(None, verdict, Route::Bare, 0)),
        Wanted::Transaction(tx) => {
            let live = known.held.iter().filter(|r| r.is_live()).map(|r| r.sequence).min();
            let end = live.map_or(u64::MAX, |low| u64::from(low) + u64::from(budget::LANE_WIDTH));
            if tx.nonce >= end {
                return Err(AskError::TooManyInFlight);
            }
            let nonce = u32::try_from(tx.nonce).unwrap_or(u32::MAX);
            authority
                .transaction(ledger, tx, &at, &ask.facts)
                .map(|(signable, verdict)| allowed(Some(signable), verdict, Route::Plain, nonce))
        }
        Wanted::Calls(..) | Wanted::UserOp(_) => {
            return Err(AskError::Corrupt("an operation was reserved as something else".to_owned()));
        }
    })
}

/// A number that is no EntryPoint's.
const fn own(sequence: u32) -> Nonce {
    Nonce { counter: Counter::Own, sequence }
}

/// Who may send the operation: our relayer alone, so that nobody else lands it first, or with gas of their choosing.
#[must_use]
pub fn sender(grant: &Grant, limits: &Limits) -> Address {
    if grant.relayer.is_zero() { limits.relayer } else { grant.relayer }
}

/// The end of a session here counts before the chain knows of it.
#[must_use]
pub fn ended_here(session: &KeySession, mut ledger: Ledger) -> Ledger {
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

/// Takes back what a reservation charged: it is judged anew as if it had not been made.
fn uncount(counted: &mut [Spent], mine: &[Spent]) {
    for own in mine {
        if let Some(m) = counted.iter_mut().find(|m| m.meter == own.meter && m.window == own.window) {
            m.spent = m.spent.saturating_sub(own.spent);
        }
    }
}

const fn line(session: &KeySession, at: UnixSeconds, action: Did, subject: Subject) -> AuditEvent {
    AuditEvent {
        seq: None,
        at,
        actor: Actor::Holder(session.id),
        action,
        subject,
        user: Some(session.user),
        why: None,
        from: None,
    }
}
