//! While the store cannot be written nothing is signed, a revocation is not acknowledged, and the signer is not ready.

use super::common::changed::{Changed, Commit};
use super::common::{BACKEND, Bench, Held, PAYS, open, pay};
use async_trait::async_trait;
use hallpass_session::Lifecycle;
use hallpass_signer::{Answer, AskError};
use hallpass_store::testing::SeededRng;
use hallpass_store::testing::disk::{Disk, Trouble};
use hallpass_store::{Store, StoreError, Tx};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

async fn revoke(bench: &Bench, held: &Held) -> Result<(), StoreError> {
    bench.revoke(held, []).await.map(|there| assert!(there.is_some()))
}

async fn not_durable(bench: &Bench, held: &Held, key: &str) -> String {
    match bench.ask(held, key, pay(7)).await {
        Err(error @ AskError::NotDurable(_)) => {
            assert_eq!(error.code(), "not_durable");
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

/// From the first failed operation of a batch to the last, whichever it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_or_is_full_signs_nothing_until_the_store_is_opened_again() {
    for (trouble, says) in [(Trouble::Broken, "EIO"), (Trouble::Full, "no storage space")] {
        let mut failed = 0;
        for after in 0..12 {
            let disk = Disk::new(Vec::new(), None);
            let bench = Bench::on(disk.clone()).await;
            let held = bench.session(9, BACKEND, PAYS).await;
            let first = bench.signed(&held, "first", pay(40)).await;
            assert!(bench.signer.ready().await);
            disk.fail(trouble, after, 1);
            let answer = bench.ask(&held, "second", pay(7)).await;
            let signed = match answer {
                // The batch was over before the operation that fails.
                Ok(Answer::Signed(signed)) => Some(signed),
                Err(AskError::NotDurable(why)) => {
                    assert!(why.contains(says), "{why}");
                    None
                }
                other => panic!("{other:?}"),
            };
            if signed.is_none() {
                failed += 1;
                // The disk works again, and redb wants to be opened anew: it does not know what the failed write left.
                disk.heal();
                assert!(not_durable(&bench, &held, "second").await.contains("re-open"));
                assert!(!bench.signer.ready().await);
                assert!(!bench.signer.ready().await);
                assert_eq!(revoke(&bench, &held).await.unwrap_err().code(), "store_failed");
            }
            let store = open(Disk::new(disk.bytes(), None)).await.unwrap();
            let again = Bench::over(store, Arc::clone(&bench.vault), Arc::new(SeededRng::new(4)));
            assert!(again.signer.ready().await);
            let same = again.signed(&held, "first", pay(40)).await;
            assert_eq!((same.reservation.id, same.signature), (first.reservation.id, first.signature));
            let second = again.signed(&held, "second", pay(7)).await;
            assert!(signed.is_none_or(|s| s.reservation.id == second.reservation.id));
            assert_eq!(again.refused(&held, "third", pay(54)).await, "meter_exceeded");
            again.signed(&held, "fourth", pay(53)).await;
            revoke(&again, &held).await.unwrap();
            assert_eq!(again.refused(&held, "fifth", pay(0)).await, "grant_ended");
        }
        assert!(failed > 1, "{trouble:?}: {failed}");
    }
}

/// The signer learns of it from nobody but the store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_not_ready_after_a_revocation_that_failed() {
    let disk = Disk::new(Vec::new(), None);
    let bench = Bench::on(disk.clone()).await;
    let held = bench.session(9, BACKEND, PAYS).await;
    disk.fail(Trouble::Full, 0, 1);
    assert_eq!(revoke(&bench, &held).await.unwrap_err().code(), "store_failed");
    assert!(!bench.signer.ready().await);
    not_durable(&bench, &held, "first").await;
}

/// A store that refuses for a while and then goes on, as one over a network does.
struct Fickle {
    inner: Arc<dyn Store>,
    /// To begin, and to commit.
    refuses: [Arc<AtomicBool>; 2],
}

fn not_now() -> StoreError {
    StoreError::failed(std::io::Error::other("not now"))
}

#[async_trait]
impl Store for Fickle {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        if self.refuses[0].load(Ordering::SeqCst) {
            return Err(not_now());
        }
        let (inner, refuses) = (self.inner.begin().await?, Arc::clone(&self.refuses[1]));
        let commit: Commit = Box::new(move |tx| {
            Box::pin(async move { if refuses.load(Ordering::SeqCst) { Err(not_now()) } else { tx.commit().await } })
        });
        Ok(Box::new(Changed { inner, commit }))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        self.inner.read().await
    }

    async fn copy_to(&self, path: &std::path::Path) -> Result<(), StoreError> {
        self.inner.copy_to(path).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_store_recovers_the_signer_goes_on() {
    for n in 0..2 {
        let refuses = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
        let inner = open(Disk::new(Vec::new(), None)).await.unwrap();
        let bench = Bench::fresh(Arc::new(Fickle { inner, refuses: refuses.clone() })).await;
        let held = bench.session(9, BACKEND, PAYS).await;
        bench.signed(&held, "first", pay(40)).await;
        refuses[n].store(true, Ordering::SeqCst);
        assert!(not_durable(&bench, &held, "second").await.contains("not now"));
        assert!(!bench.signer.ready().await);
        assert_eq!(revoke(&bench, &held).await.unwrap_err().code(), "store_failed");
        refuses[n].store(false, Ordering::SeqCst);
        // Ready as soon as it is asked, without a request that has to fail first.
        assert!(bench.signer.ready().await);
        // What was not made durable holds nothing.
        bench.signed(&held, "third", pay(60)).await;
        assert_eq!(bench.refused(&held, "fourth", pay(1)).await, "meter_exceeded");
        let mut tx = bench.store.read().await.unwrap();
        let stored = tx.sessions().find_key(held.id).await.unwrap().unwrap();
        assert!(matches!(stored.lifecycle, Lifecycle::Active { .. }), "a revocation that failed was made");
    }
}

/// The same where nobody asks whether it is ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_made_durable_is_forgotten() {
    let refuses = [Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false))];
    let inner = open(Disk::new(Vec::new(), None)).await.unwrap();
    let bench = Bench::fresh(Arc::new(Fickle { inner, refuses: refuses.clone() })).await;
    let held = bench.session(9, BACKEND, PAYS).await;
    bench.signed(&held, "first", pay(40)).await;
    refuses[1].store(true, Ordering::SeqCst);
    not_durable(&bench, &held, "second").await;
    refuses[1].store(false, Ordering::SeqCst);
    let third = bench.signed(&held, "third", pay(60)).await;
    assert_eq!(third.reservation.sequence, 1, "a sequence was left out");
}
