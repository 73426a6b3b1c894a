//! The evaluator in Rust against the contract's bytecode in revm: random grants, random histories, biased to the edges.
//!
//! After every operation both must say the same, allowed or denied and then by the same code, and must hold the same
//! state: sequences used, window and amount of every meter, status, epoch, frozen. The two sides share no code. What
//! stands between them here (`calls` of an operation, the words, the signatures) is written anew from
//! `spec/encoding.md`; the wire and the EIP-712 types are those that senders use, and a wire that the contract reads
//! otherwise shows as `malformed`, `grant_unknown` or `bad_signature`.
//!
//! - [`world`]: revm with both homes, deployed from `contracts/artifacts`.
//! - [`grants`], [`values`]: what is granted; [`generator`], [`spoil`], [`spoil_call`]: what is asked; [`history`]: in what order.
//! - [`compare`]: the two verdicts, the two states.
//! - [`tally`]: 30 in a hundred are allowed, and every code that both sides have comes up once in a hundred.
//! - [`one_sided`], [`bad_grants`]: what only one side can say, and where the words differ.
//!
//! `HALLPASS_DIFF_OPS` (10000) and `HALLPASS_DIFF_SEED` (1) set the run; a failure names history and step of that seed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod bad_grants;
mod compare;
#[path = "../shared/encode.rs"]
mod encode;
mod generator;
mod grants;
mod history;
mod one_sided;
mod rng;
#[path = "../shared/rules.rs"]
mod rules;
mod spoil;
mod spoil_call;
mod tally;
mod values;
mod world;

use history::History;
use rng::Rng;
use tally::Tally;
use world::World;

/// Histories on one pair of accounts before the chain starts anew.
const LIVES: u64 = 12;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn the_evaluator_and_the_contract_agree() {
    let (operations, seed) = (setting("HALLPASS_DIFF_OPS", 10_000), setting("HALLPASS_DIFF_SEED", 1));
    println!("HALLPASS_DIFF_SEED={seed} HALLPASS_DIFF_OPS={operations}");
    let mut tally = Tally::default();
    let mut world = World::new(&mut Rng::new(seed, 0));
    while tally.total < operations {
        tally.histories += 1;
        let mut rng = Rng::new(seed, tally.histories);
        if tally.histories.is_multiple_of(LIVES) {
            world = World::new(&mut rng);
        }
        let name = format!("seed {seed}, history {}", tally.histories);
        History::begin(&mut world, &mut rng, name).live(&mut rng, &mut tally);
    }
    println!("{}", tally.table());
    tally.require_shares();
}
