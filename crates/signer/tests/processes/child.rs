//! The process that signs.

use super::common::world::{self, SESSIONS};
use super::common::{Bench, Held, ask, unlocked};
use super::wire;
use alloy_primitives::Address;
use hallpass_session::Lifecycle;
use hallpass_signer::Answer;
use hallpass_signer::points::{self, Point};
use hallpass_store::RedbStore;
use hallpass_store::testing::SeededRng;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// The session that clients of other processes share, after those of [`world`]: messages under one budget.
pub const SHARED: usize = SESSIONS;
pub const SHARED_CAP: u64 = 1_000_000;

/// The armed point, by its place, and how many times it is still to be passed.
static POINT: AtomicUsize = AtomicUsize::new(usize::MAX);
static LEFT: AtomicI64 = AtomicI64::new(0);

/// At the armed point the thread stops for good, and the parent is told; it kills the process.
fn stop(point: Point) {
    let armed = POINT.load(Ordering::SeqCst) == point as usize;
    if armed && LEFT.fetch_sub(1, Ordering::SeqCst) == 1 {
        println!("reached");
        loop {
            std::thread::park();
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub async fn run() {
    points::hook(stop);
    let folder = PathBuf::from(std::env::var("HALLPASS_FOLDER").unwrap());
    let start: u64 = std::env::var("HALLPASS_START").unwrap().parse().unwrap();
    let store = RedbStore::open(folder.join("store"), Arc::new(SeededRng::new(start ^ 0x57))).unwrap();
    let bench = Arc::new(Bench::kept(unlocked(store).await.unwrap(), start).await);
    // Every start is in another minute.
    bench.clock.0.fetch_add(61 * start, Ordering::SeqCst);
    let held = Arc::new(held(&bench).await);
    let listener = UnixListener::bind(folder.join(format!("socket{start}"))).unwrap();
    println!("listening");
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(serve(stream, Arc::clone(&bench), Arc::clone(&held)));
    }
}

async fn held(bench: &Bench) -> Vec<Held> {
    if bench.found(1).await.is_none() {
        world::sessions(bench).await;
        let rules = format!(
            "[[allow]]\ntyped = \"Order(uint256 size)\"\ndomain = {{ name = \"Exchange\", chainId = 5 }}\n\
             spend = \"size <= {SHARED_CAP}\"\n"
        );
        bench.session(SHARED as u8 + 1, Address::ZERO, &rules).await;
    }
    let mut held = Vec::new();
    for n in 1..=SHARED as u8 + 1 {
        held.push(bench.found(n).await.unwrap());
    }
    held
}

async fn serve(stream: UnixStream, bench: Arc<Bench>, held: Arc<Vec<Held>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = answer(&line, &bench, &held).await;
        if write.write_all(format!("{answer}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn answer(line: &str, bench: &Bench, held: &[Held]) -> String {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "arm" => {
            let (point, nth) = rest.split_once(' ').unwrap();
            LEFT.store(nth.parse().unwrap(), Ordering::SeqCst);
            POINT.store(point.parse().unwrap(), Ordering::SeqCst);
            "armed".to_owned()
        }
        "ask" => {
            let want = wire::want(rest);
            match bench.signer.ask(ask(&held[want.session], &want.key(), want.what.wanted())).await {
                Ok(Answer::Signed(s)) => {
                    assert_eq!(s.signature.is_some(), want.what.is_signed());
                    format!("signed {}", serde_json::to_string(&s.reservation).unwrap())
                }
                Ok(Answer::Earlier(r)) => format!("earlier {}", serde_json::to_string(&r).unwrap()),
                Ok(Answer::Denied { denial, .. }) => {
                    format!("denied {} {}", denial.code.as_str(), denial.bound.unwrap_or_default())
                }
                Ok(Answer::Allowed { .. }) => panic!("asked to sign"),
                Err(error) => format!("failed {}", error.code()),
            }
        }
        "revoke" => {
            let (session, keys) = rest.split_once(' ').unwrap();
            let keys = (0..keys.parse::<u64>().unwrap()).map(|key| format!("k{key}"));
            let there = bench.revoke(&held[session.parse::<usize>().unwrap()], keys).await;
            serde_json::to_string(&there.unwrap()).unwrap()
        }
        "active" => {
            let mut tx = bench.store.read().await.unwrap();
            let stored = tx.sessions().find_key(held[rest.parse::<usize>().unwrap()].id).await.unwrap();
            matches!(stored.unwrap().lifecycle, Lifecycle::Active { .. }).to_string()
        }
        "quit" => std::process::exit(0),
        other => panic!("{other}"),
    }
}
