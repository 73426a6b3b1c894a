//! For which seconds an operation is good, and at which it is judged.

use hallpass_policy::Grant;
use hallpass_policy::eval::bounds::MAX_OP_SECONDS;
use hallpass_policy::eval::meters::{window_end, window_of};
use hallpass_types::UnixSeconds;

/// An operation must have at least this many seconds to live when it is sent, else the next window's is signed.
pub const EDGE: u64 = 5;
/// How far an operation's start lies in the past, for nodes whose clock is behind.
const BACKDATE: u64 = 15;

/// What an operation's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Inclusive.
    pub from: UnixSeconds,
    /// Exclusive.
    pub until: UnixSeconds,
    /// The second to judge it at: now, or the start of the next window where this one is about to end.
    pub at: UnixSeconds,
}

/// As long as may be, from a little before `now`, inside the grant and inside one window of every meter.
#[must_use]
pub fn life(grant: &Grant, now: UnixSeconds) -> Life {
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
    let mut until = from.plus(MAX_OP_SECONDS).unwrap_or(grant.not_after).min(grant.not_after);
    if let Some(end) = edge(at) {
        until = until.min(end);
    }
    Life { from, until, at }
}
