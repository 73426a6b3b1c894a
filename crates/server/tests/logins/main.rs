//! The one way in which logins change: under a scheduler that tries one order of steps after another, with commits that
//! fail, and with callers who hang up.
//!
//! - [`orders`]: refreshes, uses and a revocation (shuttle). [`failures`]: the table and the store say the same after a failure.
//! - [`store`]: a store whose commits are another's.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, reason = "a test")]

mod failures;
mod orders;
mod store;

use hallpass_server::logins::begin::{Given, Wanted};
use hallpass_server::logins::{Bounds, Errand, Logins, Parts};
use hallpass_session::{Binding, RefreshKey};
use hallpass_store::testing::SeededRng;
use hallpass_store::testing::disk::Disk;
use hallpass_store::{RedbStore, Store, StoreKeys};
use hallpass_types::UnixSeconds;
use hallpass_types::time::Fixed;
use std::sync::Arc;

const NOW: u64 = 1_795_255_200;

/// A store on a disk in memory.
async fn open(disk: Disk) -> Arc<dyn Store> {
    let store = RedbStore::with_backend(disk, Arc::new(SeededRng::new(7))).unwrap();
    store.unlock(StoreKeys { index: [1; 32], field: [2; 32] }).await.unwrap();
    Arc::new(store)
}

/// Who is logged in by that store, at a clock that stands still.
async fn logins(store: Arc<dyn Store>, seed: u64, beside: fn(Errand)) -> Arc<Logins> {
    let parts = Parts {
        store,
        clock: Arc::new(Fixed(UnixSeconds::new(NOW).unwrap())),
        rng: Arc::new(SeededRng::new(seed)),
        bounds: Bounds::default(),
        refresh: RefreshKey::new([9; 32]),
        beside,
    };
    Arc::new(Logins::start(parts).await.unwrap())
}

/// A login with a refresh token.
async fn family(logins: &Arc<Logins>) -> Given {
    let account = "eip155:1:0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266".parse().unwrap();
    let wanted = Wanted {
        account,
        contract: None,
        own_pass: None,
        binding: Binding::Bearer,
        refresh: true,
        device: None,
        ip: None,
        instead: None,
    };
    logins.log_in(wanted).await.unwrap()
}
