//! What belongs to no rule: the caveats of every delegation of a grant, and what the chain cannot know of it.

use super::abi::ANYBODY;
use super::caveat::Term;
use super::contracts::Contract;
use crate::backend::card::{self, Enforced, Finding};
use alloy_primitives::{Address, U256};
use hallpass_policy::Grant;
use hallpass_policy::grant::{Routes, SessionKey};

/// The sequences of a grant that bounds none.
const ALL_SEQUENCES: (u64, u64) = (0, 1 << 32);

/// The session key; zero for a kind that no delegation can name.
#[must_use]
pub fn key(grant: &Grant) -> Address {
    match grant.key {
        SessionKey::Secp256k1(key) => key,
        SessionKey::Other(..) => Address::ZERO,
    }
}

/// Who may redeem: the grant's relayers, or the session key itself.
#[must_use]
pub fn redeemers(grant: &Grant) -> Vec<Address> {
    if grant.relayer.is_zero() {
        return vec![key(grant)];
    }
    core::iter::once(grant.relayer).chain(grant.rest.relayers.iter().copied()).collect()
}

/// The caveats that stand first in every delegation.
#[must_use]
pub fn terms(grant: &Grant) -> Vec<Term> {
    // `after < t`: one second before ours. `t < before`: ours excludes its end too. An `after` of 0 would be no bound, so a
    // grant from second 1 on begins at second 2.
    let after = match grant.not_before.get() {
        1 => 1,
        from => from.saturating_sub(1),
    };
    vec![
        Term::Redeemers(redeemers(grant)),
        Term::Time { after, before: grant.not_after.get() },
        Term::Nonce(U256::from(grant.epoch)),
    ]
}

/// What is to be said of them.
#[must_use]
pub fn compile(grant: &Grant) -> Enforced {
    let (mut differences, mut lacks) = (Vec::new(), Vec::new());
    let mut lack = |at: &str, code, says: &str| lacks.push(Finding::new(at, code, says));
    let mut differ = |at: &str, code, says: &str| differences.push(Finding::new(at, code, says));
    let manager = Contract::Manager.address();
    if grant.backend != manager {
        lack("backend", "wrong_backend", &format!("the contract that enforces it here is {manager}"));
    }
    if Contract::at(grant.account).is_some() {
        lack("account", "wrong_account", "a contract of the framework is nobody's account");
    }
    match grant.key {
        SessionKey::Secp256k1(key) if key == ANYBODY => {
            lack("key", "key_is_anybody", "to the framework this address means anybody");
        }
        SessionKey::Secp256k1(_) => {}
        SessionKey::Other(..) => lack("key", "key_kind", "a delegate is an address: a secp256k1 key"),
    }
    if !grant.routes.direct() {
        lack("routes", "route", "delegations are redeemed directly, not through an EntryPoint");
    } else if grant.routes != Routes::DIRECT {
        differ("routes", "direct_only", "delegations are redeemed directly, not through an EntryPoint");
    }
    if (grant.first_seq, grant.end_seq) != ALL_SEQUENCES {
        lack("endSeq", "sequences", "operations have no numbers here, so a range of them is not held");
    }
    if grant.calls.is_empty() {
        let says = "without a call rule there is nothing for a contract to hold: `signer-only` takes it";
        lack("calls", "no_call_rule", says);
    }
    if grant.relayer.is_zero() {
        differ(
            "relayer",
            "key_sends",
            "the session key itself is the only one who may send; name a relayer for another",
        );
    }
    if grant.not_before.get() == 1 {
        differ("notBefore", "second_later", "it begins one second later");
    }
    if grant.rest.gas.fee_cap != 0 || grant.rest.gas.fee_per_op != 0 {
        differ("rest.gas.feeCap", "no_fee", "the account repays no relayer");
    }
    Enforced::of(differences, lacks)
}

/// What the signer alone checks.
#[must_use]
pub fn signer(grant: &Grant) -> Vec<Finding> {
    let mut out = card::signers_own(grant);
    if redeemers(grant).contains(&key(grant)) {
        let says = "an operation that the key itself sends has no end of its own: it can execute until the key sends another with its nonce";
        out.push(Finding::new("op.validUntil", "op_time", says));
    }
    out.push(Finding::new(
        "op.nonce",
        "op_nonce",
        "no enforcer knows nonces: of two operations under one nonce each can execute once, within the caps",
    ));
    out.push(Finding::new(
        "op.calls",
        "gas_floor",
        "no enforcer looks at a call's gas floor: whoever redeems can leave the callee less",
    ));
    out.push(Finding::new(
        "account",
        "freeze",
        "a freeze stops the signer; on chain the account disables delegations or moves its nonce",
    ));
    if !grant.rest.ender.is_zero() {
        let says = "the ender's word stops the signer; on chain only the account can disable its delegations";
        out.push(Finding::new("rest.ender", "ender", says));
    }
    out
}
