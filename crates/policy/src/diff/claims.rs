//! Requirements, which are judged by; and labels, which never are.

use super::rules::Links;
use super::{Changes, Effect, catalogue as say};
use crate::draft::Draft;
use crate::grant::Require;
use crate::labels::TokenLabel;
use crate::words::catalogue as words;

pub fn requirements(old: &[Require], new: &[Require], out: &mut Changes) {
    for (i, require) in new.iter().enumerate().filter(|(_, r)| !old.contains(r)) {
        let at = format!("requires[{i}]");
        match same_balance(require, old, new).zip(least(require)) {
            Some((before, now)) if Some(now) != least(before) => {
                let raised = least(before).is_some_and(|least| now > least);
                let effect = if raised { Effect::Narrower } else { Effect::Wider };
                let least = least(before).map_or(String::new(), |n| n.to_string());
                out.changed(effect, at, say::holds_changed(&shown(require), &least));
            }
            _ => out.added(Effect::Narrower, at, say::requirement(&shown(require), true)),
        }
    }
    for (i, require) in old.iter().enumerate().filter(|(_, r)| !new.contains(r)) {
        if same_balance(require, new, old).is_none() {
            out.removed(Effect::Wider, format!("requires[{i}]"), say::requirement(&shown(require), false));
        }
    }
}

fn least(require: &Require) -> Option<alloy_primitives::U256> {
    match require {
        Require::Holds { at_least, .. } => Some(*at_least),
        _ => None,
    }
}

/// The requirement among `others` on the balance that `require` is about, where there is one on each side.
fn same_balance<'r>(require: &Require, others: &'r [Require], own: &[Require]) -> Option<&'r Require> {
    let Require::Holds { token, id, .. } = require else { return None };
    let about = |r: &&Require| matches!(r, Require::Holds { token: t, id: i, .. } if t == token && i == id);
    let mut found = others.iter().filter(about);
    let only = found.next().filter(|_| found.next().is_none());
    only.filter(|_| own.iter().filter(about).count() == 1)
}

fn shown(require: &Require) -> String {
    match require {
        Require::Holds { token, at_least, id } => {
            let id = id.map(|id| id.to_string());
            say::holds(&token.to_checksum(None), &at_least.to_string(), id.as_deref())
        }
        Require::Role(name) => words::role(name),
        Require::Credential { issuer, kind } => words::credential(kind, issuer),
    }
}

pub fn labels(old: &Draft, new: &Draft, links: &Links, out: &mut Changes) {
    let (a, b) = (&old.rest.labels, &new.rest.labels);
    if a.title != b.title {
        let quoted = |title: &Option<String>| title.as_deref().map_or(say::NONE.to_owned(), say::quoted);
        out.changed(Effect::Neutral, "rest.labels.title", say::claim(say::TITLE, &quoted(&a.title), &quoted(&b.title)));
    }
    if a.origin != b.origin {
        let shown = |origin: &Option<String>| origin.clone().unwrap_or_else(|| say::NONE.to_owned());
        out.changed(Effect::Neutral, "rest.labels.origin", say::origin(&shown(&a.origin), &shown(&b.origin)));
    }
    let shown = |token: Option<&TokenLabel>| {
        token.map_or(say::NONE.to_owned(), |t| say::token(&t.address.to_checksum(None), t.decimals))
    };
    for (name, token) in &b.tokens {
        let before = a.tokens.get(name);
        if before != Some(token) {
            let says = say::claim(&say::token_name(name), &shown(before), &shown(Some(token)));
            let at = format!("rest.labels.tokens.{name}");
            match before {
                None => out.added(Effect::Neutral, at, says),
                Some(_) => out.changed(Effect::Neutral, at, says),
            }
        }
    }
    for (name, token) in a.tokens.iter().filter(|(name, _)| !b.tokens.contains_key(*name)) {
        let says = say::claim(&say::token_name(name), &shown(Some(token)), &shown(None));
        out.removed(Effect::Neutral, format!("rest.labels.tokens.{name}"), says);
    }
    let names = |d: &Draft, rule: usize| d.rest.labels.params.get(rule).cloned().unwrap_or_default();
    for (o, n) in links.rules.iter().filter(|(_, n)| *n < new.calls.len()) {
        let (before, after) = (names(old, *o), names(new, *n));
        if before != after {
            let list = |names: &[String]| if names.is_empty() { say::NONE.to_owned() } else { names.join(say::WITH) };
            let says = say::claim(say::ARGUMENT_NAMES, &list(&before), &list(&after));
            out.changed(Effect::Neutral, format!("rest.labels.params[{n}]"), says);
        }
    }
}
