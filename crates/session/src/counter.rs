//! Whose number an operation uses: the grant's own, or one of an EntryPoint's.

use crate::Reservation;
use crate::budget::{FURTHER_WIDTH, LANE_WIDTH};
use alloy_primitives::U256;
use alloy_primitives::aliases::U192;
use hallpass_policy::ledger::{lane_and_sequence, nonce};
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
    /// Another lane of the grant's.
    Further(FurtherLane),
    /// An EntryPoint's, of the account and a key.
    EntryPoint(EntryKey),
}

impl Counter {
    /// Whether it is the grant's lane 0, or the account's own.
    #[must_use]
    pub const fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// The grant's lane; `None` where it is an EntryPoint's.
    #[must_use]
    pub fn lane(&self) -> Option<U192> {
        match self {
            Self::Own => Some(U192::ZERO),
            Self::Further(lane) => Some(lane.number()),
            Self::EntryPoint(_) => None,
        }
    }

    /// The number of a lane of the direct route other than 0.
    #[must_use]
    pub const fn further(&self) -> Option<u8> {
        match self {
            Self::Further(lane) => Some(lane.0),
            Self::Own | Self::EntryPoint(_) => None,
        }
    }

    /// How far a number may lie above the lowest live one: the width of the bitmap that counts it.
    #[must_use]
    pub const fn width(&self) -> u32 {
        match self {
            Self::Own | Self::EntryPoint(_) => LANE_WIDTH,
            Self::Further(_) => FURTHER_WIDTH,
        }
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

/// A lane other than 0 of the direct route, taken where those before it have no number left for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct FurtherLane(u8);

impl FurtherLane {
    /// All of them: each is a question to the node while anything is out in it.
    pub const ALL: [Self; 3] = [Self(1), Self(2), Self(3)];

    /// `None` for lane 0, and for one that is never used here.
    #[must_use]
    pub fn of(lane: U192) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.number() == lane)
    }

    /// The lane.
    #[must_use]
    pub fn number(self) -> U192 {
        U192::from(self.0)
    }
}

impl TryFrom<u8> for FurtherLane {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::of(U192::from(number)).ok_or("a lane that is not used here")
    }
}

impl From<FurtherLane> for u8 {
    fn from(lane: FurtherLane) -> Self {
        lane.0
    }
}

/// In an EntryPoint's counters. Operations of one lane execute in the order of their numbers; lanes do not wait for each other.
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

impl Nonce {
    /// A nonce of the direct route; `None` for a lane in which nothing is signed here, and at 2^32 and above.
    #[must_use]
    pub fn direct(packed: U256) -> Option<Self> {
        let (lane, sequence) = lane_and_sequence(packed);
        let counter = if lane.is_zero() { Counter::Own } else { Counter::Further(FurtherLane::of(lane)?) };
        Some(Self { counter, sequence: u32::try_from(sequence).ok()? })
    }

    /// As the direct route has it; `None` where it is an EntryPoint's.
    #[must_use]
    pub fn packed(&self) -> Option<U256> {
        Some(nonce(self.counter.lane()?, self.sequence.into()))
    }
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
    /// Whether it says anything of `counter`.
    #[must_use]
    pub fn reads(&self, counter: Counter) -> bool {
        match counter {
            Counter::Own => true,
            Counter::Further(lane) => self.ledger.lane(lane.number()).is_some(),
            Counter::EntryPoint(key) => self.counters.contains_key(&key),
        }
    }

    /// Whether `nonce` can no longer be used: in a lane it is below base, or its bit is set; at an EntryPoint it is below
    /// the next. What was not read counts as unused, so that what is held for it stays held.
    #[must_use]
    pub fn is_used(&self, nonce: Nonce) -> bool {
        match nonce.counter {
            Counter::EntryPoint(key) => self.counters.get(&key).is_some_and(|next| u64::from(nonce.sequence) < *next),
            Counter::Further(lane) => {
                self.ledger.lane(lane.number()).is_some_and(|lane| lane.is_used(nonce.sequence.into()))
            }
            Counter::Own => match nonce.sequence.checked_sub(self.ledger.base) {
                None => true,
                Some(i) => i < LANE_WIDTH && (self.ledger.used >> i) & 1 == 1,
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
    fn a_nonce_is_its_lane_and_its_sequence() {
        let further = |lane| Counter::Further(FurtherLane::of(U192::from(lane)).unwrap());
        for (counter, lane) in [(Counter::Own, 0_u64), (further(1), 1), (further(3), 3)] {
            let nonce = Nonce { counter, sequence: 7 };
            let packed = (U256::from(lane) << 64_usize) | U256::from(7);
            assert_eq!((nonce.packed(), Nonce::direct(packed)), (Some(packed), Some(nonce)));
        }
        assert_eq!(Nonce::direct(U256::from(4) << 64_usize), None);
        assert_eq!(Nonce::direct(U256::from(u64::from(u32::MAX) + 1)), None);
        assert!(serde_json::from_str::<FurtherLane>("0").is_err() && serde_json::from_str::<FurtherLane>("4").is_err());
    }

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
