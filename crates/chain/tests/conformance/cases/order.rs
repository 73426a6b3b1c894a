//! Each operation at most once, in any order.

use super::Case;
use crate::bench::Bench;
use crate::code;
use crate::subject::{Route, Unsupported};
use alloy_primitives::{Address, U256, address};
use hallpass_policy::grant::What;

pub const CASES: [(&str, Case); 4] = [
    ("replayed", replayed),
    ("out_of_order", out_of_order),
    ("sixty_four_ahead", sixty_four_ahead),
    ("again_after_a_failed_execution", again_after_a_failed_execution),
];

const SWITCH: Address = address!("0x5100000000000000000000000000000000000051");

fn replayed(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(10);
    bench.done(&tx, 10);
    bench.denied(&tx, "nonce_used");
    // Another operation under the same nonce.
    let mut ask = bench.ask(vec![bench.transfer(11)]);
    ask.sequence -= 1;
    let other = bench.tx(&ask);
    if bench.is_7710() {
        bench.says("op_nonce");
        bench.done(&other, 11);
    } else {
        bench.denied(&other, "nonce_used");
    }
    Ok(())
}

fn out_of_order(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let mut sent = Vec::new();
    for sequence in [5, 3, 4, 0, 63] {
        let mut ask = bench.ask(vec![bench.transfer(1)]);
        ask.sequence = sequence;
        sent.push(bench.tx(&ask));
    }
    for tx in &sent {
        bench.done(tx, 1);
    }
    for tx in &sent {
        bench.denied(tx, "nonce_used");
    }
    Ok(())
}

/// A sequence far ahead moves the window, and what falls out of it is dead.
fn sixty_four_ahead(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.grant.end_seq = 1000;
    bench.installed()?;
    for (sequence, code) in [
        (0, None),
        (70, None),
        (6, Some("nonce_used")),
        (7, None),
        (70, Some("nonce_used")),
        (999, None),
        (935, Some("nonce_used")),
        (936, None),
        (1000, Some("sequence_out_of_range")),
    ] {
        let mut ask = bench.ask(vec![bench.transfer(1)]);
        ask.sequence = sequence;
        let tx = bench.tx(&ask);
        match code {
            None => bench.done(&tx, 1),
            Some(code) => bench.denied(&tx, code),
        }
    }
    Ok(())
}

/// What failed can be sent again where nothing of it stayed, and executes once; by an EntryPoint it is used up.
fn again_after_a_failed_execution(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.world.place(SWITCH, &code::SWITCH);
    bench.grant.calls[0].target = SWITCH;
    bench.grant.meters[0].what = What::Token(SWITCH);
    bench.installed()?;
    let tx = bench.one(30);
    bench.denied(&tx, "call_failed");
    bench.world.write(SWITCH, U256::ZERO, U256::from(1));
    match bench.route {
        Route::Direct => bench.done(&tx, 0),
        Route::EntryPoint => bench.denied(&tx, "nonce_used"),
    }
    bench.denied(&tx, "nonce_used");
    // Counted once, and once alone.
    let tx = bench.one(71);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(70);
    bench.done(&tx, 0);
    Ok(())
}
