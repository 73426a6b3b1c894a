//! A user operation against one session: its number, and what the policy says of it.

use crate::bounds::Life;
use crate::decide::Allowed;
use crate::known::Known;
use crate::{Ask, AskError, Limits, WantedUserOp};
use hallpass_policy::{At, Denial, Ledger, UserOpBounds};
use hallpass_session::{Counter, Nonce, Route, budget};

/// The number that its asker names.
pub(crate) fn named(known: &Known, wanted: &WantedUserOp) -> Option<Nonce> {
    Some(Nonce { counter: counter(known, wanted), sequence: wanted.sequence? })
}

/// Its number: the named one, up to the next free one; of a named one that is still out, at most one executes.
pub(crate) fn sequence(known: &Known, ask: &Ask, wanted: &WantedUserOp) -> Result<u32, AskError> {
    let key = wanted.counter(known.session.grant);
    if !ask.view.head_counters.contains_key(&key) {
        return Err(AskError::NoCounter);
    }
    let named = named(known, wanted);
    // Those that share a number count once; a grant's own sequences have a width of their own.
    let mut out: Vec<Nonce> = known
        .held
        .iter()
        .filter(|r| r.route == Route::EntryPoint && r.is_live())
        .map(|r| r.nonce())
        .filter(|nonce| !ask.view.at_head().is_used(*nonce) && Some(*nonce) != named)
        .collect();
    out.sort_unstable();
    out.dedup();
    let full = out.len() >= usize::try_from(budget::LANE_WIDTH).unwrap_or_default();
    let free = ask.view.next_in(key, &known.held).filter(|_| !full).ok_or(AskError::TooManyInFlight)?;
    match wanted.sequence {
        // The EntryPoint takes none before those below it.
        Some(further) if further > free => Err(AskError::SequenceTooFar(free)),
        named => Ok(named.unwrap_or(free)),
    }
}

/// What the policy says of it.
pub(crate) fn operation(
    known: &Known,
    ask: &Ask,
    limits: &Limits,
    ledger: &Ledger,
    wanted: &WantedUserOp,
    (sequence, life): (u32, Life),
) -> Result<Result<Allowed, Denial>, AskError> {
    let key = wanted.counter(known.session.grant);
    let bounds = UserOpBounds {
        entry_point: wanted.entry_point,
        key: key.key,
        sequence: sequence.into(),
        next: *ask.view.head_counters.get(&key).ok_or(AskError::NoCounter)?,
        valid_from: life.from,
        valid_until: life.until,
        gas: wanted.gas,
        paymaster: wanted.paymaster.clone(),
    };
    let at = At { now: life.at, chain: limits.chain, caller: None };
    let judged = known.authority.user_op(ledger, &wanted.batch, &bounds, &at, &ask.facts);
    Ok(judged.map(|done| Allowed {
        rules: done.verdict().rules.to_vec(),
        costs: done.verdict().costs.to_vec(),
        route: Route::EntryPoint,
        op: done.op().encode(),
        nonce: Nonce { counter: counter(known, wanted), sequence },
        life,
        signable: Some(done.signable().clone()),
    }))
}

fn counter(known: &Known, wanted: &WantedUserOp) -> Counter {
    Counter::EntryPoint(wanted.counter(known.session.grant))
}
