//! What was signed for one chain, account and contract is good there alone.

use super::Case;
use crate::bench::Bench;
use crate::subject::Unsupported;
use crate::world::Tx;
use alloy_primitives::{Address, address};
use hallpass_chain::backend::Step;

pub const CASES: [(&str, Case); 4] = [
    ("other_chain", other_chain),
    ("other_account", other_account),
    ("other_contract", other_contract),
    ("other_grant", other_grant),
];

const ELSEWHERE: Address = address!("0x8800000000000000000000000000000000000088");

fn replaced(data: &[u8], from: Address, to: Address) -> Vec<u8> {
    let mut out = data.to_vec();
    let places: Vec<usize> = (0..=out.len() - 20).filter(|i| data[*i..*i + 20] == from[..]).collect();
    assert!(!places.is_empty(), "{from} is not named");
    for place in places {
        out[place..place + 20].copy_from_slice(to.as_slice());
    }
    out
}

fn other_chain(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(1);
    let chain = core::mem::replace(&mut bench.world.chain, 1);
    bench.denied(&tx, "wrong_chain");
    bench.world.chain = chain;
    bench.done(&tx, 1);
    Ok(())
}

/// The same operation, sent to another account of the same kind.
fn other_account(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(1);
    let (here, other) = (bench.grant.account, bench.subject.other());
    let sent = if tx.to == here {
        Tx { to: other, ..tx.clone() }
    } else {
        Tx { data: replaced(&tx.data, here, other).into(), ..tx.clone() }
    };
    bench.denied(&sent, "grant_unknown");
    bench.done(&tx, 1);
    Ok(())
}

fn other_contract(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.prepared()?;
    let contract = bench.subject.backend().contract();
    let steps = bench.step_txs(&Step::Install)?;
    for step in &steps {
        let other = Tx { data: replaced(&step.data, contract, ELSEWHERE).into(), ..step.clone() };
        bench.denied(&other, "wrong_backend");
    }
    if steps.is_empty() {
        // Nothing is installed; the operation itself is redeemed elsewhere.
        let code = bench.world.code(contract);
        bench.world.place(ELSEWHERE, &code);
        let tx = bench.one(1);
        bench.denied(&Tx { to: ELSEWHERE, ..tx }, "wrong_backend");
    }
    bench.step(&Step::Install)?;
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}

/// A grant that differs in one field is another one.
fn other_grant(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let honest = bench.grant.clone();
    bench.grant.meters[0].cap += 1;
    let tx = bench.one(1);
    bench.denied(&tx, "grant_unknown");
    bench.grant = honest;
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}
