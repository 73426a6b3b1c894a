//! One case on both sides: the same verdict, and after it the same remaining budgets.

use crate::case::{Operation, operation};
use crate::chain::{After, Chain, Place, Sent, slots};
use crate::{rules, userop};
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{SolCall, sol};
use hallpass_chain::contracts::IHallpass;
use hallpass_policy::eval::{Action, At};
use hallpass_policy::grant::{Grant, Routes, SessionKey};
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Batch, Code, Denial, Op, Policy, Verdict};
use std::collections::BTreeMap;

sol! {
    interface IModule {
        function execute(address account, bytes wire) external;
    }
}

const ALLOWED: &str = "allowed";

/// Codes that no chain can give, but for messages and app actions, which do not come here.
const SIGNERS: [Code; 6] = [
    Code::GasOverCap,
    Code::BadTransaction,
    Code::PaymasterNotAllowed,
    Code::FactsMissing,
    Code::FactsStale,
    Code::RequirementUnmet,
];

/// Above the precompiles, which have no storage.
const PRECOMPILES: B256 = B256::with_last_byte(0xff);

/// What was compared, by place and word, and what was left out, by its reason.
#[derive(Default)]
pub struct Seen {
    words: BTreeMap<(Place, String), u64>,
    left_out: BTreeMap<&'static str, u64>,
}

impl Seen {
    pub fn compared(&self, place: Place) -> u64 {
        self.words.iter().filter(|((p, _), _)| *p == place).map(|(_, n)| n).sum()
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: Self) {
        for (word, count) in other.words {
            *self.words.entry(word).or_default() += count;
        }
        for (reason, count) in other.left_out {
            *self.left_out.entry(reason).or_default() += count;
        }
    }

    fn of(&self, place: Place, word: &str) -> u64 {
        self.words.get(&(place, word.to_owned())).copied().unwrap_or(0)
    }

    pub fn table(&self) -> String {
        let mut out = format!("left out: {:?}\n{:<24}", self.left_out, "");
        for place in Place::ALL {
            out += &format!("{:>12}", format!("{place:?}"));
        }
        let words: std::collections::BTreeSet<&String> = self.words.keys().map(|(_, word)| word).collect();
        for word in words {
            out += &format!("\n{word:<24}");
            for place in Place::ALL {
                out += &format!("{:>12}", self.of(place, word));
            }
        }
        out + "\n" + &Place::ALL.map(|place| format!("{place:?} {}", self.compared(place))).join(", ")
    }

    /// In every place a third is allowed, and every code that both sides have comes at least once in two hundred.
    pub fn require_shares(&self) {
        // A good grant names no forbidden target.
        let elsewhere =
            [Code::BadSignature, Code::NotYetSupported, Code::BadMessage, Code::BadAttribute, Code::TargetForbidden];
        // The EntryPoint's: its nonces, its caller, and what is judged by the bounds that it is given.
        let entry_points = [
            Code::NonceUsed,
            Code::SequenceOutOfRange,
            Code::RelayerNotAllowed,
            Code::GrantNotStarted,
            Code::GrantExpired,
            Code::OpNotYetValid,
        ];
        for place in Place::ALL {
            let all = self.compared(place);
            assert!(self.of(place, ALLOWED) * 3 >= all, "too few allowed in {place:?}\n{}", self.table());
            for code in Code::ALL.iter().filter(|c| !SIGNERS.contains(c) && !elsewhere.contains(c)) {
                if place == Place::EntryPoint && entry_points.contains(code) {
                    continue;
                }
                // Grants here are good ones, but for a window's number.
                let least = if *code == Code::BadGrant { 1 } else { all / 200 };
                assert!(self.of(place, code.as_str()) >= least, "too few of {code} in {place:?}\n{}", self.table());
            }
        }
    }

    fn leave_out(&mut self, reason: &'static str) -> Result<(), String> {
        *self.left_out.entry(reason).or_default() += 1;
        Ok(())
    }
}

/// Judges a case on both sides, in every place.
pub fn compare(chain: &mut Chain, grant: &Grant, case: &Case, seen: &mut Seen) -> Result<(), String> {
    let Action::Calls(batch) = &case.action else { return seen.leave_out("no calls") };
    if grant.account.into_word() < PRECOMPILES {
        return seen.leave_out("a precompile for an account");
    }
    if case.op.fee >> 120 != 0 {
        return seen.leave_out("a fee that no operation can hold");
    }
    for place in Place::ALL {
        let (grant, case) = fitted(chain, place, grant, case);
        in_place(chain, place, &grant, &case, batch, seen).map_err(|e| format!("{place:?}: {e}"))?;
    }
    Ok(())
}

/// The session key is ours here, so that it can sign. What the EntryPoint's route does not have is taken away: a relayer,
/// sequences, a fee token. An operation of that route comes by it wherever it is asked for.
fn fitted(chain: &Chain, place: Place, grant: &Grant, case: &Case) -> (Grant, Case) {
    let mut grant = Grant { key: SessionKey::Secp256k1(chain.key.address()), ..grant.clone() };
    let mut case = case_of(case);
    if place == Place::EntryPoint {
        let swap = |bits: u8| bits & 2 | (bits & 1) << 2 | (bits & 4) >> 2;
        grant.routes = Routes::new(swap(grant.routes.bits())).unwrap();
        let open = Some(4).filter(|bit| grant.routes.bits() & bit != 0);
        case.op.route = case.op.route.map(swap).or(open);
        (grant.relayer, grant.rest.relayers) = (Address::ZERO, Vec::new());
        grant.rest.gas.fee_token = Address::ZERO;
        (grant.first_seq, grant.end_seq) = (0, 1 << 32);
        case.op = Op { relayer: None, nonce: None, ..case.op };
    }
    (grant, case)
}

fn case_of(case: &Case) -> Case {
    Case {
        action: case.action.clone(),
        at: case.at,
        ledger: case.ledger.clone(),
        op: case.op,
        facts: case.facts.clone(),
    }
}

fn in_place(
    chain: &mut Chain,
    place: Place,
    grant: &Grant,
    case: &Case,
    batch: &Batch,
    seen: &mut Seen,
) -> Result<(), String> {
    let route = if place == Place::EntryPoint { 4 } else { 1 };
    let elsewhere = batch.chain != grant.chain && !batch.calls.is_empty();
    let asked = case.op.route.unwrap_or(grant.routes.bits() & grant.routes.bits().wrapping_neg());
    if asked != route && !elsewhere {
        return seen.leave_out("another route");
    }
    let policy = Policy::new(grant);
    let judge = |batch: &Batch| {
        let at = At { now: case.at, chain: batch.chain, caller: None };
        policy.judge_calls(&case.ledger, batch, &case.op, &at, &case.facts)
    };
    let verdict = judge(batch);
    if let Err(denial) = &verdict
        && SIGNERS.contains(&denial.code)
    {
        return seen.leave_out("the signer's alone");
    }
    let rules = rules::named(grant, batch, judge, &verdict);
    let Some(operation) = operation(grant, case, batch, rules) else { return seen.leave_out("no sequence is left") };
    if operation.caller == grant.account || (place == Place::Module && operation.caller == grant.backend) {
        return seen.leave_out("an account that sends to itself");
    }
    let word = verdict.as_ref().map_or_else(|denial| denial.code.as_str(), |_| ALLOWED);
    // An operation names rules, not targets: what no rule is for cannot even be written.
    let named = operation.rules.iter().all(|rule| usize::from(*rule) < grant.calls.len());
    let word = if word == Code::TargetForbidden.as_str() && !named { Code::NoRule.as_str() } else { word };
    *seen.words.entry((place, word.to_owned())).or_default() += 1;

    let before = slots(place, grant, operation.op.grant, &case.ledger);
    let after = send(chain, place, grant, case, batch, &operation, &before);
    let late = [Code::GrantNotStarted, Code::GrantExpired, Code::OpNotYetValid, Code::OpExpired];
    if place == Place::EntryPoint && late.iter().any(|code| code.as_str() == word) {
        // Judged by the EntryPoint, from the bounds that validation gives it.
        let executed = after.word == ALLOWED && userop::in_time(&after.output, case.at.get());
        return if executed { Err(format!("executed, though it is {word}")) } else { Ok(()) };
    }
    if after.word != word {
        return Err(format!("the evaluator says {}, the contract {}", told(&verdict), after.word));
    }
    if place == Place::EntryPoint && word == ALLOWED && !userop::in_time(&after.output, case.at.get()) {
        return Err("the EntryPoint would not execute it at this second".to_owned());
    }
    let mut ledger = case.ledger.clone();
    if let Ok(verdict) = &verdict {
        match place {
            Place::EntryPoint => ledger.charge(&verdict.costs),
            _ => ledger.apply(operation.lane, operation.sequence, &verdict.costs),
        }
    }
    let expected = slots(place, grant, operation.op.grant, &ledger);
    if after.slots == expected { Ok(()) } else { Err(format!("the state is {:?}, not {expected:?}", after.slots)) }
}

fn send(
    chain: &mut Chain,
    place: Place,
    grant: &Grant,
    case: &Case,
    batch: &Batch,
    operation: &Operation,
    before: &BTreeMap<alloy_primitives::U256, alloy_primitives::U256>,
) -> After {
    let signature = chain.key.sign(operation.op.digest(grant.chain.get(), grant.account));
    let mut targets: Vec<Address> = batch.calls.iter().map(|c| c.to).collect();
    targets.push(grant.rest.gas.fee_token);
    let wire = || Bytes::from(operation.wire(grant, &signature));
    let data = match place {
        Place::EntryPoint => userop::calldata(&chain.key, grant, case, batch, &operation.rules),
        Place::Module => IModule::executeCall { account: grant.account, wire: wire() }.abi_encode().into(),
        Place::Delegated | Place::Pocket => IHallpass::executeCall { wire: wire() }.abi_encode().into(),
    };
    let from = if place == Place::EntryPoint { userop::ENTRY_POINT } else { operation.caller };
    // On the chain another chain is where it is sent; a batch without calls is on none.
    let id = if batch.calls.is_empty() { grant.chain } else { batch.chain };
    chain.send(place, grant, before, &targets, Sent { from, data, now: case.at.get(), chain: id.get() })
}

fn told(verdict: &Result<Verdict, Denial>) -> String {
    match verdict {
        Ok(verdict) => format!("allowed by {:?} for {:?}", verdict.rules, verdict.costs),
        Err(denial) => format!("{denial:?}"),
    }
}
