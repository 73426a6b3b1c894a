//! After a commit that fails, or a caller who hangs up, the table and the store say the same, or the table says no.

use crate::store::{Ends, Failing};
use crate::{family, logins, open};
use hallpass_server::logins::Logins;
use hallpass_server::logins::begin::Given;
use hallpass_server::logins::end::Which;
use hallpass_session::{Actor, Reason};
use hallpass_store::testing::disk::Disk;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

struct Bench {
    store: Arc<Failing>,
    logins: Arc<Logins>,
    given: Given,
}

impl Bench {
    async fn new() -> Self {
        let inner = open(Disk::new(Vec::new(), None)).await;
        let store = Arc::new(Failing { inner, ends: Mutex::new(Ends::Well), blind: AtomicBool::new(false) });
        let logins = logins(Arc::clone(&store) as _, 3, |errand| drop(tokio::spawn(errand))).await;
        let given = family(&logins).await;
        Self { store, logins, given }
    }

    fn set(&self, ends: Ends) {
        *self.store.ends.lock().unwrap() = ends;
    }

    fn good(&self) -> bool {
        self.logins.check(&self.given.access.hash()).is_some()
    }

    async fn revoke(&self) -> Result<(), String> {
        let which = Which::One(self.given.login.user, self.given.login.id);
        let done = self.logins.end(which, Actor::Server, Reason::OwnerAsked).await;
        done.map(drop).map_err(|e| e.problem.code)
    }

    async fn refresh(&self) -> Result<Option<Given>, String> {
        let token = self.given.refresh.clone().unwrap();
        self.logins.refresh(token, None).await.map_err(|e| e.problem.code)
    }
}

#[tokio::test]
async fn a_revocation_that_was_undone_is_refused_and_one_whose_answer_was_lost_holds() {
    let bench = Bench::new().await;
    bench.set(Ends::Undone);
    assert_eq!(bench.revoke().await, Err("store_failed".into()));
    assert!(bench.good(), "it was not revoked, and nobody was told so");
    bench.set(Ends::Lost);
    assert_eq!(bench.revoke().await, Err("store_failed".into()));
    assert!(!bench.good(), "it may have been revoked: the store says that it was");
}

#[tokio::test]
async fn what_the_store_cannot_say_is_no() {
    let bench = Bench::new().await;
    bench.set(Ends::Undone);
    bench.store.blind.store(true, Ordering::SeqCst);
    assert_eq!(bench.revoke().await, Err("store_failed".into()));
    assert!(!bench.good());
    // Read again, it is as the store has it.
    bench.store.blind.store(false, Ordering::SeqCst);
    bench.logins.refill().await.unwrap();
    assert!(bench.good());
}

#[tokio::test]
async fn a_refresh_that_was_undone_gives_nothing_and_takes_nothing() {
    let bench = Bench::new().await;
    bench.set(Ends::Undone);
    assert_eq!(bench.refresh().await.unwrap_err(), "store_failed");
    bench.set(Ends::Well);
    let next = bench.refresh().await.unwrap().unwrap();
    assert!(bench.good() && bench.logins.check(&next.access.hash()).is_some_and(|checked| checked.pending));
    // One whose answer was lost is asked for again, and is the same.
    let bench = Bench::new().await;
    bench.set(Ends::Lost);
    assert_eq!(bench.refresh().await.unwrap_err(), "store_failed");
    bench.set(Ends::Well);
    let again = bench.refresh().await.unwrap().unwrap();
    assert_eq!((again.access.hash(), again.refresh.unwrap()), (next.access.hash(), next.refresh.unwrap()));
}

/// A use that cannot be made durable is refused: the spent token might otherwise be taken for a lost answer later.
#[tokio::test]
async fn a_successor_whose_first_use_is_not_durable_is_not_used() {
    let bench = Bench::new().await;
    let next = bench.refresh().await.unwrap().unwrap();
    let hash = next.access.hash();
    bench.set(Ends::Undone);
    let checked = bench.logins.check(&hash).unwrap();
    assert_eq!(bench.logins.used(&checked, hash).await.unwrap_err().problem.code, "store_failed");
    bench.set(Ends::Well);
    let checked = bench.logins.check(&hash).unwrap();
    assert!(checked.pending);
    bench.logins.used(&checked, hash).await.unwrap();
    assert!(!bench.logins.check(&hash).unwrap().pending && !bench.good());
}

/// Whoever hangs up in the middle leaves no login that is ended in the store and good in the table.
#[tokio::test]
async fn a_caller_who_hangs_up_stops_nothing_half_way() {
    let bench = Bench::new().await;
    {
        let mut revoke = Box::pin(bench.revoke());
        // Begun, and never looked at again.
        std::future::poll_fn(|context| {
            assert!(revoke.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
    }
    // The next change waits for the one before.
    bench.logins.change(|_| Box::pin(async { Ok(()) })).await.unwrap();
    assert!(!bench.good());
    assert_eq!(bench.store.inner.read().await.unwrap().logins().list_live().await.unwrap(), []);
}

#[tokio::test]
async fn a_start_reads_what_the_store_has() {
    let bench = Bench::new().await;
    let other = logins(Arc::clone(&bench.store) as _, 4, |errand| drop(tokio::spawn(errand))).await;
    assert!(other.check(&bench.given.access.hash()).is_some());
    bench.revoke().await.unwrap();
    let other = logins(Arc::clone(&bench.store) as _, 5, |errand| drop(tokio::spawn(errand))).await;
    assert!(other.check(&bench.given.access.hash()).is_none());
}
