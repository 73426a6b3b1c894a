//! The keys that sign, and the only code that sees them.
//!
//! - [`VaultHeader`]: a vault as a store keeps it, sealed: slots, each of which opens the root key by one
//!   [`RootKeyProvider`], and the data keys that the root key opens. [`VaultHeader::unseal`] gives the [`Vault`].
//! - [`Vault`]: unsealed, in memory alone. Makes keys, and signs with them what their [`KeyKind`] is for.
//! - [`SealedRecord`]: one private key, encrypted. Opened for one signature and wiped after it.
//! - [`Token`]: a PKCS#11 token, which opens a slot, and holds session keys of its own.
//! - [`RelayPolicy`], [`RelayTx`]: what a relayer's key may sign.
//!
//! A key of each kind signs one kind of thing. Nothing signs a digest that a caller chose, and nothing gives out a
//! private key:
//!
//! ```compile_fail,E0616
//! fn steal(vault: &hallpass_vault::Vault) {
//!     let _ = &vault.keys;
//! }
//! ```
//! ```compile_fail,E0624
//! fn steal(vault: &hallpass_vault::Vault, record: &hallpass_vault::SealedRecord) {
//!     let _ = vault.open(record, todo!());
//! }
//! ```
//! ```compile_fail,E0603
//! use hallpass_vault::sign::software;
//! ```
//!
//! Encryption is XChaCha20-Poly1305, derivation HKDF-SHA256 (RFC 5869), passphrases Argon2id (RFC 9106), signatures
//! ECDSA on secp256k1 (deterministic, RFC 6979) and on P-256, both with the lower s, and Ed25519 (RFC 8032).

mod aead;
mod header;
mod kdf;
mod keys;
mod provider;
mod public;
mod record;
mod relay;
mod sign;
mod token;
mod vault;

#[cfg(test)]
mod tests;

pub use header::{CreateError, HeaderError, SlotInfo, UnsealError, VaultHeader};
pub use kdf::{KdfParams, KdfParamsError};
pub use provider::{Keychain, KeychainError, Passphrase, ProviderError, RootKeyProvider, SlotFacts, TokenSlot};
pub use public::{Algorithm, PublicKey};
pub use record::{KeyKind, SealedRecord};
pub use relay::{RelayPolicy, RelayRefusal, RelayTx};
pub use sign::{SessionSignature, SignError, Signature65};
pub use token::{Token, TokenError};
pub use vault::{KeyHome, Vault};
