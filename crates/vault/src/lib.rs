//! The keys that sign, and the only code that sees them.
//!
//! - [`VaultHeader`]: a vault as a store keeps it, sealed. [`VaultHeader::unseal`] gives the [`Vault`].
//! - [`Vault`]: unsealed, in memory alone. Makes keys, and signs with them what their [`KeyKind`] is for.
//! - [`SealedRecord`]: one private key, encrypted. Opened for one signature and wiped after it.
//! - [`RelayPolicy`], [`RelayTx`]: what a relayer's key may sign.
//!
//! A key of each kind signs one kind of thing. Nothing signs a digest that a caller chose, and nothing gives out a
//! private key:
//!
//! ```compile_fail,E0616
//! fn steal(vault: &hallpass_vault::Vault) {
//!     let _ = &vault.root;
//! }
//! ```
//! ```compile_fail,E0624
//! fn steal(vault: &hallpass_vault::Vault, record: &hallpass_vault::SealedRecord) {
//!     let _ = vault.open(record, record.kind);
//! }
//! ```
//! ```compile_fail,E0603
//! use hallpass_vault::sign::sign_digest;
//! ```
//!
//! Encryption is XChaCha20-Poly1305, derivation HKDF-SHA256 (RFC 5869), passphrases Argon2id (RFC 9106), signatures
//! deterministic ECDSA on secp256k1 (RFC 6979) with the lower s.

mod aead;
mod header;
mod kdf;
mod record;
mod relay;
mod sign;
mod vault;

#[cfg(test)]
mod tests;

pub use header::{CreateError, UnsealError, VaultHeader};
pub use kdf::{KdfParams, KdfParamsError};
pub use record::{KeyKind, SealedRecord};
pub use relay::{RelayPolicy, RelayRefusal, RelayTx};
pub use sign::{SignError, Signature65};
pub use vault::Vault;
