//! Who asked: the page, and the sign-in that one signature gives beside the grant.

use super::is_visible;
use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

/// What the `login` of a grant is the hash of: where its signature signs in, and with which nonce of that server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginPlace {
    /// The server's authority, as its ERC-4361 messages name it.
    pub domain: String,
    /// The server's sign-in URI, likewise.
    pub uri: String,
    /// The nonce, good once.
    pub nonce: String,
}

impl LoginPlace {
    /// `keccak256(abi.encode(domain, uri, nonce))`.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256((&self.domain, &self.uri, &self.nonce).abi_encode_params())
    }

    /// Whether it can be shown as it is.
    pub(super) fn is_plain(&self) -> bool {
        [&self.domain, &self.uri, &self.nonce].into_iter().all(|text| is_visible(text, 255))
    }
}

/// Whether `text` has the form in which browsers write an origin (RFC 6454, section 6.2): `http` or `https`, a host in small
/// letters, and a port. Whether there is such a host is not asked.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b':' | b'[' | b']');
    authority.is_some_and(|rest| !rest.is_empty() && text.len() <= 270 && rest.bytes().all(plain))
}
