//! Caps and windows: which meter of the new grant stands for which of the old one follows from the rules that use them.

use super::rules::{Links, cap, counts, meter};
use super::{Changes, Effect, catalogue as say};
use crate::draft::{Draft, DraftMeter, Span};
use crate::text::units::print_duration;
use core::num::NonZeroU32;

pub fn compare(old: &Draft, new: &Draft, links: &Links, out: &mut Changes) {
    let mut pairs = links.meters.clone();
    pairs.sort_unstable();
    pairs.dedup();
    // One pass of a salt carries its counters along by meter id.
    let carries = old.salt.is_some() && old.salt == new.salt;
    for m in &old.meters {
        let count = pairs.iter().filter(|(o, _)| *o == m.id).count();
        if count > 1 {
            out.changed(Effect::Wider, place(old, m.id), say::split(&cap(old, m.id), count));
        }
    }
    for (i, m) in new.meters.iter().enumerate() {
        let at = format!("meters[{i}]");
        let olds: Vec<&DraftMeter> =
            pairs.iter().filter(|(_, n)| *n == m.id).filter_map(|(o, _)| meter(old, *o)).collect();
        if olds.len() > 1 {
            out.changed(Effect::Narrower, at.clone(), say::merged(&cap(new, m.id), olds.len()));
        }
        for o in &olds {
            one(old, new, o, m, carries, &at, out);
        }
        let reused = meter(old, m.id).is_some_and(|o| !olds.contains(&o));
        if carries && reused {
            out.changed(Effect::Unknown, format!("{at}.id"), say::reused(m.id));
        }
    }
}

fn place(d: &Draft, id: u16) -> String {
    d.meters.iter().position(|m| m.id == id).map_or("meters".to_owned(), |i| format!("meters[{i}]"))
}

fn one(old: &Draft, new: &Draft, o: &DraftMeter, n: &DraftMeter, carries: bool, at: &str, out: &mut Changes) {
    out.bound(format!("{at}.cap"), &say::cap_of(&counts(n.what)), &o.cap, &n.cap);
    if carries && o.id != n.id {
        out.changed(Effect::Unknown, format!("{at}.id"), say::id(o.id, n.id));
    }
    if o.period != n.period {
        let shown = |p: Option<NonZeroU32>| p.map(|p| print_duration(p.get().into()));
        let says = say::period(shown(o.period).as_deref(), shown(n.period).as_deref());
        out.changed(period(o, n), format!("{at}.period"), says);
        return;
    }
    let Some(period) = n.period else { return };
    match (start(old, o), start(new, n)) {
        (a, b) if a == b => {}
        // Windows that begin at the same moments; only their numbers differ, which matter to counters that come along.
        (Start::At(a), Start::At(b)) if a.abs_diff(b).is_multiple_of(period.get().into()) && !carries => {}
        _ => out.changed(Effect::Unknown, format!("{at}.anchor"), say::anchor()),
    }
}

/// A longer window allows less in all, and an operation across an edge that is no more: only a cap that comes back, or comes
/// back more often, is surely wider.
fn period(o: &DraftMeter, n: &DraftMeter) -> Effect {
    match (o.period, n.period) {
        (None, Some(_)) if n.cap >= o.cap => Effect::Wider,
        (Some(a), Some(b)) if n.cap >= o.cap && a.get().is_multiple_of(b.get()) => Effect::Wider,
        _ => Effect::Unknown,
    }
}

/// Where windows begin.
#[derive(PartialEq, Eq)]
enum Start {
    At(u64),
    /// With the grant, whenever that is.
    WithGrant,
}

fn start(d: &Draft, m: &DraftMeter) -> Start {
    match (m.anchor, d.time) {
        (Some(anchor), _) => Start::At(anchor.get()),
        (None, Some(Span::Between(from, _))) => Start::At(from.get()),
        (None, _) => Start::WithGrant,
    }
}
