//! Login sessions over HTTP: how their tokens are bound, how they follow one another, how they end. The server runs inside
//! the test, by a clock that the test sets.
//!
//! - [`dpop`]: programs that prove a key. [`refresh`]: one refresh token after another. [`browser`]: cookies.
//! - [`life`]: times, limits, lists and ends. [`races`]: many at once. [`asked`]: introspection and revocation.
//! - [`by_grant`]: one signature for a login and a pass.
//! - [`apps`]: which pages may ask. [`consent`]: what an owner was shown.
//! - [`limits`]: too many requests. [`privacy`]: export and deletion.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod apps;
mod asked;
mod browser;
mod by_grant;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod consent;
mod dpop;
mod inside;
mod life;
mod limits;
mod privacy;
mod races;
mod refresh;
