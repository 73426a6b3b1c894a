//! What no session reaches, even where an owner signed a grant for it.

use super::Case;
use crate::bench::{Bench, rule};
use crate::code;
use crate::module::VALIDATOR;
use crate::subject::{Ask, Route, Unsupported};
use crate::userop;
use crate::world::ENTRY_POINT;
use alloy_primitives::{Address, Bytes, U256, address};
use hallpass_policy::Call;
use hallpass_policy::forbidden;

pub const CASES: [(&str, Case); 5] = [
    ("the_account_itself", |bench| forbidden_target(bench, bench.grant.account)),
    ("the_contract_that_enforces", |bench| forbidden_target(bench, bench.grant.backend)),
    ("an_entry_point", an_entry_point),
    ("a_module_of_the_account", a_module),
    ("delegatecall_and_other_modes", delegatecall),
];

const RECORDS: Address = address!("0x9a00000000000000000000000000000000000099");

fn ping(bench: &mut Bench, target: Address) -> Ask {
    let call = Call { to: target, value: U256::ZERO, data: Bytes::from_static(&[0x5c, 0x36, 0xb1, 0x86]) };
    bench.ask(vec![call])
}

fn forbidden_target(bench: &mut Bench, target: Address) -> Result<(), Unsupported> {
    bench.grant.calls = vec![rule(target, "ping()")];
    bench.grant.meters = Vec::new();
    bench.installed()?;
    let ask = ping(bench, target);
    let tx = bench.tx(&ask);
    bench.denied(&tx, "target_forbidden");
    Ok(())
}

fn an_entry_point(bench: &mut Bench) -> Result<(), Unsupported> {
    for (salt, entry_point) in forbidden::ENTRY_POINTS.into_iter().enumerate() {
        bench.grant.salt = [u8::try_from(salt).unwrap(); 16];
        forbidden_target(bench, entry_point)?;
    }
    assert!(forbidden::ENTRY_POINTS.contains(&ENTRY_POINT));
    Ok(())
}

/// An account may trust an EntryPoint that is none of those whose addresses the contracts know.
pub fn own_entry_point(bench: &mut Bench) -> Result<(), Unsupported> {
    let Some(entry) = bench.subject.entry() else { return Err(Unsupported::Says("no_entry_point")) };
    bench.grant.calls = vec![rule(entry.entry_point, "incrementNonce(uint192)")];
    bench.grant.meters = Vec::new();
    bench.installed()?;
    let selector = bench.grant.calls[0].selector().unwrap();
    let data = [&selector[..], &[0; 32]].concat().into();
    let ask = bench.ask(vec![Call { to: entry.entry_point, value: U256::ZERO, data }]);
    let tx = bench.tx(&ask);
    bench.denied(&tx, "target_forbidden");
    Ok(())
}

fn a_module(bench: &mut Bench) -> Result<(), Unsupported> {
    if bench.subject.backend().prepare(&bench.grant, &[]).is_empty() {
        return Err(Unsupported::Says("no_module"));
    }
    forbidden_target(bench, VALIDATOR)
}

/// The callee runs in its own storage; where a mode can be named, no other one is taken.
fn delegatecall(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.world.place(RECORDS, &code::GAS);
    bench.grant.calls = vec![rule(RECORDS, "ping()")];
    bench.grant.meters = Vec::new();
    bench.installed()?;
    let account = bench.grant.account;
    let before = bench.world.slot(account, U256::ZERO);
    if bench.route == Route::EntryPoint {
        let entry = bench.subject.entry().unwrap();
        // Delegatecall; a batch that goes on after a failed call; a batch with a selector of its own.
        for mode in [&[0xff][..], &[1, 1], &[1, 0, 0, 0, 0, 0, 1]] {
            let ask = ping(bench, RECORDS);
            let mut op = userop::unsigned(&entry, &bench.grant, &ask, bench.call_gas);
            let mut data = op.callData.to_vec();
            data[4..4 + mode.len()].copy_from_slice(mode);
            op.callData = data.into();
            let tx = bench.sign_user_op(&ask, op);
            bench.denied(&tx, "target_forbidden");
        }
    } else if bench.is_7710() {
        let ask = ping(bench, RECORDS);
        let tx = bench.tx(&ask);
        let call = <hallpass_chain::erc7710::abi::IDelegationManager::redeemDelegationsCall as alloy_sol_types::SolCall>::abi_decode(&tx.data).unwrap();
        for mode in [[0xff, 0], [1, 0], [0, 1]] {
            let mut call = call.clone();
            call.modes[0][..2].copy_from_slice(&mode);
            let data = alloy_sol_types::SolCall::abi_encode(&call);
            bench.denied(&crate::world::Tx { data: data.into(), ..tx.clone() }, "target_forbidden");
        }
    }
    let ask = ping(bench, RECORDS);
    let tx = bench.tx(&ask);
    bench.done(&tx, 0);
    assert_eq!(bench.world.slot(account, U256::ZERO), before);
    assert_ne!(bench.world.slot(RECORDS, U256::ZERO), U256::ZERO);
    Ok(())
}
