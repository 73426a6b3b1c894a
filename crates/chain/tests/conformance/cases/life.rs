//! A grant becomes active, and is used.

use super::Case;
use crate::bench::Bench;
use crate::keys::Key;
use crate::subject::{Route, Unsupported};
use crate::world::{Outcome, Tx};
use hallpass_chain::backend::Step;

pub const CASES: [(&str, Case); 5] = [
    ("installed_and_used", installed_and_used),
    ("not_installed", not_installed),
    ("installed_by_a_stranger", installed_by_a_stranger),
    ("installed_twice", installed_twice),
    ("used_by_a_stranger", used_by_a_stranger),
];

fn installed_and_used(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    bench.done(&tx, 60);
    // What was sent is what the trait makes; it makes no user operations yet.
    assert_eq!(bench.honest, u32::from(bench.route == Route::Direct));
    Ok(())
}

fn not_installed(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.prepared()?;
    if bench.is_7710() {
        // Signed by nobody is all that it can be there.
        bench.install.iter_mut().for_each(|signature| *signature = vec![0; 65].into());
    } else if bench.subject.name() == "hallpass:pocket" {
        // Opened for another grant.
        let salt = bench.grant.salt;
        bench.grant.salt = [8; 16];
        bench.installed()?;
        bench.grant.salt = salt;
    }
    let tx = bench.one(1);
    bench.denied(&tx, "grant_unknown");
    Ok(())
}

fn installed_by_a_stranger(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.prepared()?;
    let backend = bench.subject.backend();
    let asked = backend.to_sign(&bench.grant, &Step::Install).map_err(Unsupported::Refused)?;
    let honest = bench.subject.approve(asked[0].digest);
    // As the account takes it, but by another key.
    let forge = |digest| {
        let signature = Key::new(0x66).sign(digest);
        [&honest[..honest.len() - signature.len()], &signature].concat().into()
    };
    bench.install = asked.iter().map(|a| forge(a.digest)).collect();
    let sent = backend.calls(&bench.grant, &Step::Install, &bench.install).map_err(Unsupported::Refused)?;
    for call in sent {
        bench.denied(&Tx::new(crate::bench::STRANGER, call.to, call.data), "bad_signature");
    }
    if bench.is_7710() {
        let tx = bench.one(1);
        bench.denied(&tx, "bad_signature");
    }
    Ok(())
}

fn installed_twice(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    bench.done(&tx, 60);
    for tx in bench.step_txs(&Step::Install)? {
        bench.denied(&tx, "grant_installed");
    }
    // What was spent stays spent.
    let tx = bench.one(41);
    bench.denied(&tx, "meter_exceeded");
    Ok(())
}

fn used_by_a_stranger(bench: &mut Bench) -> Result<(), Unsupported> {
    bench.installed()?;
    let tx = bench.one(60);
    let stolen = Tx { from: crate::bench::STRANGER, ..tx.clone() };
    match bench.route {
        // A bundle is anyone's to send.
        Route::EntryPoint => assert!(matches!(bench.world.send(&stolen), Outcome::Done(_))),
        Route::Direct => {
            bench.denied(&stolen, "grant_unknown");
            bench.done(&tx, 60);
        }
    }
    Ok(())
}
