//! Which sentences are said of a grant: its rules and its totals.

use super::places::{About, Arguments, in_message};
use super::{Line, Lists, Tone, catalogue as say, warnings, whole};
use crate::abi::Ty;
use crate::draft::{Draft, DraftMeter};
use crate::grant::{Amount, Attribute, CallRule, Path, Require, TypedRule, Use, What};
use crate::known::judged::windows;
use crate::text::units::{NATIVE_DECIMALS, decimal};
use alloy_primitives::{Address, U256};
use hallpass_types::{ChainId, UnixSeconds};

pub fn all(d: &Draft, lists: &Lists) -> Vec<Line> {
    let about = About { draft: d, lists, chain: Some(d.chain) };
    let mut out = Vec::new();
    whole::who(&about, &mut out);
    may(&about, &mut out);
    must(&about, &mut out);
    total(&about, &mut out);
    whole::when(d, &mut out);
    whole::gas(&about, &mut out);
    whole::signer(d, &mut out);
    warnings::all(&about, &mut out);
    out
}

pub fn push(out: &mut Vec<Line>, tone: Tone, text: impl Into<String>) {
    out.push(Line { tone, text: text.into() });
}

fn may(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::MAY);
    for (i, r) in d.calls.iter().enumerate() {
        let target = about.contract(r.target);
        let types = r.arguments.as_deref().unwrap_or(&[]);
        match &r.arguments {
            None => push(out, Tone::Plain, say::send(i + 1, &target, !r.max_value.is_zero())),
            Some(_) => {
                let selector = alloy_primitives::hex::encode_prefixed(r.selector().unwrap_or_default());
                let call = say::call(i + 1, &r.signature, &selector, &target);
                let listed = about.known(r.target).and_then(|c| c.functions.get(&r.signature));
                let intent = listed.and_then(|f| f.intent.as_deref());
                push(out, Tone::Plain, intent.map_or(call.clone(), |intent| say::intent(&call, intent)));
            }
        }
        let arguments = arguments(about, i, r);
        let parts: Vec<String> = r
            .conditions
            .iter()
            .map(|c| about.condition(c, &|p| arguments.place(p), &|p| Ty::at(types, &p.0)))
            .collect();
        only_if(&parts, out);
        if !r.max_value.is_zero() {
            push(out, Tone::Detail, say::value(&native(r.max_value)));
        }
        caps(about, &r.uses, &|p| arguments.place(p), out);
    }
    for (i, r) in d.rest.typed.iter().enumerate() {
        let number = d.calls.len() + i + 1;
        let there = about.on(chain_of(r));
        push(out, Tone::Plain, say::sign(number, &r.ty.text, &r.domain.canonical()));
        if let Some(contract) = r.domain.verifying_contract.filter(|c| there.known(*c).is_some()) {
            push(out, Tone::Detail, say::verifying(&there.contract(contract)));
        }
        let place = |p: &Path| in_message(&r.ty.types, &r.ty.names, p);
        let parts: Vec<String> =
            r.conditions.iter().map(|c| there.condition(c, &place, &|p| Ty::at(&r.ty.types, &p.0))).collect();
        only_if(&parts, out);
        caps(about, &r.uses, &place, out);
    }
    for (i, r) in d.rest.apps.iter().enumerate() {
        let number = d.calls.len() + d.rest.typed.len() + i + 1;
        push(out, Tone::Plain, say::act(number, &r.verb, &r.app));
        let place = |a: &Attribute| say::attribute(&a.name);
        let parts: Vec<String> =
            r.conditions.iter().map(|c| about.condition(c, &place, &|a| Some(a.kind.ty()))).collect();
        only_if(&parts, out);
        caps(about, &r.uses, &place, out);
    }
}

fn arguments<'a>(about: &About<'a>, number: usize, r: &'a CallRule) -> Arguments<'a> {
    let types = r.arguments.as_deref().unwrap_or(&[]);
    let listed = about.known(r.target).and_then(|c| c.functions.get(&r.signature));
    Arguments {
        types,
        known: listed.map(|f| f.names.as_slice()),
        claimed: about.draft.rest.labels.names(number, types),
    }
}

/// The chain that a domain names, if it is one.
pub fn chain_of(r: &TypedRule) -> Option<ChainId> {
    r.domain.chain_id.and_then(|id| u64::try_from(id).ok()).and_then(ChainId::new)
}

fn only_if(parts: &[String], out: &mut Vec<Line>) {
    for (i, part) in parts.iter().enumerate() {
        push(out, Tone::Detail, say::only_if(part, i == 0));
    }
}

fn caps<P>(about: &About<'_>, uses: &[Use<P>], place: &dyn Fn(&P) -> String, out: &mut Vec<Line>) {
    for u in uses {
        if let Some(m) = about.draft.meters.iter().find(|m| m.id == u.meter) {
            push(out, Tone::Detail, capped(about, m, &counted(m, u, place)));
        }
    }
}

/// What the amount of a meter is, at a rule.
fn counted<P>(m: &DraftMeter, u: &Use<P>, place: &dyn Fn(&P) -> String) -> say::Counted {
    match (&u.amount, m.what) {
        (Amount::One | Amount::Value, _) => say::Counted::Whole,
        (Amount::Path(path), What::Token(_)) => say::Counted::By(place(path)),
        (Amount::Path(path), _) => say::Counted::Of(place(path)),
    }
}

fn must(about: &About<'_>, out: &mut Vec<Line>) {
    let requires = &about.draft.rest.requires;
    if requires.is_empty() {
        return;
    }
    push(out, Tone::Heading, say::MUST);
    for require in requires {
        let sentence = match require {
            Require::Holds { token, at_least, id } => {
                let id = id.map(|id| id.to_string());
                let least = match id {
                    None => token_amount(about, *token, *at_least),
                    Some(_) => at_least.to_string(),
                };
                say::holds(&about.contract(*token), &least, id.as_deref())
            }
            Require::Role(name) => say::role(name),
            Require::Credential { issuer, kind } => say::credential(kind, issuer),
        };
        push(out, Tone::Plain, sentence);
    }
}

fn total(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::TOTAL);
    for m in &d.meters {
        let whole = match (m.period, windows(d, m)) {
            (Some(_), Some(n)) => Some(amount(about, m, U256::from(m.cap).saturating_mul(U256::from(n)))),
            _ => None,
        };
        let capped = capped(about, m, &say::Counted::Whole);
        push(out, Tone::Plain, say::worst(&say::counts_all(&users(about, m)), &capped, whole.as_deref()));
    }
    if d.meters.is_empty() {
        push(out, Tone::Red, say::NO_TOTAL);
    }
    if d.meters.iter().any(|m| m.period.is_some()) {
        push(out, Tone::Plain, say::EDGE);
    }
}

/// Every rule that charges a meter, with the place of the amount.
fn users(about: &About<'_>, m: &DraftMeter) -> Vec<String> {
    let d = about.draft;
    let mut out = Vec::new();
    for (i, r) in d.calls.iter().enumerate().filter(|(_, r)| r.uses.iter().any(|u| u.meter == m.id)) {
        let arguments = arguments(about, i, r);
        out.extend(used(&r.uses, m, i + 1, &|p| arguments.place(p)));
    }
    for (i, r) in d.rest.typed.iter().enumerate() {
        out.extend(used(&r.uses, m, d.calls.len() + i + 1, &|p| in_message(&r.ty.types, &r.ty.names, p)));
    }
    for (i, r) in d.rest.apps.iter().enumerate() {
        let number = d.calls.len() + d.rest.typed.len() + i + 1;
        out.extend(used(&r.uses, m, number, &|a: &Attribute| say::attribute(&a.name)));
    }
    out
}

fn used<P>(uses: &[Use<P>], m: &DraftMeter, number: usize, place: &dyn Fn(&P) -> String) -> Option<String> {
    let u = uses.iter().find(|u| u.meter == m.id)?;
    Some(say::counts(number, &counted(m, u, place)))
}

fn capped(about: &About<'_>, m: &DraftMeter, counted: &say::Counted) -> String {
    let window = m.period.map(|p| {
        let length = length(p.get().into());
        m.anchor.map_or(length.clone(), |anchor| say::window_from(&length, &moment(anchor)))
    });
    say::capped(&amount(about, m, U256::from(m.cap)), counted, window.as_deref())
}

fn amount(about: &About<'_>, m: &DraftMeter, amount: U256) -> String {
    match m.what {
        What::Native => native(amount),
        What::Calls => say::calls(&amount.to_string()),
        What::Custom => amount.to_string(),
        What::Token(token) => token_amount(about, token, amount),
    }
}

/// An amount of a token, by the operator's decimals, or by the requester's as a claim.
pub fn token_amount(about: &About<'_>, token: Address, amount: U256) -> String {
    let units = amount.to_string();
    let known = about.known(token).and_then(|c| c.token.as_ref());
    match (known, about.draft.rest.labels.token_at(token)) {
        (Some(known), _) => say::known_token(&units, &decimal(amount, known.decimals), &known.symbol),
        (None, Some((name, t))) => say::claimed_token(&units, &decimal(amount, t.decimals), name),
        (None, None) => say::token(&units),
    }
}

pub fn native(wei: U256) -> String {
    say::native(&decimal(wei, NATIVE_DECIMALS), &wei.to_string())
}

pub fn length(seconds: u64) -> String {
    let unit = |n: u64, name: &str| if n == 1 { format!("1 {name}") } else { format!("{n} {name}s") };
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => unit(s / 86_400, "day"),
        s if s > 0 && s.is_multiple_of(3_600) => unit(s / 3_600, "hour"),
        s if s > 0 && s.is_multiple_of(60) => unit(s / 60, "minute"),
        s => unit(s, "second"),
    }
}

pub fn moment(t: UnixSeconds) -> String {
    let shown = i64::try_from(t.get()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    shown.map_or_else(|| format!("{t} (Unix seconds)"), |at| at.to_string())
}

pub fn text(address: Address) -> String {
    address.to_checksum(None)
}
