//! Random grants, and histories of actions against them, biased to the edges and to every denial.
//!
//! - [`grants`]: grants of every kind of rule. [`values`]: values of any ABI type. [`actions`]: an action that a rule may allow.
//! - [`spoil`]: one thing changed so that it is denied, and why. [`history`]: one after another, with the ledger that follows.
//! - [`shrink`]: what two implementations disagree on, made small. [`write`]: a case as JSON. [`rng`]: numbers from a seed.

pub mod actions;
pub mod grants;
pub mod history;
pub mod rng;
pub mod shrink;
pub mod spoil;
pub mod values;
pub mod write;

pub use history::{Step, Tally, histories};
pub use rng::Rng;
