//! Each proof once (RFC 9449, section 11.1).
//!
//! A proof is worth nothing after the period that follows its nonce's, so it is remembered for as long and no longer. A
//! period that was let go never comes back, whatever the clock does.

use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// Proofs that are remembered of one period; about 32 bytes each.
const MOST: usize = 500_000;
/// Of these, proofs of one key.
const MOST_OF_KEY: u32 = 60_000;

/// What was shown.
#[derive(Debug, Default)]
pub struct Replays {
    /// No proof of an earlier period is taken.
    floor: u64,
    periods: Vec<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    period: u64,
    proofs: HashSet<[u8; 16]>,
    of_key: HashMap<[u8; 32], u32>,
}

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It was shown before, or is of a time that is past.
    #[error("the DPoP proof was used before; make one for each request")]
    Seen,
    /// No more can be remembered now.
    #[error("too many DPoP proofs were shown in a minute")]
    Full,
}

impl ReplayError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Seen => super::INVALID_PROOF,
            Self::Full => "too_many_proofs",
        }
    }

    /// The `WWW-Authenticate` that tells it; none where another proof would fare no better.
    #[must_use]
    pub const fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Seen => Some(super::BAD_PROOF),
            Self::Full => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Seen => "make a proof for each request",
            Self::Full => "try again in two minutes",
        }
    }
}

impl Replays {
    /// Takes a proof that holds, once.
    ///
    /// # Errors
    /// [`ReplayError`]: it is not to be taken.
    pub fn take(&mut self, jkt: [u8; 32], jti: &str, period: u64) -> Result<(), ReplayError> {
        if period < self.floor {
            return Err(ReplayError::Seen);
        }
        self.floor = self.floor.max(period.saturating_sub(1));
        self.periods.retain(|seen| seen.period >= self.floor);
        let seen = match self.periods.iter().position(|seen| seen.period == period) {
            Some(at) => self.periods.get_mut(at),
            None => {
                self.periods.push(Seen { period, ..Seen::default() });
                self.periods.last_mut()
            }
        };
        let Some(seen) = seen else { return Err(ReplayError::Full) };
        let digest: [u8; 32] = Sha256::new().chain_update(jkt).chain_update(jti).finalize().into();
        let name = digest.first_chunk().copied().unwrap_or_default();
        if seen.proofs.contains(&name) {
            return Err(ReplayError::Seen);
        }
        let of_key = seen.of_key.entry(jkt).or_default();
        if seen.proofs.len() >= MOST || *of_key >= MOST_OF_KEY {
            return Err(ReplayError::Full);
        }
        *of_key = of_key.saturating_add(1);
        seen.proofs.insert(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9449, section 7.1.
    #[test]
    fn a_refusal_says_whether_another_proof_would_be_taken() {
        let (seen, full) = (ReplayError::Seen, ReplayError::Full);
        assert_eq!((seen.code(), full.code()), ("invalid_dpop_proof", "too_many_proofs"));
        assert_eq!(seen.challenge(), Some("DPoP error=\"invalid_dpop_proof\", algs=\"ES256 EdDSA\""));
        assert_eq!(full.challenge(), None);
        assert!(seen.hint().contains("make a proof") && full.hint().contains("again"));
    }

    #[test]
    fn a_proof_is_taken_once_of_each_key() {
        let mut replays = Replays::default();
        assert_eq!(replays.take([1; 32], "a", 5), Ok(()));
        assert_eq!(replays.take([1; 32], "a", 5), Err(ReplayError::Seen));
        assert_eq!(replays.take([2; 32], "a", 5), Ok(()));
        assert_eq!(replays.take([1; 32], "b", 6), Ok(()));
        assert_eq!(replays.take([1; 32], "a", 5), Err(ReplayError::Seen), "its nonce is still good");
    }

    #[test]
    fn a_period_that_was_let_go_does_not_come_back_with_the_clock() {
        let mut replays = Replays::default();
        replays.take([1; 32], "a", 5).unwrap();
        replays.take([1; 32], "b", 7).unwrap();
        assert_eq!(replays.periods.len(), 1);
        assert_eq!(replays.take([1; 32], "a", 5), Err(ReplayError::Seen));
        assert_eq!(replays.take([1; 32], "new", 5), Err(ReplayError::Seen));
        assert_eq!(replays.take([1; 32], "new", 6), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_one_key_does_not_fill_it() {
        let mut replays = Replays::default();
        for n in 0..MOST_OF_KEY {
            replays.take([1; 32], &n.to_string(), 5).unwrap();
        }
        assert_eq!(replays.take([1; 32], "more", 5), Err(ReplayError::Full));
        assert_eq!(replays.take([1; 32], "0", 5), Err(ReplayError::Seen));
        for n in 0..MOST as u32 - MOST_OF_KEY {
            let key = n / MOST_OF_KEY + 2;
            replays.take([key as u8; 32], &n.to_string(), 5).unwrap();
        }
        assert_eq!(replays.take([99; 32], "more", 5), Err(ReplayError::Full));
        assert_eq!(replays.take([99; 32], "more", 6), Ok(()));
    }
}
