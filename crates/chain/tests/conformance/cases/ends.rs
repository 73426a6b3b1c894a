//! A grant ends, and stays ended.

use super::Case;
use crate::bench::Bench;
use crate::code;
use crate::subject::Unsupported;
use crate::world::{Outcome, Tx};
use alloy_primitives::{Address, Bytes, U256, address};
use alloy_sol_types::{SolCall, sol};
use hallpass_chain::backend::{Ender, Step};

sol! {
    function uninstallModule(uint256 moduleTypeId, address module, bytes deInitData);
}

pub const CASES: [(&str, Case); 11] = [
    ("ended_by_the_owner", |bench| ended_by(bench, Ender::Owner)),
    ("ended_by_the_ender", |bench| ended_by(bench, Ender::Key)),
    ("ended_by_the_session_key", |bench| ended_by(bench, Ender::Session)),
    ("ended_by_a_stranger", ended_by_a_stranger),
    ("ended_and_installed_again", ended_and_installed_again),
    ("epoch_moved", epoch_moved),
    ("frozen", frozen),
    ("replaced_keeps_what_was_spent", replaced_keeps_what_was_spent),
    ("delegated_away_and_back", delegated_away_and_back),
    ("module_uninstalled_and_installed_again", module_uninstalled),
    ("end_and_epoch_of_another_account", of_another_account),
];

fn used(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    bench.done(&tx, 60);
    Ok(())
}

fn no_more(bench: &mut Bench, code: &str) {
    let tx = bench.one(1);
    bench.denied(&tx, code);
}

fn ended_by(bench: &mut Bench, by: Ender) -> Result<(), Unsupported> {
    used(bench)?;
    bench.end(by)?;
    no_more(bench, "grant_ended");
    Ok(())
}

fn ended_by_a_stranger(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    for tx in bench.step_txs(&Step::End(Ender::Owner))? {
        let mut data = tx.data.to_vec();
        // The last word of the signature, or of what the account alone may send.
        let at = data.iter().rposition(|b| *b > 28).unwrap();
        data[at] ^= 1;
        let changed = Tx { from: crate::bench::STRANGER, data: data.into(), ..tx };
        let outcome = bench.world.send(&changed);
        assert!(!matches!(outcome, Outcome::Done(_)), "a stranger ended it");
    }
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}

fn ended_and_installed_again(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    bench.end(Ender::Owner)?;
    for tx in bench.step_txs(&Step::Install)? {
        bench.denied(&tx, "grant_ended");
    }
    no_more(bench, "grant_ended");
    Ok(())
}

fn epoch_moved(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    bench.step(&Step::MoveEpoch)?;
    no_more(bench, "epoch_moved");
    for tx in bench.step_txs(&Step::Install)? {
        bench.denied(&tx, "epoch_moved");
    }
    no_more(bench, "epoch_moved");
    Ok(())
}

fn frozen(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    let Some(freeze) = bench.subject.freeze() else { return Err(bench.says("freeze")) };
    bench.must(&freeze);
    no_more(bench, "account_frozen");
    Ok(())
}

fn replaced_keeps_what_was_spent(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    let mut with = bench.grant.clone();
    with.meters[0].cap = 80;
    bench.step(&Step::Replace(&with))?;
    no_more(bench, "grant_ended");
    let old = core::mem::replace(&mut bench.grant, with);
    let tx = bench.one(21);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(20);
    bench.done(&tx, 20);
    // Nothing leads back to a wider one.
    let backend = bench.subject.backend();
    let wider = backend.to_sign(&bench.grant, &Step::Replace(&old)).unwrap_err();
    assert_eq!(wider.code(), "bad_replacement");
    Ok(())
}

fn delegated_away_and_back(bench: &mut Bench) -> Result<(), Unsupported> {
    let Some(ours) = bench.subject.backend().delegates_to() else {
        return Err(Unsupported::Says("no_delegation"));
    };
    const AWAY: Address = address!("0x7e00000000000000000000000000000000000e7e");
    bench.world.place(AWAY, &code::STOP);
    used(bench)?;
    let ended = bench.grant.clone();
    bench.end(Ender::Owner)?;
    // Another, which stays active.
    bench.grant.salt = [8; 16];
    used(bench)?;
    let account = bench.grant.account;
    let tx = bench.one(1);
    bench.world.delegate(account, AWAY);
    let before = bench.world.balance(crate::bench::TO);
    let _ = bench.sent(&tx);
    assert_eq!(bench.world.balance(crate::bench::TO), before, "nothing moves while it is away");
    bench.world.delegate(account, ours);
    let tx = bench.one(41);
    bench.denied(&tx, "meter_exceeded");
    let tx = bench.one(40);
    bench.done(&tx, 40);
    bench.grant = ended;
    bench.prepared()?;
    no_more(bench, "grant_ended");
    Ok(())
}

fn module_uninstalled(bench: &mut Bench) -> Result<(), Unsupported> {
    let backend = bench.subject.backend();
    let kinds = backend.prepare(&bench.grant, &[]);
    if kinds.is_empty() {
        return Err(Unsupported::Says("no_module"));
    }
    let module = backend.contract();
    used(bench)?;
    let kind = U256::from(if bench.route == crate::subject::Route::Direct { 2 } else { 1 });
    let call = uninstallModuleCall { moduleTypeId: kind, module, deInitData: Bytes::new() };
    let account = bench.grant.account;
    bench.must(&bench.subject.by_account(account, call.abi_encode().into()));
    let tx = bench.one(1);
    assert!(bench.sent(&tx).is_err());
    bench.prepared()?;
    no_more(bench, "epoch_moved");
    Ok(())
}

/// What the owner signs for one account is of no use in another, of which the same owner may have several.
fn of_another_account(bench: &mut Bench) -> Result<(), Unsupported> {
    used(bench)?;
    let mine = [bench.step_txs(&Step::End(Ender::Owner))?, bench.step_txs(&Step::MoveEpoch)?].concat();
    if mine.iter().all(|tx| tx.from == bench.grant.account) {
        // The account's own calls, which nobody else can send.
        for tx in mine {
            let other = Tx { from: bench.subject.other(), ..tx };
            let _ = bench.world.send(&other);
        }
    } else {
        // The other account's, sent here with what was signed there.
        let (here, other) = (bench.grant.account, bench.subject.other());
        let there = hallpass_policy::Grant { account: other, ..bench.grant.clone() };
        for digest in [
            hallpass_policy::eip712::end_digest(there.chain.get(), there.backend, there.id()),
            hallpass_policy::eip712::epoch_digest(there.chain.get(), there.backend, other, 1),
        ] {
            let signature = bench.subject.approve(digest);
            for tx in &mine {
                let at = tx.data.len() - signature.len().next_multiple_of(32);
                let mut data = tx.data.to_vec();
                data[at..at + signature.len()].copy_from_slice(&signature);
                bench.denied(&Tx { data: data.into(), ..tx.clone() }, "bad_signature");
            }
        }
        assert_ne!(here, other);
    }
    let tx = bench.one(1);
    bench.done(&tx, 1);
    Ok(())
}
