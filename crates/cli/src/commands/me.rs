//! `hallpass me`

use super::Context;
use crate::client::{Client, token_file};
use crate::error::CliError;
use clap::Subcommand;
use hallpass_server::endpoints::delete_me::{DeleteBody, Deleted};
use hallpass_server::endpoints::export_me::Export;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Subcommands of `hallpass me`.
#[derive(Subcommand)]
pub enum Me {
    /// Print everything that is stored of you, as JSON; needs a login whose wallet proved itself lately
    Export {
        /// Write it to a new file, readable to you alone
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Delete your data for good; needs a login whose wallet proved itself lately
    Delete {
        /// End every session and every other login first
        #[arg(long)]
        end_sessions: bool,
        /// Do it; nothing brings it back
        #[arg(long)]
        yes: bool,
    },
}

/// Runs one.
pub async fn run(context: &Context, command: Me) -> Result<ExitCode, CliError> {
    let client = Client::logged_in(&context.config)?;
    match command {
        Me::Export { out } => {
            let whole = export(&client).await?;
            let text = serde_json::to_string_pretty(&whole).map_err(|e| CliError::missing("encode", e.to_string()))?;
            match out {
                None => crate::system::out(&text),
                Some(file) => {
                    write(&file, &text)?;
                    context.show(&json!({ "exported": file }), || format!("{} holds it", file.display()))?;
                }
            }
        }
        Me::Delete { end_sessions, yes } => {
            if !yes {
                return Err(CliError::input("not_confirmed", "nothing was deleted")
                    .hint("`hallpass me export` first, then `hallpass me delete --yes`: nothing brings it back"));
            }
            let deleted: Deleted = client.post("/v1/me/delete", &DeleteBody { end_sessions }).await?;
            if std::env::var_os("HALLPASS_TOKEN").is_none() {
                let _ = std::fs::remove_file(token_file()?);
            }
            context.show(&deleted, || {
                format!("deleted; the audit log goes on naming {}, which leads to nobody any more", deleted.user)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All parts of the audit log, put together.
async fn export(client: &Client) -> Result<Export, CliError> {
    let mut whole: Export = client.get("/v1/me/export").await?;
    while let Some(after) = whole.audit_after.take() {
        let next: Export = client.get(&format!("/v1/me/export?audit_after={after}")).await?;
        whole.audit.extend(next.audit);
        whole.audit_after = next.audit_after.filter(|next| *next > after);
    }
    Ok(whole)
}

fn write(file: &Path, text: &str) -> Result<(), CliError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
        .open(file)
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .map_err(|e| CliError::refused("unwritable_file", format!("cannot write {}: {e}", file.display())))
}
