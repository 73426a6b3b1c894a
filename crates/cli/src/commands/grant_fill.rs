//! What a grant leaves open, given as options: `hallpass grant hash` and `hallpass grant compile` need it complete.

use super::ask;
use crate::error::CliError;
use alloy_primitives::{Address, hex};
use clap::Args;
use hallpass_policy::draft::{CompleteError, Fill};
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_types::account::parse_address;

/// Values for what the grant leaves open.
#[derive(Args)]
pub struct Fills {
    /// The second at which a relative time begins, in Unix seconds
    #[arg(long, value_name = "UNIX")]
    at: Option<u64>,
    /// The account
    #[arg(long, value_name = "0x...")]
    account: Option<String>,
    /// The account's epoch
    #[arg(long, value_name = "NUMBER")]
    epoch: Option<u64>,
    /// 16 bytes that tell grants of one account apart
    #[arg(long, value_name = "0x...")]
    salt: Option<String>,
    /// The session key's address
    #[arg(long, value_name = "0x...")]
    key: Option<String>,
    /// The key that may end it
    #[arg(long, value_name = "0x...")]
    ender: Option<String>,
    /// The only relayer, or `any`
    #[arg(long, value_name = "0x...")]
    relayer: Option<String>,
    /// The routes, as bits: 1 direct, 2 EntryPoint 0.7, 4 EntryPoint 0.8
    #[arg(long, value_name = "BITS")]
    routes: Option<u8>,
    /// Most gas units of an operation
    #[arg(long, value_name = "UNITS")]
    gas_per_op: Option<u64>,
}

impl Fills {
    /// All but the backend.
    pub fn fill(&self) -> Result<Fill, CliError> {
        let relayer = match self.relayer.as_deref() {
            Some("any") => Some(Address::ZERO),
            given => address("relayer", given)?,
        };
        let salt = |text: &String| {
            let read = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok()?.try_into().ok());
            read.ok_or_else(|| {
                CliError::input("bad_salt", format!("--salt `{text}`: a salt is `0x` and 32 hex digits"))
            })
        };
        let routes = |bits: u8| {
            Routes::new(bits).ok_or_else(|| CliError::input("bad_routes", "--routes is the sum of some of 1, 2 and 4"))
        };
        Ok(Fill {
            account: address("account", self.account.as_deref())?,
            backend: None,
            epoch: self.epoch,
            salt: self.salt.as_ref().map(salt).transpose()?,
            key: address("key", self.key.as_deref())?.map(SessionKey::Secp256k1),
            at: self.at.map(ask::moment).transpose()?,
            routes: self.routes.map(routes).transpose()?,
            relayer,
            gas: self.gas_per_op.map(|units_per_op| Gas { units_per_op, ..Gas::default() }),
            ender: address("ender", self.ender.as_deref())?,
        })
    }
}

/// An address on the command line.
pub fn address(flag: &str, given: Option<&str>) -> Result<Option<Address>, CliError> {
    let read =
        |text: &str| parse_address(text).map_err(|e| CliError::input(e.code(), format!("--{flag} `{text}`: {e}")));
    given.map(read).transpose()
}

/// A grant that is not complete, or not one.
pub fn incomplete(error: CompleteError) -> CliError {
    let code = error.code();
    let error = CliError::input(code, error.to_string());
    if code == "incomplete" {
        error.hint(
            "a grant has an id only when it is complete; give what is missing as options: `hallpass grant hash --help`",
        )
    } else {
        error
    }
}
