//! Settlement against a chain that goes back, nodes that lie, transactions that revert, are dropped or replaced: what was signed
//! is always held or spent, nothing is released that could still execute, and in the end the ledger is the chain's.
//!
//! The server runs inside the test, by a clock that the test sets, beside anvil without automatic mining. `HALLPASS_STEPS`
//! (1000) random steps of `HALLPASS_SEED` (1).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod ends;
mod inside;
mod lies;
mod model;
mod restored;

use common::chain::Chain;
use common::proxy::Proxy;
use common::server::Folder;
use inside::Inside;
use lies::Liar;
use model::Model;

fn steps() -> u64 {
    std::env::var("HALLPASS_STEPS").map_or(1_000, |n| n.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("HALLPASS_SEED").map_or(1, |n| n.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_ends_as_the_chain_s_counters_and_nothing_is_released_early() {
    let chain = Chain::start().await;
    let folder = Folder::new("settlement");
    let url = chain.url.clone();
    let inside = Inside::start(&folder, &url, None).await;
    let mut model = Model::new(chain, inside, seed()).await;
    for _ in 0..steps() {
        model.step().await;
    }
    let told = model.end().await;
    println!("{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lies_frees_nothing_where_a_second_one_is_asked() {
    let chain = Chain::start().await;
    let folder = Folder::new("settlement-lies");
    let liar = Proxy::to(&chain.url);
    let inside = Inside::start(&folder, &liar.url, Some(&chain.url)).await;
    let mut model = Model::new(chain, inside, seed()).await;
    let lies = Liar::at(&liar, seed());
    for _ in 0..steps() {
        lies.turn();
        model.step().await;
    }
    lies.stop();
    let told = model.end().await;
    println!("{told}, {} lies", lies.told());
    assert!(lies.told() * 10 > steps(), "{} lies", lies.told());
}
