//! The requester's own names: hashed into the grant, and shown as claims, never as facts.

use alloy_primitives::{Address, B256, keccak256};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Names that travel with a grant. Nothing here is ever judged by.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Labels {
    /// What the requester calls the pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Tokens by the requester's name for them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tokens: BTreeMap<String, TokenLabel>,
    /// The argument names of each call rule, in order; an empty list where none was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<Vec<String>>,
}

/// What the requester says of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLabel {
    /// The contract, which is fact.
    #[serde(with = "crate::json::checksummed")]
    pub address: Address,
    /// A claim; amounts are signed in smallest units.
    pub decimals: u8,
}

impl Labels {
    /// The keccak of the canonical JSON (RFC 8785); zero for no labels at all.
    #[must_use]
    pub fn hash(&self) -> B256 {
        if *self == Self::default() {
            return B256::ZERO;
        }
        serde_json_canonicalizer::to_vec(self).map_or(B256::ZERO, keccak256)
    }

    /// The name that the requester gives the token at `address`.
    #[must_use]
    pub fn token_at(&self, address: Address) -> Option<(&str, &TokenLabel)> {
        self.tokens.iter().find(|(_, t)| t.address == address).map(|(name, t)| (name.as_str(), t))
    }

    /// The name of argument `index` of rule `rule`.
    #[must_use]
    pub fn param(&self, rule: usize, index: usize) -> Option<&str> {
        self.params.get(rule)?.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }
}
