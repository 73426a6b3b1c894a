//! `hallpass vault`

use super::serve::read_header;
use super::vault_open::{NewPassphrase, Opener, Provider, Unseal, create_error, header_error};
use super::{Context, open_store, store_error};
use crate::error::CliError;
use crate::system::{OsRng, passphrase};
use clap::Subcommand;
use hallpass_store::{RedbStore, Restored, Store};
use hallpass_vault::{KdfParams, Passphrase, RootKeyProvider, SlotInfo, Vault as Opened, VaultHeader};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

const NO_VAULT: &str = "no vault yet; make one with `hallpass vault init`";

/// Subcommands of `hallpass vault`.
#[derive(Subcommand)]
pub enum Vault {
    /// Make the vault in the configured store
    Init {
        #[command(flatten)]
        unseal: Unseal,
    },
    /// Say whether there is a vault, and what it holds
    Status,
    /// Change the passphrase; keys stay as they are
    ChangePassphrase {
        #[command(flatten)]
        unseal: Unseal,
        #[command(flatten)]
        new: NewPassphrase,
    },
    /// List what opens the vault
    Slots,
    /// Add something that opens the vault
    AddSlot {
        /// What the new slot is opened by
        #[arg(value_enum)]
        provider: Provider,
        #[command(flatten)]
        unseal: Unseal,
        #[command(flatten)]
        new: NewPassphrase,
    },
    /// Remove something that opens the vault; never the last
    RemoveSlot {
        /// The slot's number, as `hallpass vault slots` shows it
        number: u32,
        #[command(flatten)]
        unseal: Unseal,
    },
    /// Replace the root key; keys stay as they are and stay readable
    RotateRoot {
        #[command(flatten)]
        unseal: Unseal,
        /// The passphrase of a slot that the first one does not open; asked at the terminal where not given
        #[arg(long, value_name = "N=FILE", value_parser = numbered)]
        slot_passphrase: Vec<(u32, PathBuf)>,
        /// A slot that is to be removed by the way
        #[arg(long, value_name = "N")]
        drop_slot: Vec<u32>,
    },
}

fn numbered(text: &str) -> Result<(u32, PathBuf), String> {
    let (number, file) = text.split_once('=').ok_or("not of the form N=FILE")?;
    Ok((number.parse().map_err(|_| "no slot's number")?, file.into()))
}

async fn restored(context: &Context, store: &RedbStore) -> Result<Option<Restored>, CliError> {
    store.restored(&context.config.witness()?).await.map_err(store_error)
}

/// Runs a subcommand. The server must not be running: it holds the store.
pub async fn run(context: &Context, command: Vault) -> Result<ExitCode, CliError> {
    let _ = hallpass_memory::harden_process();
    if matches!(command, Vault::Status) && !context.config.store.exists() {
        // Opening a store makes its file; looking makes nothing.
        let value = json!({ "vault": false, "session_keys": 0, "ender_keys": 0, "relayer_keys": 0 });
        context.show(&value, || NO_VAULT.to_owned())?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = open_store(&context.config.store)?;
    // What is written here would carry an older store past its witness.
    if !matches!(command, Vault::Init { .. }) && restored(context, &store).await?.is_some() {
        store.mark_copy().await.map_err(store_error)?;
    }
    match command {
        Vault::Init { unseal } => {
            if read_header(&store).await?.is_some() {
                return Err(CliError::refused("vault_exists", "there is a vault in this store already")
                    .hint("use it with `hallpass serve`, or set `store` to another file"));
            }
            let opener = unseal.first_slot(&context.config)?;
            let made = tokio::task::block_in_place(|| VaultHeader::create(opener.provider(), &OsRng));
            let (_, header) = made.map_err(|e| create_error(&e))?;
            save(&store, &header).await?;
            let path = context.config.store.display().to_string();
            let provider = opener.provider().name();
            context.show(&json!({ "vault": "made", "store": path, "provider": provider }), || match provider {
                "passphrase" => format!("the vault is made, in {path}\nkeep the passphrase: nothing else opens it"),
                _ => {
                    format!("the vault is made, in {path}\nadd a passphrase too: `hallpass vault add-slot passphrase`")
                }
            })?;
        }
        Vault::Status => status(context, &store).await?,
        Vault::Slots => {
            let header = read_header(&store).await?.ok_or_else(super::serve::no_vault)?;
            let slots = header.slots();
            let value = json!({ "version": header.version(), "generation": header.generation(), "slots": slots });
            context.show(&value, || slots.iter().map(line).collect::<Vec<_>>().join("\n"))?;
        }
        Vault::ChangePassphrase { unseal, new } => {
            let opener = unseal.opener_of(Provider::Passphrase, &context.config)?;
            let (header, vault) = present(context, &store, &opener).await?;
            let slot = vault.opened_by().unwrap_or(0);
            let chosen = new.opener()?;
            let changed = tokio::task::block_in_place(|| vault.replace_slot(&header, slot, chosen.provider(), &OsRng));
            save(&store, &changed.map_err(|e| header_error(&e))?.0).await?;
            context.show(&json!({ "passphrase": "changed", "slot": slot }), || {
                "the passphrase is changed; old backups of the store still open with the old one".to_owned()
            })?;
        }
        Vault::AddSlot { provider, unseal, new } => {
            let opener = unseal.opener(&context.config)?;
            let (header, vault) = present(context, &store, &opener).await?;
            let added = unseal.new_slot(provider, &new, &context.config)?;
            let slot = tokio::task::block_in_place(|| vault.add_slot(&header, added.provider(), &OsRng));
            let (header, number) = slot.map_err(|e| header_error(&e))?;
            save(&store, &header).await?;
            let name = added.provider().name();
            context
                .show(&json!({ "added": number, "provider": name }), || format!("slot {number} is added: {name}"))?;
        }
        Vault::RemoveSlot { number, unseal } => {
            let opener = unseal.opener(&context.config)?;
            let (header, vault) = present(context, &store, &opener).await?;
            let (header, gone) = vault.remove_slot(&header, number).map_err(|e| header_error(&e))?;
            save(&store, &header).await?;
            let cleared = forget(&opener, &gone);
            context.show(&json!({ "removed": number, "provider": gone.provider, "cleared": cleared }), || {
                let left = if cleared { "" } else { "\nits key stays where its provider keeps it" };
                format!("slot {number} is removed; old backups of the store still open by it{left}")
            })?;
        }
        Vault::RotateRoot { unseal, slot_passphrase, drop_slot } => {
            let opener = unseal.opener(&context.config)?;
            let (header, vault) = present(context, &store, &opener).await?;
            let openers = openers(context, &header, &vault, &unseal, opener, &slot_passphrase, &drop_slot)?;
            let open: Vec<_> = openers.iter().map(|(number, opener)| (*number, opener.provider())).collect();
            let rotated = tokio::task::block_in_place(|| vault.rotate_root(&header, &open, &drop_slot, &OsRng));
            let (_, header) = rotated.map_err(|e| header_error(&e))?;
            save(&store, &header).await?;
            let generation = header.generation();
            context.show(&json!({ "generation": generation, "slots": header.slots().len() }), || {
                format!("the root key is replaced, number {generation} of this vault; keys made from now on need it")
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(context: &Context, store: &RedbStore) -> Result<(), CliError> {
    let header = read_header(store).await?;
    let mut tx = store.read().await.map_err(store_error)?;
    let ids = tx.vault().record_ids().await.map_err(store_error)?;
    let count = |kind: &str| ids.iter().filter(|id| id.starts_with(kind)).count();
    let (sessions, enders, relayers) = (count("session/"), count("ender/"), count("relayer/"));
    let slots = header.as_ref().map_or(0, |header| header.slots().len());
    let value = json!({ "vault": header.is_some(), "session_keys": sessions, "ender_keys": enders, "relayer_keys": relayers, "slots": slots });
    context.show(&value, || match header {
        None => NO_VAULT.to_owned(),
        Some(_) => {
            let s = if slots == 1 { "" } else { "s" };
            format!("sealed, opened by {slots} slot{s}; holds {sessions} session keys, {enders} ender keys, {relayers} relayer keys")
        }
    })
}

/// The header in its present form, and its vault. One of version 1 is brought up to date, and saved so.
async fn present(context: &Context, store: &RedbStore, opener: &Opener) -> Result<(VaultHeader, Opened), CliError> {
    let mut header = read_header(store).await?.ok_or_else(super::serve::no_vault)?;
    if let (1, Opener::Passphrase(passphrase)) = (header.version(), opener) {
        let upgraded = tokio::task::block_in_place(|| header.upgraded(passphrase, &OsRng));
        header = upgraded.map_err(|e| header_error(&e))?;
        save(store, &header).await?;
    }
    let vault = context.unsealed(&header, opener)?;
    Ok((header, vault))
}

/// What opens each slot that is kept.
fn openers(
    context: &Context,
    header: &VaultHeader,
    vault: &Opened,
    unseal: &Unseal,
    first: Opener,
    files: &[(u32, PathBuf)],
    drop: &[u32],
) -> Result<Vec<(u32, Opener)>, CliError> {
    let opened_by = vault.opened_by();
    let mut openers = vec![];
    for slot in header.slots().into_iter().filter(|slot| Some(slot.number) != opened_by && !drop.contains(&slot.number))
    {
        let opener = match slot.provider.as_str() {
            "passphrase" => {
                let file = files.iter().find(|(number, _)| *number == slot.number).map(|(_, file)| file.as_path());
                let text = passphrase(file, &format!("passphrase of slot {}: ", slot.number))?;
                Opener::Passphrase(Passphrase::new(text, KdfParams::default()))
            }
            "keychain" => unseal.opener_of(Provider::Keychain, &context.config)?,
            "pkcs11" => match first.token() {
                Some(token) => Opener::Token(hallpass_vault::TokenSlot::new(token.clone()), token),
                None => unseal.opener_of(Provider::Pkcs11, &context.config)?,
            },
            _ => continue,
        };
        openers.push((slot.number, opener));
    }
    openers.extend(opened_by.map(|number| (number, first)));
    Ok(openers)
}

/// Whether the slot's provider was there to clear away what it kept.
fn forget(opener: &Opener, gone: &SlotInfo) -> bool {
    let by = |provider: &dyn RootKeyProvider| {
        provider.name() == gone.provider && tokio::task::block_in_place(|| provider.forget(&gone.facts)).is_ok()
    };
    by(opener.provider()) || by(&hallpass_vault::Keychain)
}

fn line(slot: &SlotInfo) -> String {
    let fact = |name: &str| slot.facts.get(name).map_or("", String::as_str);
    let more = match slot.provider.as_str() {
        "passphrase" => format!("Argon2id, {} KiB, {} passes", fact("memory_kib"), fact("passes")),
        "keychain" => fact("item").to_owned(),
        "pkcs11" => format!("token {}, object {}", fact("token"), fact("object")),
        _ => String::new(),
    };
    format!("{}  {}  {more}", slot.number, slot.provider)
}

async fn save(store: &RedbStore, header: &VaultHeader) -> Result<(), CliError> {
    let bytes = serde_json::to_vec(header).map_err(|e| CliError::missing("encode", e.to_string()))?;
    let mut tx = store.begin().await.map_err(store_error)?;
    tx.vault().set_header(&bytes).await.map_err(store_error)?;
    tx.commit().await.map_err(store_error)
}
