//! One run: rounds of history, each ended by the disk, and after each the signer anew on what survived.

use super::common::changed::Early;
use super::common::model::{Model, Promise};
use super::common::world::{self, Want, What};
use super::common::{Bench, Hand, Held, START, open};
use super::history::Shared;
use hallpass_session::{Lifecycle, Reservation};
use hallpass_signer::{Answer, AskError};
use hallpass_store::Store;
use hallpass_store::testing::SeededRng;
use hallpass_store::testing::disk::{Cut, Disk, Trouble};
use hallpass_vault::Vault;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// The disk fails within so many writes, resizes and syncs.
const OPERATIONS: u64 = 260;

/// What all runs begin with.
pub struct World {
    bytes: Vec<u8>,
    vault: Arc<Vault>,
    held: Arc<Vec<Held>>,
}

/// How much was tried.
#[derive(Debug, Default)]
pub struct Tally {
    pub left: u64,
    pub signed_after: u64,
    pub keys: u64,
    pub revoked: u64,
    pub restarts: u64,
    pub failed: u64,
    pub full: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} restarts ({} after the store had failed, {} of them because the disk was full), {} operations left before \
             the last and {} after it, {} keys asked again after a restart, {} revocations acknowledged",
            self.restarts, self.failed, self.full, self.left, self.signed_after, self.keys, self.revoked
        )
    }
}

impl World {
    pub async fn new() -> Self {
        let disk = Disk::new(Vec::new(), None);
        let bench = Bench::on(disk.clone()).await;
        let held = Arc::new(world::sessions(&bench).await);
        Self { bytes: disk.bytes(), vault: Arc::clone(&bench.vault), held }
    }

    pub async fn run(&self, seed: u64, tally: &mut Tally, lies: bool, early: bool) -> Model {
        let rng = SeededRng::new(seed);
        let model = Arc::new(Mutex::new(Model::default()));
        let clock = Arc::new(Hand(AtomicU64::new(START + 10)));
        let mut bytes = self.bytes.clone();
        for round in 0..1 + rng.below(3) {
            let mut disk = Disk::new(bytes, None);
            if lies {
                disk = disk.lying();
            }
            let (kind, after) = (rng.below(5), 1 + rng.below(OPERATIONS));
            match kind {
                0 => disk.fail(Trouble::Broken, after, 1 + rng.below(20)),
                1 => disk.fail(Trouble::Full, after, 1 + rng.below(20)),
                _ => disk.lose_power(after),
            }
            // Where the disk fails while the store is opened, nothing was asked.
            if let Ok(store) = open(disk.clone()).await {
                let store = if early { Arc::new(Early::new(store)) as Arc<dyn Store> } else { store };
                let shared = self.over(store, &clock, &model, seed, round);
                shared.round(round).await;
                // Asking would make what is late.
                if !early {
                    let ready = shared.bench.signer.ready().await;
                    tally.failed += u64::from(!ready);
                    tally.full += u64::from(!ready && kind == 1);
                }
            }
            let cut = [Cut::Everything, Cut::Nothing, Cut::Beginning, Cut::Subset, Cut::Torn][rng.below(5) as usize];
            bytes = disk.after(cut, &rng);
            tally.restarts += 1;
            // The next start is on a disk that works, and only looks; what it writes is kept.
            let disk = Disk::new(bytes.clone(), None);
            match open(disk.clone()).await {
                Ok(store) => {
                    let shared = self.over(store, &clock, &model, seed, 100 + round);
                    check(&shared).await;
                    // Not always: what is asked again is held again, and might hide that it had been lost.
                    if rng.below(2) == 0 {
                        tally.keys += again(&shared).await;
                    }
                    bytes = disk.bytes();
                }
                Err(error) => {
                    model.lock().unwrap().breaks(Promise::Key, format!("{cut:?}: does not open: {error:?}"));
                    break;
                }
            }
        }
        if let Ok(store) = open(Disk::new(bytes, None)).await {
            let before = model.lock().unwrap().left();
            tally.left += before as u64;
            let shared = self.over(store, &clock, &model, seed, 200);
            shared.exhaust().await;
            tally.signed_after += (model.lock().unwrap().left() - before) as u64;
            tally.keys += again(&shared).await;
        }
        let mut model = std::mem::take(&mut *model.lock().unwrap());
        tally.revoked += model.revoked().count() as u64;
        model.add_up();
        model
    }

    fn over(
        &self,
        store: Arc<dyn Store>,
        clock: &Arc<Hand>,
        model: &Arc<Mutex<Model>>,
        seed: u64,
        part: u64,
    ) -> Shared {
        // Ids are random, and differ after a restart.
        let rng = Arc::new(SeededRng::new(seed << 16 ^ part << 48 ^ 0x5eed));
        let bench = Arc::new(Bench::at(store, Arc::clone(&self.vault), rng, Arc::clone(clock)));
        Shared { bench, held: Arc::clone(&self.held), model: Arc::clone(model), seed }
    }
}

/// Whether what was promised stands in the store.
async fn check(shared: &Shared) {
    let (answered, revoked) = promised(shared);
    let breaks = |promise, how: String| shared.model.lock().unwrap().breaks(promise, how);
    let mut tx = shared.bench.store.read().await.unwrap();
    for session in revoked {
        let stored = tx.sessions().find_key(shared.held[session].id).await.unwrap();
        if !stored.is_some_and(|s| matches!(s.lifecycle, Lifecycle::Revoking { .. })) {
            breaks(Promise::Revoked, format!("session {session} is active again"));
        }
    }
    for (want, first) in &answered {
        let key = want.key().try_into().unwrap();
        let found = tx.reservations().find_by_key(shared.held[want.session].id, &key).await.unwrap();
        if found.is_none_or(|r| (r.id, r.digest) != (first.id, first.digest)) {
            breaks(Promise::Key, format!("{want:?} is not in the store"));
        }
    }
    let mut keys = BTreeSet::new();
    let mut all = Vec::new();
    for session in tx.reservations().live_sessions().await.unwrap() {
        all.extend(tx.reservations().list_live(session).await.unwrap());
    }
    for live in all {
        if !keys.insert((live.session.to_string(), live.idempotency.as_str().to_owned())) {
            breaks(Promise::Key, format!("two operations of {live:?}"));
        }
    }
}

/// Asks under every key that was answered once more, and of every revoked session something new; answers how many keys.
async fn again(shared: &Shared) -> u64 {
    let (answered, revoked) = promised(shared);
    for session in revoked {
        // What costs nothing, so that nothing else refuses it.
        let what = What::random(session, 0, &SeededRng::new(shared.seed));
        shared.ask(Want { session, key: u64::MAX, what }).await;
    }
    // At once, so that they share commits.
    let asked = answered.iter().map(|&(want, _)| {
        let shared = shared.clone();
        tokio::spawn(async move { (want, shared.ask(want).await.unwrap()) })
    });
    for asked in asked.collect::<Vec<_>>() {
        let (want, answer) = asked.await.unwrap();
        match answer {
            Ok(Answer::Signed(_) | Answer::Earlier(_)) | Err(AskError::Dead(_)) => {}
            other => {
                let how = format!("{want:?} was answered before, and now: {other:?}");
                shared.model.lock().unwrap().breaks(Promise::Key, how);
            }
        }
    }
    answered.len() as u64
}

fn promised(shared: &Shared) -> (Vec<(Want, Reservation)>, Vec<usize>) {
    let model = shared.model.lock().unwrap();
    (model.answered.values().cloned().collect(), model.revoked().collect())
}
