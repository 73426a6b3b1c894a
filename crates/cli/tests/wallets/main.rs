//! Signatures of every kind of account, judged on a real chain through a line that writes down what is asked: plain accounts,
//! contract wallets that answer in every way (ERC-1271), wallets that are not deployed yet and hostile preparations (ERC-6492),
//! delegated accounts (EIP-7702), and nodes that are silent, elsewhere or liars.
//!
//! - [`lab`]: the chain, the line and the wallets on it. [`contract`], [`counterfactual`], [`delegated`], [`nodes`]: the cases.
//! - [`login`]: the same at a server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod contract;
mod counterfactual;
mod delegated;
#[path = "../settlement/inside.rs"]
mod inside;
mod lab;
mod login;
mod nodes;
