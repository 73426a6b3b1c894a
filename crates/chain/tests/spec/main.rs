//! The vectors of `spec/`, and random cases as `spec/runner` makes them, on the contract's bytecode in revm.
//!
//! A case says what was spent before; here it is written into the account's slots, and after the operation the slots must
//! hold what the evaluator says. What only a signer can say (requirements, messages, app actions, gas, lanes) is left out
//! and counted.
//!
//! Each case is judged in four places: an EOA's delegate, the same by EntryPoint 0.8, a pocket, and an ERC-7579 account with
//! our module.
//!
//! - [`chain`]: an account in a state that a case wants. [`case`], [`userop`]: a case as an operation of each route.
//! - [`compare`]: both verdicts.
//!
//! `HALLPASS_CHAIN_CASES` (130000) random cases of `HALLPASS_CHAIN_SEED` (1), on as many threads as there are cores: over
//! 50,000 operations in each place.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod case;
mod chain;
mod compare;
#[path = "../shared/encode.rs"]
mod encode;
#[path = "../shared/erc4337.rs"]
mod erc4337;
#[path = "../shared/rules.rs"]
mod rules;
mod userop;

use chain::Chain;
use compare::{Seen, compare};
use hallpass_policy::Grant;
use hallpass_policy::json::ask::Case;
use hallpass_spec::all::{self, Line};
use hallpass_spec::random::{histories, shrink};
use hallpass_spec::vector::read_grant;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn every_vector_that_the_contract_holds_has_its_verdict_on_chain() {
    let file = std::fs::read_to_string(all::path()).unwrap();
    let mut chain = Chain::new();
    let mut seen = Seen::default();
    for line in all::read(&file).unwrap() {
        let Line::Vector(vector) = line else { continue };
        let grant = read_grant(&vector.grant).unwrap();
        let case = Case::read(&vector.case, &grant).unwrap();
        compare(&mut chain, &grant, &case, &mut seen).unwrap_or_else(|e| panic!("`{}`: {e}", vector.name));
    }
    println!("{}", seen.table());
    for place in chain::Place::ALL {
        assert!(seen.compared(place) >= 700, "too few vectors came to {place:?}\n{}", seen.table());
    }
}

#[test]
fn random_cases_have_one_verdict_on_both_sides() {
    let (cases, seed) = (setting("HALLPASS_CHAIN_CASES", 130_000), setting("HALLPASS_CHAIN_SEED", 1));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let share = cases.div_ceil(threads);
    let mut seen = Seen::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|i| scope.spawn(move || run(seed.wrapping_add(i << 32), share))).collect();
        for worker in workers {
            seen.add(worker.join().unwrap().unwrap_or_else(|e| panic!("the evaluator and the contract disagree\n{e}")));
        }
    });
    println!("HALLPASS_CHAIN_SEED={seed} HALLPASS_CHAIN_CASES={cases}, {threads} threads\n{}", seen.table());
    seen.require_shares();
}

fn run(seed: u64, cases: u64) -> Result<Seen, String> {
    let mut chain = Chain::new();
    let mut seen = Seen::default();
    histories(seed, cases, |step| {
        let case = Case::read(&step.case, step.grant).map_err(|e| e.to_string())?;
        compare(&mut chain, step.grant, &case, &mut seen).map_err(|e| {
            let fails = &mut |g: &Grant, c: &Case| compare(&mut Chain::new(), g, c, &mut Seen::default()).is_err();
            let (grant, case) = shrink::shrink(step.grant, &step.case, fails);
            let small = shrink::vector(&e, &grant, &case);
            format!("{e}\ngrant {}\ncase {}\nas a vector (expect is the evaluator's):\n{small}", step.json, step.case)
        })
    })?;
    Ok(seen)
}
