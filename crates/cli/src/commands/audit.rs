//! `hallpass audit`

use super::serve::no_vault;
use super::{Context, store_error};
use crate::error::CliError;
use crate::system::{self, OsRng};
use clap::Subcommand;
use hallpass_session::chain::{Broken, Head, Verifier};
use hallpass_store::witness::Witness;
use hallpass_store::{RedbStore, Store};
use serde_json::json;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Lines read at a time.
const CHUNK: usize = 4096;
/// Lines between two words of progress.
const PROGRESS: u64 = 1 << 18;

/// Subcommands of `hallpass audit`.
#[derive(Subcommand)]
pub enum Audit {
    /// Go through the whole audit log and check that nothing in it was changed, left out or put in
    Verify {
        /// A head that you kept elsewhere, as `hallpass audit head` printed it; the log must still hold it
        #[arg(long, value_name = "SEQ:HASH")]
        from_head: Vec<String>,
        /// Another store's file, such as a backup [default: the configured store, and its witness]
        #[arg(long, value_name = "FILE")]
        store: Option<PathBuf>,
    },
    /// Print the log's head, to keep where whoever can change the store cannot
    Head {
        /// Another store's file [default: the configured store]
        #[arg(long, value_name = "FILE")]
        store: Option<PathBuf>,
    },
}

/// Runs one. Neither needs the vault: what is hashed stands in clear or sealed, and is hashed as it stands.
pub async fn run(context: &Context, command: Audit) -> Result<ExitCode, CliError> {
    match command {
        Audit::Verify { from_head, store } => {
            let mut noted = from_head.iter().map(|text| head_of(text)).collect::<Result<Vec<_>, _>>()?;
            // A copy is behind the witness by its nature.
            if store.is_none() {
                noted.extend(Witness::head(&context.config.witness()?).map_err(unreadable)?);
            }
            verify(context, &open(store.as_ref().unwrap_or(&context.config.store))?, &noted).await
        }
        Audit::Head { store } => {
            let store = open(store.as_ref().unwrap_or(&context.config.store))?;
            let mut tx = store.read().await.map_err(unreadable)?;
            let head = tx.audit().head().await.map_err(unreadable)?;
            context.show(&shown(head), || head.to_string())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn verify(context: &Context, store: &RedbStore, noted: &[Head]) -> Result<ExitCode, CliError> {
    let mut tx = store.read().await.map_err(unreadable)?;
    let kept = tx.audit().head().await.map_err(unreadable)?;
    let mut verifier = Verifier::new(noted);
    let (mut start, mut told) = (Vec::new(), 0);
    loop {
        let lines = tx.audit().lines(&start, CHUNK).await.map_err(unreadable)?;
        let Some(last) = lines.last() else { break };
        // The next key in byte order.
        start = [last.place.as_slice(), &[0]].concat();
        for line in &lines {
            if let Err(broken) = verifier.take(&line.place, &line.bytes) {
                return report(context, broken);
            }
        }
        let at = verifier.head().seq;
        if at.saturating_sub(told) >= PROGRESS && !context.json && std::io::stderr().is_terminal() {
            told = at;
            eprintln!("{at} of {} lines", kept.seq);
        }
    }
    let head = match verifier.finish(kept) {
        Ok(head) => head,
        Err(broken) => return report(context, broken),
    };
    let first = u64::from(head.seq > 0);
    let value = json!({ "valid": true, "lines": head.seq, "first": first, "last": head.seq, "head": head.to_string() });
    context.show(&value, || match head.seq {
        0 => "the audit log is empty".to_owned(),
        last => format!("the audit log is whole: {last} lines, {first} to {last}\nhead {head}"),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The first line that something is wrong with; exit status 1.
fn report(context: &Context, broken: Broken) -> Result<ExitCode, CliError> {
    let Broken { seq, wrong } = broken;
    if context.json {
        let value = json!({ "valid": false, "seq": seq, "code": wrong.code(), "says": wrong.to_string() });
        system::out(&value.to_string());
        return Ok(ExitCode::from(1));
    }
    Err(CliError::refused(wrong.code(), format!("the audit log is broken at line {seq}: {wrong}"))
        .hint("keep the file as it is, and compare it with a backup: `hallpass audit verify --store FILE`"))
}

fn shown(head: Head) -> serde_json::Value {
    json!({ "seq": head.seq, "link": head.link.to_string(), "head": head.to_string() })
}

fn head_of(text: &str) -> Result<Head, CliError> {
    text.parse()
        .map_err(|e| CliError::input("bad_head", format!("`{text}`: {e}")).hint("`hallpass audit head` prints one"))
}

/// Opening would make a store where there is none.
fn open(path: &Path) -> Result<RedbStore, CliError> {
    if !path.is_file() {
        return Err(CliError { exit: 2, ..no_vault() });
    }
    RedbStore::open(path, Arc::new(OsRng)).map_err(unreadable)
}

/// Exit status 2: nothing is said of the log.
fn unreadable(error: hallpass_store::StoreError) -> CliError {
    let hint = "a server that runs has it open: take a copy with `hallpass backup FILE` and give `--store FILE`";
    let locked = error.code() == "store_locked";
    let error = CliError { exit: 2, ..store_error(error) };
    if locked { error.hint(hint) } else { error }
}
