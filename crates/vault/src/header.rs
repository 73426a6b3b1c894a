//! The sealed vault: a root key, wrapped under a passphrase.

use crate::{
    Vault,
    aead::{self, SEALED},
    kdf::{self, KdfParams, NoMemory},
};
use alloy_primitives::hex;
use hallpass_types::{Rng, RngError};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const VERSION: u32 = 1;

/// What a store keeps of a vault. Holds no secret that is not encrypted, and may be read by anyone who may guess
/// passphrases at Argon2id's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultHeader {
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

impl VaultHeader {
    /// Makes a vault with a new root key. Persist the header before any key is made: without it no record opens.
    ///
    /// # Errors
    /// [`CreateError`]; no vault exists then.
    pub fn create(passphrase: &SecretString, params: KdfParams, rng: &dyn Rng) -> Result<(Vault, Self), CreateError> {
        let mut root = Zeroizing::new([0; 32]);
        rng.fill(root.as_mut_slice())?;
        let header = Self::wrap(&root, passphrase, params, rng)?;
        Ok((Vault::new(&root), header))
    }

    /// Opens the vault. Blocks its thread for as long, and takes as much memory, as the header's costs say.
    ///
    /// # Errors
    /// [`UnsealError::WrongPassphrase`] also for a header that was changed: the two cannot be told apart.
    pub fn unseal(&self, passphrase: &SecretString) -> Result<Vault, UnsealError> {
        let params = KdfParams::new(self.memory_kib, self.passes, self.lanes).map_err(|_| UnsealError::BadHeader)?;
        if self.version != VERSION {
            return Err(UnsealError::BadHeader);
        }
        let key = kdf::derive(passphrase, &self.salt, params).map_err(|NoMemory| UnsealError::OutOfMemory)?;
        let root =
            aead::open(&key, &self.nonce, &self.aad(), &self.wrapped).map_err(|_| UnsealError::WrongPassphrase)?;
        Ok(Vault::new(&root))
    }

    /// Wraps a root key under a passphrase, with a new salt and nonce.
    pub(crate) fn wrap(
        root: &[u8; 32],
        passphrase: &SecretString,
        params: KdfParams,
        rng: &dyn Rng,
    ) -> Result<Self, CreateError> {
        if passphrase.expose_secret().is_empty() {
            return Err(CreateError::EmptyPassphrase);
        }
        let mut header = Self {
            version: VERSION,
            memory_kib: params.memory_kib(),
            passes: params.passes(),
            lanes: params.lanes(),
            salt: [0; 16],
            nonce: [0; 24],
            wrapped: [0; SEALED],
        };
        rng.fill(&mut header.salt)?;
        rng.fill(&mut header.nonce)?;
        let key = kdf::derive(passphrase, &header.salt, params).map_err(|NoMemory| CreateError::OutOfMemory)?;
        header.wrapped = aead::seal(&key, &header.nonce, &header.aad(), root).map_err(|_| CreateError::Cipher)?;
        Ok(header)
    }

    fn aad(&self) -> Vec<u8> {
        let numbers = [self.version, self.memory_kib, self.passes, self.lanes].map(u32::to_be_bytes);
        [b"hallpass/vault/header".as_slice(), numbers.as_flattened(), &self.salt].concat()
    }
}

/// Why a vault or a key could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// No randomness, or none that makes a key.
    #[error("the operating system gave no random bytes fit for a key")]
    Randomness,
    /// A vault that opens for everyone.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The memory that the costs ask for could not be had.
    #[error("there is not enough memory to derive a key from the passphrase")]
    OutOfMemory,
    /// The cipher refused, which its documentation excludes for 32 bytes.
    #[error("the key could not be encrypted")]
    Cipher,
}

impl CreateError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Randomness => "no_randomness",
            Self::EmptyPassphrase => "empty_passphrase",
            Self::OutOfMemory => "out_of_memory",
            Self::Cipher => "cipher_failed",
        }
    }
}

impl From<RngError> for CreateError {
    fn from(_: RngError) -> Self {
        Self::Randomness
    }
}

/// Why a vault stays sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnsealError {
    /// The passphrase does not open this header.
    #[error("the passphrase is wrong, or the vault's header was changed")]
    WrongPassphrase,
    /// Another version, or costs out of [`KdfParams`]'s bounds.
    #[error("the vault's header is of another version, or its Argon2 costs are out of bounds")]
    BadHeader,
    /// The memory that the costs ask for could not be had.
    #[error("there is not enough memory to derive a key from the passphrase")]
    OutOfMemory,
}

impl UnsealError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongPassphrase => "wrong_passphrase",
            Self::BadHeader => "bad_header",
            Self::OutOfMemory => "out_of_memory",
        }
    }
}
