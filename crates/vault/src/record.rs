//! One private key, encrypted, or one on a token, named.

use crate::aead::SEALED;
use crate::{Algorithm, PublicKey};
use alloy_primitives::{Address, hex};
use serde::{Deserialize, Serialize};

/// A private key as a store keeps it. Every field is authenticated: changed in any bit, or opened as another record or
/// kind, it does not open.
///
/// Safe to show: what is secret in it is encrypted under a key that only the vault can derive. Where the key is on a
/// token, what is encrypted is the object's id there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRecord {
    /// The record's id, which the store keys it by; the encryption key derives from it.
    #[serde(with = "hex::serde")]
    pub id: [u8; 16],
    /// What the key may sign.
    pub kind: KeyKind,
    /// The version of this form: 2, or 1 for records that were made by version 1: secp256k1, data key 0, no token.
    pub version: u32,
    /// The key's public half.
    pub public: PublicKey,
    /// The number of the data key that it is sealed under.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub data_key: u32,
    /// The label of the token that holds the key (PKCS#11); none where the record itself does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Random.
    #[serde(with = "hex::serde")]
    pub nonce: [u8; 24],
    /// 32 bytes of ciphertext and 16 of tag.
    #[serde(with = "hex::serde")]
    pub ciphertext: [u8; SEALED],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it in so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
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
    pub(crate) const VERSION: u32 = 2;

    /// The address of a secp256k1 key, which enders and relayers always are.
    #[must_use]
    pub const fn address(&self) -> Option<Address> {
        self.public.address()
    }

    /// What the encryption authenticates beside the key: every other field but the nonce, which it takes anyway.
    /// `None` for a form that no version has.
    pub(crate) fn aad(&self) -> Option<Vec<u8>> {
        let kind = match self.kind {
            KeyKind::Session => 1,
            KeyKind::Ender => 2,
            KeyKind::Relayer => 3,
        };
        let algorithm = match self.public.algorithm() {
            Algorithm::Secp256k1 => 1,
            Algorithm::P256 => 2,
            Algorithm::Ed25519 => 4,
        };
        let (id, version, public) = (&self.id[..], &self.version.to_be_bytes()[..], self.public.as_bytes());
        match (self.version, algorithm) {
            (1, 1) if self.data_key == 0 && self.token.is_none() => {
                Some([b"hallpass/vault/record", id, &[kind], version, public].concat())
            }
            (Self::VERSION, _) => {
                let (home, token) = self.token.as_ref().map_or((0, ""), |label| (1, label.as_str()));
                let head = [kind, algorithm, home];
                let data_key = self.data_key.to_be_bytes();
                // Only the last part has a length of its own.
                Some([b"hallpass/vault/record-2", id, version, &head, &data_key, public, token.as_bytes()].concat())
            }
            _ => None,
        }
    }
}
