//! Which sentences are said of a grant.

use super::places::{About, Arguments, in_message};
use super::{Line, Lists, Tone, catalogue as say, warnings};
use crate::abi::Ty;
use crate::draft::{Draft, DraftMeter, Span};
use crate::grant::{Require, SessionKey, What};
use crate::text::units::{NATIVE_DECIMALS, decimal};
use alloy_primitives::{Address, U256};
use hallpass_types::UnixSeconds;

pub fn all(d: &Draft, lists: &Lists) -> Vec<Line> {
    let about = About { draft: d, lists };
    let mut out = Vec::new();
    who(d, lists, &mut out);
    may(&about, &mut out);
    must(&about, &mut out);
    total(&about, &mut out);
    when(d, &mut out);
    gas(&about, &mut out);
    signer(d, &mut out);
    warnings::all(&about, &mut out);
    out
}

pub fn push(out: &mut Vec<Line>, tone: Tone, text: impl Into<String>) {
    out.push(Line { tone, text: text.into() });
}

fn who(d: &Draft, lists: &Lists, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::WHO);
    if let Some(title) = &d.rest.labels.title {
        push(out, Tone::Plain, say::title(title));
    }
    push(out, Tone::Plain, say::account(d.account.map(text).as_deref(), &d.chain.to_string()));
    let key = d.key.as_ref().map(|key| match key {
        SessionKey::Secp256k1(address) => text(*address),
        SessionKey::Other(kind, bytes) => format!("{bytes} of kind {kind}"),
    });
    push(out, Tone::Plain, say::holder(key.as_deref()));
    if d.backend != Some(Address::ZERO) {
        push(out, Tone::Plain, say::backend(d.backend.map(text).as_deref()));
    }
    if d.rest.labels.params.iter().any(|names| !names.is_empty()) {
        push(out, Tone::Plain, say::QUOTED);
    }
    if !lists.hash().is_zero() {
        push(out, Tone::Plain, say::lists(&lists.hash().to_string()));
    }
}

fn may(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::MAY);
    for (i, r) in d.calls.iter().enumerate() {
        let target = about.contract(r.target);
        let types = r.arguments.as_deref().unwrap_or(&[]);
        let known = about.lists.contract(d.chain, r.target).and_then(|c| c.functions.get(&r.signature));
        match &r.arguments {
            None => push(out, Tone::Plain, say::send(i + 1, &target)),
            Some(_) => {
                let selector = alloy_primitives::hex::encode_prefixed(r.selector().unwrap_or_default());
                let call = say::call(i + 1, &r.signature, &selector, &target);
                let intent = known.and_then(|f| f.intent.as_deref());
                push(out, Tone::Plain, intent.map_or(call.clone(), |intent| say::intent(&call, intent)));
            }
        }
        let arguments =
            Arguments { types, known: known.map(|f| f.names.as_slice()), claimed: d.rest.labels.names(i, types) };
        let parts: Vec<String> = r
            .conditions
            .iter()
            .map(|c| about.condition(c, &|p| arguments.place(p), &|p| Ty::at(types, &p.0)))
            .collect();
        only_if(&parts, out);
        if !r.max_value.is_zero() {
            push(out, Tone::Detail, say::value(&native(r.max_value)));
        }
        caps(about, r.uses.iter().map(|u| u.meter), out);
    }
    for (i, r) in d.rest.typed.iter().enumerate() {
        let number = d.calls.len() + i + 1;
        push(out, Tone::Plain, say::sign(number, &r.ty.text, &r.domain.canonical()));
        let place = |p: &crate::grant::Path| in_message(&r.ty.types, &r.ty.names, p);
        let parts: Vec<String> =
            r.conditions.iter().map(|c| about.condition(c, &place, &|p| Ty::at(&r.ty.types, &p.0))).collect();
        only_if(&parts, out);
        caps(about, r.uses.iter().map(|u| u.meter), out);
    }
    for (i, r) in d.rest.apps.iter().enumerate() {
        let number = d.calls.len() + d.rest.typed.len() + i + 1;
        push(out, Tone::Plain, say::act(number, &r.verb, &r.app));
        let place = |a: &crate::grant::Attribute| say::attribute(&a.name);
        let parts: Vec<String> =
            r.conditions.iter().map(|c| about.condition(c, &place, &|a| Some(a.kind.ty()))).collect();
        only_if(&parts, out);
        caps(about, r.uses.iter().map(|u| u.meter), out);
    }
}

fn only_if(parts: &[String], out: &mut Vec<Line>) {
    for (i, part) in parts.iter().enumerate() {
        push(out, Tone::Detail, say::only_if(part, i == 0));
    }
}

fn caps(about: &About<'_>, meters: impl Iterator<Item = u16>, out: &mut Vec<Line>) {
    for id in meters {
        if let Some(m) = about.draft.meters.iter().find(|m| m.id == id) {
            push(out, Tone::Detail, capped(about, m));
        }
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
        let calls = d.calls.iter().filter(|r| r.uses.iter().any(|u| u.meter == m.id)).count();
        let typed = d.rest.typed.iter().filter(|r| r.uses.iter().any(|u| u.meter == m.id)).count();
        let apps = d.rest.apps.iter().filter(|r| r.uses.iter().any(|u| u.meter == m.id)).count();
        let whole = match (m.period, windows(d, m)) {
            (Some(_), Some(n)) => Some(amount(about, m, U256::from(m.cap).saturating_mul(U256::from(n)))),
            _ => None,
        };
        push(out, Tone::Plain, say::worst(&capped(about, m), whole.as_deref(), calls + typed + apps));
    }
    if d.meters.is_empty() {
        push(out, Tone::Red, say::NO_TOTAL);
    }
    if d.meters.iter().any(|m| m.period.is_some()) {
        push(out, Tone::Plain, say::EDGE);
    }
}

fn signer(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::SIGNER);
    let first = d.calls.len();
    let alone = first..first + d.rest.typed.len() + d.rest.apps.len();
    if alone.is_empty() && d.rest.requires.is_empty() {
        push(out, Tone::Plain, say::CHAIN_CHECKS_ALL);
    }
    if !alone.is_empty() {
        let numbers: Vec<usize> = alone.map(|number| number + 1).collect();
        push(out, Tone::Red, say::signer_rules(&numbers));
    }
    if !d.rest.requires.is_empty() {
        push(out, Tone::Plain, say::SIGNER_REQUIRES);
    }
    if d.gas.is_some() {
        push(out, Tone::Plain, say::SIGNER_GAS);
    }
}

fn when(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::WHEN);
    let sentence = match d.time {
        Some(Span::Between(from, until)) => {
            say::between(&moment(from), &moment(until), &length(until.get().saturating_sub(from.get())))
        }
        Some(Span::Lasts(seconds)) => say::lasts(&length(seconds)),
        None => say::NO_TIME.to_owned(),
    };
    push(out, Tone::Plain, sentence);
    push(out, Tone::Plain, say::ender(d.ender.is_none_or(|e| !e.is_zero())));
}

fn gas(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::GAS);
    let relayer = d.relayer.filter(|r| !r.is_zero()).map(text);
    push(out, Tone::Plain, say::relayer(relayer.as_deref()));
    for further in &d.rest.relayers {
        push(out, Tone::Plain, say::further_relayer(&text(*further)));
    }
    match d.gas {
        Some(g) if g.fee_cap > 0 => {
            let amount = |n: u128| match g.fee_token {
                Address::ZERO => native(U256::from(n)),
                token => format!("{} of {}", token_amount(about, token, U256::from(n)), about.contract(token)),
            };
            push(out, Tone::Plain, say::fee(&amount(g.fee_per_op), &amount(g.fee_cap)));
        }
        _ => push(out, Tone::Plain, say::NO_FEE),
    }
    if let Some(g) = d.gas {
        push(out, Tone::Plain, say::gas_units(&g.units_per_op.to_string()));
    }
}

fn capped(about: &About<'_>, m: &DraftMeter) -> String {
    let window = m.period.map(|p| length(p.get().into()));
    say::capped(&amount(about, m, U256::from(m.cap)), window.as_deref())
}

fn amount(about: &About<'_>, m: &DraftMeter, amount: U256) -> String {
    match m.what {
        What::Native => native(amount),
        What::Calls => say::calls(&amount.to_string()),
        What::Custom => say::custom(&amount.to_string()),
        What::Token(token) => token_amount(about, token, amount),
    }
}

/// An amount of a token, by the operator's decimals, or by the requester's as a claim.
fn token_amount(about: &About<'_>, token: Address, amount: U256) -> String {
    let units = amount.to_string();
    match (about.lists.token(about.draft.chain, token), about.draft.rest.labels.token_at(token)) {
        (Some(known), _) => say::known_token(&units, &decimal(amount, known.decimals), &known.symbol),
        (None, Some((name, t))) => say::claimed_token(&units, &decimal(amount, t.decimals), name),
        (None, None) => say::token(&units),
    }
}

fn native(wei: U256) -> String {
    say::native(&decimal(wei, NATIVE_DECIMALS), &wei.to_string())
}

/// How many windows of a meter the grant's life touches.
fn windows(d: &Draft, m: &DraftMeter) -> Option<u64> {
    let period = u64::from(m.period?.get());
    match (d.time?, m.anchor) {
        (Span::Lasts(seconds), None) => Some(seconds.div_ceil(period)),
        (Span::Lasts(seconds), Some(_)) => Some(seconds.div_ceil(period) + 1),
        (Span::Between(from, until), anchor) => {
            let anchor = anchor.unwrap_or(from).get();
            let first = from.get().checked_sub(anchor)? / period;
            let last = until.get().checked_sub(anchor + 1)? / period;
            Some(last - first + 1)
        }
    }
}

fn length(seconds: u64) -> String {
    let unit = |n: u64, name: &str| if n == 1 { format!("1 {name}") } else { format!("{n} {name}s") };
    match seconds {
        s if s > 0 && s.is_multiple_of(86_400) => unit(s / 86_400, "day"),
        s if s > 0 && s.is_multiple_of(3_600) => unit(s / 3_600, "hour"),
        s if s > 0 && s.is_multiple_of(60) => unit(s / 60, "minute"),
        s => unit(s, "second"),
    }
}

fn moment(t: UnixSeconds) -> String {
    let shown = i64::try_from(t.get()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
    shown.map_or_else(|| format!("{t} (Unix seconds)"), |at| at.to_string())
}

fn text(address: Address) -> String {
    address.to_checksum(None)
}
