//! Refreshes with one token, the use of what they gave, and a revocation, in one order of steps after another (shuttle).
//!
//! Real are the logins, their table and gate, and redb on a disk in memory. Shuttle runs callers and changes as its own tasks,
//! one at a time, and chooses who is next wherever one waits, and before and after every transaction begins and ends.

use crate::store::{Changed, Commit};
use crate::{family, logins, open};
use async_trait::async_trait;
use hallpass_server::logins::Logins;
use hallpass_server::logins::end::Which;
use hallpass_session::{Actor, Reason, Token};
use hallpass_store::testing::disk::Disk;
use hallpass_store::{Store, StoreError, Tx};
use hallpass_types::{SessionId, UserId};
use shuttle::future;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::runtime::Runtime;

/// Orders tried by each scheduler.
const ORDERS: usize = 300;

/// The store, each of its calls made to its end while the scheduler stands still.
struct Stepped {
    inner: Arc<dyn Store>,
    runtime: Arc<Runtime>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

#[async_trait]
impl Store for Stepped {
    async fn begin(&self) -> Result<Box<dyn Tx>, StoreError> {
        future::yield_now().await;
        let guard = Arc::clone(&self.writer).lock_owned().await;
        let inner = self.runtime.block_on(self.inner.begin())?;
        let runtime = Arc::clone(&self.runtime);
        let commit: Commit = Box::new(move |tx| {
            Box::pin(async move {
                future::yield_now().await;
                let done = runtime.block_on(tx.commit());
                drop(guard);
                // Committed, and the table does not know yet.
                future::yield_now().await;
                done
            })
        });
        Ok(Box::new(Changed { inner, commit }))
    }

    async fn read(&self) -> Result<Box<dyn Tx>, StoreError> {
        self.runtime.block_on(self.inner.read())
    }

    async fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        self.runtime.block_on(self.inner.copy_to(path))
    }
}

/// What every order begins with: one family.
struct World {
    runtime: Arc<Runtime>,
    bytes: Vec<u8>,
    user: UserId,
    id: SessionId,
    access: Token,
    refresh: Token,
}

/// What is known of one order of steps.
#[derive(Default)]
struct Seen {
    /// Each access and refresh token that was given for the first refresh token.
    pairs: Vec<(Token, Token)>,
    /// Every token that was ever given.
    tokens: Vec<Token>,
    refreshed: bool,
    confirmed: bool,
    reused: bool,
}

impl World {
    fn new() -> Self {
        let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap());
        let disk = Disk::new(Vec::new(), None);
        let given = runtime.block_on(async {
            let logins = logins(open(disk.clone()).await, 3, |errand| drop(tokio::spawn(errand))).await;
            family(&logins).await
        });
        let (user, id) = (given.login.user, given.login.id);
        Self { runtime, bytes: disk.bytes(), user, id, access: given.access, refresh: given.refresh.unwrap() }
    }

    /// One order of steps.
    fn run(&self) -> Seen {
        let inner = self.runtime.block_on(open(Disk::new(self.bytes.clone(), None)));
        let store = Arc::new(Stepped { inner, runtime: Arc::clone(&self.runtime), writer: Arc::default() });
        let beside = |errand| drop(future::spawn(errand));
        let logins = future::block_on(logins(Arc::clone(&store) as _, 5, beside));
        let (seen, revoked) = (Arc::new(Mutex::new(Seen::default())), Arc::new(AtomicBool::new(false)));
        let mut tasks = Vec::new();
        for _ in 0..3 {
            tasks.push(future::spawn(refresher(
                Arc::clone(&logins),
                self.refresh.clone(),
                Arc::clone(&seen),
                Arc::clone(&revoked),
            )));
        }
        let revocation = {
            let (logins, revoked, access) = (Arc::clone(&logins), Arc::clone(&revoked), self.access.clone());
            let (seen, which) = (Arc::clone(&seen), Which::One(self.user, self.id));
            future::spawn(async move {
                logins.end(which, Actor::Server, Reason::OwnerAsked).await.unwrap();
                revoked.store(true, Ordering::SeqCst);
                // In effect with the answer, for every token there is.
                assert!(logins.check(&access.hash()).is_none());
                let tokens = seen.lock().unwrap().tokens.clone();
                assert!(tokens.iter().all(|token| logins.check(&token.hash()).is_none()));
            })
        };
        future::block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
            revocation.await.unwrap();
        });
        // Nothing came back: neither in the table nor in the store, and no token gives anything.
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        for token in seen.tokens.iter().chain([&self.access, &self.refresh]) {
            assert!(logins.check(&token.hash()).is_none());
            let given = future::block_on(logins.refresh(token.clone(), None)).unwrap();
            assert!(given.is_none());
        }
        let live =
            self.runtime.block_on(async { store.inner.read().await.unwrap().logins().list_live().await.unwrap() });
        assert_eq!(live, []);
        assert!(seen.pairs.windows(2).all(|two| two[0] == two[1]), "one token, two successors");
        seen
    }
}

/// Refreshes, shows what it got, and sometimes refreshes with it.
async fn refresher(logins: Arc<Logins>, first: Token, seen: Arc<Mutex<Seen>>, revoked: Arc<AtomicBool>) {
    let after = revoked.load(Ordering::SeqCst);
    let Some(given) = logins.refresh(first.clone(), None).await.unwrap() else {
        // Revoked, or another one of us has used the successor: then this was the end of the family.
        let mut seen = seen.lock().unwrap();
        seen.reused |= seen.confirmed && !revoked.load(Ordering::SeqCst);
        return;
    };
    assert!(!after, "refreshed after the revocation was answered");
    let next = given.refresh.unwrap();
    {
        let mut seen = seen.lock().unwrap();
        seen.refreshed = true;
        seen.pairs.push((given.access.clone(), next.clone()));
        seen.tokens.extend([given.access.clone(), next.clone()]);
    }
    future::yield_now().await;
    let (hash, after) = (given.access.hash(), revoked.load(Ordering::SeqCst));
    let Some(checked) = logins.check(&hash) else { return };
    assert!(!after, "good after the revocation was answered");
    // What it asks for is done only where this says yes.
    if logins.used(&checked, hash).await.is_ok() {
        seen.lock().unwrap().confirmed = true;
    }
}

fn explore(scheduler: impl Scheduler + 'static) -> [usize; 4] {
    let mut config = Config::new();
    config.stack_size = 4 << 20;
    let counts = Arc::new(Mutex::new([0; 4]));
    let (world, noted) = (World::new(), Arc::clone(&counts));
    Runner::new(scheduler, config).run(move || {
        let seen = world.run();
        let mut noted = noted.lock().unwrap();
        for (count, happened) in noted.iter_mut().zip([!seen.refreshed, seen.refreshed, seen.confirmed, seen.reused]) {
            *count += usize::from(happened);
        }
    });
    let counts = *counts.lock().unwrap();
    println!(
        "revoked first in {} orders; refreshed before in {}, used in {}; ended by a spent token in {}",
        counts[0], counts[1], counts[2], counts[3]
    );
    counts
}

#[test]
fn no_order_of_steps_brings_a_revoked_login_back_or_gives_two_successors() {
    let all = [explore(RandomScheduler::new_from_seed(1, ORDERS)), explore(PctScheduler::new_from_seed(2, 3, ORDERS))];
    for seen in 0..4 {
        assert!(all.iter().any(|counts| counts[seen] > 0), "not every outcome was seen: {all:?}");
    }
}
