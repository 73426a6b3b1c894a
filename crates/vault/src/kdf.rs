//! From a passphrase to a key, by Argon2id.

use crate::header::STACK;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use hallpass_memory::scrubbed;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

/// The cost of trying one passphrase (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl KdfParams {
    /// The least that is taken: 19 MiB, 2 passes, 1 lane (OWASP's password storage recommendation).
    pub const MINIMUM: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// The most: 1 GiB, 32 passes, 8 lanes. More than that comes from a header that wants to exhaust the machine.
    pub const MAXIMUM: Self = Self { memory_kib: 1024 * 1024, passes: 32, lanes: 8 };

    /// `memory_kib` in KiB, `passes` over it, and `lanes`, which are computed one after the other.
    /// All three lie between [`Self::MINIMUM`] and [`Self::MAXIMUM`], inclusive.
    ///
    /// # Errors
    /// [`KdfParamsError`] outside.
    pub const fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfParamsError> {
        let (min, max) = (Self::MINIMUM, Self::MAXIMUM);
        if memory_kib < min.memory_kib || passes < min.passes || lanes < min.lanes {
            Err(KdfParamsError::TooLittle)
        } else if memory_kib > max.memory_kib || passes > max.passes || lanes > max.lanes {
            Err(KdfParamsError::TooMuch)
        } else {
            Ok(Self { memory_kib, passes, lanes })
        }
    }

    /// KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(self) -> u32 {
        self.lanes
    }
}

impl Default for KdfParams {
    /// 64 MiB, 3 passes, 1 lane.
    fn default() -> Self {
        Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 }
    }
}

/// Costs out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KdfParamsError {
    /// Below the minimum: passphrases would be cheap to guess.
    #[error("a passphrase needs at least 19 MiB, 2 passes and 1 lane")]
    TooLittle,
    /// Above the maximum.
    #[error("a passphrase takes at most 1 GiB, 32 passes and 8 lanes")]
    TooMuch,
}

impl KdfParamsError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLittle => "kdf_too_weak",
            Self::TooMuch => "kdf_too_costly",
        }
    }
}

/// The memory could not be had.
pub(crate) struct NoMemory;

/// Derives 32 bytes. The passphrase is taken as its UTF-8 bytes, not normalised. The memory is wiped before it is freed.
pub(crate) fn derive(
    passphrase: &SecretString,
    salt: &[u8; 16],
    params: KdfParams,
    key: &mut [u8; 32],
) -> Result<(), NoMemory> {
    let params = Params::new(params.memory_kib, params.passes, params.lanes, Some(32)).map_err(|_| NoMemory)?;
    let mut blocks = Zeroizing::new(Vec::new());
    blocks.try_reserve_exact(params.block_count()).map_err(|_| NoMemory)?;
    blocks.resize(params.block_count(), Block::default());
    scrubbed::<STACK, _>(|| {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.expose_secret().as_bytes(),
                salt,
                key.as_mut_slice(),
                blocks.as_mut_slice(),
            )
            .map_err(|_| NoMemory)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_bounded_on_both_sides() {
        let code = |m, t, p| KdfParams::new(m, t, p).map_or_else(KdfParamsError::code, |_| "taken");
        assert_eq!(code(19 * 1024, 2, 1), "taken");
        assert_eq!(code(1024 * 1024, 32, 8), "taken");
        for (m, t, p) in [(19 * 1024 - 1, 2, 1), (19 * 1024, 1, 1), (19 * 1024, 2, 0)] {
            assert_eq!(code(m, t, p), "kdf_too_weak");
        }
        for (m, t, p) in [(1024 * 1024 + 1, 2, 1), (19 * 1024, 33, 1), (19 * 1024, 2, 9), (u32::MAX, 2, 1)] {
            assert_eq!(code(m, t, p), "kdf_too_costly");
        }
        let KdfParams { memory_kib, passes, lanes } = KdfParams::default();
        assert_eq!((memory_kib, passes, lanes), (65_536, 3, 1));
    }
}
