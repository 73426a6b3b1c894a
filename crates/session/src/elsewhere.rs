//! What the chain shows of a grant and no reservation explains: its key was used past the signer.
//!
//! [`Explained`] is what the chain showed at a final block when it was last compared, and every part of it had its reservation
//! then. Whatever the chain shows later is that, and what was reserved since. Sequences are compared one by one, and meters by
//! what they grew; so a key that signs elsewhere is seen by the sequence that it uses, and by what it spends where it takes
//! one of ours.

use crate::{Counter, FurtherLane, Nonce, Reservation, Seen, budget};
use alloy_primitives::U256;
use hallpass_policy::{Grant, LaneUsed, Ledger, Spent};
use serde::{Deserialize, Serialize};

/// What was compared last, at a final block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The block's number.
    pub block: u64,
    /// What it showed.
    pub ledger: Ledger,
}

/// How sequences are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sequences {
    /// In any order, in a bitmap above `base`: a contract's lanes.
    Bitmap,
    /// One after another: everything below `base` is used, as an account's nonces are.
    Counter,
}

/// What nothing explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// A sequence was used that was never reserved.
    #[error("sequence {0} was used, and this signer never gave it out")]
    Sequence(u64),
    /// An operation was executed in a lane where nothing is signed.
    #[error("an operation was executed in a lane where this signer signs nothing")]
    Lane,
    /// A meter shows more than was reserved.
    #[error("meter {meter} stands at {spent} in window {window}, and this signer knows of {known}")]
    Spent {
        /// The meter's id.
        meter: u16,
        /// The window.
        window: u32,
        /// What the chain shows, in smallest units.
        spent: u128,
        /// What is explained.
        known: u128,
    },
}

impl Explained {
    /// Before a grant's first operation: nothing was used. A grant that took over the counters of another has its own
    /// beginning.
    #[must_use]
    pub fn beginning(grant: &Grant) -> Self {
        Self { block: 0, ledger: Ledger::fresh(grant) }
    }

    /// Compares what the chain shows later with what was reserved since. `since` holds every reservation that may have executed
    /// after [`Self::block`] and not after what `now` shows: at the head, all that are live or spent later than that block;
    /// at a final block, those that it settles as spent.
    ///
    /// # Errors
    /// The first thing that nothing explains.
    pub fn explains(&self, now: &Ledger, since: &[Reservation], sequences: Sequences) -> Result<(), Elsewhere> {
        if let Some(strange) = self.new_numbers(now, sequences).find(|new| !new.is_given(since)) {
            return Err(Elsewhere::Sequence(strange.sequence));
        }
        match sequences {
            Sequences::Counter => Ok(()),
            Sequences::Bitmap => now.meters.iter().try_for_each(|shown| self.explains_meter(shown, since)),
        }
    }

    /// What is used now and was not before. Looked at one by one, and only up to the first that is strange.
    fn new_numbers<'a>(&'a self, now: &'a Ledger, sequences: Sequences) -> Box<dyn Iterator<Item = New> + 'a> {
        let own = |sequence: u32| New { counter: Counter::Own, sequence: sequence.into() };
        match sequences {
            Sequences::Counter => Box::new((self.ledger.base..now.base).map(own)),
            Sequences::Bitmap => {
                let set = (0..budget::LANE_WIDTH).filter(|i| (now.used >> i) & 1 == 1);
                let lane_0 = set.map(move |i| own(now.base.saturating_add(i)));
                let further = FurtherLane::ALL.into_iter().flat_map(move |lane| {
                    let used = now.lane(lane.number()).copied().unwrap_or_else(|| LaneUsed::fresh(lane.number()));
                    let set = (0..u64::from(budget::FURTHER_WIDTH)).map(move |i| used.base.saturating_add(i));
                    let set = set.filter(move |sequence| used.is_used(*sequence));
                    set.map(move |sequence| New { counter: Counter::Further(lane), sequence })
                });
                Box::new(lane_0.chain(further).filter(|new| !new.is_used(&self.ledger)))
            }
        }
    }

    fn explains_meter(&self, shown: &Spent, since: &[Reservation]) -> Result<(), Elsewhere> {
        let Spent { meter, window, spent } = *shown;
        let before = self.ledger.meters.iter().find(|m| m.meter == meter && m.window == window).map_or(0, |m| m.spent);
        let known = U256::from(before).saturating_add(budget::held(since, meter, window));
        if U256::from(spent) <= known {
            Ok(())
        } else {
            Err(Elsewhere::Spent { meter, window, spent, known: known.saturating_to() })
        }
    }
}

/// A number that is used.
#[derive(Debug, Clone, Copy)]
struct New {
    counter: Counter,
    sequence: u64,
}

impl New {
    /// As one of ours; none of them is 2^32 or above.
    fn nonce(self) -> Option<Nonce> {
        Some(Nonce { counter: self.counter, sequence: u32::try_from(self.sequence).ok()? })
    }

    fn is_used(self, ledger: &Ledger) -> bool {
        self.nonce().is_some_and(|nonce| Seen::from(ledger).is_used(nonce))
    }

    fn is_given(self, since: &[Reservation]) -> bool {
        self.nonce().is_some_and(|nonce| since.iter().any(|r| !r.is_released() && r.nonce() == nonce))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reservation::tests as sample;
    use alloy_primitives::aliases::U192;
    use hallpass_policy::{Cost, Status};

    fn ledger(base: u32, used: u64, spent: &[(u16, u32, u128)]) -> Ledger {
        let meters = spent.iter().map(|(meter, window, spent)| Spent { meter: *meter, window: *window, spent: *spent });
        Ledger {
            frozen: false,
            epoch: 0,
            status: Status::Active,
            base,
            used,
            lanes: Vec::new(),
            meters: meters.collect(),
        }
    }

    fn reserved(sequence: u32, meter: u16, window: u32, amount: u64) -> Reservation {
        Reservation {
            sequence,
            costs: vec![Cost { meter, window, amount: U256::from(amount) }],
            ..sample::reserved(crate::Route::Direct)
        }
    }

    const BITMAP: Sequences = Sequences::Bitmap;

    #[test]
    fn what_was_reserved_is_explained_to_the_last_unit() {
        let before = Explained { block: 5, ledger: ledger(10, 0b1, &[(0, 3, 40)]) };
        let since = [reserved(11, 0, 3, 20), reserved(12, 0, 3, 7)];
        assert_eq!(before.explains(&ledger(10, 0b111, &[(0, 3, 67)]), &since, BITMAP), Ok(()));
        assert_eq!(before.explains(&ledger(10, 0b011, &[(0, 3, 60)]), &since, BITMAP), Ok(()));
        let over = Elsewhere::Spent { meter: 0, window: 3, spent: 68, known: 67 };
        assert_eq!(before.explains(&ledger(10, 0b111, &[(0, 3, 68)]), &since, BITMAP), Err(over));
    }

    #[test]
    fn a_sequence_that_nobody_gave_out_is_strange_wherever_the_window_stands() {
        let before = Explained { block: 5, ledger: ledger(10, 0b1, &[]) };
        let since = [reserved(11, 0, 0, 1)];
        assert_eq!(before.explains(&ledger(10, 0b101, &[]), &since, BITMAP), Err(Elsewhere::Sequence(12)));
        // It slid the window over all of ours.
        assert_eq!(before.explains(&ledger(500, 1 << 63, &[]), &since, BITMAP), Err(Elsewhere::Sequence(563)));
        assert_eq!(before.explains(&ledger(10, 0b11, &[]), &since, BITMAP), Ok(()));
    }

    #[test]
    fn a_newer_window_begins_at_nothing() {
        let before = Explained { block: 5, ledger: ledger(0, 0, &[(0, 3, 40)]) };
        let since = [reserved(0, 0, 4, 9)];
        assert_eq!(before.explains(&ledger(0, 1, &[(0, 4, 9)]), &since, BITMAP), Ok(()));
        let over = Elsewhere::Spent { meter: 0, window: 4, spent: 10, known: 9 };
        assert_eq!(before.explains(&ledger(0, 1, &[(0, 4, 10)]), &since, BITMAP), Err(over));
    }

    #[test]
    fn of_those_that_share_a_nonce_the_dearest_explains() {
        let before = Explained { block: 0, ledger: ledger(0, 0, &[]) };
        let since = [reserved(0, 0, 0, 9), reserved(0, 0, 0, 4)];
        assert_eq!(before.explains(&ledger(0, 1, &[(0, 0, 9)]), &since, BITMAP), Ok(()));
        assert!(before.explains(&ledger(0, 1, &[(0, 0, 10)]), &since, BITMAP).is_err());
    }

    #[test]
    fn an_entry_point_s_number_explains_what_it_spent_and_no_sequence() {
        let before = Explained { block: 0, ledger: ledger(0, 0, &[]) };
        let key = crate::EntryKey::new(
            hallpass_policy::EntryPoint::V08,
            hallpass_types::GrantId::repeat_byte(3),
            crate::Lane::default(),
        );
        let since = [Reservation { counter: Counter::EntryPoint(key), ..reserved(0, 0, 0, 9) }];
        assert_eq!(before.explains(&ledger(0, 0, &[(0, 0, 9)]), &since, BITMAP), Ok(()));
        assert_eq!(before.explains(&ledger(0, 1, &[(0, 0, 9)]), &since, BITMAP), Err(Elsewhere::Sequence(0)));
    }

    #[test]
    fn every_lane_that_was_read_is_compared() {
        let lane = |n: u64, base, used: u64| LaneUsed { lane: U192::from(n), base, used: U192::from(used) };
        let with = |lanes: &[LaneUsed]| Ledger { lanes: lanes.to_vec(), ..ledger(0, 0, &[]) };
        let further = |n| Counter::Further(FurtherLane::try_from(n).unwrap());
        let before = Explained { block: 0, ledger: with(&[lane(1, 4, 0b1)]) };
        let since = [Reservation { counter: further(1), ..reserved(6, 0, 0, 1) }];
        assert_eq!(before.explains(&with(&[lane(1, 4, 0b101)]), &since, BITMAP), Ok(()));
        assert_eq!(before.explains(&with(&[lane(1, 4, 0b001)]), &since, BITMAP), Ok(()));
        assert_eq!(before.explains(&with(&[]), &since, BITMAP), Ok(()));
        assert_eq!(before.explains(&with(&[lane(1, 4, 0b111)]), &since, BITMAP), Err(Elsewhere::Sequence(5)));
        // The same number in another lane, and in lane 0.
        assert_eq!(before.explains(&with(&[lane(2, 0, 1 << 6)]), &since, BITMAP), Err(Elsewhere::Sequence(6)));
        assert_eq!(before.explains(&ledger(0, 1 << 6, &[]), &since, BITMAP), Err(Elsewhere::Sequence(6)));
        // One that slid the window over all of ours, to where none of ours could be.
        let far = LaneUsed { used: U192::from(1) << 191, ..lane(1, 1 << 32, 0) };
        assert_eq!(before.explains(&with(&[far]), &since, BITMAP), Err(Elsewhere::Sequence((1 << 32) + 191)));
    }

    #[test]
    fn a_counter_uses_everything_below_it() {
        let before = Explained { block: 0, ledger: ledger(2, 0, &[]) };
        let since = [reserved(2, 0, 0, 1), reserved(3, 0, 0, 1)];
        assert_eq!(before.explains(&ledger(4, 0, &[]), &since, Sequences::Counter), Ok(()));
        assert_eq!(before.explains(&ledger(5, 0, &[]), &since, Sequences::Counter), Err(Elsewhere::Sequence(4)));
        assert_eq!(before.explains(&ledger(u32::MAX, 0, &[]), &[], Sequences::Counter), Err(Elsewhere::Sequence(2)));
    }
}
