//! A passphrase, by Argon2id.

use super::{ProviderError, RootKeyProvider, SlotFacts, bytes, number, only};
use crate::kdf::{self, KdfParams, NoMemory};
use alloy_primitives::hex;
use core::fmt;
use hallpass_memory::Wiped;
use hallpass_types::Rng;
use secrecy::{ExposeSecret, SecretString};

/// Opens a vault by a passphrase, at the price of Argon2id (RFC 9106).
pub struct Passphrase {
    text: SecretString,
    params: KdfParams,
}

impl Passphrase {
    /// `params` are the costs of slots that are made with it; a slot that exists has its own.
    #[must_use]
    pub const fn new(text: SecretString, params: KdfParams) -> Self {
        Self { text, params }
    }
}

impl RootKeyProvider for Passphrase {
    fn name(&self) -> &'static str {
        "passphrase"
    }

    fn enroll(&self, _: &[u8; 16], rng: &dyn Rng, key: &mut Wiped<32>) -> Result<SlotFacts, ProviderError> {
        if self.text.expose_secret().is_empty() {
            return Err(ProviderError::EmptyPassphrase);
        }
        let mut salt = [0; 16];
        rng.fill(&mut salt)?;
        kdf::derive(&self.text, &salt, self.params, key).map_err(|NoMemory| ProviderError::OutOfMemory)?;
        let facts = [
            ("memory_kib", self.params.memory_kib().to_string()),
            ("passes", self.params.passes().to_string()),
            ("lanes", self.params.lanes().to_string()),
            ("salt", hex::encode_prefixed(salt)),
        ];
        Ok(facts.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn key(&self, facts: &SlotFacts, key: &mut Wiped<32>) -> Result<(), ProviderError> {
        only(facts, &["memory_kib", "passes", "lanes", "salt"])?;
        // Before anything is allocated.
        let params = KdfParams::new(number(facts, "memory_kib")?, number(facts, "passes")?, number(facts, "lanes")?)
            .map_err(|_| ProviderError::BadFacts)?;
        kdf::derive(&self.text, &bytes(facts, "salt")?, params, key).map_err(|NoMemory| ProviderError::OutOfMemory)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").field("params", &self.params).finish_non_exhaustive()
    }
}
