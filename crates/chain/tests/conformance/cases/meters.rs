//! Caps, sums and windows.

use super::Case;
use crate::bench::{Bench, CAP};
use crate::framework::START;
use crate::subject::Unsupported;
use core::num::NonZeroU32;

pub const CASES: [(&str, Case); 4] = [
    ("cap_in_one_operation", cap_in_one_operation),
    ("cap_over_operations", cap_over_operations),
    ("cap_over_a_batch", cap_over_a_batch),
    ("window_turns", window_turns),
];

fn cap_in_one_operation(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(CAP + 1);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(CAP);
    bench.done(&tx, CAP);
    Ok(())
}

fn cap_over_operations(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    bench.done(&tx, 60);
    let tx = bench.one(CAP - 60 + 1);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(CAP - 60);
    bench.done(&tx, CAP - 60);
    let tx = bench.one(1);
    bench.denied(&tx, "meter_exceeded");
    Ok(())
}

fn cap_over_a_batch(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let ask = bench.ask(vec![bench.transfer(60), bench.transfer(CAP - 60 + 1)]);
    let tx = bench.tx(&ask);
    bench.denied(&tx, "meter_exceeded");
    let ask = bench.ask(vec![bench.transfer(60), bench.transfer(CAP - 60)]);
    let tx = bench.tx(&ask);
    bench.done(&tx, CAP);
    Ok(())
}

fn window_turns(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.grant.meters[0].period = NonZeroU32::new(60);
    bench.installed()?;
    let later = u64::from(bench.second_later());
    for (window, now, amount, allowed) in [
        (0, START + later, CAP, true),
        (0, START + 59, 1, false),
        (1, START + 60 + later, CAP + 1, false),
        (1, START + 60 + later, CAP, true),
        (1, START + 119, 1, false),
        // A window is passed over; nothing of it is carried on.
        (3, START + 180 + later, CAP + 1, false),
        (3, START + 239, CAP, true),
    ] {
        bench.world.now = now;
        let mut ask = bench.ask(vec![bench.transfer(amount)]);
        (ask.from, ask.until) = (START + window * 60, START + window * 60 + 60);
        let tx = bench.tx(&ask);
        if allowed {
            bench.done(&tx, amount);
        } else {
            bench.denied(&tx, "meter_exceeded");
        }
    }
    Ok(())
}
