//! One command a file.

pub mod approve;
pub mod ask;
pub mod audit;
pub mod backup;
pub mod contracts;
pub mod doctor;
pub mod grant;
pub mod grant_compile;
pub mod grant_diff;
pub mod grant_eval;
pub mod grant_fill;
pub mod grant_lint;
pub mod grant_new;
pub mod grant_replay;
pub mod login;
pub mod login_grant;
pub mod logins;
pub mod logout;
pub mod me;
pub mod operator;
pub mod serve;
pub mod session;
pub mod siwe;
pub mod siwe_verify;
pub mod vault;
pub mod vault_open;

use crate::config::Config;
use crate::error::CliError;
use crate::system::{self, OsRng};
use hallpass_chain::wallet::{DevWallet, Manners, WalletRefusal};
use hallpass_store::{RedbStore, StoreError};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every command is given.
pub struct Context {
    /// The configuration.
    pub config: Config,
    /// Whether to print JSON.
    pub json: bool,
    /// The configuration file that was named.
    pub config_path: Option<PathBuf>,
}

impl Context {
    /// Prints a value as JSON, or as `text` says.
    pub fn show<T: Serialize>(&self, value: &T, text: impl FnOnce() -> String) -> Result<(), CliError> {
        if self.json {
            let json = serde_json::to_string_pretty(value).map_err(|e| CliError::missing("encode", e.to_string()))?;
            system::out(&json);
        } else {
            system::out(&text());
        }
        Ok(())
    }

    /// The development wallet called `name`, on chain 31337 alone.
    pub fn dev_wallet(&self, name: &str, manners: Manners) -> Result<DevWallet, CliError> {
        DevWallet::named(name, self.config.chain, manners).map_err(wallet_error)
    }
}

/// Opens the store.
pub fn open_store(path: &Path) -> Result<RedbStore, CliError> {
    RedbStore::open(path, Arc::new(OsRng)).map_err(store_error)
}

/// A wallet's refusal.
pub fn wallet_error(refusal: WalletRefusal) -> CliError {
    CliError::refused(refusal.code(), refusal.to_string())
}

/// A store's failure.
pub fn store_error(error: StoreError) -> CliError {
    let hint = match error.code() {
        "store_locked" => "stop the other `hallpass` that uses this store, or set `store` to another file",
        "wrong_keys" => "the store belongs to another vault",
        _ => "look at the file and its folder; nothing was changed",
    };
    CliError::missing(error.code(), error.to_string()).hint(hint)
}
