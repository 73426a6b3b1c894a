//! Our evaluator against the reference, on random grants and histories.
//!
//! `HALLPASS_SPEC_CASES` (100000) cases, `HALLPASS_SPEC_SEED` (1), on as many threads as there are cores.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_spec::random::history::ALLOWED;
use hallpass_spec::random::{Step, Tally, histories};
use hallpass_spec::vector::judge;
use serde_json::Value;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn see(step: &Step<'_>) -> Result<(), String> {
    let ours = judge(step.grant, &step.case)?;
    let theirs = hallpass_spec_reference::judge(step.json, &step.case);
    let word = ours.get("code").and_then(Value::as_str).unwrap_or(ALLOWED);
    if ours == theirs && word == step.word {
        return Ok(());
    }
    Err(format!(
        "ours   {ours}\ntheirs {theirs}\nbefore it was written as JSON: {}\ngrant {}\ncase {}",
        step.word, step.json, step.case
    ))
}

#[test]
fn the_evaluator_equals_the_reference() {
    let (cases, seed) = (number("HALLPASS_SPEC_CASES", 100_000), number("HALLPASS_SPEC_SEED", 1));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let share = cases.div_ceil(threads);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let spawn = |i: u64| scope.spawn(move || histories(seed.wrapping_add(i << 32), share, see));
        let workers: Vec<_> = (0..threads).map(spawn).collect();
        for worker in workers {
            tally.add(
                &worker.join().unwrap().unwrap_or_else(|e| panic!("the evaluator and the reference disagree\n{e}")),
            );
        }
    });
    println!("HALLPASS_SPEC_CASES={cases} HALLPASS_SPEC_SEED={seed}, {threads} threads\n{}", tally.table());
    assert!(tally.of(ALLOWED) * 100 >= tally.total * 30, "too few allowed\n{}", tally.table());
    for word in Tally::words() {
        assert!(tally.of(word) * 100 >= tally.total, "too few of {word}\n{}", tally.table());
    }
}
