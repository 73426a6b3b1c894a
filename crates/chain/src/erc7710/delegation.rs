//! The delegations of a grant: one for each call rule.

use super::abi::{self, ROOT, signed};
use super::caveat::Term;
use super::contracts::Contract;
use super::{rule, whole};
use crate::backend::steps::{Line, Party, ToSign, Unreadable};
use crate::backend::typed::{self, checksum};
use alloy_primitives::{B256, Bytes, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct};
use hallpass_policy::Grant;
use serde_json::{Value, json};

/// The domain of a grant's delegations.
#[must_use]
pub fn domain(grant: &Grant) -> Eip712Domain {
    abi::domain(grant.chain.get(), Contract::Manager.address())
}

/// The delegation of each call rule, in order. Only where the grant can be held do they hold it.
#[must_use]
pub fn all(grant: &Grant) -> Vec<signed::Delegation> {
    let id = grant.id();
    let common = whole::terms(grant);
    let one = |number: usize| {
        let terms = common.iter().cloned().chain(rule::compile(grant, number).0);
        signed::Delegation {
            delegate: whole::key(grant),
            delegator: grant.account,
            authority: ROOT,
            caveats: terms.map(|t| t.caveat()).collect(),
            salt: salt(id, number),
        }
    };
    (0..grant.calls.len()).map(one).collect()
}

/// Binds a delegation to its grant, so that the same words in another grant are another delegation, with counters of its own.
fn salt(grant: B256, number: usize) -> U256 {
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    keccak256([grant.as_slice(), &number.to_be_bytes()].concat()).into()
}

/// What the framework knows a delegation by: its `hashStruct`.
#[must_use]
pub fn hash(delegation: &signed::Delegation) -> B256 {
    delegation.eip712_hash_struct()
}

/// A delegation as it is sent.
#[must_use]
pub fn sent(delegation: &signed::Delegation, signature: Bytes) -> abi::Delegation {
    let caveat = |c: &signed::Caveat| abi::Caveat { enforcer: c.enforcer, terms: c.terms.clone(), args: Bytes::new() };
    abi::Delegation {
        delegate: delegation.delegate,
        delegator: delegation.delegator,
        authority: delegation.authority,
        caveats: delegation.caveats.iter().map(caveat).collect(),
        salt: delegation.salt,
        signature,
    }
}

/// A delegation as a wallet signs it.
#[must_use]
pub fn to_sign(by: Party, delegation: &signed::Delegation, domain: &Eip712Domain) -> ToSign {
    let caveats: Vec<Value> =
        delegation.caveats.iter().map(|c| json!({ "enforcer": checksum(c.enforcer), "terms": c.terms })).collect();
    let message = json!({
        "delegate": checksum(delegation.delegate),
        "delegator": checksum(delegation.delegator),
        "authority": delegation.authority,
        "caveats": caveats,
        "salt": delegation.salt.to_string(),
    });
    typed::of(by, "delegation", delegation, domain, &message)
}

/// Reads the caveats of a delegation from the message that a wallet signs.
///
/// # Errors
/// [`Unreadable`] for a caveat that this backend does not write.
pub fn read_terms(message: &Value) -> Result<Vec<Term>, Unreadable> {
    let bad = || Unreadable("a caveat is none that a grant is compiled to".to_owned());
    let caveats = message.get("caveats").and_then(Value::as_array).ok_or_else(bad)?;
    let text = |c: &Value, name: &str| c.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = |c: &Value| {
        let enforcer = text(c, "enforcer")?.parse().ok()?;
        let terms = text(c, "terms")?.parse().ok()?;
        Term::read(&signed::Caveat { enforcer, terms })
    };
    caveats.iter().map(|c| read(c).ok_or_else(bad)).collect()
}

/// What a delegation lets happen, line by line, from its own bytes.
///
/// # Errors
/// As [`read_terms`].
pub fn lines(rule: usize, typed: &Value) -> Result<Vec<Line>, Unreadable> {
    let message = typed.get("message").ok_or_else(|| Unreadable("a delegation has no message".to_owned()))?;
    let part = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
    let head = format!("{} lets {} act for it, within what follows", part("delegator"), part("delegate"));
    let terms = read_terms(message)?;
    Ok(core::iter::once(head).chain(terms.iter().map(Term::says)).map(|text| Line { rule, text }).collect())
}
