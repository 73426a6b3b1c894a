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
