//! How many signatures a second `hallpass serve` gives, and how long one takes, end to end and over its Unix socket.
//!
//! `signer-speed HALLPASS ANVIL FOLDER [SESSIONS]` fills a store in FOLDER, starts both programs, measures, and prints
//! one JSON object in the form of `bench/results.json`; what it does meanwhile goes to standard error.
//!
//! - [`fill`]: sealed keys, grants, sessions and holders' tokens. [`processes`]: the node and the server.
//! - [`load`]: many clients for a while. [`alone`]: one client, beside what its disk and its curve cost by themselves.
//!
//! Half of the sessions are a contract's: the chain answers for all of their grants that they are active and that nothing
//! is spent, by a stub in place of each account (`anvil_setCode`), so that nothing has to be installed first. The server reads
//! that answer as it reads any. Half are signer-only.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

mod alone;
mod fill;
mod load;
#[allow(dead_code, reason = "the measurement over HTTP uses the rest")]
mod processes;

use alone::Percentiles;
use fill::{Kind, Session};
use load::Round;
use processes::{Node, Server};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

/// Connections at a time.
const CLIENTS: usize = 64;
/// Rounds of each kind; their median is reported.
const ROUNDS: usize = 5;
/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(3);
/// How many requests a client alone makes, of each kind.
const ALONE: usize = 2000;
/// How often the server is started.
const STARTS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hallpass, anvil, folder, more @ ..] = &arguments[..] else {
        panic!("usage: signer-speed HALLPASS ANVIL FOLDER [SESSIONS]")
    };
    let sessions: usize = more.first().map_or(100_000, |n| n.parse().unwrap());
    let folder = std::path::absolute(folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let results = runtime.block_on(measure(hallpass, anvil, &folder, sessions));
    println!("{}", Value::Object(results));
}

async fn measure(hallpass: &str, anvil: &str, folder: &Path, count: usize) -> Map<String, Value> {
    let node = Node::start(anvil);
    let config = processes::config(folder, &node.url);
    processes::init(hallpass, &config);
    let filled = std::time::Instant::now();
    let all = fill::fill(&folder.join("store.redb"), processes::PASSPHRASE, count).await;
    eprintln!("{count} sessions filled in {:.1} s", filled.elapsed().as_secs_f64());
    fill::accounts().for_each(|account| node.stub(account));

    let mut results = Map::new();
    let mut starts = Vec::new();
    let mut server = None;
    for _ in 0..STARTS {
        drop(server.take());
        let (started, took) = Server::start(hallpass, &config, folder);
        eprintln!("ready after {took:?}");
        starts.push(took.as_nanos() as f64);
        server = Some(started);
    }
    let server = server.unwrap();
    put(&mut results, "signer/start_to_ready", median(starts), "ns");

    // Each session is used in one round alone: an operation of a contract stays in flight until a final block shows its end.
    let mut fresh = [Kind::Typed, Kind::Call].map(|kind| all.iter().filter(move |s| s.kind == kind).cloned());
    let mut rates = [const { Vec::new() }; 2];
    for round in 0..=ROUNDS {
        for (which, sessions) in fresh.iter_mut().enumerate() {
            let Round { answers, refused, took, cpu } = load::round(&server, sessions, CLIENTS, ROUND).await;
            let rate = answers.len() as f64 / took.as_secs_f64();
            eprintln!(
                "{}: {rate:.0} a second, {refused} refused; the server used {:.2} cores, this program {:.2}",
                name(which),
                cpu.0,
                cpu.1,
            );
            assert_eq!(refused, 0, "a measured request was refused");
            load::verify(&answers);
            // The first warms the server up.
            if round > 0 {
                rates[which].push(rate);
            }
        }
    }
    for (which, rates) in rates.into_iter().enumerate() {
        eprintln!("{}: {rates:.0?}", name(which));
        put(&mut results, &format!("signer/{}_64_clients", name(which)), median(rates), "a second");
    }

    for (which, sessions) in fresh.iter_mut().enumerate() {
        let Percentiles { ours, raw } = alone::measure(&server, sessions, folder, ALONE).await;
        for (what, ours, raw) in [("p50", ours.0, raw.0), ("p99", ours.1, raw.1)] {
            let entry = json!({ "value": ours, "unit": "ns", "peer": "redb commit and secp256k1 signature, raw",
                "peer_value": raw, "ratio": (raw / ours * 100.0).round() / 100.0 });
            results.insert(format!("signer/{}_alone_{what}", name(which)), entry);
        }
    }
    results
}

const fn name(which: usize) -> &'static str {
    ["typed", "call"][which]
}

fn put(results: &mut Map<String, Value>, name: &str, value: f64, unit: &str) {
    let entry = json!({ "value": value.round(), "unit": unit, "peer": null, "peer_value": null, "ratio": null });
    results.insert(name.to_owned(), entry);
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What a client of a session needs.
pub(crate) type Sessions<'a> = &'a mut dyn Iterator<Item = Session>;
