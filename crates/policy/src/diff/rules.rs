//! Which rule of the new grant is which of the old one, and what changed in it.

use super::implies::apart;
use super::view::{self, Place, View};
use super::{Changes, Effect, catalogue as say, conditions};
use crate::draft::{Draft, DraftMeter};
use crate::grant::{Amount, Use, What};
use crate::text::units::print_duration;
use std::collections::{BTreeMap, BTreeSet};

/// What rules and meters have to do with each other, over all kinds of rules.
#[derive(Default)]
pub struct Links {
    /// A meter of the old grant, and one of the new that counts the same at a rule that is in both.
    pub meters: Vec<(u16, u16)>,
    /// Rules that are in both: their numbers.
    pub rules: Vec<(usize, usize)>,
    /// Where an action that an old rule took may fall to another rule: what is to be said if that changes a sum, and the uses of
    /// the old rule that the other does not have at all or on another amount.
    pub overlaps: Vec<Overlap>,
}

/// A rule of the old grant beside another of the new one that allows some of the same actions.
pub struct Overlap {
    old: usize,
    new: usize,
    /// For each use of the old rule: the meter, and the meters that the new one charges the same amount to.
    charged: Vec<(u16, Vec<u16>)>,
}

pub fn compare(old: &Draft, new: &Draft, out: &mut Changes) -> Links {
    let mut links = Links::default();
    kind(old, new, &view::calls(old), &view::calls(new), &mut links, out);
    kind(old, new, &view::typed(old), &view::typed(new), &mut links, out);
    kind(old, new, &view::apps(old), &view::apps(new), &mut links, out);
    links
}

/// Says where narrowing one rule may leave more for others: an action falls to a rule that charges other meters.
pub fn takeovers(links: &Links, out: &mut Changes) {
    for overlap in &links.overlaps {
        let leaves = |(meter, charged): &(u16, Vec<u16>)| {
            let mut partners = links.meters.iter().filter(|(old, _)| old == meter).map(|(_, new)| new).peekable();
            partners.peek().is_some() && !partners.any(|new| charged.contains(new))
        };
        if overlap.charged.iter().any(leaves) {
            let by = format!("rules[{}]", overlap.new);
            out.changed(Effect::Unknown, by.clone(), say::takeover(&by, &format!("rules[{}]", overlap.old)));
        }
    }
}

fn kind<P: Place>(
    old: &Draft,
    new: &Draft,
    before: &[View<'_, P>],
    after: &[View<'_, P>],
    links: &mut Links,
    out: &mut Changes,
) {
    let pairs = pair(before, after);
    let partners: BTreeMap<usize, usize> = pairs.iter().map(|(i, j)| (*j, *i)).collect();
    for (j, n) in after.iter().enumerate() {
        let Some(o) = partners.get(&j).and_then(|i| before.get(*i)) else {
            out.added(Effect::Wider, n.at(), described(new, n, true));
            continue;
        };
        links.rules.push((o.number, n.number));
        out.bound(format!("{}.maxValue", n.at()), say::MAX_VALUE, &o.max_value, &n.max_value);
        conditions::compare(o, n, out);
        uses(old, new, o, n, links, out);
    }
    for (i, o) in before.iter().enumerate() {
        if !pairs.contains_key(&i) {
            out.removed(Effect::Narrower, o.at(), described(old, o, false));
        }
        for (j, n) in after.iter().enumerate().filter(|(_, n)| n.subject == o.subject) {
            if pairs.get(&i) != Some(&j) && !apart(o, n) {
                let same = |u: &Use<P>| n.uses.iter().filter(|v| v.amount == u.amount).map(|v| v.meter).collect();
                let charged = o.uses.iter().map(|u| (u.meter, same(u))).collect();
                links.overlaps.push(Overlap { old: o.number, new: n.number, charged });
            }
        }
    }
    order(&pairs, before, after, out);
}

/// Pairs rules for the same, the old one's place with the new one's: those with equal conditions first, then those that have
/// most in common.
fn pair<P: Place>(before: &[View<'_, P>], after: &[View<'_, P>]) -> BTreeMap<usize, usize> {
    let equal = |a: &View<'_, P>, b: &View<'_, P>| {
        a.conditions.len() == b.conditions.len() && a.conditions.iter().all(|c| b.conditions.contains(c))
    };
    let mut pairs: BTreeMap<usize, usize> = BTreeMap::new();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for exact in [true, false] {
        for (j, n) in after.iter().enumerate() {
            if taken.contains(&j) {
                continue;
            }
            let free = |i: usize| !pairs.contains_key(&i);
            let likeness = |o: &View<'_, P>| {
                let common = o.conditions.iter().filter(|c| n.conditions.contains(c)).count();
                let places = o.conditions.iter().filter(|c| n.conditions.iter().any(|d| d.path == c.path)).count();
                let meters = o.uses.iter().filter(|u| n.uses.contains(u)).count();
                (common, places, meters)
            };
            let candidates = before
                .iter()
                .enumerate()
                .filter(|(i, o)| free(*i) && o.subject == n.subject && (!exact || equal(o, n)));
            // The first of the best.
            let best = candidates.rev().max_by_key(|(_, o)| likeness(o)).map(|(i, _)| i);
            taken.extend(best.map(|_| j));
            pairs.extend(best.map(|i| (i, j)));
        }
    }
    pairs
}

/// Rules that changed places with another for some of the same actions.
fn order<P: Place>(pairs: &BTreeMap<usize, usize>, before: &[View<'_, P>], after: &[View<'_, P>], out: &mut Changes) {
    for (i, j) in pairs {
        for (k, l) in pairs.range(i + 1..).filter(|(_, l)| *l < j) {
            let (Some(a), Some(b), Some(first), Some(second)) =
                (before.get(*i), before.get(*k), after.get(*l), after.get(*j))
            else {
                continue;
            };
            if a.subject == b.subject && !apart(a, b) {
                out.changed(Effect::Unknown, first.at(), say::order(&first.at(), &second.at()));
            }
        }
    }
}

/// Pairs the uses of a rule: the same amount of the same thing, with the likest meter.
fn uses<P: Place>(old: &Draft, new: &Draft, o: &View<'_, P>, n: &View<'_, P>, links: &mut Links, out: &mut Changes) {
    let mut gone: Vec<(usize, &Use<P>)> = o.uses.iter().enumerate().collect();
    let mut fresh: Vec<(usize, &Use<P>)> = n.uses.iter().enumerate().collect();
    let likeness: [fn(&DraftMeter, &DraftMeter) -> bool; 5] = [
        |a, b| a == b,
        |a, b| a.period == b.period && a.cap == b.cap,
        |a, b| a.period == b.period,
        |a, b| a.id == b.id,
        |_, _| true,
    ];
    for alike in likeness {
        fresh.retain(|(_, u)| {
            let Some(m) = meter(new, u.meter) else { return true };
            let twin = gone.iter().position(|(_, v)| {
                v.amount == u.amount && meter(old, v.meter).is_some_and(|v| v.what == m.what && alike(v, m))
            });
            let Some(twin) = twin else { return true };
            let (_, v) = gone.remove(twin);
            links.meters.push((v.meter, u.meter));
            false
        });
    }
    for (j, u) in fresh {
        out.added(Effect::Narrower, format!("{}.uses[{j}]", n.at()), say::counted(&cap(new, u.meter), true));
    }
    for (i, u) in gone {
        out.removed(Effect::Wider, format!("{}.uses[{i}]", o.at()), say::counted(&cap(old, u.meter), false));
    }
}

pub fn meter(d: &Draft, id: u16) -> Option<&DraftMeter> {
    d.meters.iter().find(|m| m.id == id)
}

/// A cap in a few words.
pub fn cap(d: &Draft, id: u16) -> String {
    let Some(m) = meter(d, id) else { return String::new() };
    let per = m.period.map(|p| print_duration(p.get().into()));
    say::cap(&m.cap.to_string(), &counts(m.what), per.as_deref())
}

/// What a meter counts, in a few words.
pub fn counts(what: What) -> String {
    match what {
        What::Native => say::WEI.to_owned(),
        What::Calls => say::CALLS.to_owned(),
        What::Custom => say::CUSTOM.to_owned(),
        What::Token(token) => say::units(&token.to_checksum(None)),
    }
}

fn described<P: Place>(d: &Draft, rule: &View<'_, P>, added: bool) -> String {
    let conditions: Vec<String> = rule.conditions.iter().map(|c| format!("`{}`", rule.condition(c))).collect();
    let caps: Vec<String> = rule
        .uses
        .iter()
        .map(|u| match &u.amount {
            Amount::Path(path) if meter(d, u.meter).is_some_and(|m| m.what == What::Custom) => {
                format!("{} (`{}`)", cap(d, u.meter), rule.place(path))
            }
            _ => cap(d, u.meter),
        })
        .collect();
    let value = (!rule.max_value.is_zero()).then(|| rule.max_value.to_string());
    say::rule(&rule.subject, value.as_deref(), &conditions.join(say::AND), &caps.join(say::WITH), added)
}
