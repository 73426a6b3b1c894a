//! A store's life: its starts, compared with the witness outside it; and copies of it.

use super::kv::{AUDIT, Kv, META};
use super::{RedbStore, blocking, checked, new_file, rewrite, sync_directory};
use crate::StoreError;
use crate::witness::{Restored, Seen, StartId, Witness};
use hallpass_session::chain::{Head, Line};
use redb::Builder;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, PoisonError};

/// The row of [`META`] with the id of the newest start.
const START: &[u8] = b"start";
/// The row of [`META`] that only a backup copy has.
const COPY: &[u8] = b"copy";

impl RedbStore {
    /// Whether this store was put back from a copy, as far as the file at `witness` can tell. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where one of them cannot be read.
    pub async fn restored(&self, witness: &Path) -> Result<Option<Restored>, StoreError> {
        let seen = Witness::read(witness)?;
        let mut tx = self.begin_redb().await?;
        let generation = tx.counter(b"generation")?;
        if tx.kv().get(META, COPY)?.is_some() {
            return Ok(Some(Restored::Copy));
        }
        let start = start(tx.kv())?;
        if let Some(restored) = Seen::compare(seen, start, generation) {
            return Ok(Some(restored));
        }
        // Of one life, and not behind: then what the witness saw last is in the trail.
        let Some(Head { seq, link }) = seen.map(|seen| seen.head).filter(|head| head.seq > 0) else { return Ok(None) };
        let stored = tx.kv().get(AUDIT, &seq.to_be_bytes())?;
        let same = stored.and_then(|row| Line::read(&row).map(|line| line.link)) == Some(link);
        Ok((!same).then_some(Restored::OtherTrail { seq }))
    }

    /// Begins a new start: notes it here and at `witness`, and every commit there from now on. What follows from
    /// [`Self::restored`] must be durable before.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where either cannot be written.
    pub async fn begin_start(&self, witness: &Path) -> Result<(), StoreError> {
        let mut fresh = StartId::default();
        self.rng.fill(&mut fresh).map_err(|_| StoreError::NoRandomness)?;
        let mut tx = self.begin_redb().await?;
        let generation = tx.counter(b"generation")?;
        let (before, head) = (start(tx.kv())?, tx.audit_head()?);
        // Whichever of the two is durable when the power fails, the next start finds them of one life.
        let witness = Witness::replace(witness, &Seen { before, start: fresh, generation, head })?;
        tx.kv().put(META, START, &fresh)?;
        tx.kv().remove(META, COPY)?;
        *self.witness.lock().unwrap_or_else(PoisonError::into_inner) = Some(witness);
        Box::new(tx).commit_now().await
    }

    /// Marks the store as a copy, whoever made it.
    ///
    /// # Errors
    /// [`StoreError::Failed`] where it cannot be written.
    pub async fn mark_copy(&self) -> Result<(), StoreError> {
        let mut tx = self.begin_redb().await?;
        tx.kv().put(META, COPY, &[1])?;
        Box::new(tx).commit_now().await
    }
}

fn start(kv: &Kv) -> Result<Option<StartId>, StoreError> {
    match kv.get(META, START)? {
        None => Ok(None),
        Some(bytes) => StartId::try_from(bytes.as_slice()).map(Some).map_err(|_| META.corrupt(START)),
    }
}

/// Writes what was committed into a new file, durably, and marks it as a copy.
pub(super) async fn copy(store: &RedbStore, path: &Path) -> Result<(), StoreError> {
    let (database, path) = (Arc::clone(&store.database), path.to_owned());
    blocking(move || {
        let file = new_file(&path)?;
        let copied = write_copy(&database, file).and_then(|()| sync_directory(&path));
        if copied.is_err() {
            // Half a copy is none.
            let _ = std::fs::remove_file(&path);
        }
        copied
    })
    .await
}

fn write_copy(database: &redb::Database, file: File) -> Result<(), StoreError> {
    let new = checked(Builder::new().create_file(file))?;
    let from = Kv::read(database)?;
    let mut to = Kv::write(&new)?;
    rewrite::rows(&from, &mut to)?;
    to.put(META, COPY, &[1])?;
    to.commit()
}

#[cfg(test)]
mod tests {
    use super::super::audit::{HEAD, head_row};
    use super::super::tests::{Scratch, rng, store_keys};
    use super::*;
    use crate::Store;
    use crate::testing::sample::*;

    async fn open(path: &Path) -> RedbStore {
        let store = RedbStore::open(path, rng()).unwrap();
        store.unlock(store_keys()).await.unwrap();
        store
    }

    async fn write(store: &RedbStore, name: &str) {
        let mut tx = store.begin().await.unwrap();
        tx.vault().put_record(name, b"x").await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A store that was served from, stopped, and is open again; its witness.
    async fn used(scratch: &Scratch) -> (RedbStore, std::path::PathBuf) {
        let witness = scratch.file().with_extension("witness");
        let store = open(&scratch.file()).await;
        assert_eq!(store.restored(&witness).await.unwrap(), None);
        store.begin_start(&witness).await.unwrap();
        write(&store, "a").await;
        drop(store);
        (open(&scratch.file()).await, witness)
    }

    #[tokio::test]
    async fn a_store_goes_on_where_it_stopped_and_after_other_tools_wrote_to_it() {
        let scratch = Scratch::new();
        let (store, witness) = used(&scratch).await;
        write(&store, "b").await;
        assert_eq!(store.restored(&witness).await.unwrap(), None);
        store.begin_start(&witness).await.unwrap();
        assert_eq!(store.restored(&witness).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_file_put_back_from_before_is_noticed_whenever_it_was_taken() {
        let scratch = Scratch::new();
        let witness = scratch.file().with_extension("witness");
        let old = scratch.file().with_extension("old");
        let store = open(&scratch.file()).await;
        store.begin_start(&witness).await.unwrap();
        std::fs::copy(scratch.file(), &old).unwrap();
        write(&store, "revoked").await;
        drop(store);
        // Of the same start, one commit behind; put back twice, since looking changes nothing.
        for _ in 0..2 {
            std::fs::copy(&old, scratch.file()).unwrap();
            let store = open(&scratch.file()).await;
            assert!(matches!(store.restored(&witness).await.unwrap(), Some(Restored::Older { .. })));
        }
        // Of a start before.
        let store = open(&scratch.file()).await;
        store.begin_start(&witness).await.unwrap();
        drop(store);
        std::fs::copy(&old, scratch.file()).unwrap();
        let store = open(&scratch.file()).await;
        assert_eq!(store.restored(&witness).await.unwrap(), Some(Restored::OtherStart));
        std::fs::remove_file(&witness).unwrap();
        assert_eq!(store.restored(&witness).await.unwrap(), Some(Restored::NoWitness));
        std::fs::write(&witness, b"\xff").unwrap();
        assert_eq!(store.restored(&witness).await.unwrap(), Some(Restored::NoWitness));
    }

    /// A trail that was cut, with everything else as it was, is told by the witness alone.
    #[tokio::test]
    async fn a_trail_that_lost_what_its_witness_saw_is_noticed() {
        let scratch = Scratch::new();
        let (store, witness) = used(&scratch).await;
        store.begin_start(&witness).await.unwrap();
        peopled(&store).await.commit().await.unwrap();
        assert_eq!(store.restored(&witness).await.unwrap(), None);
        let last = store.begin_redb().await.unwrap().audit_head().unwrap();
        assert_eq!((Witness::head(&witness).unwrap(), last.seq), (Some(last), 5));
        let mut tx = store.begin_redb().await.unwrap();
        let row = tx.kv().get(AUDIT, &4u64.to_be_bytes()).unwrap().unwrap();
        tx.kv().remove(AUDIT, &5u64.to_be_bytes()).unwrap();
        let before = Head { seq: 4, link: Line::read(&row).unwrap().link };
        tx.kv().put(META, HEAD, &head_row(before)).unwrap();
        // Another's hand: it notes nothing.
        let kept = store.witness.lock().unwrap().take();
        Box::new(tx).commit_now().await.unwrap();
        *store.witness.lock().unwrap() = kept;
        assert_eq!(store.restored(&witness).await.unwrap(), Some(Restored::OtherTrail { seq: 5 }));
        store.begin_start(&witness).await.unwrap();
        assert_eq!(store.restored(&witness).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_start_that_was_cut_off_between_witness_and_store_is_no_restoration() {
        let scratch = Scratch::new();
        let (store, witness) = used(&scratch).await;
        let generation = store.begin_redb().await.unwrap().counter(b"generation").unwrap();
        let before = start(&Kv::read(&store.database).unwrap()).unwrap();
        drop(Witness::replace(&witness, &Seen { before, start: [9; 16], generation, head: Head::default() }).unwrap());
        assert_eq!(store.restored(&witness).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_copy_has_every_row_says_that_it_is_one_and_overwrites_nothing() {
        let scratch = Scratch::new();
        let (store, witness) = used(&scratch).await;
        drop(peopled(&store).await.commit().await);
        let to = scratch.file().with_extension("backup");
        store.copy_to(&to).await.unwrap();
        assert_eq!(store.copy_to(&to).await.unwrap_err().code(), "already_exists");

        let copy = open(&to).await;
        assert_eq!(copy.read().await.unwrap().vault().record("a").await.unwrap().unwrap(), b"x");
        let people = copy.read().await.unwrap().accounts().find(user(1)).await.unwrap();
        assert!(people.is_some());
        assert_eq!(copy.restored(&witness).await.unwrap(), Some(Restored::Copy));
        copy.begin_start(&witness).await.unwrap();
        assert_eq!(copy.restored(&witness).await.unwrap(), None);
        // The one that it was taken from has been left behind.
        assert_eq!(store.restored(&witness).await.unwrap(), Some(Restored::OtherStart));
    }

    #[tokio::test]
    async fn a_commit_that_its_witness_cannot_take_is_not_answered_for() {
        let scratch = Scratch::new();
        let (store, witness) = used(&scratch).await;
        store.begin_start(&scratch.file().join("no folder")).await.unwrap_err();
        let only_read = std::fs::File::open(&witness).unwrap();
        *store.witness.lock().unwrap() = Some(Witness::over(only_read));
        let mut tx = store.begin().await.unwrap();
        tx.vault().put_record("b", b"x").await.unwrap();
        assert_eq!(tx.commit().await.unwrap_err().code(), "store_failed");
    }
}
