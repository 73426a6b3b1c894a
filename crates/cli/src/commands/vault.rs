//! `hallpass vault`

use super::serve::{read_header, unseal};
use super::{Context, open_store, store_error};
use crate::error::CliError;
use crate::system::{OsRng, passphrase};
use clap::Subcommand;
use hallpass_store::Store;
use hallpass_vault::{KdfParams, VaultHeader};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::process::ExitCode;

const NO_VAULT: &str = "no vault yet; make one with `hallpass vault init`";

/// Subcommands of `hallpass vault`.
#[derive(Subcommand)]
pub enum Vault {
    /// Make the vault in the configured store
    Init {
        /// A file whose first line becomes the passphrase; asked twice at the terminal where not given
        #[arg(long, env = "HALLPASS_PASSPHRASE_FILE", value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Say whether there is a vault, and what it holds
    Status,
    /// Change the passphrase; keys stay as they are
    ChangePassphrase {
        /// A file whose first line is the present passphrase
        #[arg(long, env = "HALLPASS_PASSPHRASE_FILE", value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
        /// A file whose first line becomes the passphrase
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// Runs a subcommand. The server must not be running: it holds the store.
pub async fn run(context: &Context, command: Vault) -> Result<ExitCode, CliError> {
    if matches!(command, Vault::Status) && !context.config.store.exists() {
        // Opening a store makes its file; looking makes nothing.
        let value = serde_json::json!({ "vault": false, "session_keys": 0, "ender_keys": 0, "relayer_keys": 0 });
        context.show(&value, || NO_VAULT.to_owned())?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = open_store(&context.config.store)?;
    match command {
        Vault::Init { passphrase_file } => {
            if read_header(&store).await?.is_some() {
                return Err(CliError::refused("vault_exists", "there is a vault in this store already")
                    .hint("use it with `hallpass serve`, or set `store` to another file"));
            }
            let file = passphrase_file.or_else(|| context.config.passphrase_file.clone());
            let secret = new_passphrase(file.as_deref())?;
            let (_, header) = VaultHeader::create(&secret, KdfParams::default(), &OsRng)
                .map_err(|e| CliError::input(e.code(), e.to_string()))?;
            save(&store, &header).await?;
            let path = context.config.store.display().to_string();
            context.show(&serde_json::json!({ "vault": "made", "store": path }), || {
                format!("the vault is made, in {path}\nkeep the passphrase: nothing else opens it")
            })?;
        }
        Vault::Status => {
            let header = read_header(&store).await?;
            let mut tx = store.read().await.map_err(store_error)?;
            let ids = tx.vault().record_ids().await.map_err(store_error)?;
            let count = |kind: &str| ids.iter().filter(|id| id.starts_with(kind)).count();
            let (sessions, enders, relayers) = (count("session/"), count("ender/"), count("relayer/"));
            let value = serde_json::json!({ "vault": header.is_some(), "session_keys": sessions, "ender_keys": enders, "relayer_keys": relayers });
            context.show(&value, || match header {
                None => NO_VAULT.to_owned(),
                Some(_) => {
                    format!("sealed; holds {sessions} session keys, {enders} ender keys, {relayers} relayer keys")
                }
            })?;
        }
        Vault::ChangePassphrase { passphrase_file, new_passphrase_file } => {
            let vault =
                unseal(&store, passphrase_file.or_else(|| context.config.passphrase_file.clone()).as_deref()).await?;
            let secret = new_passphrase(new_passphrase_file.as_deref())?;
            let header = vault
                .rewrap(&secret, KdfParams::default(), &OsRng)
                .map_err(|e| CliError::input(e.code(), e.to_string()))?;
            save(&store, &header).await?;
            context.show(&serde_json::json!({ "passphrase": "changed" }), || {
                "the passphrase is changed; old backups of the store still open with the old one".to_owned()
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn save(store: &hallpass_store::RedbStore, header: &VaultHeader) -> Result<(), CliError> {
    let bytes = serde_json::to_vec(header).map_err(|e| CliError::missing("encode", e.to_string()))?;
    let mut tx = store.begin().await.map_err(store_error)?;
    tx.vault().set_header(&bytes).await.map_err(store_error)?;
    tx.commit().await.map_err(store_error)
}

fn new_passphrase(file: Option<&std::path::Path>) -> Result<SecretString, CliError> {
    let first = passphrase(file, "new vault passphrase: ")?;
    if file.is_none() {
        let second = passphrase(None, "once more: ")?;
        if first.expose_secret() != second.expose_secret() {
            return Err(
                CliError::input("passphrases_differ", "the two passphrases differ").hint("nothing was made; try again")
            );
        }
    }
    if first.expose_secret().chars().count() < 12 {
        return Err(CliError::input("short_passphrase", "a passphrase has at least 12 characters"));
    }
    Ok(first)
}
