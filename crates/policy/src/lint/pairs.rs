//! Rules for the same thing that get in each other's way.

use super::{Code, Findings, catalogue as say};
use crate::diff::implies::all_follow;
use crate::diff::view::{self, Place, View};
use crate::draft::Draft;

pub fn look(d: &Draft, out: &mut Findings) {
    kind(&view::calls(d), out);
    kind(&view::typed(d), out);
    kind(&view::apps(d), out);
}

fn kind<P: Place>(rules: &[View<'_, P>], out: &mut Findings) {
    for (i, later) in rules.iter().enumerate() {
        // The first that is in the way is enough.
        let found = rules.iter().take(i).filter(|r| r.subject == later.subject).find_map(|earlier| {
            if is_shadowed(later, earlier) {
                Some((Code::UnreachableRule, say::unreachable(&earlier.at())))
            } else if differs_in_meters(later, earlier) {
                Some((Code::CapsAddUp, say::caps_add_up(&earlier.at())))
            } else {
                None
            }
        });
        if let Some((code, said)) = found {
            out.add(code, later.at(), said);
        }
    }
}

/// Whether `earlier` takes whatever `later` would: it has weaker conditions, and whatever makes its meters say no makes those
/// of `later` say no.
fn is_shadowed<P: Place>(later: &View<'_, P>, earlier: &View<'_, P>) -> bool {
    earlier.max_value >= later.max_value
        && all_follow(later, earlier)
        && earlier.uses.iter().all(|u| later.uses.contains(u))
}

fn differs_in_meters<P: Place>(a: &View<'_, P>, b: &View<'_, P>) -> bool {
    a.max_value == b.max_value && all_follow(a, b) && all_follow(b, a)
}
