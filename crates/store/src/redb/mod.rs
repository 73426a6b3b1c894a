//! The embedded store: one redb file, open in one process.
//!
//! A row is a version byte ([`ROW_VERSION`]) and JSON; a sealed row is that byte, the user whose key seals it, and the
//! sealed JSON. JSON, because a row must stay readable to later versions and its size matters little here. In clear
//! stand ids (random, but for the moment in which a reservation was made), grant and token hashes, times, and the audit
//! trail without its origins.
//!
//! Every commit is durable (`fsync`) before it answers, and verifies by checksum after a power cut. Row keys that name a
//! person are keyed hashes. `kv` is redb seen as tables of bytes; `tx` seals, opens and audits; `rewrite` leaves deleted
//! rows behind; the other files are one repository each.

mod accounts;
mod audit;
mod grants;
mod kv;
mod life;
mod logins;
mod nonces;
mod requests;
mod reservations;
mod rewrite;
mod sessions;
mod tx;
mod vault;

use crate::witness::Witness;
use crate::{Store, StoreError, StoreKeys, Tx, keys};
use async_trait::async_trait;
use hallpass_types::Rng;
use kv::{Kv, META};
use redb::{Builder, Database, DatabaseError, StorageBackend};
pub(crate) use rewrite::beside;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tx::RedbTx;

/// The format of the file, as a whole. Another one is refused.
pub const FORMAT: u32 = 6;
/// The version of every row.
pub const ROW_VERSION: u8 = 1;

/// A store in one redb file. Cheap to clone; the file closes with the last clone and its transactions.
#[derive(Clone)]
pub struct RedbStore {
    database: Arc<Database>,
    writer: Arc<tokio::sync::Mutex<()>>,
    keys: Arc<RwLock<Option<Arc<StoreKeys>>>>,
    rng: Arc<dyn Rng>,
    witness: SharedWitness,
}

/// The witness that commits are noted at, once there is one.
type SharedWitness = Arc<Mutex<Option<Witness>>>;

impl core::fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("RedbStore")
    }
}

impl RedbStore {
    /// Opens the store at `path`, making it (readable to its owner alone) where there is none. Blocks; after a power
    /// cut it checks the whole file first, and after personal data was deleted it writes the file anew, so that no free
    /// page keeps a destroyed key (the disk's own blocks are beyond it). Sealed until [`Self::unlock`].
    ///
    /// # Errors
    /// [`StoreError::Locked`] where it is open elsewhere, [`StoreError::UnknownFormat`] where another version wrote it.
    pub fn open(path: impl AsRef<Path>, rng: Arc<dyn Rng>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let is_new = !path.exists();
        let mut database = checked(Builder::new().create_file(open_file(path)?))?;
        if rewrite::is_due(&database)? {
            database = rewrite::rewrite(&database, path)?;
        } else if is_new {
            sync_directory(path)?;
        }
        Ok(Self::over(database, rng))
    }

    /// Opens a store on another medium: memory, or a disk that fails on purpose.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_backend(backend: impl StorageBackend, rng: Arc<dyn Rng>) -> Result<Self, StoreError> {
        Ok(Self::over(checked(Builder::new().create_with_backend(backend))?, rng))
    }

    fn over(database: Database, rng: Arc<dyn Rng>) -> Self {
        Self {
            database: Arc::new(database),
            writer: Arc::default(),
            keys: Arc::default(),
            rng,
            witness: Arc::default(),
        }
    }

    /// Hands in the keys. The first ones ever handed in are the store's for good.
    ///
    /// # Errors
    /// [`StoreError::WrongKeys`] for others.
    pub async fn unlock(&self, keys: StoreKeys) -> Result<(), StoreError> {
        let mut tx = self.begin_redb().await?;
        let check = keys.index("keys_check", &[])?;
        match tx.kv().get(META, b"keys_check")? {
            Some(sealed) => {
                let known = keys::open(&keys.field, b"keys_check", &sealed);
                if known.is_none_or(|known| known.as_slice() != check) {
                    return Err(StoreError::WrongKeys);
                }
            }
            None => {
                let sealed = keys::seal(&keys.field, b"keys_check", &check, &*self.rng)?;
                tx.kv().put(META, b"keys_check", &sealed)?;
                Box::new(tx).commit().await?;
            }
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(keys));
        Ok(())
    }

    /// Forgets the keys: personal data is unreadable again. Transactions already begun keep theirs until they end.
    pub fn lock(&self) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn begin_redb(&self) -> Result<RedbTx, StoreError> {
        // One waits here, and not in a thread of the blocking pool: a commit needs such a thread too.
        let guard = Arc::clone(&self.writer).lock_owned().await;
        let database = Arc::clone(&self.database);
        let (kv, guard) = blocking(move || Ok((Kv::write(&database)?, guard))).await?;
        Ok(RedbTx::new(kv, self.keyring(), Arc::clone(&self.rng), Some((guard, Arc::clone(&self.witness)))))
    }

    fn keyring(&self) -> Option<Arc<StoreKeys>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Store for RedbStore {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        Ok(Box::new(self.begin_redb().await?))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        Ok(Box::new(RedbTx::new(Kv::read(&self.database)?, self.keyring(), Arc::clone(&self.rng), None)))
    }

    async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        life::copy(self, path).await
    }
}

/// Runs what may wait for the disk outside the async runtime. It runs to its end even where the caller stops waiting.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(StoreError::failed)?
}

fn checked(database: Result<Database, DatabaseError>) -> Result<Database, StoreError> {
    let database = database.map_err(|e| match e {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Locked,
        other => StoreError::failed(other),
    })?;
    check_format(&database)?;
    Ok(database)
}

fn check_format(database: &Database) -> Result<(), StoreError> {
    let mut kv = Kv::write(database)?;
    let is_new = kv.is_empty()?;
    match kv.get(META, b"format")? {
        Some(found) if found == FORMAT.to_be_bytes() => return Ok(()),
        None if is_new => {}
        found => {
            let found = found.and_then(|f| <[u8; 4]>::try_from(f).ok()).map(u32::from_be_bytes);
            let found = found.map_or_else(|| "none".into(), |f| f.to_string());
            return Err(StoreError::UnknownFormat { found, expected: FORMAT });
        }
    }
    kv.create_tables()?;
    kv.put(META, b"format", &FORMAT.to_be_bytes())?;
    kv.commit()
}

fn open_file(path: &Path) -> Result<File, StoreError> {
    private().create(true).truncate(false).open(path).map_err(StoreError::failed)
}

/// A file that is not there yet; nobody else's is taken for it.
fn new_file(path: &Path) -> Result<File, StoreError> {
    private().create_new(true).open(path).map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => StoreError::AlreadyExists { table: "a file at that path" },
        _ => StoreError::failed(e),
    })
}

/// To be read and written by its owner alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new file's name is durable once its directory is.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) {
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(StoreError::failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod audit_tests;
#[cfg(test)]
mod tests;
