//! Delegations of MetaMask's framework 1.3 against the evaluator: its published bytecode in revm, at its canonical addresses.
//!
//! What the chain lets a session key do, the evaluator allows; where the card says Exact, also the other way round.
//!
//! - [`world`]: the framework, an account that is delegated to it, targets that accept anything.
//! - [`codes`]: the committed table of addresses and code hashes.
//! - [`edges`]: each kind of rule at its edges, one step at a time. [`refused`]: what cannot be held. [`ends`]: from signing to ending.
//! - [`random`]: random grants and histories, with planted looseness that must be noticed. [`grants`], [`draws`]: what is drawn; [`asks`]: how it
//!   is asked.
//!
//! `HALLPASS_ERC7710_CASES` and `HALLPASS_ERC7710_SEED` set the random run. The bytecode is read from npm
//! `@metamask/delegation-abis` under `contracts/node_modules`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod asks;
mod codes;
mod draws;
mod edges;
mod ends;
mod grants;
mod random;
mod refused;
#[path = "../differential/rng.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod rng;
mod world;
