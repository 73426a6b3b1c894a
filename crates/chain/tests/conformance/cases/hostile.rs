//! Tokens and callees that mean harm, and senders who give too little gas.

use super::Case;
use crate::bench::{Bench, RELAYER};
use crate::code;
use crate::subject::{Route, Unsupported};
use crate::world::Tx;
use alloy_primitives::{Address, U256, address};
use hallpass_policy::grant::What;

pub const CASES: [(&str, Case); 6] = [
    ("token_calls_back_with_another_operation", |bench| calls_back(bench, false)),
    ("token_calls_back_with_the_same_operation", |bench| calls_back(bench, true)),
    ("callee_reverts", |bench| fails(bench, &code::SWITCH)),
    ("callee_burns_all_gas", |bench| fails(bench, &code::BURNS)),
    ("callee_reverts_with_and_returns_a_bomb", |bench| fails(bench, &code::BOMB)),
    ("inner_gas_is_starved", starved),
];

const HOSTILE: Address = address!("0x6600000000000000000000000000000000000066");

fn target(bench: &mut Bench, code: &[u8]) {
    bench.world.place(HOSTILE, code);
    named(bench);
}

fn named(bench: &mut Bench) {
    bench.grant.calls[0].target = HOSTILE;
    bench.grant.meters[0].what = What::Token(HOSTILE);
}

/// The token may send operations by itself, and has one: of 60, beside the outer one of 60. The cap is 100.
fn calls_back(bench: &mut Bench, same: bool) -> Result<(), Unsupported> {
    named(bench);
    if bench.route == Route::Direct {
        if same && !bench.is_7710() {
            bench.grant.relayer = Address::ZERO;
        } else {
            bench.grant.rest.relayers = vec![HOSTILE];
        }
    }
    bench.installed()?;
    let outer = bench.ask(vec![bench.transfer(60)]);
    let mut inner = if same { outer.clone() } else { bench.ask(vec![bench.transfer(60)]) };
    let outer = bench.tx(&outer);
    let inner = match bench.route {
        Route::EntryPoint => bench.tx(&inner),
        Route::Direct if same => outer.clone(),
        Route::Direct => {
            inner.relayer = HOSTILE;
            bench.direct(&inner, HOSTILE)
        }
    };
    // Alone it would go through, while there is no code yet.
    let alone = Tx { from: if bench.route == Route::Direct && !same { HOSTILE } else { inner.from }, ..inner.clone() };
    let world = bench.world.clone();
    bench.done(&alone, 0);
    bench.world = world;

    bench.world.place(HOSTILE, &code::calls_back(inner.to, &inner.data));
    bench.done(&outer, 0);
    let slot = |bench: &mut Bench, n: u64| bench.world.slot(HOSTILE, U256::from(n));
    assert_eq!(slot(bench, 2), U256::from(1), "the inner operation was sent, and denied");
    assert_eq!(slot(bench, 0), U256::from(60), "more than the outer one was asked of the token");
    Ok(())
}

/// Nothing of a failed operation stays, but what an EntryPoint has counted; then the callee takes what it is sent.
fn fails(bench: &mut Bench, code: &[u8]) -> Result<(), Unsupported> {
    target(bench, code);
    // An account that copies what it is answered pays for a bomb.
    bench.call_gas = 9_000_000;
    bench.installed()?;
    let tx = bench.one(60);
    let Err(word) = bench.sent(&tx) else { panic!("executed") };
    bench.words.push(if word.is_empty() { "no_reason".to_owned() } else { word });
    bench.world.write(HOSTILE, U256::ZERO, U256::from(1));
    let left = if bench.route == Route::Direct { 100 } else { 40 };
    let tx = bench.one(left + 1);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(left);
    bench.done(&tx, 0);
    Ok(())
}

/// However little gas is sent: where the operation executes, the callee had its floor.
fn starved(bench: &mut Bench) -> Result<(), Unsupported> {
    const FLOOR: u32 = 200_000;
    if bench.is_7710() {
        return Err(bench.says("gas_floor"));
    }
    target(bench, &code::GAS);
    bench.call_gas = 400_000;
    bench.installed()?;
    let mut ask = bench.ask(vec![bench.transfer(1)]);
    ask.floor = FLOOR;
    let honest = bench.tx(&ask);
    assert!(bench.route == Route::EntryPoint || honest.from == RELAYER);
    let start = bench.world.clone();
    let mut last = None;
    let (mut executed, mut least) = (0, U256::MAX);
    for gas in (100_000..4_000_000).step_by(10_000) {
        bench.world = start.clone();
        match bench.sent(&Tx { gas, ..honest.clone() }) {
            Ok(()) => {
                executed += 1;
                least = least.min(bench.world.slot(HOSTILE, U256::ZERO));
                if executed == 20 {
                    break;
                }
            }
            Err(word) if executed == 0 => last = Some(word),
            Err(word) => panic!("denied with more gas: {word}"),
        }
    }
    assert!(executed == 20 && least >= U256::from(FLOOR - 100), "{executed} executed, with {least} gas at least");
    let last = last.unwrap();
    assert!(last == "gas_floor_unmet" || bench.route == Route::EntryPoint, "{last}");
    bench.words.push(last);
    Ok(())
}
