//! The HTTP API.
//!
//! - [`app`]: what every handler is given: store, vault, chain, clock, randomness.
//! - [`endpoints`]: one endpoint a file, each with its errors, its OpenAPI description and a short handler.
//! - [`rpc`]: JSON-RPC for holders, over HTTP and, in [`local`], over a Unix socket.
//! - [`work`]: what endpoints have done: installing, executing, ending, settling.
//! - [`roles`]: of accounts, by the operator's lists or by what they hold.
//! - [`webhook`]: tells the operator's URL what owners are asked.
//! - [`logins`]: who is logged in, and every change of that.
//! - [`caller`]: who asks, from the token, cookie or proof. [`error`]: what a refusal looks like.
//! - [`limits`]: what is refused before any work. [`alerts`]: what the operator is told of at once.
//! - [`outward`]: what leaves for somebody else's is looked through for keys first.
//!
//! This crate names no database: the store is handed in as a trait object.

pub mod alerts;
pub mod app;
pub mod caller;
pub mod endpoints;
pub mod error;
pub mod limits;
pub mod local;
pub mod logins;
pub mod outward;
pub mod roles;
pub mod rpc;
pub mod webhook;
pub mod work;

pub use app::{App, ChainSide, Settings};
pub use endpoints::{openapi, router};
pub use error::ApiError;
