//! A witness outside the store: how far the store had come, kept where no backup of the store is.
//!
//! A store that is put back from a copy looks whole, and has forgotten what was reserved and revoked since. The witness is a
//! line in a file of its own, with the id of the store's present start, the newest generation, and the head of the audit trail;
//! each is written after it is durable in the store and before anything is answered. A store that is behind its witness, or of
//! another start, is a restored one, and so is a copy that says so, one whose witness is gone, and one whose trail does not hold
//! the head that the witness saw.
//!
//! The line is synced once a second, not at each commit: only a power cut together with a copy taken within the second before
//! it goes unnoticed. Whoever puts both back together, a snapshot of the whole machine for one, goes unnoticed too: keep the
//! witness on another disk.

use crate::StoreError;
use crate::redb::{beside, sync_directory};
use alloy_primitives::hex;
use hallpass_session::chain::{Head, Link};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// The first word of the line.
const MAGIC: &str = "hallpass-witness-2";
/// How long what was written may wait for its sync.
const SYNC: Duration = Duration::from_secs(1);

/// The id of a start of a server on a store.
pub type StartId = [u8; 16];

/// Why a store counts as restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Restored {
    /// It is a copy that a backup made.
    #[error("the store is a backup copy")]
    Copy,
    /// It was in use, and its witness is not there or cannot be read.
    #[error("the store's witness is missing or unreadable")]
    NoWitness,
    /// The witness saw another start of the server than the store did.
    #[error("the store's witness is of another start of the server")]
    OtherStart,
    /// The witness saw later generations.
    #[error("the store is at generation {store}, and its witness saw {witness}")]
    Older {
        /// The store's.
        store: u64,
        /// The witness's.
        witness: u64,
    },
    /// The audit trail does not hold the line that the witness saw at its head.
    #[error("the store's audit trail is not the one that its witness saw: line {seq} is another or is missing")]
    OtherTrail {
        /// The line's place.
        seq: u64,
    },
}

/// What stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The start that the store had before the newest start was durable.
    pub(crate) before: Option<StartId>,
    /// The newest start.
    pub(crate) start: StartId,
    /// The newest generation.
    pub(crate) generation: u64,
    /// The head of the audit trail then.
    pub(crate) head: Head,
}

/// The file, while a store writes to it.
#[derive(Debug)]
pub struct Witness {
    file: File,
    start: StartId,
    head: Head,
    synced: Instant,
}

impl Seen {
    /// Compares it with what a store says of itself; `None` where they are of one life.
    pub(crate) fn compare(seen: Option<Self>, start: Option<StartId>, generation: u64) -> Option<Restored> {
        let Some(start) = start else {
            // It was never served from. A witness then is of a later life of it.
            return seen.map(|_| Restored::OtherStart);
        };
        let Some(seen) = seen else { return Some(Restored::NoWitness) };
        if seen.start != start && seen.before != Some(start) {
            Some(Restored::OtherStart)
        } else if generation < seen.generation {
            Some(Restored::Older { store: generation, witness: seen.generation })
        } else {
            None
        }
    }

    fn line(&self) -> String {
        let before = self.before.map_or_else(|| "-".repeat(32), hex::encode);
        let body = format!(
            "{MAGIC} {before} {} {:020} {:020}:{}",
            hex::encode(self.start),
            self.generation,
            self.head.seq,
            self.head.link
        );
        format!("{body} {}\n", check(&body))
    }

    fn parse(line: &str) -> Option<Self> {
        let (body, sum) = line.strip_suffix('\n')?.rsplit_once(' ')?;
        let mut words = body.split(' ');
        if sum != check(body) || words.next()? != MAGIC {
            return None;
        }
        let id = |word: &str| hex::decode(word).ok().and_then(|bytes| StartId::try_from(bytes).ok());
        let before = words.next()?;
        let before = if before == "-".repeat(32) { None } else { Some(id(before)?) };
        let (start, generation) = (id(words.next()?)?, words.next()?.parse().ok()?);
        let (seq, link) = words.next()?.split_once(':')?;
        let link = hex::decode(link).ok().and_then(|bytes| bytes.try_into().ok()).map(Link)?;
        let seen = Self { before, start, generation, head: Head { seq: seq.parse().ok()?, link } };
        if words.next().is_some() { None } else { Some(seen) }
    }
}

/// Notices a damaged line; it keeps nobody from writing another.
fn check(body: &str) -> String {
    let sum = Sha256::digest(body.as_bytes());
    hex::encode(sum.first_chunk::<8>().copied().unwrap_or_default())
}

impl Witness {
    /// The head of the audit trail that the file at `path` saw; `None` where there is no file, or no whole line in it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the file is there and may not be read.
    pub fn head(path: &Path) -> Result<Option<Head>, StoreError> {
        Ok(Self::read(path)?.map(|seen| seen.head))
    }

    /// What it saw; `None` where there is no file, or no whole line in it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where the file is there and may not be read.
    pub(crate) fn read(path: &Path) -> Result<Option<Seen>, StoreError> {
        let mut text = String::new();
        match File::open(path).map(|file| file.take(512).read_to_string(&mut text)) {
            Ok(Ok(_)) => Ok(Seen::parse(&text)),
            Ok(Err(e)) if e.kind() == ErrorKind::InvalidData => Ok(None),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Ok(Err(e)) | Err(e) => Err(StoreError::failed(e)),
        }
    }

    /// Puts a line in place of what was there, durably, and goes on writing to it.
    pub(crate) fn replace(path: &Path, seen: &Seen) -> Result<Self, StoreError> {
        let beside = beside(path);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&beside).map_err(StoreError::failed)?;
        file.write_all(seen.line().as_bytes()).and_then(|()| file.sync_all()).map_err(StoreError::failed)?;
        std::fs::rename(&beside, path).map_err(StoreError::failed)?;
        sync_directory(path)?;
        Ok(Self { file, start: seen.start, head: seen.head, synced: monotonic() })
    }

    /// Notes a generation that is durable, and the head where it moved.
    pub(crate) fn note(&mut self, generation: u64, head: Option<Head>) -> Result<(), StoreError> {
        self.head = head.unwrap_or(self.head);
        let line = Seen { before: None, start: self.start, generation, head: self.head }.line();
        self.file.write_all_at(line.as_bytes(), 0).map_err(StoreError::failed)?;
        if self.synced.elapsed() >= SYNC {
            self.file.sync_data().map_err(StoreError::failed)?;
            self.synced = monotonic();
        }
        Ok(())
    }
}

#[cfg(test)]
impl Witness {
    /// One that writes to a file of any kind.
    pub(crate) fn over(file: File) -> Self {
        Self { file, start: [0; 16], head: Head::default(), synced: monotonic() }
    }
}

#[expect(clippy::disallowed_methods, reason = "it spaces the syncs, and decides nothing")]
fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEEN: Seen = Seen { before: Some([1; 16]), start: [2; 16], generation: 7, head: HEAD };
    const HEAD: Head = Head { seq: 5, link: Link([3; 32]) };

    #[test]
    fn a_line_reads_back_and_a_damaged_one_does_not() {
        let line = SEEN.line();
        assert_eq!(Seen::parse(&line), Some(SEEN));
        let first = Seen { before: None, ..SEEN };
        assert_eq!((Seen::parse(&first.line()), first.line().len()), (Some(first), line.len()));
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
            assert_eq!(Seen::parse(&String::from_utf8(bytes).unwrap()), None, "{at}");
            assert_eq!(Seen::parse(&line[..at]), None, "{at}");
        }
    }

    #[test]
    fn a_store_behind_its_witness_is_a_restored_one() {
        let compare = |start: u8, generation| Seen::compare(Some(SEEN), Some([start; 16]), generation);
        assert_eq!(compare(2, 7), None);
        assert_eq!(compare(2, 8), None, "the witness is written after");
        assert_eq!(compare(2, 6), Some(Restored::Older { store: 6, witness: 7 }));
        assert_eq!(compare(1, 7), None, "the new start was not durable yet");
        assert_eq!(compare(1, 6), Some(Restored::Older { store: 6, witness: 7 }));
        assert_eq!(compare(3, 9), Some(Restored::OtherStart));
        assert_eq!(Seen::compare(None, Some([2; 16]), 7), Some(Restored::NoWitness));
        assert_eq!(Seen::compare(Some(SEEN), None, 7), Some(Restored::OtherStart));
        assert_eq!(Seen::compare(None, None, 7), None, "never served from");
    }
}
