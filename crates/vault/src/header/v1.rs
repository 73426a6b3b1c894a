//! The first form: one passphrase, and a root key that was the one data key.

use super::UnsealError;
use crate::aead::{self, SEALED};
use crate::{KdfParams, RootKeyProvider, SlotFacts};
use alloy_primitives::hex;
use hallpass_memory::Wiped;
use serde::{Deserialize, Serialize};

pub(super) const VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeaderV1 {
    version: u32,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    #[serde(with = "hex::serde")]
    salt: [u8; 16],
    #[serde(with = "hex::serde")]
    nonce: [u8; 24],
    #[serde(with = "hex::serde")]
    wrapped: [u8; SEALED],
}

impl HeaderV1 {
    pub(super) fn params(&self) -> Result<KdfParams, UnsealError> {
        if self.version != VERSION {
            return Err(UnsealError::BadHeader);
        }
        KdfParams::new(self.memory_kib, self.passes, self.lanes).map_err(|_| UnsealError::BadHeader)
    }

    /// Writes the one key to `root`.
    pub(super) fn open(&self, provider: &dyn RootKeyProvider, root: &mut [u8; 32]) -> Result<(), UnsealError> {
        self.params()?;
        if provider.name() != "passphrase" {
            return Err(UnsealError::NoSlot);
        }
        let mut key = Wiped::zeros();
        provider.key(&self.facts(), &mut key)?;
        aead::open(&key, &self.nonce, &self.aad(), &self.wrapped, root).map_err(|_| UnsealError::WrongPassphrase)
    }

    /// As the second form has them.
    pub(super) fn facts(&self) -> SlotFacts {
        [
            ("memory_kib".to_owned(), self.memory_kib.to_string()),
            ("passes".to_owned(), self.passes.to_string()),
            ("lanes".to_owned(), self.lanes.to_string()),
            ("salt".to_owned(), hex::encode_prefixed(self.salt)),
        ]
        .into()
    }

    fn aad(&self) -> Vec<u8> {
        let numbers = [self.version, self.memory_kib, self.passes, self.lanes].map(u32::to_be_bytes);
        [b"hallpass/vault/header".as_slice(), numbers.as_flattened(), &self.salt].concat()
    }
}
