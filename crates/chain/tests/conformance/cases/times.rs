//! Both ends of a grant and of an operation, a second before, at, and after.

use super::Case;
use crate::bench::{Bench, END};
use crate::framework::START;
use crate::subject::Unsupported;
use crate::world::Tx;

pub const CASES: [(&str, Case); 4] = [
    ("grant_begins", grant_begins),
    ("grant_ends", grant_ends),
    ("operation_begins", operation_begins),
    ("operation_ends", operation_ends),
];

/// An operation of these times, sent at `now`.
fn at(bench: &mut Bench, now: u64, from: u64, until: u64) -> Tx {
    let mut ask = bench.ask(vec![bench.transfer(1)]);
    (ask.from, ask.until) = (from, until);
    let tx = bench.tx(&ask);
    bench.world.now = now;
    tx
}

/// At its first second, unless the card says that it is the second after.
fn first(bench: &mut Bench, tx: &Tx, code: &str) {
    if bench.second_later() { bench.denied(tx, code) } else { bench.done(tx, 1) }
}

fn grant_begins(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = at(bench, START - 1, START, START + 60);
    bench.denied(&tx, "grant_not_started");
    let tx = at(bench, START, START, START + 60);
    first(bench, &tx, "grant_not_started");
    let tx = at(bench, START + 1, START, START + 60);
    bench.done(&tx, 1);
    Ok(())
}

fn grant_ends(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = at(bench, END - 1, END - 60, END);
    bench.done(&tx, 1);
    for now in [END, END + 1] {
        let tx = at(bench, now, END - 60, END);
        bench.denied(&tx, "grant_expired");
    }
    Ok(())
}

fn operation_begins(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let from = START + 10;
    let tx = at(bench, from - 1, from, from + 60);
    bench.denied(&tx, "op_not_yet_valid");
    let tx = at(bench, from, from, from + 60);
    first(bench, &tx, "op_not_yet_valid");
    let tx = at(bench, from + 1, from, from + 60);
    bench.done(&tx, 1);
    Ok(())
}

fn operation_ends(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let until = START + 60;
    let tx = at(bench, until - 1, START, until);
    bench.done(&tx, 1);
    for now in [until, until + 1] {
        let tx = at(bench, now, START, until);
        bench.denied(&tx, "op_expired");
    }
    Ok(())
}
