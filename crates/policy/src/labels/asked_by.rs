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

    /// Whether it can be shown as it is: a domain that is one, a URI under it, and nothing that cannot be seen.
    pub(super) fn is_plain(&self) -> bool {
        let under = |scheme: &str| {
            let rest = self.uri.strip_prefix(scheme)?.strip_prefix(&self.domain)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(())
        };
        let visible = [&self.uri, &self.nonce].into_iter().all(|text| is_visible(text, 255));
        visible && is_authority(&self.domain) && (under("https://").is_some() || under("http://").is_some())
    }
}

/// Whether `text` has the form in which browsers write an origin (RFC 6454, section 6.2): `http` or `https`, a host in small
/// letters, and a port. Whether there is such a host is not asked.
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    authority.is_some_and(is_authority)
}

/// A host in small letters, and a port where there is one.
fn is_authority(text: &str) -> bool {
    let end = text.rfind(']').map_or(0, |bracket| bracket + 1);
    let (host, port) = match text.get(end..).and_then(|rest| rest.find(':')) {
        Some(colon) => (text.get(..end + colon).unwrap_or_default(), text.get(end + colon + 1..)),
        None => (text, None),
    };
    let is_port = |port: &str| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
    let within = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match within {
        Some(address) => address.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b':' | b'.')),
        None => host.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')),
    };
    !host.is_empty() && host.len() <= 255 && fits && port.is_none_or(is_port)
}
