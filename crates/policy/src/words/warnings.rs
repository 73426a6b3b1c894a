//! What can go wrong: what is broad or dangerous in a grant, in red.

use super::places::About;
use super::sentences::push;
use super::{Line, Tone, catalogue as say};
use crate::draft::Span;
use crate::grant::{CallRule, Test, What};
use crate::known::{self, Does, Known};
use alloy_primitives::Address;

/// A life that is longer than this is red, in seconds.
pub const WEEK: u64 = 604_800;
/// An allowance of this or more is no limit: of a token of 18 decimals, ten billion.
pub const UNLIMITED: u128 = 10_u128.pow(28);

/// Every warning.
pub fn all(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::WRONG);
    for (i, r) in d.calls.iter().enumerate() {
        call(about, i + 1, r, out);
    }
    for (i, r) in d.rest.typed.iter().enumerate() {
        if r.uses.is_empty() {
            push(out, Tone::Red, say::uncounted(d.calls.len() + i + 1));
        }
    }
    if !d.rest.typed.is_empty() {
        let numbers: Vec<usize> = (1..=d.rest.typed.len()).map(|i| d.calls.len() + i).collect();
        push(out, Tone::Red, say::lasting(&numbers));
    }
    for (i, r) in d.rest.apps.iter().enumerate() {
        if r.uses.is_empty() {
            push(out, Tone::Red, say::uncounted(d.calls.len() + d.rest.typed.len() + i + 1));
        }
    }
    let mut seen: Vec<Address> = Vec::new();
    let verifying = d.rest.typed.iter().filter_map(|r| r.domain.verifying_contract);
    for target in d.calls.iter().map(|r| r.target).chain(verifying) {
        if about.lists.contract(d.chain, target).is_none() && !seen.contains(&target) {
            seen.push(target);
            push(out, Tone::Red, say::unknown_contract(&target.to_checksum(None)));
        }
    }
    let life = match d.time {
        Some(Span::Between(from, until)) => until.get().saturating_sub(from.get()),
        Some(Span::Lasts(seconds)) => seconds,
        None => 0,
    };
    if life > WEEK {
        push(out, Tone::Red, say::LONG);
    }
    if d.backend == Some(Address::ZERO) {
        push(out, Tone::Red, say::SIGNER_ONLY);
    }
    push(out, Tone::Plain, say::STOLEN);
    push(out, Tone::Plain, say::REDELEGATED);
}

fn call(about: &About<'_>, number: usize, r: &CallRule, out: &mut Vec<Line>) {
    let d = about.draft;
    let known = known::of(&r.signature);
    let token = |id: u16| d.meters.iter().find(|m| m.id == id && matches!(m.what, What::Token(_)));
    let counted = r.uses.iter().find_map(|u| token(u.meter));
    let metered = d.meters.iter().any(|m| m.what == What::Token(r.target));
    if known.is_some_and(|k| !binds_who(r, k)) {
        push(out, Tone::Red, say::no_recipient(number));
    }
    if counted.is_none() && (metered || known.is_some()) {
        push(out, Tone::Red, say::unmetered(number));
    }
    match known.map(|k| k.does) {
        Some(Does::Approves) => {
            push(out, Tone::Red, say::approval(number));
            if counted.is_none_or(|m| m.cap >= UNLIMITED) {
                push(out, Tone::Red, say::unlimited(number));
            }
        }
        Some(Does::ApprovesAll) => push(out, Tone::Red, say::approval_for_all(number)),
        Some(Does::Moves) | None => {}
    }
    if counted.is_some() && r.signature == "transferFrom(address,address,uint256)" {
        push(out, Tone::Plain, say::ids(number));
    }
    if r.uses.is_empty() {
        push(out, Tone::Red, say::uncounted(number));
    }
}

/// Whether a condition binds the one whom a known function favours; true where it favours nobody.
pub fn binds_who(r: &CallRule, known: Known) -> bool {
    let Some(place) = known.favours else { return true };
    r.conditions.iter().any(|c| c.path.as_argument() == Some(place) && matches!(c.test, Test::Eq(_) | Test::In(_)))
}
