//! What an owner was shown before they signed.

use alloy_primitives::{B256, keccak256};
use hallpass_types::{AccountId, GrantId, SessionId, UnixSeconds, UserId};
use serde::{Deserialize, Serialize};

/// That an owner agreed to a grant: to which words, made by what, when, and who they were. Kept as long as the grant is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// The grant.
    pub grant: GrantId,
    /// Who agreed.
    pub user: UserId,
    /// The account that signed.
    pub account: AccountId,
    /// The login that the signature came through.
    pub login: SessionId,
    /// The page that it came from, by its origin; none for a program.
    pub page: Option<String>,
    /// The words, as one text.
    pub text: String,
    /// The version of this program that made them.
    pub version: String,
    /// The hash of the operator's lists that gave the names in them.
    pub lists: B256,
    /// Whether whoever showed the words named them by their hash. Else they are what this server shows of the grant, and
    /// whether anybody looked is not known.
    pub confirmed: bool,
    /// When the signature was taken.
    pub at: UnixSeconds,
}

impl Consent {
    /// What the words are named by.
    #[must_use]
    pub fn words_hash(&self) -> B256 {
        keccak256(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_named_by_their_hash() {
        let consent = Consent {
            grant: GrantId::ZERO,
            user: UserId::from_bytes([1; 16]),
            account: "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap(),
            login: SessionId::from_bytes([2; 16]),
            page: None,
            text: "abc".to_owned(),
            version: String::new(),
            lists: B256::ZERO,
            confirmed: false,
            at: UnixSeconds::EPOCH,
        };
        // Keccak-256 of "abc", as the authors' own vectors have it.
        let named = "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45";
        assert_eq!(consent.words_hash().to_string(), named);
    }
}
