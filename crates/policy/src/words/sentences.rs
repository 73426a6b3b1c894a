//! Which sentences are said of a grant.

use super::{Line, Lists, Tone, catalogue as say};
use crate::abi::Ty;
use crate::draft::{Draft, DraftMeter, Span};
use crate::eval::rule::show;
use crate::grant::{CallRule, Condition, SessionKey, Test, What};
use crate::known::{self, Does};
use crate::text::units::{NATIVE_DECIMALS, decimal};
use alloy_primitives::{Address, U256};
use hallpass_types::UnixSeconds;

const WEEK: u64 = 604_800;
pub fn all(d: &Draft, lists: &Lists) -> Vec<Line> {
    let mut out = Vec::new();
    who(d, &mut out);
    may(d, lists, &mut out);
    total(d, &mut out);
    when(d, &mut out);
    gas(d, &mut out);
    push(&mut out, Tone::Heading, say::SIGNER);
    push(&mut out, Tone::Plain, say::CHAIN_CHECKS_ALL);
    if d.gas.is_some() {
        push(&mut out, Tone::Plain, say::SIGNER_GAS);
    }
    wrong(d, lists, &mut out);
    out
}

fn push(out: &mut Vec<Line>, tone: Tone, text: impl Into<String>) {
    out.push(Line { tone, text: text.into() });
}

fn who(d: &Draft, out: &mut Vec<Line>) {
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
}

fn may(d: &Draft, lists: &Lists, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::MAY);
    for (i, r) in d.calls.iter().enumerate() {
        let target = contract(r.target, d, lists);
        match &r.arguments {
            None => push(out, Tone::Plain, say::send(i + 1, &target)),
            Some(_) => {
                let selector = alloy_primitives::hex::encode_prefixed(r.selector().unwrap_or_default());
                push(out, Tone::Plain, say::call(i + 1, &r.signature, &selector, &target));
            }
        }
        if !r.conditions.is_empty() {
            let parts: Vec<String> = r.conditions.iter().map(|c| condition(d, i, r, c)).collect();
            push(out, Tone::Detail, say::only_if(&parts.join(", and ")));
        }
        if !r.max_value.is_zero() {
            push(out, Tone::Detail, say::value(&native(r.max_value)));
        }
        for used in &r.uses {
            if let Some(m) = d.meters.iter().find(|m| m.id == used.meter) {
                push(out, Tone::Detail, capped(d, m));
            }
        }
    }
}

fn total(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::TOTAL);
    for m in &d.meters {
        let shared = d.calls.iter().filter(|r| r.uses.iter().any(|u| u.meter == m.id)).count();
        let whole = match (m.period, windows(d, m)) {
            (Some(_), Some(n)) => Some(amount(d, m, U256::from(m.cap).saturating_mul(U256::from(n)))),
            _ => None,
        };
        push(out, Tone::Plain, say::worst(&capped(d, m), whole.as_deref(), shared));
    }
    if d.meters.iter().any(|m| m.period.is_some()) {
        push(out, Tone::Plain, say::EDGE);
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

fn gas(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::GAS);
    let relayer = d.relayer.filter(|r| !r.is_zero()).map(text);
    push(out, Tone::Plain, say::relayer(relayer.as_deref()));
    match d.gas {
        Some(g) if g.fee_cap > 0 => {
            push(out, Tone::Plain, say::fee(&format!("{} smallest units of {}", g.fee_cap, g.fee_token)))
        }
        _ => push(out, Tone::Plain, say::NO_FEE),
    }
    if let Some(g) = d.gas {
        push(out, Tone::Plain, say::gas_units(&g.units_per_op.to_string()));
    }
}

fn wrong(d: &Draft, lists: &Lists, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::WRONG);
    for (i, r) in d.calls.iter().enumerate() {
        let number = i + 1;
        let metered = d.meters.iter().any(|m| m.what == What::Token(r.target));
        let counted =
            r.uses.iter().any(|u| d.meters.iter().any(|m| m.id == u.meter && m.what == What::Token(r.target)));
        let known = known::of(&r.signature);
        if let Some(place) = known.and_then(|k| k.favours) {
            let bound = r
                .conditions
                .iter()
                .any(|c| c.path.as_argument() == Some(place) && matches!(c.test, Test::Eq(_) | Test::In(_)));
            if !bound {
                push(out, Tone::Red, say::no_recipient(number));
            }
        }
        if !counted && (metered || known.is_some()) {
            push(out, Tone::Red, say::unmetered(number));
        }
        match known.map(|k| k.does) {
            Some(Does::Approves) => push(out, Tone::Red, say::approval(number)),
            Some(Does::ApprovesAll) => push(out, Tone::Red, say::approval_for_all(number)),
            Some(Does::Moves) | None => {}
        }
        if r.uses.is_empty() {
            push(out, Tone::Red, say::uncounted(number));
        }
    }
    let mut seen: Vec<Address> = Vec::new();
    for r in &d.calls {
        if !lists.contracts.contains_key(&r.target) && !seen.contains(&r.target) {
            seen.push(r.target);
            push(out, Tone::Red, say::unknown_contract(&text(r.target)));
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

fn contract(address: Address, d: &Draft, lists: &Lists) -> String {
    match (lists.contracts.get(&address), d.rest.labels.token_at(address)) {
        (Some(name), _) => say::known(&text(address), name),
        (None, Some((name, _))) => say::claimed(&text(address), name),
        (None, None) => text(address),
    }
}

fn condition(d: &Draft, number: usize, r: &CallRule, c: &Condition) -> String {
    let (Some(index), Some(ty)) = (c.path.as_argument(), r.type_at(&c.path).filter(|t| t.is_word())) else {
        return say::UNJUDGED.to_owned();
    };
    let name = say::argument(index + 1, d.rest.labels.param(number, index));
    let value = |w: &crate::abi::Word| show(*w, ty);
    match &c.test {
        Test::Eq(w) => say::compared(&name, "==", &value(w)),
        Test::Ne(w) => say::compared(&name, "!=", &value(w)),
        Test::Le(w) => say::compared(&name, "<=", &value(w)),
        Test::Ge(w) => say::compared(&name, ">=", &value(w)),
        Test::Lt(w) => say::compared(&name, "<", &value(w)),
        Test::Gt(w) => say::compared(&name, ">", &value(w)),
        Test::In(words) => say::one_of(&name, &words.iter().map(value).collect::<Vec<_>>().join(", ")),
        Test::Mask(mask, expected) => {
            say::masked(&name, &show(*mask, &Ty::FixedBytes(32)), &show(*expected, &Ty::FixedBytes(32)))
        }
        Test::Ratio(..) => say::UNJUDGED.to_owned(),
    }
}

fn capped(d: &Draft, m: &DraftMeter) -> String {
    let window = m.period.map(|p| length(p.get().into()));
    say::capped(&amount(d, m, U256::from(m.cap)), window.as_deref())
}

fn amount(d: &Draft, m: &DraftMeter, amount: U256) -> String {
    match m.what {
        What::Native => native(amount),
        What::Calls => say::calls(&amount.to_string()),
        What::Custom => say::custom(&amount.to_string()),
        What::Token(token) => match d.rest.labels.token_at(token) {
            Some((name, t)) => say::claimed_token(&amount.to_string(), &decimal(amount, t.decimals), name),
            None => say::token(&amount.to_string()),
        },
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
