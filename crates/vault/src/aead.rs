//! XChaCha20-Poly1305 over the one thing that is ever encrypted here: 32 secret bytes.

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305,
    aead::{AeadInOut, Error},
};
use hallpass_memory::{Wiped, scrubbed};

/// Ciphertext and tag.
pub(crate) const SEALED: usize = 48;
const SECRET: usize = 32;
const STACK: usize = 16 * 1024;

pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], secret: &[u8; SECRET]) -> Result<[u8; SEALED], Error> {
    let mut sealed = [0; SEALED];
    scrubbed::<STACK, _>(|| {
        let mut body = Wiped::new(*secret);
        let cipher = XChaCha20Poly1305::new(key.into());
        let tag = cipher.encrypt_inout_detached(nonce.into(), aad, body.as_mut_slice().into())?;
        for (to, from) in sealed.iter_mut().zip(body.iter().chain(tag.iter())) {
            *to = *from;
        }
        Ok(())
    })?;
    Ok(sealed)
}

/// Writes the secret to `secret`, where it is wiped by whoever owns it; zeros where it does not open.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: &[u8; 24],
    aad: &[u8],
    sealed: &[u8; SEALED],
    secret: &mut [u8; SECRET],
) -> Result<(), Error> {
    scrubbed::<STACK, _>(|| {
        let (body, tag) = sealed.split_first_chunk::<SECRET>().ok_or(Error)?;
        let tag: &[u8; SEALED - SECRET] = tag.try_into().map_err(|_| Error)?;
        *secret = *body;
        let cipher = XChaCha20Poly1305::new(key.into());
        let opened = cipher.decrypt_inout_detached(nonce.into(), aad, secret.as_mut_slice().into(), tag.into());
        if opened.is_err() {
            secret.fill(0);
        }
        opened
    })
}
