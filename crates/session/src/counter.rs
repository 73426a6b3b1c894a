//! Whose number an operation uses: the grant's own, or one of an EntryPoint's.

use crate::Reservation;
use alloy_primitives::aliases::U192;
use hallpass_policy::{EntryPoint, Ledger};
use hallpass_types::GrantId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What counts a reservation's sequence. Numbers of two counters have nothing to do with each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// The grant's lane 0; for a plain transaction, the account's own.
    #[default]
    Own,
    /// An EntryPoint's, of the account and a key.
    EntryPoint(EntryKey),
}

impl Counter {
    /// Whether it is no EntryPoint's.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }
}

/// One of the counters that an EntryPoint keeps of an account: it takes the numbers of each in order, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryKey {
    /// The EntryPoint.
    pub entry_point: EntryPoint,
    /// The key (ERC-4337, "Semi-abstracted nonce").
    pub key: U192,
}

impl EntryKey {
    /// The counter of a grant and one of its lanes: 20 bytes of the grant's id, then four of the lane. So two grants of one
    /// account never share a counter, nor has the owner one of these by accident.
    #[must_use]
    pub fn new(entry_point: EntryPoint, grant: GrantId, lane: Lane) -> Self {
        let mut key = [0; 24];
        for (to, from) in key.iter_mut().zip(grant.iter().take(20).chain(&[0, 0, 0, lane.0])) {
            *to = *from;
        }
        Self { entry_point, key: U192::from_be_bytes(key) }
    }
}

/// Operations of one lane execute in the order of their numbers; lanes do not wait for each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane(u8);

impl Lane {
    /// How many there are: each is a question to the node.
    pub const COUNT: u8 = 16;

    /// `None` at [`Self::COUNT`] or above.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// The number that an operation uses. Of operations with the same one at most one executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nonce {
    /// What counts it.
    pub counter: Counter,
    /// The number.
    pub sequence: u32,
}

/// The next number of each EntryPoint's counter that was read, at one block. Of one that was not read nothing is known.
pub type Counters = BTreeMap<EntryKey, u64>;

static NONE_READ: Counters = Counters::new();

/// What one block says of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The grant's.
    pub ledger: &'a Ledger,
    /// The EntryPoints'.
    pub counters: &'a Counters,
}

impl Seen<'_> {
    /// Whether `nonce` can no longer be used: in lane 0 it is below base, or its bit is set; at an EntryPoint it is below
    /// the next. What was not read counts as unused, so that what is held for it stays held.
    #[must_use]
    pub fn is_used(&self, nonce: Nonce) -> bool {
        match nonce.counter {
            Counter::EntryPoint(key) => self.counters.get(&key).is_some_and(|next| u64::from(nonce.sequence) < *next),
            Counter::Own => match nonce.sequence.checked_sub(self.ledger.base) {
                None => true,
                Some(i) => i < crate::budget::LANE_WIDTH && (self.ledger.used >> i) & 1 == 1,
            },
        }
    }
}

impl<'a> From<&'a Ledger> for Seen<'a> {
    /// With no EntryPoint's counter read.
    fn from(ledger: &'a Ledger) -> Self {
        Self { ledger, counters: &NONE_READ }
    }
}

impl Reservation {
    /// The number that it uses.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        Nonce { counter: self.counter, sequence: self.sequence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grant_and_lane_has_counters_of_its_own() {
        let mut all = std::collections::BTreeSet::new();
        for entry_point in EntryPoint::ALL {
            for grant in [GrantId::repeat_byte(1), GrantId::repeat_byte(2)] {
                for lane in 0..Lane::COUNT {
                    assert!(all.insert(EntryKey::new(entry_point, grant, Lane::new(lane).unwrap())));
                }
            }
        }
        let key = EntryKey::new(EntryPoint::V08, GrantId::repeat_byte(0xab), Lane::new(15).unwrap()).key;
        assert_eq!(format!("{key:048x}"), format!("{}0000000f", "ab".repeat(20)));
        assert_eq!(Lane::new(16), None);
    }
}
