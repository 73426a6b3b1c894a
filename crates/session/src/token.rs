//! Tokens: 256 random bits, of a kind that is written before them.

use alloy_primitives::hex;
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What a token is for. Each kind has its own prefix, and the prefix is hashed with the token: one of another kind is
/// another token, whatever its bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// `hp_`: asks for signatures of one key session.
    Holder,
    /// `hps_`: a login, for whoever bears it.
    Bearer,
    /// `hpd_`: a login, with a proof of its key (RFC 9449) and not without.
    Dpop,
    /// `hpc_`: a login, in a browser's cookie and nowhere else.
    Cookie,
    /// `hpr_`: the next access token of a login.
    Refresh,
    /// `hpi_`: a resource server, which asks whose tokens it was shown.
    ResourceServer,
}

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Holder, Self::Bearer, Self::Dpop, Self::Cookie, Self::Refresh, Self::ResourceServer];

    /// What stands before the digits.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Holder => "hp_",
            Self::Bearer => "hps_",
            Self::Dpop => "hpd_",
            Self::Cookie => "hpc_",
            Self::Refresh => "hpr_",
            Self::ResourceServer => "hpi_",
        }
    }
}

/// A token: its kind's prefix and 64 lower-case hex digits, in one spelling.
///
/// Never stored: a store keeps its [`TokenHash`]. Zeroized on drop; `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Token {
    #[zeroize(skip)]
    kind: TokenKind,
    bits: [u8; 32],
}

impl Token {
    /// From 32 bytes of a random source fit for keys.
    #[must_use]
    pub const fn from_random(kind: TokenKind, bits: [u8; 32]) -> Self {
        Self { kind, bits }
    }

    /// Reads the value of an `Authorization` header. A token comes under the scheme of its kind alone: one that is bound to a
    /// key is not taken without a proof, and cookies, refresh tokens and credentials are not taken here at all.
    #[must_use]
    pub fn of_authorization(value: &str) -> Option<Self> {
        let (scheme, token) = value.split_once(' ')?;
        let token: Self = token.parse().ok()?;
        let own = match token.kind {
            TokenKind::Bearer | TokenKind::Holder => "bearer",
            TokenKind::Dpop => "dpop",
            TokenKind::Cookie | TokenKind::Refresh | TokenKind::ResourceServer => return None,
        };
        scheme.eq_ignore_ascii_case(own).then_some(token)
    }

    /// What it is for.
    #[must_use]
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The 256 bits, to derive from.
    pub(crate) const fn bits(&self) -> &[u8; 32] {
        &self.bits
    }

    /// What goes to the holder, once.
    #[must_use]
    pub fn reveal(&self) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex::encode(self.bits));
        let prefix = self.kind.prefix();
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + digits.len()));
        text.push_str(prefix);
        text.push_str(&digits);
        text
    }

    /// What a store keeps and looks up by: SHA-256 of the prefix and the 32 bytes. 256 random bits need no salt.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash(Sha256::new().chain_update(self.kind.prefix()).chain_update(self.bits).finalize().into())
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
        let read = TokenKind::ALL.into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)));
        let (kind, digits) = read.ok_or(TokenError)?;
        if digits.len() != 64 || digits.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(TokenError);
        }
        let mut token = Self { kind, bits: [0; 32] };
        hex::decode_to_slice(digits, &mut token.bits).map_err(|_| TokenError)?;
        Ok(token)
    }
}

/// SHA-256 of a token's prefix and 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The bytes, as stores key by them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From the bytes that were kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// A token of another shape. Says nothing of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a token is its kind's prefix and 64 lower-case hex digits")]
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
    use std::collections::HashSet;

    #[test]
    fn a_header_has_a_token_under_the_scheme_of_its_kind_alone() {
        use TokenKind::{Bearer, Cookie, Dpop, Holder, Refresh, ResourceServer};
        for kind in [Bearer, Holder, Dpop, Cookie, Refresh, ResourceServer] {
            let token = Token::from_random(kind, [0xab; 32]);
            let text = token.reveal();
            let under = |scheme: &str| Token::of_authorization(&format!("{scheme} {}", text.as_str())).is_some();
            let taken = ["Bearer", "bearer", "DPoP", "Basic"].map(under);
            let expected = match kind {
                Bearer | Holder => [true, true, false, false],
                Dpop => [false, false, true, false],
                Cookie | Refresh | ResourceServer => [false; 4],
            };
            assert_eq!(taken, expected, "{kind:?}");
            assert!(Token::of_authorization(text.as_str()).is_none(), "no scheme");
        }
    }

    #[test]
    fn a_token_has_one_spelling() {
        let token = Token::from_random(TokenKind::Bearer, [0xab; 32]);
        let text = token.reveal();
        assert_eq!(text.as_str(), format!("hps_{}", "ab".repeat(32)));
        assert_eq!(text.parse::<Token>(), Ok(token));
        let bad = [
            text.to_uppercase(),
            text.replace('a', "A"),
            format!("{}0", *text),
            text[..67].into(),
            text[4..].into(),
            format!("hpx_{}", &text[4..]),
            format!("hps_{}", "zz".repeat(32)),
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Token>().unwrap_err().code(), "bad_token", "{bad}");
        }
    }

    /// The same bits under another prefix are another token, and hash to something else.
    #[test]
    fn a_token_of_one_kind_is_none_of_another() {
        let all = TokenKind::ALL.map(|kind| Token::from_random(kind, [7; 32]));
        for token in &all {
            assert_eq!(token.reveal().parse::<Token>().unwrap().kind(), token.kind());
        }
        assert_eq!(all.iter().map(Token::hash).collect::<HashSet<_>>().len(), TokenKind::ALL.len());
    }

    #[test]
    fn debug_shows_no_digit_of_a_token() {
        assert_eq!(format!("{:?}", Token::from_random(TokenKind::Refresh, [0xab; 32])), "Token(redacted)");
    }

    /// `(printf hps_; head -c 32 /dev/zero) | sha256sum`
    #[test]
    fn the_hash_is_sha_256_of_prefix_and_bits() {
        let hash = Token::from_random(TokenKind::Bearer, [0; 32]).hash();
        let bare: [u8; 32] = Sha256::digest([b"hps_".as_slice(), &[0; 32]].concat()).into();
        assert_eq!(hash.as_bytes(), &bare);
        assert_eq!(hex::encode(bare), "f7c532c31db3ffe241902a4344bb2a4ca2a331a857c069b2144d754faa591d9e");
    }
}
