//! One private key, encrypted.

use crate::aead::SEALED;
use alloy_primitives::{Address, hex};
use serde::{Deserialize, Serialize};

/// A private key as a store keeps it. Every field is authenticated: changed in any bit, or opened as another record or
/// kind, it does not open.
///
/// Safe to show: what is secret in it is encrypted under a key that only the vault can derive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRecord {
    /// The record's id, which the store keys it by; the encryption key derives from it.
    #[serde(with = "hex::serde")]
    pub id: [u8; 16],
    /// What the key may sign.
    pub kind: KeyKind,
    /// The version of this form: 1.
    pub version: u32,
    /// The key's address.
    pub public: Address,
    /// Random.
    #[serde(with = "hex::serde")]
    pub nonce: [u8; 24],
    /// 32 bytes of ciphertext and 16 of tag.
    #[serde(with = "hex::serde")]
    pub ciphertext: [u8; SEALED],
}

/// What a key may sign; nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Operations that the policy has authorised.
    Session,
    /// The end of one grant.
    Ender,
    /// Transactions that carry what others signed.
    Relayer,
}

impl SealedRecord {
    pub(crate) const VERSION: u32 = 1;

    /// What the encryption authenticates beside the key: every other field but the nonce, which it takes anyway.
    pub(crate) fn aad(&self) -> Vec<u8> {
        let kind = match self.kind {
            KeyKind::Session => 1,
            KeyKind::Ender => 2,
            KeyKind::Relayer => 3,
        };
        [b"hallpass/vault/record".as_slice(), &self.id, &[kind], &self.version.to_be_bytes(), self.public.as_slice()]
            .concat()
    }
}
