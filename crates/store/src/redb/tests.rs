//! What only this implementation promises: the file, its lock, its format, and what stands in it.

use super::kv::{ALL, KEYS, LOGINS, Table, USER_KEYS};
use super::*;
use crate::testing::SeededRng;
use crate::testing::disk::Disk;
use crate::testing::sample::*;
use alloy_primitives::hex;
use hallpass_session::{Action, AuditEvent, LoginNonce, Subject};
use redb::{ReadableTable, TableDefinition};
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) fn rng() -> Arc<SeededRng> {
    Arc::new(SeededRng::new(1))
}

pub(super) fn store_keys() -> StoreKeys {
    StoreKeys { index: [0x11; 32], field: [0x22; 32] }
}

async fn in_memory() -> RedbStore {
    let store = RedbStore::with_backend(redb::backends::InMemoryBackend::new(), rng()).unwrap();
    store.unlock(store_keys()).await.unwrap();
    store
}

crate::conformance!(Arc::new(in_memory().await));

/// A path of its own, removed at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("hallpass-store-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("store.redb")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// Changes a raw row behind the store's back.
fn tamper(store: &RedbStore, table: Table, change: impl Fn(&mut Vec<u8>)) {
    let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table.0);
    let txn = store.database.begin_write().unwrap();
    {
        let mut open = txn.open_table(definition).unwrap();
        let rows: Vec<(Vec<u8>, Vec<u8>)> = open
            .iter()
            .unwrap()
            .map(|row| row.unwrap())
            .map(|(k, v)| (k.value().to_vec(), v.value().to_vec()))
            .collect();
        for (key, mut value) in rows {
            change(&mut value);
            open.insert(key.as_slice(), value.as_slice()).unwrap();
        }
    }
    txn.commit().unwrap();
}

#[tokio::test]
async fn a_second_instance_is_refused_and_the_next_one_finds_everything() {
    let scratch = Scratch::new();
    let first = RedbStore::open(scratch.file(), rng()).unwrap();
    first.unlock(store_keys()).await.unwrap();
    peopled(&first).await.commit().await.unwrap();
    assert_eq!(RedbStore::open(scratch.file(), rng()).unwrap_err().code(), "store_locked");
    drop(first);
    let second = RedbStore::open(scratch.file(), rng()).unwrap();
    second.unlock(store_keys()).await.unwrap();
    assert_eq!(second.read().await.unwrap().accounts().find(user(1)).await.unwrap(), Some(account(1)));
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_to_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let _store = RedbStore::open(scratch.file(), rng()).unwrap();
    let mode = std::fs::metadata(scratch.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn another_format_is_refused_and_left_alone() {
    for (format, found) in [(7u32.to_be_bytes().to_vec(), "7"), (b"x".to_vec(), "none")] {
        let disk = Disk::new(Vec::new(), None);
        let store = RedbStore::with_backend(disk.clone(), rng()).unwrap();
        let mut tx = store.begin_redb().await.unwrap();
        tx.kv().put(META, b"format", &format).unwrap();
        Box::new(tx).commit().await.unwrap();
        drop(store);
        for _ in 0..2 {
            let refused = RedbStore::with_backend(disk.clone(), rng()).unwrap_err();
            assert_eq!(refused.code(), "unknown_format");
            assert!(refused.to_string().contains(found), "{refused}");
        }
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let disk = Disk::new(Vec::new(), None);
    let other = Builder::new().create_with_backend(disk.clone()).unwrap();
    let txn = other.begin_write().unwrap();
    txn.open_table(TableDefinition::<u64, u64>::new("theirs")).unwrap();
    txn.commit().unwrap();
    drop(other);
    assert_eq!(RedbStore::with_backend(disk, rng()).unwrap_err().code(), "unknown_format");
}

#[tokio::test]
async fn a_sealed_store_gives_the_vault_its_bytes_and_nobody_a_person() {
    let store = in_memory().await;
    peopled(&store).await.commit().await.unwrap();
    store.lock();
    let mut tx = store.begin().await.unwrap();
    tx.vault().set_header(b"header").await.unwrap();
    assert_eq!(tx.vault().header().await.unwrap().as_deref(), Some(b"header".as_slice()));
    tx.nonces().issue(&LoginNonce::issue([1; 16], at(1))).await.unwrap();
    let server =
        AuditEvent { user: None, from: None, subject: Subject::Vault, action: Action::Sealed, ..account_event(1) };
    tx.audit().append(&server).await.unwrap();
    let codes = [
        tx.accounts().find(user(1)).await.unwrap_err().code(),
        tx.accounts().find(user(9)).await.unwrap_err().code(),
        tx.accounts().find_by_account(&account_id(1)).await.unwrap_err().code(),
        tx.accounts().create(&account(3), &account_event(3)).await.unwrap_err().code(),
        tx.logins().find(session(10)).await.unwrap_err().code(),
        tx.logins().find_by_token(&login(1, 10).access.hash).await.unwrap_err().code(),
        tx.sessions().list_keys(user(1)).await.unwrap_err().code(),
        tx.sessions().list_due_keys(at(0)).await.unwrap_err().code(),
        tx.logins().create(&login(1, 11), &login_event(1, 11)).await.unwrap_err().code(),
        tx.reservations().list_live(session(20)).await.unwrap_err().code(),
        tx.audit().list(None, 0, 10).await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["store_sealed"; 11]);
    tx.commit().await.unwrap();
    store.unlock(store_keys()).await.unwrap();
    assert!(store.read().await.unwrap().accounts().find(user(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn other_keys_than_the_first_are_refused() {
    let store = in_memory().await;
    store.lock();
    for wrong in [StoreKeys { field: [9; 32], ..store_keys() }, StoreKeys { index: [9; 32], ..store_keys() }] {
        assert_eq!(store.unlock(wrong).await.unwrap_err().code(), "wrong_store_keys");
        assert_eq!(store.read().await.unwrap().accounts().find(user(1)).await.unwrap_err().code(), "store_sealed");
    }
    store.unlock(store_keys()).await.unwrap();
}

#[tokio::test]
async fn a_corrupt_row_is_named_and_its_content_is_not() {
    let store = in_memory().await;
    peopled(&store).await.commit().await.unwrap();
    let changes: [fn(&mut Vec<u8>); 4] =
        [|v| *v.last_mut().unwrap() ^= 1, |v| v[0] = 2, |v| v.truncate(9), |v| v[20] ^= 1];
    for change in changes {
        let before = Arc::new(std::sync::Mutex::new(Vec::new()));
        tamper(&store, LOGINS, |v| {
            before.lock().unwrap().clone_from(v);
            change(v);
        });
        let error = store.read().await.unwrap().logins().find(session(10)).await.unwrap_err();
        assert_eq!(error.code(), "corrupt_row");
        assert_eq!(error.to_string(), format!("the row `{}` of table `logins` is corrupt", hex::encode([10; 16])));
        tamper(&store, LOGINS, |v| v.clone_from(&before.lock().unwrap()));
    }
    assert!(store.read().await.unwrap().logins().find(session(10)).await.is_ok());
}

#[tokio::test]
async fn a_row_put_in_another_rows_place_does_not_open() {
    let store = in_memory().await;
    let mut tx = peopled(&store).await;
    tx.sessions().create_key(&key(1, 21), &key_event(1, 21)).await.unwrap();
    tx.commit().await.unwrap();
    let other = store.begin_redb().await.unwrap().kv().get(KEYS, &[20; 16]).unwrap().unwrap();
    tamper(&store, KEYS, |v| v.clone_from(&other));
    let mut tx = store.read().await.unwrap();
    assert!(tx.sessions().find_key(session(20)).await.is_ok());
    assert_eq!(tx.sessions().find_key(session(21)).await.unwrap_err().code(), "corrupt_row");
}

/// Every row of every table, as the disk holds it.
fn raw(store: &RedbStore) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let kv = Kv::read(&store.database).unwrap();
    ALL.iter().flat_map(|t| kv.all(*t, &[]).unwrap().into_iter().map(|(k, v)| (t.0, k, v))).collect()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|w| w == needle)
}

/// Everything that names a person, in every spelling it might be written in.
fn personal() -> Vec<(String, Vec<u8>)> {
    let address = account_id(1).address;
    let checksum = address.to_checksum(None);
    vec![
        ("raw address".into(), address.to_vec()),
        ("lower-case address".into(), checksum[2..].to_lowercase().into_bytes()),
        ("upper-case address".into(), checksum[2..].to_uppercase().into_bytes()),
        ("EIP-55 address".into(), checksum.as_bytes()[2..].to_vec()),
        ("ip".into(), b"203.0.113.77".to_vec()),
        ("user agent".into(), b"Sample/1.0".to_vec()),
        ("title".into(), b"Arena".to_vec()),
        ("session key".into(), key(1, 20).key.to_vec()),
        ("idempotency key".into(), b"request-1".to_vec()),
    ]
}

async fn with_everything(disk: Disk) -> RedbStore {
    let store = RedbStore::with_backend(disk, rng()).unwrap();
    store.unlock(store_keys()).await.unwrap();
    let mut tx = peopled(&store).await;
    tx.reservations().insert(&reservation(20, 1), &reservation_event(1, 1)).await.unwrap();
    tx.audit().append(&login_event(1, 10)).await.unwrap();
    tx.commit().await.unwrap();
    store
}

#[tokio::test]
async fn the_file_shows_no_address_and_nothing_else_personal() {
    let scratch = Scratch::new();
    let disk = Disk::new(Vec::new(), None);
    drop(with_everything(disk.clone()).await);
    std::fs::write(scratch.file(), disk.bytes()).unwrap();
    let bytes = std::fs::read(scratch.file()).unwrap();
    assert!(contains(&bytes, user(1).as_bytes()), "the search finds what is there");
    for (name, needle) in personal() {
        assert!(!contains(&bytes, &needle), "the file shows the {name}");
    }
    let reopened = RedbStore::open(scratch.file(), rng()).unwrap();
    reopened.unlock(store_keys()).await.unwrap();
    assert_eq!(reopened.read().await.unwrap().sessions().find_key(session(20)).await.unwrap(), Some(key(1, 20)));
}

/// Whoever has the file and both keys, and no backup of the row that held the user's key, reads nothing.
#[tokio::test]
async fn after_deletion_no_key_that_is_left_opens_a_row() {
    let disk = Disk::new(Vec::new(), None);
    let store = RedbStore::with_backend(disk.clone(), rng()).unwrap();
    store.unlock(store_keys()).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.accounts().create(&account(1), &account_event(1)).await.unwrap();
    let ended =
        login(1, 10).revoke(at(200), hallpass_session::Reason::OwnerAsked, hallpass_session::Actor::Server).unwrap();
    tx.logins().create(&ended, &login_event(1, 10)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let event = event(1, Subject::Account(user(1)), Action::DataDeleted);
    tx.accounts().delete_personal_data(user(1), &event).await.unwrap();
    tx.commit().await.unwrap();

    let rows = raw(&store);
    assert!(rows.iter().any(|(table, _, _)| *table == "logins"), "the sealed row is still there");
    assert!(
        !rows
            .iter()
            .any(|(table, _, _)| *table == "user_keys" || *table == "account_index" || *table == "login_tokens")
    );
    // Putting any key of our own in the place of the destroyed one opens nothing either.
    let mut tx = store.begin_redb().await.unwrap();
    tx.make_user_key(user(1)).unwrap();
    Box::new(tx).commit().await.unwrap();
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.logins().find(session(10)).await.unwrap_err().code(), "corrupt_row");
}

#[tokio::test]
async fn a_damaged_user_key_is_corruption_and_not_deletion() {
    let store = in_memory().await;
    peopled(&store).await.commit().await.unwrap();
    tamper(&store, USER_KEYS, |v| v[30] ^= 1);
    assert_eq!(store.read().await.unwrap().accounts().find(user(1)).await.unwrap_err().code(), "corrupt_row");
}

/// With one thread for blocking work, a writer that waited in it would keep the other from committing.
#[test]
fn a_waiting_writer_does_not_starve_the_one_that_commits() {
    let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).enable_time().build().unwrap();
    let committed = runtime.block_on(async {
        let store = in_memory().await;
        let holder = store.begin().await.unwrap();
        let mut waiting = Box::pin(store.begin());
        assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx))).await.is_pending());
        // The limit is reached only where the promise is broken: that would be a deadlock.
        tokio::time::timeout(std::time::Duration::from_secs(20), holder.commit()).await.is_ok()
    });
    runtime.shutdown_background();
    assert!(committed, "deadlock");
}

/// A deleted row may stand in a free page of the file; the next opening writes the file anew.
#[tokio::test]
async fn a_destroyed_key_is_gone_from_the_file_after_the_next_opening() {
    let scratch = Scratch::new();
    let store = RedbStore::open(scratch.file(), rng()).unwrap();
    store.unlock(store_keys()).await.unwrap();
    let mut tx = peopled(&store).await;
    tx.accounts().create(&account(3), &account_event(3)).await.unwrap();
    tx.commit().await.unwrap();
    let wrapped = store.begin_redb().await.unwrap().kv().get(USER_KEYS, user(3).as_bytes()).unwrap().unwrap();
    let mut tx = store.begin().await.unwrap();
    let event = event(3, Subject::Account(user(3)), Action::DataDeleted);
    tx.accounts().delete_personal_data(user(3), &event).await.unwrap();
    tx.commit().await.unwrap();
    let mut before = raw(&store);
    // As a kill would leave it; a clean close happens to reuse the page.
    let killed = scratch.0.join("killed.redb");
    std::fs::copy(scratch.file(), &killed).unwrap();
    drop(store);
    std::fs::rename(killed, scratch.file()).unwrap();
    // And as an earlier rewriting that was cut off would leave it.
    std::fs::write(scratch.0.join("store.redb.new"), b"half").unwrap();
    assert!(contains(&std::fs::read(scratch.file()).unwrap(), &wrapped), "the search finds what is there");

    let store = RedbStore::open(scratch.file(), rng()).unwrap();
    assert!(!contains(&std::fs::read(scratch.file()).unwrap(), &wrapped));
    before.retain(|(_, key, _)| key != b"rewrite");
    assert_eq!(raw(&store), before, "nothing else changed");
    assert_eq!(RedbStore::open(scratch.file(), rng()).unwrap_err().code(), "store_locked");
    assert_eq!(std::fs::read_dir(&scratch.0).unwrap().count(), 1, "nothing is left beside it");
    store.unlock(store_keys()).await.unwrap();
    peopled_still(&store).await;
}

async fn peopled_still(store: &RedbStore) {
    let mut tx = store.read().await.unwrap();
    assert_eq!(tx.accounts().find(user(1)).await.unwrap(), Some(account(1)));
    assert_eq!(tx.sessions().find_key(session(20)).await.unwrap(), Some(key(1, 20)));
}
