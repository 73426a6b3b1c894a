//! What has been spent so far: the evaluator's view of the account and the grant.

use crate::grant::Grant;
use alloy_primitives::U256;
use alloy_primitives::aliases::U192;
use serde::{Deserialize, Serialize};

/// What one operation charges to one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The meter's id.
    pub meter: u16,
    /// The window, counted from the meter's anchor; 0 for a lifetime meter.
    pub window: u32,
    /// In the meter's smallest unit (1 for calls).
    pub amount: U256,
}

/// What stands against one meter: the newest window that was charged, and how much in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The meter's id.
    pub meter: u16,
    /// The newest window charged.
    pub window: u32,
    /// Charged in that window; never above the cap.
    pub spent: u128,
}

/// Where a grant stands on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Never installed.
    Unknown,
    /// Installed and not ended.
    Active,
    /// Ended; final.
    Ended,
}

/// What was used of a lane other than 0: `base` and the 192 sequences from there on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaneUsed {
    /// The lane; not 0.
    pub lane: U192,
    /// The lowest sequence that is not yet dead.
    pub base: u64,
    /// Bit i: sequence `base + i` is used.
    pub used: U192,
}

impl LaneUsed {
    /// One in which nothing was used.
    #[must_use]
    pub const fn fresh(lane: U192) -> Self {
        Self { lane, base: 0, used: U192::ZERO }
    }

    /// Whether `sequence` is dead or was used.
    #[must_use]
    pub fn is_used(&self, sequence: u64) -> bool {
        match sequence.checked_sub(self.base) {
            None => true,
            Some(bit) => usize::try_from(bit).is_ok_and(|bit| bit < U192::BITS && self.used.bit(bit)),
        }
    }
}

/// Everything about the past that a decision depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Whether guardians or the owner have frozen the account.
    pub frozen: bool,
    /// The account's epoch.
    pub epoch: u64,
    /// The grant's status.
    pub status: Status,
    /// The lowest sequence of lane 0 that is not yet dead.
    pub base: u32,
    /// Bit i: sequence `base + i` is used.
    pub used: u64,
    /// At most one entry for each lane other than 0; in a lane without an entry nothing was used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<LaneUsed>,
    /// At most one entry for each meter; a meter without an entry has spent nothing.
    pub meters: Vec<Spent>,
}

impl Ledger {
    /// What was used of a lane other than 0, where it has an entry.
    #[must_use]
    pub fn lane(&self, lane: U192) -> Option<&LaneUsed> {
        self.lanes.iter().find(|l| l.lane == lane)
    }

    /// One in which nothing has happened since the grant was installed.
    #[must_use]
    pub fn fresh(grant: &Grant) -> Self {
        Self {
            frozen: false,
            epoch: grant.epoch,
            status: Status::Active,
            base: u32::try_from(grant.first_seq).unwrap_or(u32::MAX),
            used: 0,
            lanes: Vec::new(),
            meters: Vec::new(),
        }
    }
}

/// A nonce: `lane << 64 | sequence`.
#[must_use]
pub fn nonce(lane: U192, sequence: u64) -> U256 {
    (lane.to::<U256>() << 64) | U256::from(sequence)
}

/// The lane and the sequence of a nonce.
#[must_use]
pub fn lane_and_sequence(nonce: U256) -> (U192, u64) {
    let lane: U256 = nonce >> 64;
    (lane.wrapping_to(), nonce.wrapping_to())
}
