//! A PKCS#11 token: the slot's key is an HMAC under a secret that never leaves it.

use super::{ProviderError, RootKeyProvider, SlotFacts, bytes, only, text};
use crate::Token;
use alloy_primitives::hex;
use hallpass_memory::Wiped;
use hallpass_types::Rng;
use std::sync::Arc;

const PURPOSE: &[u8] = b"hallpass/vault/pkcs11-slot";

/// Opens a vault by a token that is logged in.
#[derive(Debug, Clone)]
pub struct TokenSlot(Arc<Token>);

impl TokenSlot {
    /// Slots of this token.
    #[must_use]
    pub const fn new(token: Arc<Token>) -> Self {
        Self(token)
    }
}

impl RootKeyProvider for TokenSlot {
    fn name(&self) -> &'static str {
        "pkcs11"
    }

    fn enroll(&self, vault: &[u8; 16], rng: &dyn Rng, key: &mut Wiped<32>) -> Result<SlotFacts, ProviderError> {
        let object = self.0.generate_secret(rng)?;
        let mut salt = [0; 32];
        rng.fill(&mut salt)?;
        self.0.mac(&object, &[PURPOSE, vault, &salt].concat(), key)?;
        Ok([
            ("token".to_owned(), self.0.label().to_owned()),
            ("object".to_owned(), hex::encode_prefixed(object)),
            ("vault".to_owned(), hex::encode_prefixed(vault)),
            ("salt".to_owned(), hex::encode_prefixed(salt)),
        ]
        .into())
    }

    fn key(&self, facts: &SlotFacts, key: &mut Wiped<32>) -> Result<(), ProviderError> {
        let object = self.object(facts)?;
        let message = [PURPOSE, &bytes::<16>(facts, "vault")?, &bytes::<32>(facts, "salt")?].concat();
        Ok(self.0.mac(&object, &message, key)?)
    }

    fn forget(&self, facts: &SlotFacts) -> Result<(), ProviderError> {
        let object = self.object(facts)?;
        Ok(self.0.destroy_secret(&object)?)
    }
}

impl TokenSlot {
    fn object(&self, facts: &SlotFacts) -> Result<[u8; 16], ProviderError> {
        only(facts, &["token", "object", "vault", "salt"])?;
        let label = text(facts, "token")?;
        if label != self.0.label() {
            return Err(crate::TokenError::NoSuchToken(label.to_owned()).into());
        }
        bytes(facts, "object")
    }
}
