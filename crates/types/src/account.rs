//! CAIP-2 chain ids and CAIP-10 account ids, `eip155` only.

use alloy_primitives::Address;
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// An EIP-155 chain id; never 0. Written `eip155:8453` (CAIP-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainId(u64);

impl ChainId {
    /// The largest, which stands for none where a batch names none.
    pub const MAX: Self = Self(u64::MAX);

    /// `None` for chain 0, which no chain has and which EIP-7702 reads as "every chain".
    #[must_use]
    pub const fn new(id: u64) -> Option<Self> {
        if id == 0 { None } else { Some(Self(id)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "eip155:{}", self.0)
    }
}

impl FromStr for ChainId {
    type Err = AccountError;

    /// Accepts the canonical form alone: `eip155:` and a decimal number without leading zeros.
    fn from_str(text: &str) -> Result<Self, AccountError> {
        let digits = text.strip_prefix("eip155:").ok_or(AccountError::Chain)?;
        let canonical = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
        match digits.parse::<u64>() {
            Ok(id) if canonical => Self::new(id).ok_or(AccountError::Chain),
            _ => Err(AccountError::Chain),
        }
    }
}

impl TryFrom<String> for ChainId {
    type Error = AccountError;
    fn try_from(value: String) -> Result<Self, AccountError> {
        value.parse()
    }
}

impl From<ChainId> for String {
    fn from(value: ChainId) -> Self {
        value.to_string()
    }
}

/// An account on a chain. Written `eip155:8453:0x...` with an EIP-55 address (CAIP-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId {
    /// The chain.
    pub chain: ChainId,
    /// The address on it.
    pub address: Address,
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chain, self.address.to_checksum(None))
    }
}

impl FromStr for AccountId {
    type Err = AccountError;

    /// Accepts a lower-case address or a correct EIP-55 one; a wrong checksum is refused.
    fn from_str(text: &str) -> Result<Self, AccountError> {
        let (chain, address) = text.rsplit_once(':').ok_or(AccountError::Account)?;
        Ok(Self { chain: chain.parse()?, address: parse_address(address)? })
    }
}

impl TryFrom<String> for AccountId {
    type Error = AccountError;
    fn try_from(value: String) -> Result<Self, AccountError> {
        value.parse()
    }
}

impl From<AccountId> for String {
    fn from(value: AccountId) -> Self {
        value.to_string()
    }
}

/// Reads `0x` and 40 hex digits: all lower case, or with a correct EIP-55 checksum.
///
/// # Errors
/// [`AccountError::Address`] for another shape, [`AccountError::Checksum`] for mixed case that does not check.
pub fn parse_address(text: &str) -> Result<Address, AccountError> {
    let digits = text.strip_prefix("0x").ok_or(AccountError::Address)?;
    let address: Address = if digits.len() == 40 {
        digits.parse().map_err(|_| AccountError::Address)?
    } else {
        return Err(AccountError::Address);
    };
    let lower = digits.bytes().all(|b| !b.is_ascii_uppercase());
    let canonical = || address.to_checksum_buffer(None).as_str() == text;
    if lower || canonical() { Ok(address) } else { Err(AccountError::Checksum) }
}

/// Why a chain or account id could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Not a CAIP-2 id of the `eip155` namespace, or chain 0.
    #[error("a chain is written `eip155:` and its number, and is never 0")]
    Chain,
    /// Not a CAIP-10 id.
    #[error("an account is written `eip155:NUMBER:0x...`")]
    Account,
    /// Not an address.
    #[error("an address is written `0x` and 40 hex digits")]
    Address,
    /// A mixed-case address whose EIP-55 checksum is wrong.
    #[error("the address's EIP-55 checksum is wrong: a digit was mistyped")]
    Checksum,
}

impl AccountError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chain => "bad_chain",
            Self::Account => "bad_account",
            Self::Address => "bad_address",
            Self::Checksum => "bad_checksum",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

    #[test]
    fn caip_ids_have_one_spelling() {
        let id: AccountId = format!("eip155:31337:{DEV}").parse().unwrap();
        assert_eq!(id.to_string(), format!("eip155:31337:{DEV}"));
        for bad in [
            "eip155:0",
            "eip155:01",
            "eip155:",
            "eip155:+1",
            "eip155: 1",
            "EIP155:1",
            "1",
            "eip155:18446744073709551616",
        ] {
            assert_eq!(bad.parse::<ChainId>(), Err(AccountError::Chain), "{bad}");
        }
    }

    #[test]
    fn a_mistyped_checksum_is_refused_and_lower_case_is_not() {
        assert!(parse_address(&DEV.to_lowercase()).is_ok());
        assert_eq!(parse_address(&DEV.replace("Fd6", "fd6")), Err(AccountError::Checksum));
        assert_eq!(parse_address(&DEV[..41]), Err(AccountError::Address));
        assert_eq!(parse_address(&DEV[2..]), Err(AccountError::Address));
    }
}
