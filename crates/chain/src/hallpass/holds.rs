//! What the contract of this version does not hold. A grant with any of it is refused before an owner is asked.

use hallpass_policy::Grant;
use hallpass_policy::abi::Ty;
use hallpass_policy::grant::{CallRule, SessionKey, Test, What};
use hallpass_policy::known;

/// A well-formed part of a grant that the contract does not judge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {what} cannot be granted by this version yet")]
pub struct Unsupported {
    /// The path in the grant.
    pub at: String,
    /// What it is.
    pub what: &'static str,
}

impl Unsupported {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "not_yet_supported"
    }
}

/// Everything in `grant` that the contract, or the server beside it, does not judge yet.
#[must_use]
pub fn unsupported(grant: &Grant) -> Vec<Unsupported> {
    let rest = &grant.rest;
    let whole = [
        (matches!(grant.key, SessionKey::Other(..)), "key", "a session key of this kind"),
        (grant.routes.bits() != 1, "routes", "an EntryPoint route"),
        (!rest.relayers.is_empty(), "rest.relayers", "a list of relayers"),
        (!rest.paymasters.is_empty(), "rest.paymasters", "a list of paymasters"),
        (!rest.typed.is_empty(), "rest.typed", "a typed rule"),
        (!rest.apps.is_empty(), "rest.apps", "an app rule"),
        (!rest.requires.is_empty(), "rest.requires", "a requirement"),
        (!rest.login.is_zero(), "rest.login", "a login inside the grant"),
        (!rest.rp_id_hash.is_zero(), "rest.rpIdHash", "a WebAuthn relying party"),
        (rest.gas.fee_cap != 0 || rest.gas.fee_per_op != 0, "rest.gas", "a fee paid by the account"),
        (grant.calls.is_empty(), "calls", "a grant without a call rule"),
    ];
    let found = whole.into_iter().filter(|(found, ..)| *found);
    let mut out: Vec<Unsupported> = found.map(|(_, at, what)| Unsupported { at: at.to_owned(), what }).collect();
    for (i, rule) in grant.calls.iter().enumerate() {
        out.extend(
            in_rule(grant, rule).into_iter().map(|(at, what)| Unsupported { at: format!("rules[{i}]{at}"), what }),
        );
    }
    out
}

/// Everything in one of the grant's rules, with the place in the rule.
#[must_use]
pub fn in_rule(grant: &Grant, rule: &CallRule) -> Vec<(String, &'static str)> {
    let mut out = Vec::new();
    if !rule.arguments.iter().flatten().all(Ty::is_word) {
        out.push((String::new(), "a function with dynamic, array or tuple arguments"));
    }
    if rule.uses.len() > 1 {
        out.push((".uses".to_owned(), "a rule with more than one meter"));
    }
    for (i, c) in rule.conditions.iter().enumerate() {
        if matches!(c.test, Test::Ratio(..)) {
            out.push((format!(".conditions[{i}]"), "a ratio of two arguments"));
        }
    }
    for (i, used) in rule.uses.iter().enumerate() {
        let token = grant.meters.iter().find(|m| m.id == used.meter).and_then(|m| match m.what {
            What::Token(token) => Some(token),
            _ => None,
        });
        let spends = token.and_then(|token| known::spends(rule.target, &rule.signature, token));
        if spends.is_some_and(|s| s.owner.is_some() || s.token.is_some()) {
            out.push((format!(".uses[{i}]"), "a cap on `transferFrom`, `permit` or Permit2"));
        }
    }
    out
}
