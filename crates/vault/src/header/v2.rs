//! The second form: slots, each of which opens the root key; the root key opens numbered data keys.

use crate::aead::{self, SEALED};
use crate::keys::expand;
use crate::{CreateError, SlotFacts};
use alloy_primitives::hex;
use hallpass_memory::Wiped;
use hallpass_types::Rng;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

pub(super) const VERSION: u32 = 2;
/// More slots than that come from a header that wants to exhaust the machine: each may cost an Argon2.
pub(super) const MAX_SLOTS: usize = 8;
/// One for each rotation.
pub(super) const MAX_KEYS: usize = 1024;
const MAX_FACTS: usize = 16;
const MAX_FACT: usize = 8 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeaderV2 {
    pub(crate) version: u32,
    /// Random; slots name what they keep outside by it.
    #[serde(with = "hex::serde")]
    pub(crate) id: [u8; 16],
    /// Counts the root keys that this vault has had, from 1.
    pub(crate) generation: u32,
    /// By ascending number.
    pub(crate) slots: Vec<Slot>,
    /// By ascending number, from 0.
    pub(crate) keys: Vec<DataKey>,
    /// HMAC-SHA256 over all of the above, under a key that derives from the root key.
    #[serde(with = "hex::serde")]
    pub(crate) mac: [u8; 32],
}

/// The root key, wrapped by one provider's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slot {
    pub(crate) number: u32,
    pub(crate) provider: String,
    pub(crate) facts: SlotFacts,
    #[serde(with = "hex::serde")]
    pub(crate) nonce: [u8; 24],
    #[serde(with = "hex::serde")]
    pub(crate) wrapped: [u8; SEALED],
}

/// A data key, wrapped by the root key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataKey {
    pub(crate) number: u32,
    #[serde(with = "hex::serde")]
    pub(crate) nonce: [u8; 24],
    #[serde(with = "hex::serde")]
    pub(crate) wrapped: [u8; SEALED],
}

impl HeaderV2 {
    /// Everything that is checked before a key is asked for.
    pub(crate) fn is_well_formed(&self) -> bool {
        let ascends = |numbers: &[u32]| numbers.windows(2).all(|two| two.first() < two.last());
        let slots: Vec<u32> = self.slots.iter().map(|slot| slot.number).collect();
        self.version == VERSION
            && (1..=MAX_SLOTS).contains(&self.slots.len())
            && (1..=MAX_KEYS).contains(&self.keys.len())
            && ascends(&slots)
            && self.keys.iter().zip(0..).all(|(key, number)| key.number == number)
            && self.slots.iter().all(|slot| {
                let facts = || slot.facts.iter().flat_map(|(name, value)| [name, value]);
                slot.facts.len() <= MAX_FACTS && facts().all(|text| text.len() <= MAX_FACT)
            })
    }

    /// Writes the root key to `root`, if `key` is the slot's. `key` is the provider's.
    pub(crate) fn open_slot(&self, slot: &Slot, key: &[u8; 32], root: &mut [u8; 32]) -> Result<(), Unopened> {
        let mut wrapping = Wiped::zeros();
        slot_key(key, &self.id, slot.number, &mut wrapping);
        aead::open(&wrapping, &slot.nonce, &self.slot_aad(slot), &slot.wrapped, root).map_err(|_| Unopened)
    }

    /// Wraps the root key for a slot whose number, provider and facts are set.
    pub(crate) fn wrap_slot(
        &self,
        slot: &mut Slot,
        key: &[u8; 32],
        root: &[u8; 32],
        rng: &dyn Rng,
    ) -> Result<(), CreateError> {
        rng.fill(&mut slot.nonce)?;
        let mut wrapping = Wiped::zeros();
        slot_key(key, &self.id, slot.number, &mut wrapping);
        slot.wrapped =
            aead::seal(&wrapping, &slot.nonce, &self.slot_aad(slot), root).map_err(|_| CreateError::Cipher)?;
        Ok(())
    }

    pub(crate) fn open_key(&self, key: &DataKey, root: &[u8; 32], out: &mut [u8; 32]) -> Result<(), Unopened> {
        let mut wrapping = Wiped::zeros();
        expand(root, &[b"hallpass/vault/data-key"], &mut wrapping);
        aead::open(&wrapping, &key.nonce, &self.key_aad(key.number), &key.wrapped, out).map_err(|_| Unopened)
    }

    pub(crate) fn wrap_key(
        &self,
        number: u32,
        data_key: &[u8; 32],
        root: &[u8; 32],
        rng: &dyn Rng,
    ) -> Result<DataKey, CreateError> {
        let mut nonce = [0; 24];
        rng.fill(&mut nonce)?;
        let mut wrapping = Wiped::zeros();
        expand(root, &[b"hallpass/vault/data-key"], &mut wrapping);
        let wrapped =
            aead::seal(&wrapping, &nonce, &self.key_aad(number), data_key).map_err(|_| CreateError::Cipher)?;
        Ok(DataKey { number, nonce, wrapped })
    }

    /// Whether nothing was changed since it was sealed under this root key.
    pub(crate) fn is_whole(&self, root: &[u8; 32]) -> bool {
        self.authenticator(root).verify_slice(&self.mac).is_ok()
    }

    /// Call it last.
    pub(crate) fn seal(&mut self, root: &[u8; 32]) {
        self.mac = self.authenticator(root).finalize().into_bytes().into();
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    fn authenticator(&self, root: &[u8; 32]) -> Hmac<Sha256> {
        let mut key = Wiped::zeros();
        expand(root, &[b"hallpass/vault/header-mac"], &mut key);
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*key).expect("any length");
        mac.update(&self.bytes());
        mac
    }

    /// One encoding for each header.
    fn bytes(&self) -> Vec<u8> {
        let mut out = b"hallpass/vault/header-2".to_vec();
        out.extend(self.version.to_be_bytes());
        out.extend(self.id);
        out.extend(self.generation.to_be_bytes());
        count(&mut out, self.slots.len());
        for slot in &self.slots {
            put(&mut out, &self.slot_aad(slot));
            out.extend(slot.nonce);
            out.extend(slot.wrapped);
        }
        count(&mut out, self.keys.len());
        for key in &self.keys {
            out.extend(key.number.to_be_bytes());
            out.extend(key.nonce);
            out.extend(key.wrapped);
        }
        out
    }

    fn slot_aad(&self, slot: &Slot) -> Vec<u8> {
        let mut out = b"hallpass/vault/slot".to_vec();
        out.extend(self.version.to_be_bytes());
        out.extend(self.id);
        out.extend(self.generation.to_be_bytes());
        out.extend(slot.number.to_be_bytes());
        put(&mut out, slot.provider.as_bytes());
        count(&mut out, slot.facts.len());
        for (name, value) in &slot.facts {
            put(&mut out, name.as_bytes());
            put(&mut out, value.as_bytes());
        }
        out
    }

    fn key_aad(&self, number: u32) -> Vec<u8> {
        [b"hallpass/vault/data-key".as_slice(), &self.version.to_be_bytes(), &self.id, &number.to_be_bytes()].concat()
    }
}

/// A key that does not fit, or bytes that were changed: the two cannot be told apart.
#[derive(Debug)]
pub(crate) struct Unopened;

fn slot_key(key: &[u8; 32], vault: &[u8; 16], number: u32, out: &mut [u8; 32]) {
    expand(key, &[b"hallpass/vault/slot-key/", vault, &number.to_be_bytes()], out);
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    count(out, bytes.len());
    out.extend(bytes);
}

fn count(out: &mut Vec<u8>, number: usize) {
    out.extend((number as u64).to_be_bytes());
}
