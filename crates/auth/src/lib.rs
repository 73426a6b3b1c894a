//! Evidence in, proven account out.
//!
//! - [`siwe`]: the ERC-4361 message, parsed strictly and printed exactly.
//! - [`verify`](mod@verify): a signed message against what the server expects, giving a [`ProvenAccount`].
//! - [`signature`]: recovery of secp256k1 signatures, and the proof that an owner signed a grant.
//! - [`wallet`]: the same for contract wallets (ERC-1271, ERC-6492, EIP-7702), whose answer somebody has to read from a chain.
//! - [`origins`]: which pages may ask for a login or a grant, and which are known to deceive.
//! - [`dpop`]: proofs that a token is used by whoever holds its key (RFC 9449).
//!
//! No network, clock or randomness: what a chain says is asked of a [`ContractReader`].

pub mod dpop;
pub mod origins;
pub mod signature;
pub mod siwe;
pub mod verify;
pub mod wallet;

pub use signature::{ProvenGrant, SignatureError, personal_hash, prove_grant, recover};
pub use verify::{Expected, ProvenAccount, VerifyError, verify, verify_on};
pub use wallet::cache::Cached;
pub use wallet::reader::ContractReader;
pub use wallet::{Eoa, Evidence, WalletError, prove};

#[cfg(test)]
mod wycheproof;
