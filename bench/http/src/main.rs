//! How many requests a second `hallpass serve` answers for who is logged in, beside Redis, which answers from memory and asks
//! nobody who asks.
//!
//! `http-speed HALLPASS ANVIL FOLDER` starts node, server and Redis in FOLDER, logs in, measures, and prints one JSON object in
//! the form of `bench/results.json`; what it does meanwhile goes to standard error.
//!
//! - [`login`]: a wallet's login. [`load`]: many clients for a while. [`redis`]: Redis and its own benchmark.
//!   [`processes`]: the node and the server, as the signer's measurement has them.
//!
//! Both are asked by as many connections over TCP on loopback, one request out on each. They take turns, and what is reported of
//! each round is the one beside the other: whatever else the machine does, it does to both.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement"
)]

mod load;
mod login;
#[path = "../../signer/src/processes.rs"]
#[allow(dead_code, reason = "the signer's measurement uses all of it")]
mod processes;
mod redis;

use processes::{Node, Server};
use redis::Redis;
use serde_json::json;
use std::time::Duration;

/// Connections at a time.
const CLIENTS: usize = 64;
/// Rounds after the first, which warms both up.
const ROUNDS: usize = 9;
/// How long a round of ours lasts, and about how long one of theirs.
const ROUND: Duration = Duration::from_secs(3);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [hallpass, anvil, folder] = &arguments[..] else { panic!("usage: http-speed HALLPASS ANVIL FOLDER") };
    let folder = std::path::absolute(folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    let node = Node::start(anvil);
    let config = processes::config(&folder, &node.url);
    processes::init(hallpass, &config);
    let (server, _) = Server::start(hallpass, &config, &folder);
    let request = load::request(&login::bearer(server.port));
    let redis = Redis::start(&folder);

    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 100_000;
    for round in 0..=ROUNDS {
        let peer = redis.round(CLIENTS, count);
        count = (peer.rate * ROUND.as_secs_f64()) as usize;
        let me = load::round(&server, &request, CLIENTS, ROUND);
        let ratio = me.rate / peer.rate;
        eprintln!(
            "{}{:.0} a second, server {:.2} cores, clients {:.2}; Redis {:.0}, server {:.2}, clients {:.2}; {ratio:.3} of it",
            if round == 0 { "(warming up) " } else { "" },
            me.rate,
            me.cpu.0,
            me.cpu.1,
            peer.rate,
            peer.cpu.0,
            peer.cpu.1,
        );
        if round > 0 {
            ours.push(me.rate);
            theirs.push(peer.rate);
            ratios.push(ratio);
        }
    }
    let entry = json!({
        "value": median(ours).round(), "unit": "a second", "peer": format!("redis-benchmark {} GET", redis.version()),
        "peer_value": median(theirs).round(), "ratio": (median(ratios) * 1000.0).round() / 1000.0,
    });
    println!("{}", json!({ "http/who_am_i_64_clients": entry }));
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How many a second, and how many cores server and clients used.
pub(crate) struct Round {
    rate: f64,
    cpu: (f64, f64),
}
