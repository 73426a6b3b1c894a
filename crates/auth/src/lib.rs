//! Evidence in, proven account out.
//!
//! - [`siwe`]: the ERC-4361 message, parsed strictly and printed exactly.
//! - [`verify`](mod@verify): a signed message against what the server expects, giving a [`ProvenAccount`].
//! - [`signature`]: recovery of secp256k1 signatures, and the proof that an owner signed a grant.
//!
//! Pure functions: no network, clock or randomness. Only plain accounts (EOAs) are proven here; a contract wallet's
//! answer (ERC-1271, ERC-6492) has to be read from a chain.

pub mod signature;
pub mod siwe;
pub mod verify;

pub use signature::{ProvenGrant, SignatureError, personal_hash, prove_grant, recover};
pub use verify::{Expected, ProvenAccount, VerifyError, verify};

#[cfg(test)]
mod wycheproof;
