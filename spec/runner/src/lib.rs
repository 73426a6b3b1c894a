//! Runs the vectors of `spec/vectors` through every evaluator of the policy.
//!
//! - [`all`]: `vectors/all.json`. [`random`]: random grants and histories.
//! - [`hand`]: the hand-written form. [`vector`]: one decision, and whether an evaluator gives it.

pub mod all;
pub mod hand;
pub mod random;
pub mod vector;

pub use vector::{Expected, Vector};

use std::path::PathBuf;

/// The folder `spec/`.
#[must_use]
pub fn spec() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
