//! The unsealed vault.

use crate::keys::{Keys, expand};
use crate::sign::software;
use crate::{
    Algorithm, CreateError, KeyKind, RelayPolicy, RelayTx, SealedRecord, SessionSignature, SignError, Signature65,
    Token, aead,
};
use alloy_primitives::{Address, B256, Bytes};
use core::fmt;
use hallpass_memory::{Protection, Wiped};
use hallpass_policy::{Signable, eip712::end_digest};
use hallpass_types::Rng;
use std::sync::Arc;

/// An open vault. Holds the root key and the data keys in locked pages, and wipes them when dropped.
pub struct Vault {
    keys: Keys,
    opened_by: Option<u32>,
    relay: RelayPolicy,
    token: Option<Arc<Token>>,
}

/// Where a private key is made, and stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyHome {
    /// In its record, sealed.
    Record,
    /// On the token of [`Vault::with_token`].
    Token,
}

impl Vault {
    pub(crate) fn new(keys: Keys, opened_by: Option<u32>) -> Self {
        Self { keys, opened_by, relay: RelayPolicy::default(), token: None }
    }

    pub(crate) fn with_keys(&self, keys: Keys) -> Self {
        Self { keys, opened_by: self.opened_by, relay: self.relay.clone(), token: self.token.clone() }
    }

    pub(crate) const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Fixes what relayers may call. Until then they may call nothing.
    #[must_use]
    pub fn with_relay_policy(mut self, relay: RelayPolicy) -> Self {
        self.relay = relay;
        self
    }

    /// Gives the vault an open token, for the session keys that are on it or will be.
    #[must_use]
    pub fn with_token(mut self, token: Arc<Token>) -> Self {
        self.token = Some(token);
        self
    }

    /// The number of the slot that opened it; none for a header of version 1.
    #[must_use]
    pub const fn opened_by(&self) -> Option<u32> {
        self.opened_by
    }

    /// What the kernel granted for the pages that hold its keys.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.keys.protection()
    }

    /// Makes a secp256k1 key that signs a session's operations. `id` must be new: two records of one id are two keys.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_session_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create_session_key_in(id, Algorithm::Secp256k1, KeyHome::Record, rng)
    }

    /// Makes a key that signs a session's operations, of this algorithm and in this place. `id` must be new.
    ///
    /// # Errors
    /// [`CreateError`]; on a token the code says what it lacks.
    pub fn create_session_key_in(
        &self,
        id: [u8; 16],
        algorithm: Algorithm,
        home: KeyHome,
        rng: &dyn Rng,
    ) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Session, id, algorithm, home, rng)
    }

    /// Makes a key that ends grants which name it as their ender. `id` must be new.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_ender_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Ender, id, Algorithm::Secp256k1, KeyHome::Record, rng)
    }

    /// Makes a key that sends and pays transactions. `id` must be new.
    ///
    /// # Errors
    /// [`CreateError`].
    pub fn create_relayer_key(&self, id: [u8; 16], rng: &dyn Rng) -> Result<SealedRecord, CreateError> {
        self.create(KeyKind::Relayer, id, Algorithm::Secp256k1, KeyHome::Record, rng)
    }

    /// Signs what the policy has allowed: an operation, a typed message, or a plain transaction of the key's own account.
    ///
    /// What the vault cannot see is the caller's to ensure: that the owner signed the grant, and that the operation
    /// and its costs are durably reserved.
    ///
    /// # Errors
    /// [`SignError`]; `wrong_kind` for any key but a session's, `key_mismatch` where the grant names another key.
    pub fn sign_session(&self, record: &SealedRecord, signable: &Signable) -> Result<SessionSignature, SignError> {
        self.sign(record, KeyKind::Session, || {
            if *signable.key() == record.public.into() { Ok(signable.digest()) } else { Err(SignError::KeyMismatch) }
        })
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
        self.sign_secp256k1(record, KeyKind::Ender, || Ok(end_digest(chain, backend, grant)))
    }

    /// Signs a transaction that calls one of the [`RelayPolicy`]'s functions without value, and gives it in EIP-2718
    /// form, ready to send. Nonce, gas and fees are the caller's to choose and to bound.
    ///
    /// # Errors
    /// [`SignError`]; `wrong_kind` for any key but a relayer, `relay_refused` for any other transaction.
    pub fn sign_relay(&self, record: &SealedRecord, tx: &RelayTx) -> Result<Bytes, SignError> {
        let signature = self.sign_secp256k1(record, KeyKind::Relayer, || {
            let relayer = record.address().ok_or(SignError::Tampered)?;
            self.relay.judge(tx, relayer).map_err(SignError::Relay)?;
            Ok(tx.digest())
        })?;
        Ok(tx.encode(&signature.to_alloy()?))
    }

    /// Seals a record anew under the newest data key; the key in it stays the same.
    ///
    /// # Errors
    /// [`SignError`] where it does not open, [`SignError::Failed`] where it does not seal.
    pub fn reseal(&self, record: &SealedRecord, rng: &dyn Rng) -> Result<SealedRecord, SignError> {
        let mut secret = Wiped::zeros();
        self.open(record, &mut secret)?;
        let mut new = SealedRecord { version: SealedRecord::VERSION, ..record.clone() };
        self.seal(&mut new, &secret, rng).map_err(|_| SignError::Failed)?;
        Ok(new)
    }

    /// Derives a key for the store's own use, such as the HMAC that indexes a personal field. The same label gives the
    /// same key for as long as the vault lives, whatever its slots and root key: it derives from data key 0.
    ///
    /// This key leaves the vault, so it signs nothing and opens no record: its derivation has a prefix of its own.
    #[must_use]
    pub fn derive_index_key(&self, label: &str) -> Wiped<32> {
        let mut key = Wiped::zeros();
        if let Some(first) = self.keys.data_key(0) {
            expand(first, &[b"hallpass/vault/index-key/", label.as_bytes()], &mut key);
        }
        key
    }

    /// What no caller has: a signature of a session's key over any digest.
    #[cfg(test)]
    pub(crate) fn sign_for_test(&self, record: &SealedRecord, digest: B256) -> Result<SessionSignature, SignError> {
        self.sign(record, KeyKind::Session, || Ok(digest))
    }

    fn create(
        &self,
        kind: KeyKind,
        id: [u8; 16],
        algorithm: Algorithm,
        home: KeyHome,
        rng: &dyn Rng,
    ) -> Result<SealedRecord, CreateError> {
        let mut secret = Wiped::zeros();
        let (public, token) = match home {
            KeyHome::Record => (software::generate(algorithm, rng, &mut secret)?, None),
            KeyHome::Token => {
                let token = self.token.as_ref().ok_or(crate::TokenError::NotOpen)?;
                let (object, public) = token.generate(algorithm, rng)?;
                for (to, from) in secret.iter_mut().zip(object) {
                    *to = from;
                }
                (public, Some(token.label().to_owned()))
            }
        };
        let (nonce, ciphertext) = ([0; 24], [0; aead::SEALED]);
        let version = SealedRecord::VERSION;
        let mut record = SealedRecord { id, kind, version, public, data_key: 0, token, nonce, ciphertext };
        self.seal(&mut record, &secret, rng)?;
        Ok(record)
    }

    fn seal(&self, record: &mut SealedRecord, secret: &[u8; 32], rng: &dyn Rng) -> Result<(), CreateError> {
        record.data_key = self.keys.newest();
        rng.fill(&mut record.nonce)?;
        let mut key = Wiped::zeros();
        self.record_key(record, &mut key).ok_or(CreateError::Cipher)?;
        let aad = record.aad().ok_or(CreateError::Cipher)?;
        record.ciphertext = aead::seal(&key, &record.nonce, &aad, secret).map_err(|_| CreateError::Cipher)?;
        Ok(())
    }

    fn sign_secp256k1(
        &self,
        record: &SealedRecord,
        kind: KeyKind,
        digest: impl FnOnce() -> Result<B256, SignError>,
    ) -> Result<Signature65, SignError> {
        match self.sign(record, kind, digest)? {
            SessionSignature::Secp256k1(signature) => Ok(signature),
            SessionSignature::P256(_) | SessionSignature::Ed25519(_) => Err(SignError::Tampered),
        }
    }

    /// Opens a record for one signature; `digest` is asked once it is known to be whole.
    fn sign(
        &self,
        record: &SealedRecord,
        kind: KeyKind,
        digest: impl FnOnce() -> Result<B256, SignError>,
    ) -> Result<SessionSignature, SignError> {
        if record.kind != kind {
            return Err(SignError::WrongKind);
        }
        let mut secret = Wiped::zeros();
        self.open(record, &mut secret)?;
        let digest = digest()?;
        let Some(label) = &record.token else { return software::sign(&secret, &record.public, digest) };
        let token = self.token.as_ref().filter(|token| token.label() == label).ok_or(SignError::NoToken)?;
        let object = secret.first_chunk().ok_or(SignError::Tampered)?;
        token.sign(object, &record.public, digest)
    }

    /// Writes what is sealed in the record to `secret`.
    fn open(&self, record: &SealedRecord, secret: &mut Wiped<32>) -> Result<(), SignError> {
        let mut key = Wiped::zeros();
        self.record_key(record, &mut key).ok_or(SignError::Tampered)?;
        let aad = record.aad().ok_or(SignError::Tampered)?;
        aead::open(&key, &record.nonce, &aad, &record.ciphertext, secret).map_err(|_| SignError::Tampered)
    }

    fn record_key(&self, record: &SealedRecord, out: &mut [u8; 32]) -> Option<()> {
        let key = self.keys.data_key(record.data_key)?;
        expand(key, &[b"hallpass/vault/record-key/", &record.id], out);
        Some(())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("opened_by", &self.opened_by).field("relay", &self.relay).finish_non_exhaustive()
    }
}
