//! The operator's files of names: which they are, and what they say together.

use crate::error::CliError;
use hallpass_policy::lists::{self, Contradiction, Entries, Lists, MAX_BYTES, SourceError};
use hallpass_types::AccountId;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A `[[labels]]` table of the configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelSource {
    /// What the file holds.
    pub kind: Kind,
    /// Where it is.
    pub file: PathBuf,
    /// Whose ABI it is.
    pub account: Option<AccountId>,
    /// What the contract is called.
    pub name: Option<String>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// A token list.
    #[serde(rename = "token-list")]
    TokenList,
    /// A contract's ABI, or an artifact with one.
    #[serde(rename = "abi")]
    Abi,
    /// An ERC-7730 descriptor.
    #[serde(rename = "erc-7730")]
    Erc7730,
}

/// Reads the configured sources, then further files: token lists and descriptors, told apart by what they hold.
pub fn read(sources: &[LabelSource], files: &[PathBuf]) -> Result<Lists, CliError> {
    let mut all = Lists::default();
    for source in sources {
        let text = text(&source.file)?;
        let entries = entries(source, &text)?;
        add(&mut all, &source.file, entries)?;
    }
    for file in files {
        let entries = lists::read(&text(file)?).map_err(|e| bad_source(file, &e).hint(KINDS))?;
        add(&mut all, file, entries)?;
    }
    Ok(all)
}

const KINDS: &str = "--labels takes token lists and ERC-7730 descriptors; an ABI needs an account and a name, and goes into the configuration";

fn entries(source: &LabelSource, text: &str) -> Result<Entries, CliError> {
    let file = source.file.display();
    let wrong = |says: &str| CliError::input("bad_config", format!("labels of {file}: {says}"));
    let read = match (source.kind, source.account, source.name.as_deref()) {
        (Kind::TokenList, None, None) => lists::token_list::read(text),
        (Kind::Erc7730, None, name) => lists::erc7730::read(text, name),
        (Kind::Abi, Some(account), Some(name)) => lists::abi::read(text, account, name),
        (Kind::TokenList, ..) => return Err(wrong("a token list takes no `account` and no `name`")),
        (Kind::Erc7730, ..) => return Err(wrong("a descriptor takes no `account`: it names its contracts itself")),
        (Kind::Abi, ..) => return Err(wrong("an ABI needs `account` and `name`: it says neither itself")),
    };
    read.map_err(|e| bad_source(&source.file, &e))
}

fn text(file: &Path) -> Result<String, CliError> {
    let failed = |e: std::io::Error| CliError::input("unreadable_file", format!("cannot read {}: {e}", file.display()));
    let size = std::fs::metadata(file).map_err(failed)?.len();
    if size > u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) {
        return Err(bad_source(file, &SourceError::TooLarge));
    }
    std::fs::read_to_string(file).map_err(failed)
}

fn add(all: &mut Lists, file: &Path, entries: Entries) -> Result<(), CliError> {
    let contradicts = |e: Contradiction| {
        CliError::input(e.code(), e.to_string())
            .hint("correct one of them, or leave one out; `name` renames a descriptor's contract")
    };
    all.add(&file.display().to_string(), entries).map_err(contradicts)
}

fn bad_source(file: &Path, error: &SourceError) -> CliError {
    CliError::input(error.code(), format!("{}: {error}", file.display()))
}
