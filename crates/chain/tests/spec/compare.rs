//! One case on both sides: the same verdict, and after it the same remaining budgets.

use crate::case::{Operation, operation, rules};
use crate::chain::{Chain, Sent, slots};
use alloy_primitives::{Address, B256};
use hallpass_policy::eval::{Action, At};
use hallpass_policy::grant::{Grant, SessionKey};
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Batch, Code, Denial, Policy, Verdict};
use std::collections::BTreeMap;

const ALLOWED: &str = "allowed";

/// Codes that no chain can give, but for messages and app actions, which do not come here.
const SIGNERS: [Code; 5] =
    [Code::GasOverCap, Code::LaneNotSupported, Code::FactsMissing, Code::FactsStale, Code::RequirementUnmet];

/// Above the precompiles, which have no storage.
const PRECOMPILES: B256 = B256::with_last_byte(0xff);

/// What was compared, by its word, and what was left out, by its reason.
#[derive(Default)]
pub struct Seen {
    words: BTreeMap<String, u64>,
    left_out: BTreeMap<&'static str, u64>,
}

impl Seen {
    pub fn compared(&self) -> u64 {
        self.words.values().sum()
    }

    pub fn table(&self) -> String {
        let all = self.compared().max(1);
        let mut out = format!("{all} compared; left out: {:?}\n", self.left_out);
        for (word, count) in &self.words {
            out += &format!("{word:<24}{count:>10}{:>9.2} %\n", *count as f64 * 100.0 / all as f64);
        }
        out
    }

    /// A third is allowed, and every code that both sides have comes at least once in two hundred.
    pub fn require_shares(&self) {
        let of = |word: &str| self.words.get(word).copied().unwrap_or(0);
        assert!(of(ALLOWED) * 3 >= self.compared(), "too few allowed\n{}", self.table());
        // A good grant names no forbidden target.
        let elsewhere = [
            Code::BadSignature,
            Code::NotYetSupported,
            Code::BadMessage,
            Code::BadAttribute,
            Code::TargetForbidden,
        ];
        for code in Code::ALL.iter().filter(|c| !SIGNERS.contains(c) && !elsewhere.contains(c)) {
            // Grants there are good ones, but for a window's number.
            let least = if *code == Code::BadGrant { 1 } else { self.compared() / 200 };
            assert!(of(code.as_str()) >= least, "too few of {code}\n{}", self.table());
        }
    }

    fn leave_out(&mut self, reason: &'static str) -> Result<(), String> {
        *self.left_out.entry(reason).or_default() += 1;
        Ok(())
    }
}

/// Judges a case on both sides.
pub fn compare(chain: &mut Chain, grant: &Grant, case: &Case, seen: &mut Seen) -> Result<(), String> {
    let Action::Calls(batch) = &case.action else { return seen.leave_out("no calls") };
    if batch.chain != grant.chain && !batch.calls.is_empty() {
        return wrong_chain(chain, grant, case, batch, seen);
    }
    if grant.account.into_word() < PRECOMPILES {
        return seen.leave_out("a precompile for an account");
    }
    if case.op.fee >> 120 != 0 {
        return seen.leave_out("a fee that no operation can hold");
    }
    let route = case.op.route.unwrap_or(grant.routes.bits() & grant.routes.bits().wrapping_neg());
    if route != 1 {
        return seen.leave_out("an EntryPoint's route");
    }
    // The session key is ours here, so that it can sign.
    let grant = &Grant { key: SessionKey::Secp256k1(chain.key.address()), ..grant.clone() };
    let policy = Policy::new(grant);
    let judge = |batch: &Batch| {
        let at = At { now: case.at, chain: grant.chain, caller: None };
        policy.judge_calls(&case.ledger, batch, &case.op, &at, &case.facts)
    };
    let verdict = judge(batch);
    if let Err(denial) = &verdict
        && SIGNERS.contains(&denial.code)
    {
        return seen.leave_out("the signer's alone");
    }
    let rules = rules(grant, batch, judge, &verdict);
    let Some(operation) = operation(grant, case, batch, rules) else { return seen.leave_out("no sequence is left") };
    let word = verdict.as_ref().map_or_else(|denial| denial.code.as_str(), |_| ALLOWED);
    if operation.caller == grant.account {
        return seen.leave_out("an account that sends to itself");
    }
    // An operation names rules, not targets: what no rule is for cannot even be written.
    let named = operation.rules.iter().all(|rule| usize::from(*rule) < grant.calls.len());
    let word = if word == Code::TargetForbidden.as_str() && !named { Code::NoRule.as_str() } else { word };
    *seen.words.entry(word.to_owned()).or_default() += 1;
    let after = send(chain, grant, case, batch, &operation, grant.chain.get());
    if after.0 != word {
        return Err(format!("the evaluator says {}, the contract {}", told(&verdict), after.0));
    }
    let mut ledger = case.ledger.clone();
    if let Ok(verdict) = &verdict {
        ledger.apply(operation.sequence, &verdict.costs);
    }
    let expected = slots(grant, operation.op.grant, &ledger);
    if after.1 == expected { Ok(()) } else { Err(format!("the state is {:?}, not {expected:?}", after.1)) }
}

/// On the chain the other chain is where it is sent.
fn wrong_chain(chain: &mut Chain, grant: &Grant, case: &Case, batch: &Batch, seen: &mut Seen) -> Result<(), String> {
    let grant = &Grant { key: SessionKey::Secp256k1(chain.key.address()), ..grant.clone() };
    let Some(operation) = operation(grant, case, batch, vec![0; batch.calls.len()]) else {
        return seen.leave_out("no sequence is left");
    };
    *seen.words.entry(Code::WrongChain.as_str().to_owned()).or_default() += 1;
    let (word, _) = send(chain, grant, case, batch, &operation, batch.chain.get());
    if word == Code::WrongChain.as_str() { Ok(()) } else { Err(format!("on another chain the contract says {word}")) }
}

type Slots = BTreeMap<alloy_primitives::U256, alloy_primitives::U256>;

fn send(chain: &mut Chain, grant: &Grant, case: &Case, batch: &Batch, operation: &Operation, id: u64) -> (String, Slots) {
    let signature = chain.key.sign(operation.op.digest(grant.chain.get(), grant.account));
    let before = slots(grant, operation.op.grant, &case.ledger);
    let mut targets: Vec<Address> = batch.calls.iter().map(|c| c.to).collect();
    targets.push(grant.rest.gas.fee_token);
    let data = operation.calldata(grant, &signature);
    let sent = Sent { from: operation.caller, data, now: case.at.get(), chain: id };
    let after = chain.send(grant, &before, &targets, sent);
    (after.word, after.slots)
}

fn told(verdict: &Result<Verdict, Denial>) -> String {
    match verdict {
        Ok(verdict) => format!("allowed by {:?} for {:?}", verdict.rules, verdict.costs),
        Err(denial) => format!("{denial:?}"),
    }
}
