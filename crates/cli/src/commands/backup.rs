//! `hallpass backup` and `hallpass restore`

use super::serve::{no_vault, read_header};
use super::{Context, open_store, operator, store_error};
use crate::error::CliError;
use clap::Parser;
use hallpass_store::{RedbStore, Store, StoreError};
use serde_json::json;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

/// Options of `hallpass backup`.
#[derive(Parser)]
pub struct Backup {
    /// The file to write; it must not exist yet
    file: PathBuf,
}

/// Options of `hallpass restore`.
#[derive(Parser)]
pub struct Restore {
    /// A file that `hallpass backup` wrote, or a copy of a store's file
    file: PathBuf,
    /// Put the store that is there now aside
    #[arg(long)]
    replace: bool,
}

/// Writes a copy of the store: of one that no server uses, or by asking the server that runs, over its local socket.
pub async fn backup(context: &Context, args: Backup) -> Result<ExitCode, CliError> {
    let file =
        absolute(&args.file).map_err(|e| CliError::input("bad_path", format!("{}: {e}", args.file.display())))?;
    let store = &context.config.store;
    if !store.exists() {
        return Err(no_vault());
    }
    match RedbStore::open(store, std::sync::Arc::new(crate::system::OsRng)) {
        Ok(store) => store.copy_to(&file).await.map_err(|e| copy_error(e, &file))?,
        Err(StoreError::Locked) => ask_server(context, &file)?,
        Err(other) => return Err(store_error(other)),
    }
    let bytes = std::fs::metadata(&file).map_or(0, |m| m.len());
    context.show(&json!({ "backup": file, "bytes": bytes }), || {
        format!(
            "{} holds the store, {bytes} bytes; its keys stay sealed: what opens the vault today opens it\n\
             put it back with `hallpass restore`; nothing is signed then before it is known what was signed since",
            file.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn copy_error(error: StoreError, file: &Path) -> CliError {
    match error {
        StoreError::AlreadyExists { .. } => {
            CliError::refused("file_exists", format!("{} is there already", file.display())).hint("name another file")
        }
        other => store_error(other),
    }
}

fn ask_server(context: &Context, file: &Path) -> Result<(), CliError> {
    let without = CliError::missing("store_locked", "a server uses the store, and it has no local socket")
        .hint("set `socket` and start it anew, or stop it for the backup");
    operator::ask(context, "hallpass_backup", &json!([file]), without).map(drop)
}

/// Puts a copy in the store's place. The server must not run.
pub async fn restore(context: &Context, args: Restore) -> Result<ExitCode, CliError> {
    let (from, store) = (&args.file, &context.config.store);
    let io = |what: &str, e: std::io::Error| CliError::missing("store_failed", format!("{what}: {e}"));
    if !from.is_file() {
        return Err(CliError::input("unreadable_file", format!("there is no file {}", from.display())));
    }
    let aside = if store.exists() {
        if !args.replace {
            return Err(CliError::refused("store_exists", format!("{} is there already", store.display()))
                .hint("`--replace` puts it aside; nothing is thrown away"));
        }
        // Refused where a server runs on it.
        drop(open_store(store)?);
        Some(free_name(store))
    } else {
        None
    };
    let beside = with_suffix(store, ".restoring");
    std::fs::copy(from, &beside).map_err(|e| io("the copy cannot be read or written", e))?;
    let checked = check(&beside).await;
    if let Err(error) = checked {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    if let Some(aside) = &aside {
        std::fs::rename(store, aside).map_err(|e| io("the store cannot be put aside", e))?;
    }
    std::fs::rename(&beside, store).map_err(|e| io("the copy cannot be put in its place", e))?;
    let value = json!({ "restored": store, "from": from, "aside": aside });
    context.show(&value, || {
        let aside = aside.as_ref().map_or(String::new(), |a| format!("\nwhat was there is now {}", a.display()));
        format!(
            "{} is back{aside}\nwhen the server starts: every login, holder's token and open request ends, and every session is \
             suspended until its owner resumes it, once nothing that was signed before can execute any more",
            store.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Whether it is a store with a vault; marks it as a copy, whoever made it.
async fn check(path: &Path) -> Result<(), CliError> {
    use std::os::unix::fs::PermissionsExt;
    let private = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
    private.map_err(|e| CliError::missing("store_failed", e.to_string()))?;
    let store = open_store(path)?;
    read_header(&store).await?.ok_or_else(no_vault)?;
    store.mark_copy().await.map_err(store_error)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn free_name(path: &Path) -> PathBuf {
    let names = (1_u32..).map(|n| with_suffix(path, &format!(".before-{n}")));
    names.into_iter().find(|name| !name.exists()).unwrap_or_else(|| with_suffix(path, ".before"))
}
