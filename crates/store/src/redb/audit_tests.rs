//! That no row of the audit trail is changed behind the store's back unseen.

use super::kv::{AUDIT, Kv};
use super::tests::{Scratch, rng, store_keys};
use super::*;
use crate::testing::SeededRng;
use crate::testing::people::delete_user;
use crate::testing::sample::*;
use crate::testing::transactions::verified;
use hallpass_session::chain::Broken;

/// A store after a workload that `random` chose: events with and without changes, of one and several a transaction, some
/// transactions dropped.
async fn worked(store: &RedbStore, random: &SeededRng) {
    peopled(store).await.commit().await.unwrap();
    for n in 0..random.below(8) as u8 {
        let mut tx = store.begin().await.unwrap();
        for i in 0..random.below(4) as u8 {
            match random.below(3) {
                0 => tx.logins().create(&login(1, 100 + n * 8 + i), &login_event(1, 100 + n * 8 + i)).await.unwrap(),
                1 => assert!(tx.audit().append(&login_event(1, n)).await.unwrap() > 5),
                _ => {
                    let bare = hallpass_session::AuditEvent { from: None, user: None, ..login_event(2, n) };
                    assert!(tx.audit().append(&bare).await.unwrap() > 5);
                }
            }
        }
        if random.below(4) > 0 {
            tx.commit().await.unwrap();
        }
    }
}

async fn check(store: &RedbStore) -> Result<u64, Broken> {
    verified(store, &[]).await.map(|head| head.seq)
}

/// Puts rows in the place of the whole trail, raw.
async fn put(store: &RedbStore, rows: &[(Vec<u8>, Vec<u8>)]) {
    let mut tx = store.begin_redb().await.unwrap();
    for (key, _) in tx.kv().all(AUDIT, &[]).unwrap() {
        tx.kv().remove(AUDIT, &key).unwrap();
    }
    for (key, row) in rows {
        tx.kv().put(AUDIT, key, row).unwrap();
    }
    Box::new(tx).commit().await.unwrap();
}

#[tokio::test]
async fn no_row_is_changed_removed_swapped_doubled_or_cut_off_unseen() {
    let random = SeededRng::new(7);
    let pick = |n: usize| random.below(n as u64) as usize;
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..25 {
        let store = RedbStore::with_backend(redb::backends::InMemoryBackend::new(), rng()).unwrap();
        store.unlock(store_keys()).await.unwrap();
        worked(&store, &random).await;
        let whole = Kv::read(&store.database).unwrap().all(AUDIT, &[]).unwrap();
        assert_eq!(check(&store).await, Ok(whole.len() as u64));
        for what in 0..24 {
            let mut rows = whole.clone();
            let (at, other) = (pick(rows.len()), pick(rows.len()));
            match what % 6 {
                0 => {
                    let byte = pick(rows[at].1.len());
                    rows[at].1[byte] ^= 1 << pick(8);
                }
                1 => drop(rows.remove(at)),
                2 => {
                    let (a, b) = (rows[at].1.clone(), rows[other].1.clone());
                    (rows[at].1, rows[other].1) = (b, a);
                }
                // Put in once more, and all that follow moved on by one place.
                3 => {
                    let twice = rows[at].clone();
                    rows.insert(at, twice);
                    for (i, (key, _)) in (1u64..).zip(&mut rows) {
                        *key = i.to_be_bytes().to_vec();
                    }
                }
                4 => rows.truncate(at),
                // Left out, and all that follow moved up.
                _ => {
                    rows.remove(at);
                    for (i, (key, _)) in (1u64..).zip(&mut rows) {
                        *key = i.to_be_bytes().to_vec();
                    }
                }
            }
            if rows == whole {
                continue;
            }
            put(&store, &rows).await;
            let broken = check(&store).await.unwrap_err();
            assert!(broken.seq <= whole.len() as u64 + 1, "{broken}");
            found.insert(broken.wrong.code());
        }
        put(&store, &whole).await;
        assert_eq!(check(&store).await, Ok(whole.len() as u64), "as it was, it is good again");
    }
    assert!(found.len() >= 4, "{found:?}");
}

/// Deleted data, a copy, and a file written anew leave the trail whole.
#[tokio::test]
async fn deletion_backup_and_rewriting_keep_the_chain() {
    let scratch = Scratch::new();
    let store = RedbStore::open(scratch.file(), rng()).unwrap();
    store.unlock(store_keys()).await.unwrap();
    worked(&store, &SeededRng::new(9)).await;
    let mut tx = store.begin().await.unwrap();
    tx.accounts().create(&account(3), &account_event(3)).await.unwrap();
    tx.commit().await.unwrap();
    delete_user(&store, 3).await;
    let head = verified(&store, &[]).await.unwrap();
    let copy = scratch.file().with_extension("copy");
    store.copy_to(&copy).await.unwrap();
    let copy = RedbStore::open(&copy, rng()).unwrap();
    assert_eq!(verified(&copy, &[head]).await, Ok(head));
    drop(store);
    let again = RedbStore::open(scratch.file(), rng()).unwrap();
    assert_eq!(verified(&again, &[head]).await, Ok(head), "sealed, and written anew");
}
