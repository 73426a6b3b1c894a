//! The signing service: policy, reservation, durable, signature; in this order, and no signature without the three before.
//!
//! - [`Signer`]: what is asked, by many at once. One task decides for all of them, so that nobody reserves in between, and
//!   makes all that came while the disk was busy durable with one sync.
//! - [`ask`]: what is asked and answered.
//! - [`decide`]: one request against one session, inside a transaction.
//! - [`userop`]: the same for an operation that an EntryPoint carries.
//! - [`bounds`]: for which seconds an operation is good.
//! - [`points`]: the moments between a request and its answer, at which tests end the process.
//! - `batch`: the task. `known`: what it remembers of sessions between two transactions, and when that is no longer so.
//!
//! Signed <= durably reserved <= cap: whatever ends the process, at whatever moment, what was signed is in the store.

pub mod ask;
mod batch;
pub mod bounds;
pub mod decide;
mod known;
pub mod points;
mod signer;
pub mod userop;

pub use ask::{Answer, Ask, AskError, Limits, Signed, Wanted, WantedUserOp};
pub use decide::MAX_AHEAD;
pub use signer::{Parts, Signer};

/// The vault's record of a key, by its kind and session.
#[must_use]
pub fn record_id(kind: &str, session: hallpass_types::SessionId) -> String {
    format!("{kind}/{session}")
}
