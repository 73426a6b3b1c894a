//! What was seen, how often, and whether that is enough.

use crate::compare::ALLOWED;
use hallpass_policy::{Code, LaneUsed, Ledger};
use std::collections::BTreeMap;

/// Codes that only one side can have. `foreign_owner` is for grants as `wide` makes them.
pub const ONE_SIDED: [Code; 11] = [
    Code::GasOverCap,
    Code::BadSignature,
    Code::FactsMissing,
    Code::FactsStale,
    Code::RequirementUnmet,
    Code::BadTransaction,
    Code::PaymasterNotAllowed,
    Code::BadMessage,
    Code::BadAttribute,
    Code::ForeignOwner,
    Code::NotYetSupported,
];

/// Counts of verdicts.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    homes: BTreeMap<&'static str, u64>,
    batches: u64,
    new_windows: u64,
    slides: u64,
    /// Operations in a lane other than 0, and those of them that moved a window past what was used.
    lanes: u64,
    lane_slides: u64,
    pub total: u64,
    pub histories: u64,
    /// Histories whose grant breaks no rule of the protocol; the others hold a rule that it forbids.
    pub well_formed: u64,
}

impl Tally {
    pub fn count(&mut self, code: &'static str, home: &'static str, calls: usize) {
        self.total += 1;
        *self.counts.entry(code).or_default() += 1;
        *self.homes.entry(home).or_default() += 1;
        self.batches += u64::from(calls > 1);
    }

    /// Counts what an operation moved on: a meter to a later window, the sequences that are still alive.
    pub fn moved(&mut self, before: &Ledger, after: &Ledger) {
        let later =
            |old: &hallpass_policy::Spent| after.meters.iter().any(|m| m.meter == old.meter && m.window > old.window);
        self.new_windows += u64::from(before.meters.iter().any(later));
        self.slides += u64::from(before.base != after.base);
        self.lanes += u64::from(before.lanes != after.lanes);
        let slid = |old: &LaneUsed| after.lane(old.lane).is_some_and(|new| new.base != old.base);
        self.lane_slides += u64::from(before.lanes.iter().any(slid));
    }

    pub fn of(&self, code: &str) -> u64 {
        self.counts.get(code).copied().unwrap_or(0)
    }

    /// One line a code.
    pub fn table(&self) -> String {
        let share = |n: u64| n as f64 * 100.0 / self.total.max(1) as f64;
        let mut out = format!(
            "{} operations in {} histories ({} grants well formed), homes {:?}\n{} batches of several calls, {} entered a later window of a meter \
             used before, {} moved the lowest live sequence; {} in lanes other than 0, {} of them moved such a lane's\n",
            self.total,
            self.histories,
            self.well_formed,
            self.homes,
            self.batches,
            self.new_windows,
            self.slides,
            self.lanes,
            self.lane_slides
        );
        let shared = |c: &&Code| **c == Code::BadSignature || !ONE_SIDED.contains(c);
        let codes = Code::ALL.iter().filter(shared).map(|c| c.as_str());
        for name in core::iter::once(ALLOWED).chain(codes) {
            out += &format!("{name:<24}{:>10}{:>9.2} %\n", self.of(name), share(self.of(name)));
        }
        out
    }

    /// At least 30 in a hundred allowed, and at least 1 in a hundred of every code that both sides have.
    pub fn require_shares(&self) {
        assert!(self.of(ALLOWED) * 100 >= self.total * 30, "too few allowed\n{}", self.table());
        assert!(self.well_formed * 3 >= self.histories, "too few well-formed grants\n{}", self.table());
        assert!(self.new_windows * 50 >= self.total, "too few new windows\n{}", self.table());
        assert!(self.lanes * 50 >= self.total, "too few in lanes\n{}", self.table());
        assert!(self.lane_slides * 400 >= self.total, "too few windows of lanes moved\n{}", self.table());
        for code in Code::ALL.iter().filter(|c| !ONE_SIDED.contains(c)) {
            assert!(self.of(code.as_str()) * 100 >= self.total, "too few of {code}\n{}", self.table());
        }
    }
}
