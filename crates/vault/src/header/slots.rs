//! Changing a header: slots come and go, and the root key is replaced. Records stay as they are throughout.

use super::v2::{HeaderV2, MAX_KEYS, MAX_SLOTS, Slot};
use super::{CreateError, Form, HeaderError, STACK, UnsealError, VaultHeader};
use crate::keys::Keys;
use crate::{RootKeyProvider, SlotFacts, Vault};
use hallpass_memory::{Wiped, scrubbed};
use hallpass_types::Rng;

/// One slot, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SlotInfo {
    /// Its number, which it keeps.
    pub number: u32,
    /// Its provider's word.
    pub provider: String,
    /// What its provider keeps of it; public.
    pub facts: SlotFacts,
}

impl VaultHeader {
    /// The form's version: 1 or 2.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match self.0 {
            Form::V1(_) => super::v1::VERSION,
            Form::V2(_) => super::v2::VERSION,
        }
    }

    /// How many root keys the vault has had; 1 at first.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        match &self.0 {
            Form::V1(_) => 1,
            Form::V2(header) => header.generation,
        }
    }

    /// The slots, by ascending number. Read from the header alone, so not authenticated.
    #[must_use]
    pub fn slots(&self) -> Vec<SlotInfo> {
        match &self.0 {
            Form::V1(header) => {
                vec![SlotInfo { number: 0, provider: "passphrase".to_owned(), facts: header.facts() }]
            }
            Form::V2(header) => header.slots.iter().map(Slot::info).collect(),
        }
    }

    fn second(&self) -> Result<&HeaderV2, HeaderError> {
        match &self.0 {
            Form::V1(_) => Err(HeaderError::Old),
            Form::V2(header) => Ok(header),
        }
    }
}

impl Slot {
    fn info(&self) -> SlotInfo {
        SlotInfo { number: self.number, provider: self.provider.clone(), facts: self.facts.clone() }
    }
}

impl Vault {
    /// Adds a slot to `header`, this vault's, and gives the new header and the slot's number.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn add_slot(
        &self,
        header: &VaultHeader,
        provider: &dyn RootKeyProvider,
        rng: &dyn Rng,
    ) -> Result<(VaultHeader, u32), HeaderError> {
        self.change(header, |header, root| {
            if header.slots.len() >= MAX_SLOTS {
                return Err(HeaderError::Full);
            }
            let number = (0..).find(|n| header.slots.iter().all(|slot| slot.number != *n)).ok_or(HeaderError::Full)?;
            let slot = header.enrolled(number, provider, root, rng)?;
            header.slots.push(slot);
            header.slots.sort_by_key(|slot| slot.number);
            Ok(number)
        })
    }

    /// Takes a slot out of `header`, this vault's. Afterwards [`RootKeyProvider::forget`] may be called with the facts
    /// that are given. An old copy of the header still opens by it: overwrite it, and its copies, and rotate the root
    /// key.
    ///
    /// # Errors
    /// [`HeaderError`]; `last_slot` for the only one.
    pub fn remove_slot(&self, header: &VaultHeader, number: u32) -> Result<(VaultHeader, SlotInfo), HeaderError> {
        self.change(header, |header, _| {
            let at = header.slots.iter().position(|slot| slot.number == number).ok_or(HeaderError::NoSlot(number))?;
            if header.slots.len() == 1 {
                return Err(HeaderError::LastSlot(number));
            }
            Ok(header.slots.remove(at).info())
        })
    }

    /// Puts a slot of `provider` in the place of slot `number`: a changed passphrase.
    ///
    /// # Errors
    /// [`HeaderError`].
    pub fn replace_slot(
        &self,
        header: &VaultHeader,
        number: u32,
        provider: &dyn RootKeyProvider,
        rng: &dyn Rng,
    ) -> Result<(VaultHeader, SlotInfo), HeaderError> {
        self.change(header, |header, root| {
            let new = header.enrolled(number, provider, root, rng)?;
            let old = header.slots.iter_mut().find(|slot| slot.number == number).ok_or(HeaderError::NoSlot(number))?;
            Ok(std::mem::replace(old, new).info())
        })
    }

    /// Makes a new root key, and a new data key for records from now on; the older data keys stay, under the new root
    /// key, and with them every record stays readable. Who has an old root key opens no new header and no new record.
    ///
    /// Each slot of `header` is opened by the provider in `open` with its number and wrapped anew, or is among `drop`
    /// and goes. Persist the header before the vault that is given makes a key.
    ///
    /// # Errors
    /// [`HeaderError`]; `slot_unopened` for a slot that is in neither list.
    pub fn rotate_root(
        &self,
        header: &VaultHeader,
        open: &[(u32, &dyn RootKeyProvider)],
        drop: &[u32],
        rng: &dyn Rng,
    ) -> Result<(Self, VaultHeader), HeaderError> {
        scrubbed::<STACK, _>(|| {
            let (old, old_root) = self.own(header)?;
            if old.keys.len() >= MAX_KEYS {
                return Err(HeaderError::Worn);
            }
            if let Some(number) = drop.iter().find(|n| old.slots.iter().all(|slot| slot.number != **n)) {
                return Err(HeaderError::NoSlot(*number));
            }
            let mut keys = Keys::zeros(old.keys.len() + 1, true).map_err(|_| CreateError::Memory)?;
            rng.fill(keys.root_mut().ok_or(CreateError::Memory)?).map_err(CreateError::from)?;
            let (root, data) = keys.split().ok_or(CreateError::Memory)?;
            let generation = old.generation.checked_add(1).ok_or(HeaderError::Worn)?;
            let mut new = HeaderV2 { generation, slots: vec![], keys: vec![], ..old.clone() };
            for (number, place) in (0..).zip(data) {
                match self.keys().data_key(number) {
                    Some(key) => *place = *key,
                    None => rng.fill(place).map_err(CreateError::from)?,
                }
                new.keys.push(new.wrap_key(number, place, root, rng)?);
            }
            for slot in old.slots.iter().filter(|slot| !drop.contains(&slot.number)) {
                let provider = open.iter().find(|(number, _)| *number == slot.number).map(|(_, provider)| *provider);
                let provider = provider.filter(|provider| provider.name() == slot.provider);
                let provider = provider.ok_or(HeaderError::Unopened(slot.number))?;
                let mut key = Wiped::zeros();
                let mut found = Wiped::zeros();
                provider.key(&slot.facts, &mut key).map_err(UnsealError::from)?;
                let opened = old.open_slot(slot, &key, &mut found).is_ok() && *found == *old_root;
                if !opened {
                    return Err(UnsealError::unopened(provider.name()).into());
                }
                let mut slot = slot.clone();
                new.wrap_slot(&mut slot, &key, root, rng)?;
                new.slots.push(slot);
            }
            if new.slots.is_empty() {
                return Err(HeaderError::LastSlot(drop.first().copied().unwrap_or(0)));
            }
            new.seal(root);
            Ok((self.with_keys(keys), VaultHeader(Form::V2(new))))
        })
    }

    /// `header` with its root key, if it is this vault's.
    fn own<'a>(&'a self, header: &'a VaultHeader) -> Result<(&'a HeaderV2, &'a [u8; 32]), HeaderError> {
        let header = header.second()?;
        let root = self.keys().root().ok_or(HeaderError::NotThisVault)?;
        if header.is_well_formed() && header.is_whole(root) {
            Ok((header, root))
        } else {
            Err(HeaderError::NotThisVault)
        }
    }

    fn change<T>(
        &self,
        header: &VaultHeader,
        change: impl FnOnce(&mut HeaderV2, &[u8; 32]) -> Result<T, HeaderError>,
    ) -> Result<(VaultHeader, T), HeaderError> {
        scrubbed::<STACK, _>(|| {
            let (header, root) = self.own(header)?;
            let mut header = header.clone();
            let given = change(&mut header, root)?;
            header.seal(root);
            Ok((VaultHeader(Form::V2(header)), given))
        })
    }
}
