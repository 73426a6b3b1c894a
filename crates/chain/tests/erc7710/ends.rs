//! The way of a grant through the backend: ready, signed, used by key and by relayer, read back, ended.

use crate::asks::{Bench, Chain, Mode, Who, fresh};
use crate::edges::{ask, bench, transfer};
use crate::world::{CHAIN, START, World};
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolStruct;
use hallpass_chain::backend::{Backend, Ender, Need, Party, Ready, Refusal, Sent, Step, ToSign};
use hallpass_chain::erc7710::Erc7710;
use hallpass_chain::erc7710::contracts::{ALL, Contract};
use hallpass_chain::erc7710::delegation;
use hallpass_policy::eval::{At, Facts};
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Batch, Call, OpBounds, authorise};
use hallpass_types::ChainId;

impl Bench {
    /// The owner's signatures over the install step.
    fn install(&self) -> Vec<Bytes> {
        let asked = Erc7710.to_sign(&self.grant, &Step::Install).unwrap();
        assert!(asked.iter().all(|s| s.by == Party::Owner));
        asked.iter().map(|s| self.world.owner.sign(s.digest)).collect()
    }

    fn allowed(&self, calls: Vec<Call>, now: u64, caller: Address) -> Authorised {
        let time = |t| hallpass_types::UnixSeconds::new(t).unwrap();
        let op = OpBounds {
            valid_from: time(now),
            valid_until: time(now + 60),
            lane: U192::ZERO,
            sequence: 0,
            relayer: if self.grant.relayer.is_zero() { Address::ZERO } else { caller },
            max_fee: 0,
            gas_floors: Vec::new(),
        };
        let at = At { now: time(now), chain: self.grant.chain, caller: Some(caller) };
        let batch = Batch { chain: self.grant.chain, calls };
        authorise(&self.grant, &fresh(self.grant.epoch), &batch, &op, &at, &Facts::default()).unwrap()
    }

    fn op(&self, op: &Authorised, caller: Address) -> Vec<Sent> {
        let asked = Erc7710.op_to_sign(&self.grant, op, caller).unwrap();
        assert!(asked.iter().all(|s| s.by == Party::SessionKey));
        let signatures: Vec<Bytes> = asked.iter().map(|s| self.key.sign(s.digest)).collect();
        Erc7710.op_calls(&self.grant, op, caller, &self.install(), &signatures).unwrap()
    }
}

const A: Address = Address::with_last_byte(0xa1);

#[test]
fn the_key_sends_by_itself_as_often_as_the_grant_allows() {
    let mut bench = bench(|grant| grant.relayer = Address::ZERO);
    let key = bench.key.address;
    let op = bench.allowed(vec![transfer(A, 40), transfer(A, 10)], START, key);
    let sent = bench.op(&op, key);
    assert_eq!((sent.len(), sent[0].by, sent[0].to), (1, Party::Only(key), Contract::Manager.address()));
    assert_eq!(Erc7710.read_calls(&bench.grant, &sent).unwrap().calls, [transfer(A, 40), transfer(A, 10)]);
    for allowed in [true, true, false] {
        let done = bench.world.send(key, sent[0].to, sent[0].data.clone(), START + 5);
        assert_eq!(done.is_ok(), allowed, "{done:?}");
    }
    let (relayer, stranger) = (bench.relayer.address, bench.stranger.address);
    for other in [relayer, stranger] {
        let refused = Erc7710.op_to_sign(&bench.grant, &op, other).unwrap_err();
        assert_eq!(refused.code(), "relayer_not_allowed");
    }
}

#[test]
fn a_relayer_sends_this_very_operation_once_and_in_its_time() {
    let mut bench = bench(|_| {});
    let relayer = bench.relayer.address;
    let op = bench.allowed(vec![transfer(A, 40)], START + 10, relayer);
    let sent = bench.op(&op, relayer);
    let data = sent[0].data.clone();
    let manager = Contract::Manager.address();
    for (from, now) in [
        (relayer, START + 9),
        (relayer, START + 70),
        (bench.key.address, START + 10),
        (bench.stranger.address, START + 10),
    ] {
        bench.world.send(from, manager, data.clone(), now).unwrap_err();
    }
    // Another amount in the execution: the leaf is for this very call.
    let word = U256::from(40).to_be_bytes::<32>();
    let at = data.windows(32).rposition(|w| w == word).unwrap();
    let mut other = data.to_vec();
    other[at + 31] = 39;
    let why = bench.world.send(relayer, manager, other.clone().into(), START + 10).unwrap_err();
    assert_eq!(why, "ExactExecutionEnforcer:invalid-execution");
    let changed = Sent { data: other.into(), ..sent[0].clone() };
    assert!(Erc7710.read_calls(&bench.grant, &[changed]).is_err());
    bench.world.send(relayer, manager, data.clone(), START + 69).unwrap();
    let why = bench.world.send(relayer, manager, data, START + 69).unwrap_err();
    assert_eq!(why, "LimitedCallsEnforcer:limit-exceeded");
    assert_eq!(Erc7710.read_calls(&bench.grant, &sent).unwrap().calls, [transfer(A, 40)]);
}

#[test]
fn what_is_read_back_is_what_would_be_executed() {
    let bench = bench(|_| {});
    let relayer = bench.relayer.address;
    let op = bench.allowed(vec![transfer(A, 40)], START, relayer);
    let sent = bench.op(&op, relayer);
    let batch = Erc7710.read_calls(&bench.grant, &sent).unwrap();
    let mut unreadable = 0;
    for i in 0..sent[0].data.len() {
        let mut data = sent[0].data.to_vec();
        data[i] ^= 1;
        match Erc7710.read_calls(&bench.grant, &[Sent { data: data.into(), ..sent[0].clone() }]) {
            // The leaf pins the call, so whatever is read is the same; what may change is a signature, or the leaf's salt and time.
            Ok(read) => assert_eq!(read, batch, "byte {i}"),
            Err(_) => unreadable += 1,
        }
    }
    assert!(unreadable > sent[0].data.len() * 3 / 4, "{unreadable} of {}", sent[0].data.len());
}

#[test]
fn ended_by_the_account_alone_and_for_good() {
    let mut bench = bench(|_| {});
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    let calls = Erc7710.calls(&bench.grant, &Step::End(Ender::Owner), &[]).unwrap();
    let owner = bench.world.owner.address;
    assert!(calls.iter().all(|c| c.by == Party::Account(owner)) && calls.len() == 1);
    bench.world.send(bench.key.address, calls[0].to, calls[0].data.clone(), START).unwrap_err();
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    bench.world.send(owner, calls[0].to, calls[0].data.clone(), START).unwrap();
    bench.ended[0] = true;
    bench.both(&ask(START, vec![transfer(A, 1)]), false);
    let refused = Erc7710.to_sign(&bench.grant, &Step::End(Ender::Key)).unwrap_err();
    assert_eq!(refused.code(), "not_ender");
}

#[test]
fn a_moved_nonce_ends_every_delegation_of_the_epoch() {
    let mut bench = bench(|_| {});
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    let calls = Erc7710.calls(&bench.grant, &Step::MoveEpoch, &[]).unwrap();
    let owner = bench.world.owner.address;
    // The nonce that somebody else moves is his own.
    bench.world.send(bench.key.address, calls[0].to, calls[0].data.clone(), START).unwrap();
    bench.both(&ask(START, vec![transfer(A, 1)]), true);
    bench.world.send(owner, calls[0].to, calls[0].data.clone(), START).unwrap();
    bench.ledger.epoch = bench.world.nonce();
    bench.both(&ask(START, vec![transfer(A, 1)]), false);
    bench.grant.epoch = bench.world.nonce();
    bench.sign(|terms| terms);
    bench.ledger = fresh(bench.grant.epoch);
    bench.both(&ask(START, vec![transfer(A, 100)]), true);
}

#[test]
fn neither_strangers_nor_forged_chains_nor_other_modes() {
    let mut bench = bench(|_| {});
    let good = ask(START, vec![transfer(A, 1)]);
    for who in [Who::Key, Who::Stranger] {
        bench.both(&crate::asks::Ask { who, ..good.clone() }, false);
    }
    for chain in [Chain::LeafByOther, Chain::RootByKey, Chain::RootCut, Chain::NoRoot] {
        bench.both(&crate::asks::Ask { chain, ..good.clone() }, false);
    }
    for mode in [Mode::Batch, Mode::Try] {
        bench.both(&crate::asks::Ask { mode, ..good.clone() }, false);
    }
    // Signed for another chain, and by another account.
    let elsewhere = hallpass_policy::Grant { chain: ChainId::new(1).unwrap(), ..bench.grant.clone() };
    let domain = delegation::domain(&elsewhere);
    let right = bench.signatures.clone();
    bench.signatures = vec![bench.world.owner.sign(bench.roots[0].eip712_signing_hash(&domain))];
    bench.both(&crate::asks::Ask { chain: Chain::RootByKey, ..good.clone() }, false);
    bench.send(&good).unwrap_err();
    bench.signatures = right;
    bench.both(&good, true);
}

#[test]
fn the_owner_reads_the_grant_and_every_caveat_from_what_is_signed() {
    let bench = bench(|_| {});
    let signed = Erc7710.to_sign(&bench.grant, &Step::Install).unwrap();
    let reading = Erc7710.read_grant(&signed, &Labels::default()).unwrap();
    assert_eq!(reading.grant, bench.grant);
    let text: Vec<&str> = reading.beside.iter().map(|l| l.text.as_str()).collect();
    let (owner, key) = (bench.world.owner.address, bench.key.address);
    let token = bench.grant.calls[0].target;
    assert_eq!(
        text,
        [
            format!("{owner} lets {key} act for it, within what follows"),
            format!("only {} may redeem it", bench.relayer.address),
            format!("only after Unix second {} and before Unix second {}, both excluded", START - 1, START + 3600),
            format!("only while the account's nonce at the NonceEnforcer is {}", bench.grant.epoch),
            format!("calls {token} alone"),
            "calls the function of selector 0xa9059cbb alone".to_owned(),
            "the calldata holds 0x000000000000000000000000 at byte 4".to_owned(),
            "each call carries at most 0 wei".to_owned(),
            format!("transfers at most 100 smallest units of {token} in all"),
        ]
    );
    // A delegation too many, too few, or with anything changed.
    let mut changed: Vec<Vec<ToSign>> = vec![signed[..1].to_vec(), [&signed[..], &signed[1..]].concat(), Vec::new()];
    for (part, value) in [("delegate", "0x2000000000000000000000000000000000000002"), ("salt", "1")] {
        let mut other = signed.clone();
        other[1].typed["message"][part] = value.into();
        changed.push(other);
    }
    let mut other = signed.clone();
    other[1].typed["message"]["caveats"].as_array_mut().unwrap().pop();
    changed.push(other);
    let mut other = signed.clone();
    other[0].typed["message"]["epoch"] = "7".into();
    changed.push(other);
    let mut other = signed;
    other[0].typed["domain"]["chainId"] = 1.into();
    changed.push(other);
    for signed in changed {
        assert!(Erc7710.read_grant(&signed, &Labels::default()).is_err(), "{signed:?}");
    }
}

#[test]
fn contracts_and_account_are_looked_at_before_use() {
    let mut bench = bench(|_| {});
    let found = |world: &mut World, needs: &[Need]| -> Vec<Bytes> {
        let one = |need: &Need| match need {
            Need::Code(at) => world.code(*at),
            Need::View(to, data) => world.ask(*to, data.clone()),
        };
        needs.iter().map(one).collect()
    };
    let needs = Erc7710.needs(&bench.grant);
    let good = found(&mut bench.world, &needs);
    assert_eq!(Erc7710.ready(&bench.grant, &good), Ok(Ready::Yes));
    let with = |at: usize, bytes: Vec<u8>| {
        let mut found = good.clone();
        found[at] = bytes.into();
        Erc7710.ready(&bench.grant, &found).map_err(|e| e.code)
    };
    let (account, nonce, paused) = (ALL.len(), ALL.len() + 1, ALL.len() + 2);
    for (at, code) in good.iter().enumerate().take(ALL.len()) {
        let mut other = code.to_vec();
        other[9] ^= 1;
        assert_eq!((with(at, other), with(at, vec![])), (Err("backend_missing"), Err("backend_missing")));
    }
    assert_eq!(with(account, vec![]), Ok(Ready::NeedsDelegation));
    assert_eq!(with(account, [&[0xef, 1, 0][..], A.as_slice()].concat()), Err("foreign_delegation"));
    assert_eq!(with(account, vec![0]), Err("foreign_code"));
    assert_eq!(with(nonce, U256::from(9).to_be_bytes_vec()), Err("epoch_moved"));
    assert_eq!((with(nonce, vec![]), with(paused, vec![2; 32])), (Err("unreadable"), Err("unreadable")));
    assert_eq!(with(paused, U256::from(1).to_be_bytes_vec()), Err("paused"));
    assert_eq!(Erc7710.ready(&bench.grant, &good[1..]).map_err(|e| e.code), Err("unreadable"));
    let elsewhere = hallpass_policy::Grant { chain: ChainId::new(CHAIN + 1).unwrap(), ..bench.grant.clone() };
    assert_eq!(Erc7710.ready(&elsewhere, &good).map_err(|e| e.code), Err("backend_missing"), "another chain's manager");
}

#[test]
fn a_replacement_never_loses_counters() {
    let metered = bench(|_| {});
    let mut with = metered.grant.clone();
    with.salt = [8; 16];
    let refused = Erc7710.to_sign(&metered.grant, &Step::Replace(&with)).unwrap_err();
    assert_eq!(refused.code(), "counters_lost");
    let mut free = bench(|grant| (grant.calls[0].uses, grant.meters) = (vec![], vec![]));
    let mut with = free.grant.clone();
    with.salt = [8; 16];
    let asked = Erc7710.to_sign(&free.grant, &Step::Replace(&with)).unwrap();
    let signatures: Vec<Bytes> = asked.iter().map(|s| free.world.owner.sign(s.digest)).collect();
    let wrong = Erc7710.calls(&free.grant, &Step::Replace(&with), &signatures[1..]).unwrap_err();
    assert_eq!(wrong, Refusal::Signatures { needed: 2, given: 1 });
    free.both(&ask(START, vec![transfer(A, 1)]), true);
    let owner = free.world.owner.address;
    for call in Erc7710.calls(&free.grant, &Step::Replace(&with), &signatures).unwrap() {
        free.world.send(owner, call.to, call.data, START).unwrap();
    }
    free.ended[0] = true;
    free.both(&ask(START, vec![transfer(A, 1)]), false);
    free.grant = with;
    free.ended[0] = false;
    free.sign(|terms| terms);
    free.both(&ask(START, vec![transfer(A, 1)]), true);
}
