//! A disk that loses power.

use super::SeededRng;
use redb::StorageBackend;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex};

/// What a power cut leaves of what was written since the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Nothing,
    /// The first of the writes, up to a random one.
    Beginning,
    /// A random subset, in order: the disk's cache flushed as it liked.
    Subset,
    /// A random subset, and of each write only some of its 512-byte sectors.
    Torn,
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    durable: Vec<u8>,
    current: Vec<u8>,
    unsynced: Vec<Change>,
    /// Operations until the power goes.
    left: Option<u64>,
    honest: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

const SECTOR: usize = 512;

impl Disk {
    /// A disk that holds `bytes`, durably, and does `operations` writes, resizes and syncs before its power goes.
    #[must_use]
    pub fn new(bytes: Vec<u8>, operations: Option<u64>) -> Self {
        let state =
            State { current: bytes.clone(), durable: bytes, unsynced: Vec::new(), left: operations, honest: true };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The same disk, and from now on it says that it synced and does not. For showing that a test notices.
    #[must_use]
    pub fn lying(self) -> Self {
        self.0.lock().unwrap().honest = false;
        self
    }

    /// What is on it, as the running program sees it.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().current.clone()
    }

    /// Whether the power has gone.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.0.lock().unwrap().left == Some(0)
    }

    /// What is on it after the power cut.
    #[must_use]
    pub fn after(&self, cut: Cut, rng: &SeededRng) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let mut bytes = state.durable.clone();
        let kept = rng.below(state.unsynced.len() as u64 + 1);
        for (i, change) in (0u64..).zip(&state.unsynced) {
            let keep = match cut {
                Cut::Nothing => false,
                Cut::Beginning => i < kept,
                Cut::Subset | Cut::Torn => rng.below(2) == 0,
            };
            match change {
                Change::Write(offset, data) if keep && cut == Cut::Torn => {
                    // Sectors are where the disk has them, not where the write begins.
                    let mut at = *offset as usize;
                    let end = at + data.len();
                    while at < end {
                        let next = (at / SECTOR + 1) * SECTOR;
                        let until = next.min(end);
                        if rng.below(2) == 0 {
                            let from = at - *offset as usize;
                            put(&mut bytes, at, &data[from..from + until - at]);
                        }
                        at = until;
                    }
                }
                Change::Write(offset, data) if keep => put(&mut bytes, *offset as usize, data),
                Change::Length(len) if keep => bytes.resize(*len as usize, 0),
                Change::Write(..) | Change::Length(_) => {}
            }
        }
        bytes
    }

    fn operate(&self, change: Option<Change>) -> Result<(), Error> {
        let mut state = self.0.lock().unwrap();
        if let Some(left) = &mut state.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                return Err(Error::other("the power is gone"));
            }
        }
        match change {
            Some(change) => {
                match &change {
                    Change::Write(offset, data) => put(&mut state.current, *offset as usize, data),
                    Change::Length(len) => state.current.resize(*len as usize, 0),
                }
                state.unsynced.push(change);
            }
            None if state.honest => {
                state.durable = state.current.clone();
                state.unsynced.clear();
            }
            None => {}
        }
        Ok(())
    }
}

fn put(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, Error> {
        Ok(self.0.lock().unwrap().current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        let state = self.0.lock().unwrap();
        let from = offset as usize;
        let found = state.current.get(from..from + out.len()).ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), Error> {
        self.operate(Some(Change::Length(len)))
    }

    fn sync_data(&self) -> Result<(), Error> {
        self.operate(None)
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.operate(Some(Change::Write(offset, data.to_vec())))
    }
}
