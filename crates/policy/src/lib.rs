//! What a grant says, and whether an action is inside it.
//!
//! Pure: no clock, network, disk or randomness. The same input gives the same answer natively, in WebAssembly and,
//! through contracts written apart from this crate, on chain.

pub mod eip712;
pub mod ledger;

pub use ledger::{Cost, Ledger, Spent, Status};
