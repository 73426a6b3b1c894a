//! The root key and the data keys of an open vault, and what derives from them.

use hallpass_memory::{LockedBytes, Protection, scrubbed};
use hkdf::Hkdf;
use sha2::Sha256;
use std::io;

const STACK: usize = 16 * 1024;

/// In locked pages: the root key, then the data keys by number.
pub(crate) struct Keys {
    bytes: LockedBytes,
    /// A vault of version 1 has no root key beside its data key.
    rooted: bool,
}

impl Keys {
    /// Zeros for a root key and `count` data keys.
    pub(crate) fn zeros(count: usize, rooted: bool) -> io::Result<Self> {
        Ok(Self { bytes: LockedBytes::new((count + 1) * 32)?, rooted })
    }

    pub(crate) fn protection(&self) -> Protection {
        self.bytes.protection()
    }

    pub(crate) fn root(&self) -> Option<&[u8; 32]> {
        self.place(0).filter(|_| self.rooted)
    }

    pub(crate) fn data_key(&self, number: u32) -> Option<&[u8; 32]> {
        self.place(usize::try_from(number).ok()?.checked_add(1)?)
    }

    /// The number of the newest data key, which new records are sealed under.
    pub(crate) fn newest(&self) -> u32 {
        u32::try_from(self.bytes.bytes().len() / 32).unwrap_or(2).saturating_sub(2)
    }

    /// The root key's place.
    pub(crate) fn root_mut(&mut self) -> Option<&mut [u8; 32]> {
        self.bytes.bytes_mut().first_chunk_mut()
    }

    /// The root key, and the data keys' places.
    pub(crate) fn split(&mut self) -> Option<(&[u8; 32], &mut [[u8; 32]])> {
        let (keys, _) = self.bytes.bytes_mut().as_chunks_mut();
        let (root, data) = keys.split_first_mut()?;
        Some((root, data))
    }

    fn place(&self, at: usize) -> Option<&[u8; 32]> {
        self.bytes.bytes().as_chunks().0.get(at)
    }
}

/// Writes to `out` what HKDF-SHA256 derives, without its extract step, which a uniformly random key does not need
/// (RFC 5869, section 3.3).
#[expect(clippy::expect_used, reason = "both fail by length alone, and the lengths are constant")]
pub(crate) fn expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8; 32]) {
    scrubbed::<STACK, _>(|| {
        Hkdf::<Sha256>::from_prk(key)
            .expect("32 bytes are a hash's length")
            .expand_multi_info(info, out.as_mut_slice())
            .expect("32 bytes are less than 255 hashes");
    });
}
