//! The operator's own names for contracts: the only ones that plain words show as fact.
//!
//! Read from what the field already writes: token lists, contract ABIs, ERC-7730 descriptors. Nothing here is ever judged by;
//! it is only shown, and its hash is recorded beside what was shown.

use crate::abi::Named;
use alloy_primitives::{Address, B256, keccak256};
use core::fmt::Write as _;
use hallpass_types::ChainId;
use std::collections::BTreeMap;

/// What the operator says of contracts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// By chain and address.
    pub contracts: BTreeMap<(ChainId, Address), Contract>,
}

/// What is known of a contract.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contract {
    /// What it is called.
    pub name: String,
    /// Its symbol and decimals, where it is a token.
    pub token: Option<Token>,
    /// Its functions, by canonical signature.
    pub functions: BTreeMap<String, Function>,
}

/// What is known of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Token {
    /// Such as `USDC`.
    pub symbol: String,
    /// Smallest units are `10^-decimals`.
    pub decimals: u8,
}

/// What is known of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// What it is for, in a few words, where a descriptor says so.
    pub intent: Option<String>,
    /// What its arguments are called.
    pub names: Vec<Named>,
}

impl Lists {
    /// What is known of the contract at `address`.
    #[must_use]
    pub fn contract(&self, chain: ChainId, address: Address) -> Option<&Contract> {
        self.contracts.get(&(chain, address))
    }

    /// What is known of a token.
    #[must_use]
    pub fn token(&self, chain: ChainId, address: Address) -> Option<&Token> {
        self.contract(chain, address)?.token.as_ref()
    }

    /// Tells lists apart: the keccak-256 of everything in them, zero for empty ones.
    #[must_use]
    pub fn hash(&self) -> B256 {
        if self.contracts.is_empty() {
            return B256::ZERO;
        }
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{:?}", self.contracts);
        keccak256(text)
    }
}
