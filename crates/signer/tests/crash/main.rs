//! The disk fails, runs full or loses power under a signer that many ask at once; it is started again on what survived,
//! and everything it ever promised is added up: `common::model` says what.
//!
//! `HALLPASS_CRASHES` sets the number of runs (200), `HALLPASS_CRASH_SEED` the first seed (0). What is asked, and when the
//! disk fails, is the seed's; how the tasks meet is the scheduler's.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod history;
mod refusing;
mod run;

use common::model::Promise;
use run::{Tally, World};

/// Runs of each negative control.
const CONTROLS: u64 = 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_no_revocation_no_budget_and_no_key() {
    let (runs, first) = (setting("HALLPASS_CRASHES", 200), setting("HALLPASS_CRASH_SEED", 0));
    let (world, mut tally) = (World::new().await, Tally::default());
    for seed in first..first + runs {
        let model = world.run(seed, &mut tally, false, false).await;
        assert!(model.broken.is_empty(), "seed {seed}: {:#?}", model.broken);
    }
    println!("seeds {first}..{}: {tally}", first + runs);
    // Enough of everything for the run to mean something; one seed alone is run to look at it.
    let enough = tally.left > 8 * runs && tally.restarts > runs && tally.revoked > runs / 4;
    let failed = tally.failed > runs / 4 && tally.full > runs / 20 && tally.signed_after > runs;
    assert!(runs < 20 || enough && failed, "{tally}");
}

/// The first negative control: on a disk that lies about syncing, revocations and answered keys are lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_sync_is_found_out() {
    let (world, mut lost) = (World::new().await, Vec::new());
    for seed in 0..CONTROLS {
        lost.extend(world.run(seed, &mut Tally::default(), true, false).await.broken);
    }
    let found = |promise| lost.iter().filter(|(p, _)| *p == promise).count();
    println!("lying disk: {} revocations, {} keys", found(Promise::Revoked), found(Promise::Key));
    assert!(found(Promise::Revoked) > 0 && found(Promise::Key) > 0);
}

/// The second: a signer that signs before its reservation is durable spends more than it may, and gives out sequences twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_before_the_commit_is_found_out() {
    let (world, mut over, mut twice) = (World::new().await, 0, 0);
    for seed in 0..CONTROLS {
        let model = world.run(seed, &mut Tally::default(), false, true).await;
        over += u64::from(model.broken.iter().any(|(p, _)| *p == Promise::Cap));
        twice += u64::from(model.broken.iter().any(|(p, _)| *p == Promise::Sequence));
    }
    println!("early signatures, {CONTROLS} runs: {over} spent too much, {twice} gave a sequence twice");
    assert!(over > 0 && twice > 0);
}
