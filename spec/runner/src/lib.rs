//! Runs the vectors of `spec/vectors` through every evaluator of the policy.
//!
//! - [`hand`]: the hand-written form. [`vector`]: one decision, and whether an evaluator gives it.

pub mod hand;
pub mod vector;

pub use vector::{Expected, Vector};

use std::path::PathBuf;

/// The folder `spec/`.
#[must_use]
pub fn spec() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
