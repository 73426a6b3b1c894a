//! What left the signer, and whether it keeps its promises. It adds up by itself, from what was asked.

use super::START;
use super::world::{Want, What};
use hallpass_session::{Reservation, Route};
use hallpass_types::ReservationId;
use std::collections::{BTreeMap, BTreeSet};

/// A promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// An acknowledged revocation is not lost, and nothing is signed after it.
    Revoked,
    /// What left never exceeds a cap.
    Cap,
    /// A key that was answered is answered by the same operation, and no key has two.
    Key,
    /// No sequence goes to two operations.
    Sequence,
}

/// Everything that left a signer, over all its restarts.
#[derive(Debug, Default)]
pub struct Model {
    /// The first answer to each key.
    pub answered: BTreeMap<(usize, u64), (Want, Reservation)>,
    /// Everything whose signature, or acknowledgement where nothing is signed, left.
    left: BTreeMap<ReservationId, (Want, Reservation)>,
    /// Acknowledged revocations, and the reservations that stood before each.
    revoked: BTreeMap<usize, BTreeSet<ReservationId>>,
    /// What was broken.
    pub broken: Vec<(Promise, String)>,
}

impl Model {
    pub fn is_revoked(&self, session: usize) -> bool {
        self.revoked.contains_key(&session)
    }

    pub fn revoked(&self) -> impl Iterator<Item = usize> {
        self.revoked.keys().copied()
    }

    pub fn left(&self) -> usize {
        self.left.len()
    }

    pub fn breaks(&mut self, promise: Promise, how: impl Into<String>) {
        self.broken.push((promise, how.into()));
    }

    /// A revocation was acknowledged; these reservations were there.
    pub fn revoke(&mut self, session: usize, there: BTreeSet<ReservationId>) {
        for (id, (want, _)) in self.left.iter().filter(|(_, (want, _))| want.session == session) {
            if !there.contains(id) {
                self.broken.push((Promise::Revoked, format!("{want:?} had left and was not in the store")));
            }
        }
        self.revoked.entry(session).or_insert(there);
    }

    /// It was signed, or acknowledged. `after`: it was asked for after a revocation had been acknowledged.
    pub fn leave(&mut self, want: Want, reservation: &Reservation, after: bool) {
        if after {
            self.breaks(Promise::Revoked, format!("{want:?} was asked for after the revocation, and signed"));
        }
        if self.revoked.get(&want.session).is_some_and(|there| !there.contains(&reservation.id)) {
            self.breaks(Promise::Revoked, format!("{want:?} was reserved after the revocation"));
        }
        self.answer(want, reservation);
        self.left.entry(reservation.id).or_insert((want, reservation.clone()));
    }

    /// Its key was answered with this reservation.
    pub fn answer(&mut self, want: Want, reservation: &Reservation) {
        let (asked, first) =
            self.answered.entry((want.session, want.key)).or_insert_with(|| (want, reservation.clone())).clone();
        if asked.what != want.what {
            self.breaks(Promise::Key, format!("{want:?} was answered by {asked:?}"));
        }
        if (first.id, first.digest) != (reservation.id, reservation.digest) {
            self.breaks(Promise::Key, format!("{want:?}: first {first:?}, then {reservation:?}"));
        }
    }

    /// Adds everything up: of what shares a nonce at most one executes, so the dearest counts.
    pub fn add_up(&mut self) {
        let mut spent: BTreeMap<(usize, u8, u64), BTreeMap<String, u64>> = BTreeMap::new();
        let mut sequences: BTreeMap<(usize, u32), BTreeSet<_>> = BTreeMap::new();
        let mut caps = BTreeMap::new();
        for (want, reservation) in self.left.values() {
            let (name, budget) = want.budget();
            let window = budget.period.map_or(0, |p| (reservation.valid_from.get() - START) / p);
            let slot = match want.what {
                What::Order(_) | What::Post(_) => reservation.id.to_string(),
                _ => reservation.sequence.to_string(),
            };
            let place = (want.session, name, window);
            let dearest = spent.entry(place).or_default().entry(slot).or_default();
            *dearest = want.what.amount().max(*dearest);
            caps.insert(place, budget.cap);
            if reservation.route == Route::Direct {
                sequences.entry((want.session, reservation.sequence)).or_default().insert(reservation.digest);
            }
        }
        for (place, slots) in spent {
            let (sum, cap) = (slots.values().sum::<u64>(), caps[&place]);
            if sum > cap {
                self.breaks(Promise::Cap, format!("{sum} of {cap} left, session, budget, window {place:?}: {slots:?}"));
            }
        }
        for (place, digests) in sequences.into_iter().filter(|(_, digests)| digests.len() > 1) {
            self.breaks(Promise::Sequence, format!("session, sequence {place:?}: {digests:?}"));
        }
    }
}
