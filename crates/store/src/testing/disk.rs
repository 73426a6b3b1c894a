//! A disk that loses power, fails, and runs full.

use super::SeededRng;
use redb::StorageBackend;
use std::io::{Error, ErrorKind};
use std::sync::{Arc, Mutex};

/// What a power cut leaves of what was written since the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Everything: the process ended, and the machine did not.
    Everything,
    /// Nothing.
    Nothing,
    /// The first of the writes, up to a random one.
    Beginning,
    /// A random subset, in order: the disk's cache flushed as it liked.
    Subset,
    /// A random subset, and of each write only some of its 512-byte sectors.
    Torn,
}

/// What the disk answers for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// EIO, to reads too.
    Broken,
    /// ENOSPC, to writes and resizes; what is there can be read and synced.
    Full,
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
    /// What it answers, after how many operations, and to how many.
    trouble: Option<(Trouble, u64, u64)>,
    honest: bool,
}

#[derive(Debug, Clone)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Change {
    fn make(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => put(bytes, *offset as usize, data),
            Self::Length(len) => bytes.resize(*len as usize, 0),
        }
    }
}

const SECTOR: usize = 512;

impl Disk {
    /// A disk that holds `bytes`, durably, and does `operations` writes, resizes and syncs before its power goes.
    #[must_use]
    pub fn new(bytes: Vec<u8>, operations: Option<u64>) -> Self {
        let state = State {
            current: bytes.clone(),
            durable: bytes,
            unsynced: Vec::new(),
            left: operations,
            trouble: None,
            honest: true,
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Its power goes with the so many-th further operation.
    pub fn lose_power(&self, operations: u64) {
        self.0.lock().unwrap().left = Some(operations);
    }

    /// After so many further operations, so many are answered by an error and not done.
    pub fn fail(&self, trouble: Trouble, after: u64, operations: u64) {
        self.0.lock().unwrap().trouble = Some((trouble, after, operations));
    }

    /// It works again.
    pub fn heal(&self) {
        self.0.lock().unwrap().trouble = None;
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
                Cut::Everything => true,
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
                _ if keep => change.make(&mut bytes),
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
        state.trouble(change.is_some())?;
        let State { durable, current, unsynced, honest, .. } = &mut *state;
        match change {
            Some(change) => {
                change.make(current);
                unsynced.push(change);
            }
            None if *honest => unsynced.drain(..).for_each(|change| change.make(durable)),
            None => {}
        }
        Ok(())
    }
}

impl State {
    /// The error that this operation meets, if any.
    fn trouble(&mut self, writes: bool) -> Result<(), Error> {
        let Some((trouble, after, operations)) = &mut self.trouble else { return Ok(()) };
        match (*after, *operations) {
            (0, 0) => Ok(()),
            (0, _) => {
                *operations -= 1;
                trouble.answer(writes)
            }
            _ => {
                *after -= 1;
                Ok(())
            }
        }
    }
}

impl Trouble {
    fn answer(self, writes: bool) -> Result<(), Error> {
        match self {
            Self::Broken => Err(Error::other("input/output error (EIO)")),
            Self::Full if writes => Err(Error::from(ErrorKind::StorageFull)),
            Self::Full => Ok(()),
        }
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
        if let Some((Trouble::Broken, 0, 1..)) = state.trouble {
            return Trouble::Broken.answer(false);
        }
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
