//! From before a decision until its signature exists, nobody can end the session.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use common::{BACKEND, Bench, PAYS, pay};
use hallpass_signer::points::{self, Point};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::RwLock;

static GATE: OnceLock<Arc<RwLock<()>>> = OnceLock::new();
static PASSED: Mutex<Vec<(Point, bool)>> = Mutex::new(Vec::new());

/// Notes whether a revocation could go ahead now.
fn look(point: Point) {
    let open = GATE.get().is_some_and(|gate| gate.try_write().is_ok());
    PASSED.lock().unwrap().push((point, open));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_waits_for_what_was_allowed_before() {
    let bench = Bench::new().await;
    let held = bench.session(9, BACKEND, PAYS).await;
    GATE.set(Arc::clone(&bench.gate)).unwrap();
    points::hook(look);
    bench.signed(&held, "first", pay(40)).await;
    // The second batch begins when the first has let go of the gate, or shares it.
    bench.signed(&held, "second", pay(40)).await;
    let passed = PASSED.lock().unwrap().clone();
    for point in Point::ALL {
        assert!(passed.iter().any(|(p, _)| *p == point) || point == Point::AfterAnswer, "{point:?} was not passed");
    }
    let shut = passed.iter().filter(|(point, _)| *point != Point::AfterAnswer).all(|(_, open)| !open);
    assert!(shut, "a revocation could go ahead: {passed:?}");
    drop(bench.gate.write().await);
}
