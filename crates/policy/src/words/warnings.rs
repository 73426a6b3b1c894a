//! What can go wrong: what is broad or dangerous in a grant, in red.

use super::places::About;
use super::sentences::{chain_of, push, text};
use super::{Line, Tone, catalogue as say, whole};
use crate::abi::signature::selector;
use crate::draft::Span;
use crate::grant::{CallRule, Meter, Path, Test, TypedRule, What, check::is_uncounted};
use crate::known::judged::{self, By, Counted};
use crate::known::{self, Does, Known};
use alloy_primitives::{Address, U256};
use hallpass_types::{ChainId, UnixSeconds};

/// A life that is longer than this is red, in seconds.
pub const WEEK: u64 = 604_800;

/// Every warning.
pub fn all(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::WRONG);
    let meters: Vec<Meter> = d.meters.iter().map(|m| m.anchored(UnixSeconds::EPOCH)).collect();
    for (i, r) in d.calls.iter().enumerate() {
        tokens(about, i + 1, r, &meters, out);
        listed(about, i + 1, r, out);
        if r.uses.is_empty() {
            push(out, Tone::Red, say::uncounted(i + 1));
        }
    }
    for (i, r) in d.rest.typed.iter().enumerate() {
        domain(about, d.calls.len() + i + 1, r, out);
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
    unknown(about, out);
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
    whole::stolen(d, out);
    push(out, Tone::Plain, say::REDELEGATED);
}

/// Contracts that no list knows, each once.
fn unknown(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    let mut seen: Vec<(Option<ChainId>, Address)> = Vec::new();
    let called = d.calls.iter().map(|r| (Some(d.chain), r.target));
    let typed = d.rest.typed.iter().filter_map(|r| Some((chain_of(r), r.domain.verifying_contract?)));
    for (chain, target) in called.chain(typed) {
        if about.on(chain).known(target).is_some() || seen.contains(&(chain, target)) {
            continue;
        }
        seen.push((chain, target));
        let sentence = match chain {
            Some(chain) if chain == d.chain => say::unknown_contract(&text(target)),
            Some(chain) => say::unknown_contract_on(&text(target), &chain.to_string()),
            None => say::unknown_contract_anywhere(&text(target)),
        };
        push(out, Tone::Red, sentence);
    }
    let backend = d.backend.filter(|b| !b.is_zero() && !about.lists.hash().is_zero() && about.known(*b).is_none());
    if let Some(backend) = backend {
        push(out, Tone::Red, say::unknown_backend(&text(backend)));
    }
}

fn domain(about: &About<'_>, number: usize, r: &TypedRule, out: &mut Vec<Line>) {
    match (r.domain.chain_id, chain_of(r)) {
        (None, _) => push(out, Tone::Red, say::every_chain(number)),
        (Some(_), Some(chain)) if chain == about.draft.chain => {}
        (Some(_), Some(chain)) => push(out, Tone::Red, say::other_chain(number, &chain.to_string())),
        (Some(id), None) => push(out, Tone::Red, say::other_chain(number, &id.to_string())),
    }
    if r.domain.verifying_contract.is_none() {
        push(out, Tone::Red, say::any_contract(number));
    }
}

/// What a rule does with tokens.
fn tokens(about: &About<'_>, number: usize, r: &CallRule, meters: &[Meter], out: &mut Vec<Line>) {
    let beside = is_uncounted(r, meters);
    let known = known::of(&r.signature);
    let Some(known) = known.filter(|known| !judged::takes_back(r, *known)) else {
        let harmless = known.is_some() || known::is_harmless(&r.signature);
        let token = about.known(r.target).is_some_and(|c| c.token.is_some());
        if beside {
            push(out, Tone::Red, if harmless { say::beside_cap(number) } else { say::unmetered(number) });
        } else if token && !harmless {
            push(out, Tone::Red, say::uncounted_on_token(number, &about.contract(r.target)));
        }
        // Of ERC-20 it takes back; of ERC-721 it is the approval of a token.
        if known.is_some_and(|k| k.signature == "approve(address,uint256)") {
            push(out, Tone::Plain, say::id_zero(number));
        }
        return;
    };
    if !judged::binds_who(r, known) {
        push(out, Tone::Red, say::no_recipient(number));
    }
    let counted = judged::counted(about.draft, r, known);
    let all_or_nothing = known.places.amount.is_none() && known.does != Does::Moves;
    match counted.map(|c| c.by) {
        None if !all_or_nothing => push(out, Tone::Red, say::unmetered(number)),
        _ if beside => push(out, Tone::Red, say::beside_cap(number)),
        Some(By::Custom) => push(out, Tone::Plain, say::by_custom(number)),
        _ => {}
    }
    match known.does {
        Does::Approves => approval(about, number, r, known, counted, out),
        Does::ApprovesAll => push(out, Tone::Red, say::approval_for_all(number)),
        Does::Moves => {}
    }
    if matches!(counted, Some(c) if c.by == By::Token) && r.signature == "transferFrom(address,address,uint256)" {
        push(out, Tone::Plain, say::ids(number));
    }
}

fn approval(
    about: &About<'_>,
    number: usize,
    r: &CallRule,
    known: Known,
    counted: Option<Counted>,
    out: &mut Vec<Line>,
) {
    let end = match about.draft.time {
        Some(Span::Between(_, until)) => Some(U256::from(until.get())),
        _ => None,
    };
    let ends = judged::ends_by_itself(r).zip(end).is_some_and(|(ends, end)| ends <= end);
    if !ends {
        push(out, Tone::Red, say::approval(number));
    }
    // One thing of a collection is one thing, however large its number.
    if known.places.single {
        return;
    }
    let token = token_of(about, r, known);
    let decimals = about.known(token).and_then(|c| c.token.as_ref()).map(|t| t.decimals);
    let limit = judged::unlimited(about.draft, Some(token), decimals);
    if counted.is_none_or(|c| c.total >= limit) {
        push(out, Tone::Red, say::unlimited(number));
    }
}

/// The token that a rule approves: the one that a meter counts, or that Permit2 is told, or the contract.
fn token_of(about: &About<'_>, r: &CallRule, known: Known) -> Address {
    let metered = r.uses.iter().filter_map(|u| about.draft.meters.iter().find(|m| m.id == u.meter));
    let metered = metered.filter_map(|m| match m.what {
        What::Token(token) => Some(token),
        _ => None,
    });
    let place = known.spends.and_then(|s| s.token).map(Path::argument);
    let told = r.conditions.iter().filter(|c| Some(&c.path) == place.as_ref()).filter_map(|c| match &c.test {
        Test::Eq(word) => Some(word.address()),
        _ => None,
    });
    metered.chain(told).next().unwrap_or(r.target)
}

/// What the lists say of a function: a name in a rule is only as good as four bytes.
fn listed(about: &About<'_>, number: usize, r: &CallRule, out: &mut Vec<Line>) {
    let Some((contract, wanted)) = about.known(r.target).zip(r.selector()) else { return };
    if contract.functions.contains_key(&r.signature) {
        return;
    }
    if let Some(listed) = contract.functions.keys().find(|listed| selector(listed) == wanted) {
        push(out, Tone::Red, say::other_function(number, listed));
        return;
    }
    let of_tokens = known::of(&r.signature).is_some() || known::is_harmless(&r.signature);
    if !(contract.functions.is_empty() && contract.token.is_some() && of_tokens) {
        push(out, Tone::Red, say::unknown_function(number));
    }
}
