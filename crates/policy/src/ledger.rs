//! What has been spent so far: the evaluator's view of the account and the grant.

use crate::grant::Grant;
use alloy_primitives::U256;
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
    /// At most one entry for each meter; a meter without an entry has spent nothing.
    pub meters: Vec<Spent>,
}

impl Ledger {
    /// One in which nothing has happened since the grant was installed.
    #[must_use]
    pub fn fresh(grant: &Grant) -> Self {
        Self {
            frozen: false,
            epoch: grant.epoch,
            status: Status::Active,
            base: u32::try_from(grant.first_seq).unwrap_or(u32::MAX),
            used: 0,
            meters: Vec::new(),
        }
    }
}
