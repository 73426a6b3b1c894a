//! Unix seconds and the clock.

use core::fmt;
use serde::{Deserialize, Serialize};

/// A moment in whole Unix seconds, UTC. On the wire to a chain it is a `uint48`, so values stay below 2^48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct UnixSeconds(u64);

/// The first second that no `uint48` holds.
const LIMIT: u64 = 1 << 48;

impl UnixSeconds {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The last second of the range: 2^48 - 1.
    pub const MAX: Self = Self(LIMIT - 1);

    /// `seconds` since 1970-01-01T00:00:00Z; `None` from 2^48 on.
    #[must_use]
    pub const fn new(seconds: u64) -> Option<Self> {
        if seconds < LIMIT { Some(Self(seconds)) } else { None }
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The moment `seconds` later; `None` past the end of the range.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Option<Self> {
        match self.0.checked_add(seconds) {
            Some(s) => Self::new(s),
            None => None,
        }
    }

    /// The moment `seconds` earlier, not before 1970.
    #[must_use]
    pub const fn minus(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

impl TryFrom<u64> for UnixSeconds {
    type Error = OutOfRange;
    fn try_from(value: u64) -> Result<Self, OutOfRange> {
        Self::new(value).ok_or(OutOfRange)
    }
}

impl From<UnixSeconds> for u64 {
    fn from(value: UnixSeconds) -> Self {
        value.0
    }
}

impl fmt::Display for UnixSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time of 2^48 seconds or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time must be below 2^48 seconds")]
pub struct OutOfRange;

/// Tells the time. Handed in everywhere; only the command line chooses the real one.
pub trait Clock: Send + Sync {
    /// The present second.
    fn now(&self) -> UnixSeconds;
}

/// A clock that stands still, for tests and for questions about a given moment.
#[derive(Debug, Clone, Copy)]
pub struct Fixed(pub UnixSeconds);

impl Clock for Fixed {
    fn now(&self) -> UnixSeconds {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_ends_below_two_to_the_48() {
        assert_eq!(UnixSeconds::new((1 << 48) - 1).map(UnixSeconds::get), Some((1 << 48) - 1));
        assert_eq!(UnixSeconds::new(1 << 48), None);
        assert_eq!(UnixSeconds::new((1 << 48) - 1).unwrap().plus(1), None);
        assert_eq!(UnixSeconds::new(1).unwrap().plus(u64::MAX), None);
    }
}
