//! Memory that holds secrets: locked, not dumped, not inherited, wiped. The only crate with `unsafe` in it.
//!
//! - [`LockedBytes`]: pages of their own, for what lives as long as the process.
//! - [`Wiped`]: bytes that are overwritten when dropped. [`scrubbed`]: the same for a function's whole stack.
//! - [`WipingAllocator`]: the same for every piece of heap that is freed.
//! - [`harden_process`]: no core dumps, no reading by the same user's other processes.

mod alloc;
mod locked;
mod process;
mod wipe;

#[cfg(test)]
mod tests;

pub use alloc::WipingAllocator;
pub use locked::{LockedBytes, Protection};
pub use process::{Hardening, harden_process};
#[cfg(feature = "unwiped")]
pub use wipe::stop_wiping;
pub use wipe::{Wiped, scrubbed, wipe};
