//! Hallpass behind the real nginx and Caddy, configured as docs/guides/forward-auth.md has it, with an app behind them that
//! notes what reaches it. The server runs inside the test, by a clock that the test sets.
//!
//! - [`site`]: all of it put together. [`proxies`]: the two programs, and what of the guide they read. [`wire`]: requests byte by
//!   byte, on one connection. [`app`]: the app.
//! - [`let_in`]: who is let in, and what the app is told. [`kept_out`]: who is not. [`roles`]: what is for some alone.
//!   [`direct`]: the endpoint by itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod app;
#[path = "../login/client.rs"]
#[allow(dead_code, reason = "the tests of logins use all of it")]
mod client;
#[path = "../common/mod.rs"]
mod common;
mod direct;
#[path = "../login/inside.rs"]
#[allow(dead_code, reason = "the tests of logins use all of it")]
mod inside;
mod kept_out;
mod let_in;
mod proxies;
mod roles;
mod site;
mod wire;
