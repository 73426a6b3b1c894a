//! The conditions of a rule against those of its older self.

use super::catalogue::{self as say, How};
use super::implies::{follows, holds, implies, listed};
use super::view::{Place, View};
use super::{Changes, Effect};
use crate::grant::Condition;

/// Every condition that is not on both sides is paired by its place, and by its operator where several stand there.
pub fn compare<P: Place>(old: &View<'_, P>, new: &View<'_, P>, out: &mut Changes) {
    let mut gone: Vec<(usize, &Condition<P>)> =
        old.conditions.iter().enumerate().filter(|(_, c)| !new.conditions.contains(c)).collect();
    let mut fresh: Vec<(usize, &Condition<P>)> =
        new.conditions.iter().enumerate().filter(|(_, c)| !old.conditions.contains(c)).collect();
    let operator = |c: &Condition<P>| core::mem::discriminant(&c.test);
    for alike in [true, false] {
        fresh.retain(|(j, n)| {
            let twin = gone.iter().position(|(_, o)| o.path == n.path && (!alike || operator(o) == operator(n)));
            let Some(twin) = twin else { return true };
            let (_, o) = gone.remove(twin);
            let (effect, how) = compared(o, n, new);
            let says = say::condition_changed(&old.condition(o), &new.condition(n), how);
            out.changed(effect, format!("{}.conditions[{j}]", new.at()), says);
            false
        });
    }
    for (j, c) in fresh {
        let idle = follows(c, old.conditions, &new.ty(&c.path));
        let effect = if idle { Effect::Neutral } else { Effect::Narrower };
        let text = new.condition(c);
        let says = if idle { say::idle(&text, true) } else { say::condition(&text, true) };
        out.added(effect, format!("{}.conditions[{j}]", new.at()), says);
    }
    for (i, c) in gone {
        let idle = follows(c, new.conditions, &old.ty(&c.path));
        let effect = if idle { Effect::Neutral } else { Effect::Wider };
        let text = old.condition(c);
        let says = if idle { say::idle(&text, false) } else { say::condition(&text, false) };
        out.removed(effect, format!("{}.conditions[{i}]", old.at()), says);
    }
}

fn compared<P: Place>(old: &Condition<P>, new: &Condition<P>, rule: &View<'_, P>) -> (Effect, How) {
    let ty = rule.ty(&new.path);
    match (implies(&new.test, &old.test, &ty), implies(&old.test, &new.test, &ty)) {
        (true, true) => (Effect::Neutral, How::Same),
        (true, false) => (Effect::Narrower, How::Tighter),
        (false, true) => (Effect::Wider, How::Wider),
        (false, false) => {
            let escapes = |word| holds(&old.test, word, &ty) == Some(false);
            if listed(&new.test).iter().any(|w| escapes(*w)) {
                (Effect::Both, How::Other)
            } else {
                (Effect::Unknown, How::Unknown)
            }
        }
    }
}
