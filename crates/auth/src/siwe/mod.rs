//! The ERC-4361 message, "Sign-In with Ethereum", version 1.
//!
//! - [`Message`]: every field of the standard, each of a type that holds only what the grammar allows.
//! - `parse`: one pass over the lines; `Display` prints back the same bytes.
//! - [`DateTime`]: RFC 3339, kept as it was written. `rfc3986`: the grammar of authorities and URIs.

mod datetime;
mod fields;
mod parse;
mod rfc3986;

#[cfg(test)]
pub(crate) mod tests;

pub use datetime::DateTime;
pub use fields::{Domain, Nonce, RequestId, Scheme, Statement, Uri};
pub use parse::ParseError;

use alloy_primitives::Address;
use core::fmt;
use hallpass_types::ChainId;

/// The longest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 8 * 1024;
/// The most resources that are read.
pub const MAX_RESOURCES: usize = 64;

const HEADER: &str = " wants you to sign in with your Ethereum account:";

/// A message of ERC-4361, section "Message Fields".
///
/// Whatever parses prints back to the same bytes, and whatever is built by hand within [`MAX_MESSAGE`] and
/// [`MAX_RESOURCES`] parses back to the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The scheme of the asking origin; `https` is meant where absent.
    pub scheme: Option<Scheme>,
    /// The asking origin's authority.
    pub domain: Domain,
    /// The account that signs; written with its EIP-55 checksum.
    pub address: Address,
    /// What the user is told; one line of the ABNF's characters, which have neither quotes nor `%`.
    pub statement: Option<Statement>,
    /// What the sign-in is for.
    pub uri: Uri,
    /// Always 1.
    pub version: Version,
    /// The chain the session is bound to.
    pub chain_id: ChainId,
    /// The server's random string.
    pub nonce: Nonce,
    /// When the message was made.
    pub issued_at: DateTime,
    /// The first moment at which the message is no longer valid.
    pub expiration_time: Option<DateTime>,
    /// The first moment at which the message is valid.
    pub not_before: Option<DateTime>,
    /// The system's own name for the request; may be empty.
    pub request_id: Option<RequestId>,
    /// References; `Some` of an empty list prints the heading alone, as the ABNF allows.
    pub resources: Option<Vec<Uri>>,
}

impl Message {
    /// One that has what every message has, and nothing more.
    #[must_use]
    pub const fn required(
        domain: Domain,
        address: Address,
        uri: Uri,
        chain_id: ChainId,
        nonce: Nonce,
        issued_at: DateTime,
    ) -> Self {
        Self {
            scheme: None,
            domain,
            address,
            statement: None,
            uri,
            version: Version::V1,
            chain_id,
            nonce,
            issued_at,
            expiration_time: None,
            not_before: None,
            request_id: None,
            resources: None,
        }
    }
}

/// The version of a message. ERC-4361 knows one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `1`
    V1,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = &self.scheme {
            write!(f, "{scheme}://")?;
        }
        write!(f, "{}{HEADER}\n{}\n\n", self.domain, self.address.to_checksum(None))?;
        if let Some(statement) = &self.statement {
            writeln!(f, "{statement}")?;
        }
        let Version::V1 = self.version;
        write!(
            f,
            "\nURI: {}\nVersion: 1\nChain ID: {}\nNonce: {}\nIssued At: {}",
            self.uri,
            self.chain_id.get(),
            self.nonce,
            self.issued_at
        )?;
        if let Some(time) = &self.expiration_time {
            write!(f, "\nExpiration Time: {time}")?;
        }
        if let Some(time) = &self.not_before {
            write!(f, "\nNot Before: {time}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, "\nRequest ID: {id}")?;
        }
        if let Some(resources) = &self.resources {
            f.write_str("\nResources:")?;
            for uri in resources {
                write!(f, "\n- {uri}")?;
            }
        }
        Ok(())
    }
}
