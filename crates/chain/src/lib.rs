//! Everything that knows a chain.
//!
//! - [`accounts`]: asks contract wallets whether a signature is theirs.
//! - [`backend`]: what every backend implements, and its report card.
//! - [`contracts`]: the functions and errors of our contracts, and their committed artifacts.
//! - [`entry_point`]: EntryPoints (ERC-4337): their counters and events, and what a session's operation carries.
//! - [`erc7710`]: delegations of MetaMask's framework.
//! - [`hallpass`]: our own backends, in two homes and as a module: what is installed, what is sent, what is read back.
//! - [`node`]: a JSON-RPC node, and what its errors mean.
//! - [`relay`]: sends calls from a funded key, having simulated them first.
//! - [`transaction`]: plain transactions, from JSON-RPC's form, and signed.
//! - [`wallet`]: development wallets, for chain 31337 alone.

pub mod accounts;
pub mod backend;
pub mod contracts;
pub mod entry_point;
pub mod erc7710;
pub mod hallpass;
pub mod node;
pub mod relay;
pub mod transaction;
pub mod wallet;

pub use accounts::AccountReader;
pub use backend::Backend;
pub use hallpass::{Home, wire};
pub use node::{Node, NodeError};
