//! Sealing: XChaCha20-Poly1305 under a random 192-bit nonce, and HMAC-SHA256 for what must be found without being shown.
//!
//! Two keys come from the vault. The *index* key turns an account into a row key that tells nothing without it. The
//! *field* key wraps one random key for each user; all that names that user is sealed under the user's key, so that
//! destroying 32 bytes deletes it all, in backups of rows too. Associated data is the table, the row's key and the
//! user, so that a sealed value opens in its own place alone.

use crate::StoreError;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use core::fmt;
use hallpass_types::Rng;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The keys that open the sealed parts of a store. They come from the vault's root key, so a sealed vault means
/// unreadable personal data. Zeroized on drop.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct StoreKeys {
    /// For finding rows (HMAC-SHA256).
    pub index: [u8; 32],
    /// For wrapping the users' keys (XChaCha20-Poly1305).
    pub field: [u8; 32],
}

impl fmt::Debug for StoreKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKeys(redacted)")
    }
}

/// A key for one user's data.
pub(crate) type UserKey = Zeroizing<[u8; 32]>;

const NONCE: usize = 24;

impl StoreKeys {
    /// The row key for `parts` in `table`: HMAC-SHA256 of the table's name and the parts, each with its length before it.
    pub(crate) fn index(&self, table: &'static str, parts: &[&[u8]]) -> Result<[u8; 32], StoreError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.index).map_err(|_| StoreError::WrongKeys)?;
        for part in [table.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }
}

/// A fresh key.
pub(crate) fn fresh(rng: &dyn Rng) -> Result<UserKey, StoreError> {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill(key.as_mut_slice()).map_err(|_| StoreError::NoRandomness)?;
    Ok(key)
}

/// Nonce, then ciphertext and tag.
pub(crate) fn seal(key: &[u8; 32], aad: &[u8], plain: &[u8], rng: &dyn Rng) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE];
    rng.fill(&mut nonce).map_err(|_| StoreError::NoRandomness)?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad }).map_err(StoreError::failed)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// `None` where it was not sealed by `key` for this place.
pub(crate) fn open(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let cipher = XChaCha20Poly1305::new(&(*key).into());
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad }).ok().map(Zeroizing::new)
}

/// Associated data: each part with its length before it.
pub(crate) fn aad(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&(part.len() as u64).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRng;

    #[test]
    fn a_sealed_value_opens_with_its_key_in_its_place_alone() {
        let rng = SeededRng::new(1);
        let sealed = seal(&[1; 32], b"place", b"secret", &rng).unwrap();
        assert_eq!(open(&[1; 32], b"place", &sealed).unwrap().as_slice(), b"secret");
        assert!(open(&[2; 32], b"place", &sealed).is_none());
        assert!(open(&[1; 32], b"other", &sealed).is_none());
        assert!(open(&[1; 32], b"place", &sealed[..23]).is_none());
        for i in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[i] ^= 1;
            assert!(open(&[1; 32], b"place", &flipped).is_none(), "byte {i}");
        }
    }

    #[test]
    fn two_seals_of_one_value_differ() {
        let rng = SeededRng::new(1);
        assert_ne!(seal(&[1; 32], b"", b"x", &rng).unwrap(), seal(&[1; 32], b"", b"x", &rng).unwrap());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keys = StoreKeys { index: [1; 32], field: [2; 32] };
        assert_ne!(keys.index("t", &[b"ab", b"c"]).unwrap(), keys.index("t", &[b"a", b"bc"]).unwrap());
        assert_ne!(keys.index("t", &[b"a"]).unwrap(), keys.index("u", &[b"a"]).unwrap());
        assert_ne!(aad(&[b"ab", b"c"]), aad(&[b"a", b"bc"]));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", StoreKeys { index: [1; 32], field: [2; 32] }), "StoreKeys(redacted)");
    }
}
