//! Typed messages (EIP-712): what a typed rule is about, and what a session key may sign for itself.
//!
//! - [`types`]: an `encodeType` as types and names.
//! - [`domain`]: the domain, and its canonical JSON.
//! - `digest`: what is signed of it.
//! - [`read`]: a message as `eth_signTypedData_v4` takes it.
//!
//! A message's members are kept as if their struct had been ABI-encoded as a tuple, so that the conditions of typed rules
//! are judged by the same code as those on calldata.

mod digest;
pub mod domain;
pub mod read;
pub mod types;

use crate::forbidden;
use alloy_primitives::Address;

pub use domain::Domain;
pub use read::ReadError;
pub use types::{StructType, TypeError};

/// A typed message that a session wants signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The domain.
    pub domain: Domain,
    /// The primary struct.
    pub ty: StructType,
    /// The members, ABI-encoded as a tuple.
    pub data: Vec<u8>,
}

/// The name in every Hallpass domain, which no session signs under.
const OURS: &str = crate::eip712::DOMAIN_NAME;
/// Structs that hand over an account, whatever the domain (`spec/policy.md`, R10).
const NEVER: [&str; 3] = ["UserOperation", "PackedUserOperation", "Delegation"];

/// Whether no session key may sign messages of this domain and primary type.
#[must_use]
pub fn is_forbidden(domain: &Domain, primary: &str, account: Address, backend: Address) -> bool {
    let contract = domain.verifying_contract.is_some_and(|c| forbidden::target(c, account, backend));
    contract || domain.name.as_deref() == Some(OURS) || NEVER.contains(&primary)
}
