//! The unsealed vault.

use crate::{
    CreateError, KdfParams, KeyKind, RelayPolicy, RelayTx, SealedRecord, SignError, Signature65, VaultHeader, aead,
    sign::sign_digest,
};
use alloy_primitives::{Address, B256, Bytes};
use core::fmt;
use hallpass_policy::{Signable, eip712::end_digest, grant::SessionKey};
use hallpass_types::Rng;
use hkdf::Hkdf;
use k256::ecdsa::SigningKey;
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::Sha256;
use zeroize::Zeroizing;

/// An open vault. Holds the root key, on the heap, and wipes it when dropped.
pub struct Vault {
    root: SecretBox<[u8; 32]>,
    relay: RelayPolicy,
}

impl Vault {
    pub(crate) fn new(root: &[u8; 32]) -> Self {
        Self { root: SecretBox::init_with_mut(|to: &mut [u8; 32]| *to = *root), relay: RelayPolicy::default() }
    }

    /// Fixes what relayers may call. Until then they may call nothing.
    #[must_use]
    pub fn with_relay_policy(mut self, relay: RelayPolicy) -> Self {
        self.relay = relay;
        self
    }

    /// Wraps the root key under another passphrase or other costs. Records stay as they are. The old header still
    /// opens with the old passphrase: overwrite it, and its copies.
    ///
    /// # Errors
    /// [`CreateError`]; the old header stays the valid one.
    pub fn rewrap(
        &self,
        passphrase: &SecretString,
        params: KdfParams,
        rng: &dyn Rng,
    ) -> Result<VaultHeader, CreateError> {
        VaultHeader::wrap(self.root.expose_secret(), passphrase, params, rng)
    }

    /// Makes a key that signs a session's operations. `id` must be new: two records of one id are two keys.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_session_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Session, id, rng)
    }

    /// Makes a key that ends grants which name it as their ender. `id` must be new.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_ender_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Ender, id, rng)
    }

    /// Makes a key that sends and pays transactions. `id` must be new.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_relayer_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Relayer, id, rng)
    }

    /// Signs what the policy has allowed: an operation, a typed message, or a plain transaction of the key's own account.
    ///
    /// What the vault cannot see is the caller's to ensure: that the owner signed the grant, and that the operation
    /// and its costs are durably reserved.
    ///
    /// # Errors
    /// [`SignError`]; `wrong_kind` for any key but a session's, `key_mismatch` where the grant names another key.
    pub fn sign_session(&self, record: &SealedRecord, operation: &Signable) -> Result<Signature65, SignError> {
        let key = self.open(record, KeyKind::Session)?;
        if *operation.key() != SessionKey::Secp256k1(record.public) {
            return Err(SignError::KeyMismatch);
        }
        sign_digest(&key, operation.digest()).map(Into::into)
    }

    /// Signs the end of `grant`: `End` in the Grant domain of `backend` on `chain` (EIP-712).
    ///
    /// # Errors
    /// [`SignError`]; `wrong_kind` for any key but an ender.
    pub fn sign_end(
        &self,
        record: &SealedRecord,
        chain: u64,
        backend: Address,
        grant: B256,
    ) -> Result<Signature65, SignError> {
        let key = self.open(record, KeyKind::Ender)?;
        sign_digest(&key, end_digest(chain, backend, grant)).map(Into::into)
    }

    /// Signs a transaction that calls one of the [`RelayPolicy`]'s functions without value, and gives it in EIP-2718
    /// form, ready to send. Nonce, gas and fees are the caller's to choose and to bound.
    ///
    /// # Errors
    /// [`SignError`]; `wrong_kind` for any key but a relayer, `relay_refused` for any other transaction.
    pub fn sign_relay(&self, record: &SealedRecord, tx: &RelayTx) -> Result<Bytes, SignError> {
        let key = self.open(record, KeyKind::Relayer)?;
        self.relay.judge(tx, record.public).map_err(SignError::Relay)?;
        Ok(tx.encode(&sign_digest(&key, tx.digest())?))
    }

    /// Derives a key for the store's own use, such as the HMAC that indexes a personal field. The same label gives the
    /// same key for as long as the vault lives, whatever its passphrase.
    ///
    /// This key leaves the vault, so it signs nothing and opens no record: its derivation has a prefix of its own.
    #[must_use]
    pub fn derive_index_key(&self, label: &str) -> Zeroizing<[u8; 32]> {
        self.derive(&[b"hallpass/vault/index-key/", label.as_bytes()])
    }

    fn create(&self, kind: KeyKind, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill(secret.as_mut_slice())?;
        // Zero, or past the group's order: one in 2^128, unless the source of randomness is broken.
        let key = SigningKey::from_slice(secret.as_slice()).map_err(|_| CreateError::Randomness)?;
        let public = Address::from_public_key(key.verifying_key());
        let version = SealedRecord::VERSION;
        let mut record = SealedRecord { id, kind, version, public, nonce: [0; 24], ciphertext: [0; aead::SEALED] };
        rng.fill(&mut record.nonce)?;
        record.ciphertext = aead::seal(&self.record_key(&id), &record.nonce, &record.aad(), &secret)
            .map_err(|_| CreateError::Cipher)?;
        Ok(record)
    }

    /// Opens a record for one signature. The key is wiped when it is dropped.
    fn open(&self, record: &SealedRecord, kind: KeyKind) -> Result<SigningKey, SignError> {
        if record.kind != kind {
            return Err(SignError::WrongKind);
        }
        let secret = aead::open(&self.record_key(&record.id), &record.nonce, &record.aad(), &record.ciphertext)
            .map_err(|_| SignError::Tampered)?;
        SigningKey::from_slice(secret.as_slice()).map_err(|_| SignError::Tampered)
    }

    fn record_key(&self, id: &[u8; 16]) -> Zeroizing<[u8; 32]> {
        self.derive(&[b"hallpass/vault/record-key/", id])
    }

    /// HKDF-SHA256 without its extract step, which a uniformly random key does not need (RFC 5869, section 3.3).
    #[expect(clippy::expect_used, reason = "both fail by length alone, and the lengths are constant")]
    fn derive(&self, info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::from_prk(self.root.expose_secret())
            .expect("32 bytes are a hash's length")
            .expand_multi_info(info, key.as_mut_slice())
            .expect("32 bytes are less than 255 hashes");
        key
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("relay", &self.relay).finish_non_exhaustive()
    }
}
