//! The nonce that a wallet signs to start a login session.

use alloy_primitives::hex;
use hallpass_types::UnixSeconds;
use serde::{Deserialize, Serialize};

/// How long a login nonce lives, in seconds.
pub const NONCE_LIFE: u64 = 300;

/// What a login message must contain, once: 32 hex digits, the `nonce` of ERC-4361.
///
/// One use is the store's part: it hands a nonce out of its table and forgets it in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginNonce {
    value: [u8; 16],
    issued_at: UnixSeconds,
}

impl LoginNonce {
    /// From 16 bytes of a random source.
    #[must_use]
    pub const fn issue(random: [u8; 16], now: UnixSeconds) -> Self {
        Self { value: random, issued_at: now }
    }

    /// The text that the message contains.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.value)
    }

    /// Reads the text back to the bytes that stores key by; `None` unless it is 32 lower-case hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<[u8; 16]> {
        let mut value = [0; 16];
        let canonical = text.len() == 32 && !text.bytes().any(|b| b.is_ascii_uppercase());
        (canonical && hex::decode_to_slice(text, &mut value).is_ok()).then_some(value)
    }

    /// The bytes, as stores key by them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.value
    }

    /// When it was issued.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.issued_at
    }

    /// Uses it up: `issued_at <= now < issued_at + 300`.
    ///
    /// # Errors
    /// [`NonceError::Expired`] from the end of its life on, [`NonceError::FromTheFuture`] where the clock went back.
    pub fn use_at(self, now: UnixSeconds) -> Result<(), NonceError> {
        match now.get().checked_sub(self.issued_at.get()) {
            None => Err(NonceError::FromTheFuture),
            Some(age) if age >= NONCE_LIFE => Err(NonceError::Expired),
            Some(_) => Ok(()),
        }
    }
}

/// Why a nonce was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NonceError {
    /// Older than its life.
    #[error("the login took longer than five minutes; start again")]
    Expired,
    /// Issued after the present.
    #[error("the server's clock went back; start again")]
    FromTheFuture,
}

impl NonceError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "nonce_expired",
            Self::FromTheFuture => "clock_went_back",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> UnixSeconds {
        UnixSeconds::new(s).unwrap()
    }

    #[test]
    fn a_nonce_lives_for_five_minutes_and_not_before_it_was_issued() {
        let nonce = LoginNonce::issue([0xc4; 16], at(1000));
        assert_eq!(LoginNonce::parse(&nonce.text()), Some([0xc4; 16]));
        assert_eq!(LoginNonce::parse(&nonce.text().to_uppercase()), None);
        assert_eq!(nonce.clone().use_at(at(1000)), Ok(()));
        assert_eq!(nonce.clone().use_at(at(1299)), Ok(()));
        assert_eq!(nonce.clone().use_at(at(1300)), Err(NonceError::Expired));
        assert_eq!(nonce.use_at(at(999)), Err(NonceError::FromTheFuture));
        assert_eq!(
            [NonceError::Expired, NonceError::FromTheFuture].map(NonceError::code),
            ["nonce_expired", "clock_went_back"]
        );
    }
}
