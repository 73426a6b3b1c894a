//! `hallpass-7579` before use: the module's code, name and version, and what the account says of it.

use crate::bench::Bench;
use crate::subject::{Route, Subject};
use crate::world::World;
use alloy_primitives::{Bytes, U256};
use alloy_sol_types::{SolCall, SolValue, sol};
use hallpass_chain::backend::{Need, Party, Ready};
use hallpass_chain::hallpass::module::{NAME, VERSION};
use hallpass_policy::grant::Routes;

sol! {
    function name() view returns (string);
    function version() view returns (string);
}

fn bench(routes: u8) -> Bench {
    let mut bench = Bench::new("ready", World::new(), Box::new(crate::module::Modular::new()), Route::Direct);
    bench.grant.routes = Routes::new(routes).unwrap();
    bench.grant.relayer = alloy_primitives::Address::ZERO;
    bench
}

fn found(bench: &mut Bench) -> Vec<Bytes> {
    let needs = bench.subject.backend().needs(&bench.grant);
    let one = |need: &Need| match need {
        Need::Code(at) => bench.world.code(*at),
        Need::View(at, data) => bench.world.ask(*at, data.clone()).unwrap_or_default(),
    };
    needs.iter().map(one).collect()
}

#[test]
fn the_module_calls_itself_as_the_backend_does() {
    let mut bench = bench(1);
    let module = bench.subject.backend().contract();
    assert_eq!(bench.world.view(module, &nameCall {}), NAME);
    assert_eq!(bench.world.view(module, &versionCall {}), VERSION);
}

#[test]
fn only_what_the_routes_need_is_installed_and_only_where_it_is_missing() {
    for (routes, kinds) in [(1, &[2][..]), (6, &[1]), (7, &[1, 2])] {
        let mut bench = bench(routes);
        let account = bench.grant.account;
        let installs = |bench: &Bench, found: &[Bytes]| -> Vec<U256> {
            let calls = bench.subject.backend().prepare(&bench.grant, found);
            assert!(calls.iter().all(|c| c.by == Party::Account(account) && c.to == account));
            calls.iter().map(|c| U256::from_be_slice(&c.data[4..36])).collect()
        };
        let wanted: Vec<U256> = kinds.iter().map(|kind| U256::from(*kind)).collect();
        let nothing = found(&mut bench);
        assert_eq!(installs(&bench, &nothing), wanted);
        assert_eq!(installs(&bench, &[]), wanted, "where nobody has looked");
        let missing = bench.subject.backend().ready(&bench.grant, &nothing).unwrap_err();
        assert_eq!(missing.code, "module_missing");
        bench.installed().unwrap();
        let all = found(&mut bench);
        assert_eq!(installs(&bench, &all), Vec::<U256>::new());
        assert_eq!(bench.subject.backend().ready(&bench.grant, &all), Ok(Ready::Yes));
    }
}

#[test]
fn other_code_and_other_answers_stop() {
    let mut bench = bench(7);
    bench.installed().unwrap();
    let good = found(&mut bench);
    let with = |at: usize, bytes: Vec<u8>| {
        let mut found = good.clone();
        found[at] = bytes.into();
        bench.subject.backend().ready(&bench.grant, &found).map_err(|e| e.code)
    };
    for i in (0..good[0].len()).step_by(97) {
        let mut other = good[0].to_vec();
        other[i] ^= 1;
        assert_eq!(with(0, other), Err("backend_missing"));
    }
    assert_eq!(with(0, good[0][1..].to_vec()), Err("backend_missing"));
    assert_eq!((with(0, vec![]), with(1, vec![])), (Err("backend_missing"), Err("account_missing")));
    for at in [2, 3] {
        assert_eq!(with(at, false.abi_encode()), Err("module_missing"));
        assert_eq!(with(at, U256::from(2).abi_encode()), Err("foreign_code"));
        assert_eq!(with(at, vec![]), Err("foreign_code"));
    }
    for found in [&good[1..], &good[..3], &[]] {
        let unready = bench.subject.backend().ready(&bench.grant, found).unwrap_err();
        assert!(unready.code == "unreadable" || found.len() == 3, "{unready}");
    }
}

/// The honest client reads back what it would send, and nothing that names another account.
#[test]
fn operations_of_another_account_are_not_read() {
    let mut bench = bench(1);
    bench.installed().unwrap();
    let tx = bench.one(1);
    let subject = crate::module::Modular::new();
    let sent =
        |data: Bytes| hallpass_chain::backend::Sent { by: Party::Anyone, to: tx.to, value: U256::ZERO, data, does: "" };
    let backend = subject.backend();
    assert_eq!(backend.read_calls(&bench.grant, &[sent(tx.data.clone())]).unwrap().calls, [bench.transfer(1)]);
    let call = hallpass_chain::contracts::IHallpassModule::executeCall::abi_decode(&tx.data).unwrap();
    let other = hallpass_chain::contracts::IHallpassModule::executeCall { account: subject.other(), ..call };
    assert!(backend.read_calls(&bench.grant, &[sent(other.abi_encode().into())]).is_err());
    let longer = [&tx.data[..], &[0; 32]].concat();
    assert!(backend.read_calls(&bench.grant, &[sent(longer.into())]).is_err());
}
