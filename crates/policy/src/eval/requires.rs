//! What must be true before every action (`spec/policy.md`, Q1 to Q4).

use super::{At, Code, Denial, Facts};
use crate::grant::{Grant, Require};
use alloy_primitives::U256;

/// How long a balance counts after it was read, in seconds.
pub const FRESH_SECONDS: u64 = 60;

/// Judges every requirement, in order.
///
/// # Errors
/// The first [`Denial`].
pub fn check(grant: &Grant, facts: &Facts, at: &At) -> Result<(), Denial> {
    for (i, require) in grant.rest.requires.iter().enumerate() {
        one(require, facts, at).map_err(|d| d.under(&format!("requires[{i}]")))?;
    }
    Ok(())
}

fn one(require: &Require, facts: &Facts, at: &At) -> Result<(), Denial> {
    let met = match require {
        Require::Holds { token, at_least, id } => return holds(*token, *at_least, *id, facts, at),
        Require::Role(name) => facts.roles.contains(name),
        Require::Credential { issuer, kind } => facts.credentials.iter().any(|(i, k)| i == issuer && k == kind),
    };
    if met { Ok(()) } else { Err(Denial::new(Code::RequirementUnmet, "")) }
}

fn holds(
    token: alloy_primitives::Address,
    at_least: U256,
    id: Option<U256>,
    facts: &Facts,
    at: &At,
) -> Result<(), Denial> {
    let held = facts.holds.iter().find(|h| h.token == token && h.id == id);
    let held = held.ok_or_else(|| Denial::new(Code::FactsMissing, "").found(token))?;
    let age = at.now.get().checked_sub(held.read_at.get());
    if age.is_none_or(|age| age > FRESH_SECONDS) {
        return Err(Denial::new(Code::FactsStale, "").found(held.read_at).bound(at.now));
    }
    let least = held.newest.min(held.finalized);
    if least < at_least {
        return Err(Denial::new(Code::RequirementUnmet, "").found(least).bound(at_least));
    }
    Ok(())
}
