//! What is left of a budget while signed operations are still out.
//!
//! The functions take every reservation of the grant that is not released, spent ones too, and a [`Ledger`] read from
//! the chain. An operation counts as in the ledger once the same block shows its number used or below base; until then it
//! counts as held, even where a later block already settled it. So a ledger that lags is never too generous.

use crate::{Counter, EntryKey, Nonce, Reservation, Route, Seen};
use alloy_primitives::U256;
use hallpass_policy::{Ledger, Spent};
use std::collections::BTreeMap;

/// How far a sequence may lie above the lowest live one: `[lowest, lowest + 64)`, the width of the bitmap on chain.
pub const LANE_WIDTH: u32 = 64;

/// The same for the bitmap of every other lane.
pub const FURTHER_WIDTH: u32 = 192;

/// What `reservations` hold of `meter` in `window`, in the meter's smallest unit; saturates.
///
/// Of operations that share a nonce at most one executes, so the dearest of them is held; nonces add up. Released
/// reservations hold nothing; the caller leaves out those already counted elsewhere.
#[must_use]
pub fn held<'a>(reservations: impl IntoIterator<Item = &'a Reservation>, meter: u16, window: u32) -> U256 {
    let mut by_nonce: BTreeMap<Nonce, U256> = BTreeMap::new();
    for reservation in reservations.into_iter().filter(|r| !r.is_released()) {
        let costs = reservation.costs.iter().filter(|c| c.meter == meter && c.window == window);
        let amount = costs.fold(U256::ZERO, |sum, c| sum.saturating_add(c.amount));
        let slot = by_nonce.entry(reservation.nonce()).or_default();
        *slot = (*slot).max(amount);
    }
    by_nonce.into_values().fold(U256::ZERO, U256::saturating_add)
}

/// What operations that share one nonce may have cost, of every meter and window: at most one of them executed.
#[must_use]
pub fn dearest(reservations: &[Reservation]) -> Vec<Spent> {
    let mut places: Vec<(u16, u32)> = reservations.iter().flat_map(|r| &r.costs).map(|c| (c.meter, c.window)).collect();
    places.sort_unstable();
    places.dedup();
    let spent = |(meter, window)| Spent { meter, window, spent: held(reservations, meter, window).saturating_to() };
    places.into_iter().map(spent).collect()
}

/// What is left under `cap` in one window: cap - max(ledger, chain) - `held`, not below zero.
///
/// `held` is [`held`] over the reservations that neither figure counts yet.
#[must_use]
pub fn remaining(cap: U256, ledger_spent: U256, chain_spent: U256, held: U256) -> U256 {
    cap.saturating_sub(ledger_spent.max(chain_spent)).saturating_sub(held)
}

/// The ledger that the next operation must be judged against: `ledger`, and everything signed as if it had executed.
///
/// Of each meter it tells the newest window that the ledger or a held operation charges, and all that is held there.
/// An operation for an older window is then denied (`window_past`), though the chain might still take it: stricter.
/// Amounts held in older windows are forgotten, since no newer window counts them. Whatever subset of the operations
/// executes in whatever order, what they spend in a window is at most what is told here.
///
/// `ledger` should be read at a final block: where operations share a nonce, an unfinal block may show the cheaper one
/// executed and a reorganisation put the dearer in its place.
#[must_use]
pub fn project<'a>(seen: impl Into<Seen<'a>>, reservations: &[Reservation]) -> Ledger {
    let seen = seen.into();
    let ledger = seen.ledger;
    // No ledger shows what a plain transaction cost, used nonce or not.
    let shown = |r: &Reservation| r.route != Route::Plain && seen.is_used(r.nonce());
    let outside: Vec<&Reservation> = reservations.iter().filter(|r| !r.is_released() && !shown(r)).collect();

    let mut out = ledger.clone();
    // An EntryPoint's numbers are not the ledger's.
    let open = outside.iter().filter(|r| !seen.is_used(r.nonce()));
    let mut sequences: Vec<_> = open.filter_map(|r| Some((r.counter.lane()?, r.sequence))).collect();
    sequences.sort_unstable();
    for (lane, sequence) in sequences {
        out.apply(lane, sequence, &[]);
    }

    let mut newest: BTreeMap<u16, u32> = ledger.meters.iter().map(|m| (m.meter, m.window)).collect();
    for cost in outside.iter().flat_map(|r| &r.costs) {
        let window = newest.entry(cost.meter).or_insert(cost.window);
        *window = (*window).max(cost.window);
    }
    out.meters = newest
        .into_iter()
        .map(|(meter, window)| {
            let before = ledger.meters.iter().find(|m| m.meter == meter && m.window == window);
            let spent = U256::from(before.map_or(0, |m| m.spent));
            let total = spent.saturating_add(held(outside.iter().copied(), meter, window));
            Spent { meter, window, spent: total.saturating_to() }
        })
        .collect();
    out
}

/// [`project`] for an operation that is to share `nonce` with reservations already made (the same calls by another
/// route, or a longer life): at most one of them executes, so theirs is not added to its own.
#[must_use]
pub fn project_sharing<'a>(seen: impl Into<Seen<'a>>, reservations: &[Reservation], nonce: Nonce) -> Ledger {
    let others: Vec<Reservation> = reservations.iter().filter(|r| r.nonce() != nonce).cloned().collect();
    project(seen, &others)
}

/// The sequence in one of the grant's lanes for the next operation: the lowest in `[first, end)` that is free; `None` where
/// there is none now, and where the ledger says nothing of the lane.
///
/// Free means: not used and not below base in `ledger`, held by no reservation that is not released, and less than
/// [`Counter::width`] above the lowest live one (signed, not executed in `ledger`), which it would otherwise kill.
/// `ledger` may be read at the head. Released reservations may be passed too; one whose nonce was used is not free.
#[must_use]
pub fn next_sequence(
    counter: Counter,
    ledger: &Ledger,
    reservations: &[Reservation],
    first: u32,
    end: u32,
) -> Option<u32> {
    let base = match counter {
        Counter::Own => ledger.base,
        Counter::Further(lane) => u32::try_from(ledger.lane(lane.number())?.base).ok()?,
        Counter::EntryPoint(_) => return None,
    };
    let seen = Seen::from(ledger);
    let own = || reservations.iter().filter(|r| r.counter == counter);
    let lowest = own().filter(|r| !r.is_released() && !seen.is_used(r.nonce())).map(|r| r.sequence).min();
    let end = lowest.map_or(end, |low| end.min(low.saturating_add(counter.width())));
    let taken = |s: u32| own().any(|r| r.sequence == s && !r.is_reusable());
    let used = |sequence| seen.is_used(Nonce { counter, sequence });
    (first.max(base)..end).find(|s| !used(*s) && !taken(*s))
}

/// The number for the next operation in an EntryPoint's counter whose next is `next` at the head: the lowest that no
/// reservation holds, fewer than [`LANE_WIDTH`] ahead; `None` where there is none now, or at 2^32 and above.
///
/// One that time alone released is given again: the EntryPoint takes none above it before.
#[must_use]
pub fn next_in(key: EntryKey, next: u64, reservations: &[Reservation]) -> Option<u32> {
    let taken = |s: u32| {
        reservations
            .iter()
            .any(|r| r.nonce() == Nonce { counter: Counter::EntryPoint(key), sequence: s } && !r.is_reusable())
    };
    let next = u32::try_from(next).ok()?;
    (next..next.checked_add(LANE_WIDTH)?).find(|s| !taken(*s))
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
