//! What was last seen of one grant on chain, at two blocks.
//!
//! Two readings, each made no looser by the reservations that it does not show yet: one at a final block, which no
//! reorganisation changes, and one at the head, which shows a key that was used past the signer. Of each meter the
//! stricter one counts; status, epoch, freeze and sequences are the head's.

use crate::{Counter, Counters, EntryKey, FurtherLane, Nonce, Reservation, Seen, budget};
use alloy_primitives::U256;
use hallpass_policy::{Grant, Ledger, Spent};
use hallpass_types::UnixSeconds;

/// What the chain says at two blocks, and what no chain counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainView {
    /// At the head.
    pub head: Ledger,
    /// The head's time.
    pub head_time: UnixSeconds,
    /// At a final block, not after the head.
    pub settled: Ledger,
    /// That block's number.
    pub final_block: u64,
    /// EntryPoints' counters at the head.
    pub head_counters: Counters,
    /// The same counters at the final block.
    pub settled_counters: Counters,
}

impl ChainView {
    /// Of a grant that no contract enforces: nothing stands against it anywhere but here.
    #[must_use]
    pub fn uncounted(grant: &Grant, now: UnixSeconds) -> Self {
        let ledger = Ledger::fresh(grant);
        let (head_counters, settled_counters) = (Counters::new(), Counters::new());
        Self { head: ledger.clone(), head_time: now, settled: ledger, final_block: 0, head_counters, settled_counters }
    }

    /// The ledger with everything signed counted as executed. `held` are the grant's reservations beside the older of the final
    /// block and the one that `floor` was read at; `counted` is what [`Route::Bare`](crate::Route::Bare) has charged; `floor` is
    /// what was seen at a final block before, below which no node's word goes.
    #[must_use]
    pub fn judged(&self, floor: Option<&Ledger>, held: &[Reservation], counted: &[Spent]) -> Ledger {
        self.stricter(floor, counted, |seen| budget::project(seen, held))
    }

    /// [`Self::judged`] for an operation that shares `nonce` with what was reserved for it before.
    #[must_use]
    pub fn judged_sharing(
        &self,
        floor: Option<&Ledger>,
        held: &[Reservation],
        counted: &[Spent],
        nonce: Nonce,
    ) -> Ledger {
        self.stricter(floor, counted, |seen| budget::project_sharing(seen, held, nonce))
    }

    /// What the head says of numbers.
    #[must_use]
    pub const fn at_head(&self) -> Seen<'_> {
        Seen { ledger: &self.head, counters: &self.head_counters }
    }

    /// What the final block says of them.
    #[must_use]
    pub const fn at_final(&self) -> Seen<'_> {
        Seen { ledger: &self.settled, counters: &self.settled_counters }
    }

    /// The number for the next operation in an EntryPoint's counter, as [`budget::next_in`] has it; `None` also where the
    /// counter was not read.
    #[must_use]
    pub fn next_in(&self, key: EntryKey, held: &[Reservation]) -> Option<u32> {
        budget::next_in(key, *self.head_counters.get(&key)?, held)
    }

    /// The sequence in lane 0 for the next operation, as [`budget::next_sequence`] has it.
    #[must_use]
    pub fn next_sequence(&self, grant: &Grant, held: &[Reservation]) -> Option<u32> {
        self.next_of(Counter::Own, grant, held)
    }

    /// The number for the next operation on the direct route: in lane 0, else, where the grant does not bound its sequences,
    /// in the first further lane that has one. Lanes that were not read have none.
    #[must_use]
    pub fn next_direct(&self, grant: &Grant, held: &[Reservation]) -> Option<Nonce> {
        let further = FurtherLane::ALL.into_iter().filter(|_| !grant.bounds_sequences()).map(Counter::Further);
        core::iter::once(Counter::Own).chain(further).find_map(|counter| {
            let sequence = self.next_of(counter, grant, held)?;
            Some(Nonce { counter, sequence })
        })
    }

    fn next_of(&self, counter: Counter, grant: &Grant, held: &[Reservation]) -> Option<u32> {
        let bound = |sequence: u64| u32::try_from(sequence).unwrap_or(u32::MAX);
        budget::next_sequence(counter, &self.head, held, bound(grant.first_seq), bound(grant.end_seq))
    }

    fn stricter(&self, floor: Option<&Ledger>, counted: &[Spent], project: impl Fn(Seen<'_>) -> Ledger) -> Ledger {
        let head = project(self.at_head());
        let mut meters = head.meters;
        for other in
            core::iter::once(self.at_final()).chain(floor.map(Seen::from)).flat_map(|seen| project(seen).meters)
        {
            match meters.iter_mut().find(|m| m.meter == other.meter) {
                None => meters.push(other),
                Some(m) if other.window > m.window => *m = other,
                Some(m) if other.window == m.window => m.spent = m.spent.max(other.spent),
                Some(_) => {}
            }
        }
        add(&mut meters, counted);
        Ledger { meters, ..head }
    }
}

/// Adds what was counted elsewhere: in one window sums add up, and a newer window takes the place of an older one.
pub fn add(meters: &mut Vec<Spent>, more: &[Spent]) {
    for other in more {
        match meters.iter_mut().find(|m| m.meter == other.meter) {
            None => meters.push(*other),
            Some(m) if other.window > m.window => *m = *other,
            Some(m) if other.window == m.window => m.spent = m.spent.saturating_add(other.spent),
            Some(_) => {}
        }
    }
}

/// What a reservation's costs charge, as [`add`] takes it.
#[must_use]
pub fn charged(reservation: &Reservation) -> Vec<Spent> {
    let spent = |amount: U256| amount.saturating_to();
    reservation.costs.iter().map(|c| Spent { meter: c.meter, window: c.window, spent: spent(c.amount) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spent(meter: u16, window: u32, spent: u128) -> Spent {
        Spent { meter, window, spent }
    }

    #[test]
    fn counts_of_one_window_add_up_and_a_newer_window_begins_anew() {
        let mut meters = vec![spent(0, 4, 10), spent(1, 4, 10), spent(2, 4, u128::MAX)];
        add(&mut meters, &[spent(0, 4, 5), spent(1, 5, 1), spent(2, 4, 1), spent(3, 0, 7)]);
        assert_eq!(meters, [spent(0, 4, 15), spent(1, 5, 1), spent(2, 4, u128::MAX), spent(3, 0, 7)]);
        add(&mut meters, &[spent(1, 4, 100)]);
        assert_eq!(meters[1], spent(1, 5, 1));
    }
}
