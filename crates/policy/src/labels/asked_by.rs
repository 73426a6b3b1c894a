//! Who asked: the page, and the sign-in that one signature gives beside the grant.

use super::is_visible;
use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolValue;
use hallpass_types::origin::host_of_authority;
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
        visible
            && host_of_authority(&self.domain).is_some()
            && (under("https://").is_some() || under("http://").is_some())
    }
}
