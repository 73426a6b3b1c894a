//! Leaving deleted rows behind.
//!
//! redb never overwrites a page in place, so a deleted row stays in a free page until something happens to reuse it. A
//! destroyed user key must not: its deletion notes that the file is due, and the next opening copies every live row to
//! a new file, makes that durable and renames it over the old one. A power cut leaves one file or the other.

use super::kv::{ALL, Kv, META};
use super::{checked, open_file, sync_directory};
use crate::StoreError;
use redb::{Builder, Database};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The row of [`META`] that says that the file is due.
pub(super) const REWRITE: &[u8] = b"rewrite";

/// Rows copied at a time; few in tests, so that they cross from one chunk to the next.
const CHUNK: usize = if cfg!(test) { 2 } else { 1000 };

pub(super) fn is_due(database: &Database) -> Result<bool, StoreError> {
    let kv = Kv::read(database)?;
    Ok(kv.get(META, REWRITE)?.is_some())
}

/// Copies `old`, which is open at `path`, and puts the copy in its place. `old` stays locked meanwhile.
pub(super) fn rewrite(old: &Database, path: &Path) -> Result<Database, StoreError> {
    let beside = beside(path);
    match std::fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::failed(e)),
        _ => {}
    }
    let new = checked(Builder::new().create_file(open_file(&beside)?))?;
    let from = Kv::read(old)?;
    let mut to = Kv::write(&new)?;
    rows(&from, &mut to)?;
    to.commit()?;
    std::fs::rename(&beside, path).map_err(StoreError::failed)?;
    sync_directory(path)?;
    Ok(new)
}

/// Copies every row but the one that says that the file is due.
pub(super) fn rows(from: &Kv, to: &mut Kv) -> Result<(), StoreError> {
    for table in ALL {
        let mut start = Vec::new();
        loop {
            let mut rows = from.scan(table, &[], &start, CHUNK)?;
            let Some((last, _)) = rows.last() else { break };
            // The next key in byte order.
            start = [last.as_slice(), &[0]].concat();
            rows.retain(|(key, _)| (table, key.as_slice()) != (META, REWRITE));
            to.fill(table, &rows)?;
        }
    }
    Ok(())
}

/// Where a file is written before it takes the place of `path`.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".new");
    name.into()
}
