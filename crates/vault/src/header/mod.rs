//! The sealed vault: what a store keeps of it.
//!
//! - this file: [`VaultHeader`], how it is made and opened. `slots`: how it is changed. `error`: why not.
//! - `v1`: one passphrase. `v2`: key slots and data keys.

mod error;
mod slots;
mod v1;
pub(crate) mod v2;

pub use error::{CreateError, HeaderError, UnsealError};
pub use slots::SlotInfo;

use crate::keys::Keys;
use crate::{Passphrase, RootKeyProvider, Vault};
use hallpass_memory::{Wiped, scrubbed};
use hallpass_types::Rng;
use serde::{Deserialize, Serialize};
use v1::HeaderV1;
use v2::{HeaderV2, Slot};

/// Argon2, ciphers and hashes, unoptimised, stay within it.
pub(crate) const STACK: usize = 128 * 1024;

/// What a store keeps of a vault. Holds no secret that is not encrypted, and may be read by anyone who may guess
/// passphrases at Argon2id's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VaultHeader(Form);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    V1(HeaderV1),
    V2(HeaderV2),
}

impl VaultHeader {
    /// Makes a vault with a new root key, a new data key, and one slot, number 0. Persist the header before any key is
    /// made: without it no record opens.
    ///
    /// # Errors
    /// [`CreateError`]; no vault exists then.
    pub fn create(provider: &dyn RootKeyProvider, rng: &dyn Rng) -> Result<(Vault, Self), CreateError> {
        scrubbed::<STACK, _>(|| {
            let mut keys = Keys::zeros(1, true).map_err(|_| CreateError::Memory)?;
            let header =
                Self::build(provider, rng, &mut keys, |data_key| rng.fill(data_key).map_err(CreateError::from))?;
            Ok((Vault::new(keys, Some(0)), header))
        })
    }

    /// Opens the vault by the slots of `provider`, in the order of their numbers. Blocks its thread for as long, and
    /// takes as much memory, as the slots' costs say.
    ///
    /// # Errors
    /// [`UnsealError`]; nothing is open then, and what was read of keys is wiped.
    pub fn unseal(&self, provider: &dyn RootKeyProvider) -> Result<Vault, UnsealError> {
        self.unseal_among(provider, None)
    }

    /// The same by one slot alone.
    ///
    /// # Errors
    /// [`UnsealError`].
    pub fn unseal_slot(&self, provider: &dyn RootKeyProvider, slot: u32) -> Result<Vault, UnsealError> {
        self.unseal_among(provider, Some(slot))
    }

    fn unseal_among(&self, provider: &dyn RootKeyProvider, only: Option<u32>) -> Result<Vault, UnsealError> {
        scrubbed::<STACK, _>(|| match &self.0 {
            Form::V1(header) => open_v1(header, provider),
            Form::V2(header) => open_v2(header, provider, only),
        })
    }

    /// Makes a header of the present version from one of version 1: a root key of its own, the same passphrase, and
    /// the old key as data key 0, so that every record stays readable.
    ///
    /// # Errors
    /// [`HeaderError`]; the old header stays the valid one.
    pub fn upgraded(&self, passphrase: &Passphrase, rng: &dyn Rng) -> Result<Self, HeaderError> {
        let Form::V1(old) = &self.0 else { return Err(HeaderError::NotOld) };
        scrubbed::<STACK, _>(|| {
            let mut keys = Keys::zeros(1, true).map_err(|_| CreateError::Memory)?;
            Self::build(passphrase, rng, &mut keys, |data_key| Ok(old.open(passphrase, data_key)?))
        })
    }

    /// Fills `keys` with a new root key and what `data_key` writes.
    fn build<E: From<CreateError>>(
        provider: &dyn RootKeyProvider,
        rng: &dyn Rng,
        keys: &mut Keys,
        data_key: impl FnOnce(&mut [u8; 32]) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut id = [0; 16];
        rng.fill(&mut id).map_err(CreateError::from)?;
        rng.fill(keys.root_mut().ok_or(CreateError::Memory)?).map_err(CreateError::from)?;
        let (root, data) = keys.split().ok_or(CreateError::Memory)?;
        let first = data.first_mut().ok_or(CreateError::Memory)?;
        data_key(first)?;
        let mut header =
            HeaderV2 { version: v2::VERSION, id, generation: 1, slots: vec![], keys: vec![], mac: [0; 32] };
        header.keys.push(header.wrap_key(0, first, root, rng)?);
        let slot = header.enrolled(0, provider, root, rng)?;
        header.slots.push(slot);
        header.seal(root);
        Ok(Self(Form::V2(header)))
    }
}

impl HeaderV2 {
    /// A new slot of this number.
    fn enrolled(
        &self,
        number: u32,
        provider: &dyn RootKeyProvider,
        root: &[u8; 32],
        rng: &dyn Rng,
    ) -> Result<Slot, CreateError> {
        let mut key = Wiped::zeros();
        let facts = provider.enroll(&self.id, rng, &mut key)?;
        let provider = provider.name().to_owned();
        let mut slot = Slot { number, provider, facts, nonce: [0; 24], wrapped: [0; crate::aead::SEALED] };
        self.wrap_slot(&mut slot, &key, root, rng)?;
        Ok(slot)
    }
}

fn open_v1(header: &HeaderV1, provider: &dyn RootKeyProvider) -> Result<Vault, UnsealError> {
    let mut keys = Keys::zeros(1, false).map_err(|_| UnsealError::Memory)?;
    let (_, data) = keys.split().ok_or(UnsealError::Memory)?;
    header.open(provider, data.first_mut().ok_or(UnsealError::Memory)?)?;
    Ok(Vault::new(keys, None))
}

fn open_v2(header: &HeaderV2, provider: &dyn RootKeyProvider, only: Option<u32>) -> Result<Vault, UnsealError> {
    if !header.is_well_formed() {
        return Err(UnsealError::BadHeader);
    }
    let mut keys = Keys::zeros(header.keys.len(), true).map_err(|_| UnsealError::Memory)?;
    let mut refused = UnsealError::NoSlot;
    let fits = |slot: &&Slot| slot.provider == provider.name() && only.is_none_or(|number| slot.number == number);
    for slot in header.slots.iter().filter(fits) {
        let mut key = Wiped::zeros();
        if let Err(error) = provider.key(&slot.facts, &mut key) {
            refused = error.into();
            continue;
        }
        let root = keys.root_mut().ok_or(UnsealError::Memory)?;
        if header.open_slot(slot, &key, root).is_err() {
            refused = UnsealError::unopened(provider.name());
            continue;
        }
        // The root key is right, so whatever fails from here on was changed.
        let (root, data) = keys.split().ok_or(UnsealError::Memory)?;
        if !header.is_whole(root) {
            return Err(UnsealError::Tampered);
        }
        for (wrapped, place) in header.keys.iter().zip(data) {
            header.open_key(wrapped, root, place).map_err(|_| UnsealError::Tampered)?;
        }
        return Ok(Vault::new(keys, Some(slot.number)));
    }
    Err(refused)
}
