//! Bearer tokens of login sessions.

use alloy_primitives::hex;
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

const PREFIX: &str = "hp_";

/// A bearer token: 256 random bits, written `hp_` and 64 lower-case hex digits (67 characters, one spelling).
///
/// Never stored: a store keeps its [`TokenHash`]. Zeroized on drop; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Token([u8; 32]);

impl Token {
    /// From 32 bytes of a random source fit for keys.
    #[must_use]
    pub const fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What goes to the holder, once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.0));
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + digits.len()));
        text.push_str(PREFIX);
        text.push_str(&digits);
        text
    }

    /// What a store keeps and looks up by: SHA-256 of the 32 bytes. 256 random bits need no salt.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let digits = text.strip_prefix(PREFIX).ok_or(TokenError)?;
        if digits.len() != 64 || digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(TokenError);
        }
        let mut token = Self([0; 32]);
        hex::decode_to_slice(digits, &mut token.0).map_err(|_| TokenError)?;
        Ok(token)
    }
}

/// SHA-256 of a token's 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The bytes, as stores key by them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A token of another shape. Says nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is `hp_` and 64 lower-case hex digits")]
pub struct TokenError;

impl TokenError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "bad_token"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_one_spelling() {
        let token = Token::from_random([0xab; 32]);
        let text = token.reveal();
        assert_eq!(text.as_str(), format!("hp_{}", "ab".repeat(32)));
        assert_eq!(text.parse::<Token>(), Ok(token));
        let bad = [
            text.to_uppercase(),
            text.replace('a', "A"),
            format!("{}0", *text),
            text[..66].into(),
            text[3..].into(),
            format!("hp_{}", "zz".repeat(32)),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Token>(), Err(TokenError), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_digit_of_a_token() {
        assert_eq!(format!("{:?}", Token::from_random([0xab; 32])), "Token(redacted)");
    }

    /// FIPS 180-4 SHA-256 of 32 zero bytes.
    #[test]
    fn the_hash_is_sha_256() {
        let hash = Token::from_random([0; 32]).hash();
        assert_eq!(hex::encode(hash.as_bytes()), "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
    }
}
