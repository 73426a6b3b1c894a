//! The words every other crate is written in: identifiers, time, clocks.
//!
//! - [`time`]: Unix seconds and the [`Clock`] that is handed in, never reached for.
//! - [`account`]: CAIP-2 chain ids and CAIP-10 account ids of the `eip155` namespace.
//! - [`origin`]: where a page is from, as its browser says.
//! - [`id`]: opaque 128-bit identifiers, one newtype for each kind of thing.
//!
//! No I/O, no clock, no randomness of its own.

pub mod account;
pub mod id;
pub mod origin;
pub mod time;

pub use account::{AccountId, ChainId};
pub use id::{GrantId, IdempotencyKey, RequestId, ReservationId, SessionId, UserId};
pub use time::{Clock, UnixSeconds};

/// A source of random bytes, handed in so that decisions stay pure and tests stay exact.
pub trait Rng: Send + Sync {
    /// Fills `out` with bytes fit for keys and tokens.
    ///
    /// # Errors
    /// [`RngError`] where the operating system gives none; the caller must then refuse.
    fn fill(&self, out: &mut [u8]) -> Result<(), RngError>;
}

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RngError;
