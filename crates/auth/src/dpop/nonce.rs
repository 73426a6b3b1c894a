//! The nonces that a server hands out (RFC 9449, sections 8 and 9): the time, authenticated. Nothing is stored.
//!
//! Each names a period of the server's clock, under a key that is made at start. So a proof can be made neither long before
//! it is shown nor before the server last started, and what is remembered of proofs may be lost with the process.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass_types::UnixSeconds;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How long a period is, in seconds. A nonce is good in its own and in the next.
pub const PERIOD: u64 = 60;

/// Makes nonces and knows them again.
pub struct Nonces(Zeroizing<[u8; 32]>);

impl core::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Nonces(redacted)")
    }
}

impl Nonces {
    /// From 32 random bytes, made at start and never kept.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// The nonce of `now`: 32 characters of base64url.
    #[must_use]
    pub fn at(&self, now: UnixSeconds) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes(now.get() / PERIOD))
    }

    /// The period that a nonce was made in; `None` where this server made it not, or not in this period or the last.
    #[must_use]
    pub fn period_of(&self, nonce: &str, now: UnixSeconds) -> Option<u64> {
        let bytes: [u8; 24] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
        let period = u64::from_be_bytes(*bytes.first_chunk()?);
        let fits = (now.get() / PERIOD).checked_sub(period).is_some_and(|age| age <= 1);
        let mac = self.mac(period)?;
        let tag = bytes.last_chunk::<16>()?;
        (fits && mac.verify_truncated_left(tag).is_ok()).then_some(period)
    }

    fn bytes(&self, period: u64) -> [u8; 24] {
        let mut out = [0; 24];
        let tag: [u8; 32] = self.mac(period).map_or([0; 32], |mac| mac.finalize().into_bytes().into());
        for (to, from) in out.iter_mut().zip(period.to_be_bytes().into_iter().chain(tag)) {
            *to = from;
        }
        out
    }

    fn mac(&self, period: u64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice()).ok()?;
        mac.update(b"hallpass/dpop-nonce/");
        mac.update(&period.to_be_bytes());
        Some(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    #[test]
    fn its_key_is_not_printed() {
        assert_eq!(format!("{:?}", Nonces::new([7; 32])), "Nonces(redacted)");
    }

    #[test]
    fn a_nonce_is_good_in_its_period_and_the_next() {
        let nonces = Nonces::new([1; 32]);
        let nonce = nonces.at(at(660));
        let found = [659, 660, 719, 779, 780].map(|now| nonces.period_of(&nonce, at(now)));
        assert_eq!(found, [None, Some(11), Some(11), Some(11), None]);
        assert_eq!((nonces.at(at(719)), nonce.len()), (nonce, 32));
    }

    #[test]
    fn a_nonce_of_another_start_or_with_another_time_is_none() {
        let nonces = Nonces::new([1; 32]);
        let nonce = nonces.at(at(660));
        assert_eq!(Nonces::new([2; 32]).period_of(&nonce, at(660)), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&nonce).unwrap();
        for i in 0..bytes.len() {
            for bit in 0..8 {
                bytes[i] ^= 1 << bit;
                assert_eq!(nonces.period_of(&URL_SAFE_NO_PAD.encode(&bytes), at(720)), None, "byte {i}, bit {bit}");
                bytes[i] ^= 1 << bit;
            }
        }
        assert_eq!(nonces.period_of("", at(660)), None);
        assert_eq!(nonces.period_of(&format!("{nonce}A"), at(660)), None);
    }
}
