//! Calldata and operations in another than their one form.

use super::Case;
use crate::bench::{Bench, TO};
use crate::subject::Unsupported;
use crate::world::Tx;
use alloy_primitives::U256;
use hallpass_policy::Call;

pub const CASES: [(&str, Case); 5] = [
    ("dirty_calldata", |bench| spoiled(bench, |data| data[4] = 1)),
    ("dirty_just_before_the_address", |bench| spoiled(bench, |data| data[15] = 1)),
    ("short_calldata", |bench| spoiled(bench, |data| data.truncate(data.len() - 1))),
    ("long_calldata", |bench| spoiled(bench, |data| data.extend([0; 32]))),
    ("any_byte_changed", any_byte_changed),
];

fn spoiled(bench: &mut Bench, change: fn(&mut Vec<u8>)) -> Result<(), Unsupported> {
    bench.installed()?;
    let call = bench.transfer(1);
    let mut data = call.data.to_vec();
    change(&mut data);
    let ask = bench.ask(vec![Call { data: data.into(), ..call }]);
    let tx = bench.tx(&ask);
    bench.denied(&tx, "bad_calldata");
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}

/// A byte that is another makes it no operation, or is none of the operation's: never another operation.
fn any_byte_changed(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    let start = bench.world.clone();
    let before = bench.world.balance(TO);
    let (mut denied, mut same) = (0, 0);
    for i in (0..tx.data.len()).step_by(5) {
        bench.world = start.clone();
        let mut data = tx.data.to_vec();
        data[i] ^= 1;
        let sent = bench.sent(&Tx { data: data.into(), ..tx.clone() });
        let moved = bench.world.balance(TO) - before;
        match sent {
            Ok(()) if moved == U256::from(60) => same += 1,
            Ok(()) => assert!(moved.is_zero(), "byte {i} moved {moved}"),
            Err(_) => {
                assert!(moved.is_zero(), "byte {i} moved {moved}");
                denied += 1;
            }
        }
    }
    assert!(denied > same, "{denied} denied, {same} the same");
    bench.world = start;
    bench.done(&tx, 60);
    Ok(())
}
