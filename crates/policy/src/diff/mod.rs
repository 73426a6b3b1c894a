//! What a grant adds and removes against an older one.
//!
//! A pure function of two grants or drafts. It fails closed: what cannot be told counts as wider. Where the summary says
//! `narrower` or `same`, every row of actions that the new grant allows from the start, the old one allows too.
//!
//! - this file: what is answered. [`catalogue`]: every sentence.
//! - [`whole`]: time, account, key, relaying, gas. [`claims`]: requirements and labels.
//! - [`rules`]: which rule of the new grant is which of the old one; [`conditions`]: theirs; [`meters`]: caps and windows.
//! - [`view`] and [`implies`]: one view of all kinds of rules, and which conditions follow from which.

pub mod catalogue;
mod claims;
mod conditions;
pub(crate) mod implies;
mod meters;
mod rules;
pub(crate) mod view;
mod whole;

use crate::draft::Draft;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

impl Kind {
    /// The name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// What a change does to what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// More is allowed.
    Wider,
    /// Less is allowed.
    Narrower,
    /// Something is allowed that was not, and something was that is not.
    Both,
    /// Nothing changes in what is allowed.
    Neutral,
    /// It cannot be told.
    Unknown,
}

impl Effect {
    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Both => "both",
            Self::Neutral => "same",
            Self::Unknown => "unknown",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What became of it.
    pub change: Kind,
    /// What that does.
    pub effect: Effect,
    /// Where: in the old grant for what was removed, in the new one for everything else.
    pub at: String,
    /// One sentence.
    pub says: String,
}

impl Change {
    /// Whether it allows something that was not allowed; `None` where that cannot be told.
    #[must_use]
    pub const fn widens(&self) -> Option<bool> {
        match self.effect {
            Effect::Wider | Effect::Both => Some(true),
            Effect::Narrower | Effect::Neutral => Some(false),
            Effect::Unknown => None,
        }
    }
}

/// All changes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Something more is allowed, or that cannot be told, and nothing less.
    Wider,
    /// Something less is allowed, and nothing more.
    Narrower,
    /// Something more, or that cannot be told, and something less.
    Mixed,
    /// The same is allowed; only names may differ.
    Same,
}

impl Summary {
    /// The name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wider => "wider",
            Self::Narrower => "narrower",
            Self::Mixed => "mixed",
            Self::Same => "same",
        }
    }

    /// What that means, in one sentence.
    #[must_use]
    pub const fn says(self) -> &'static str {
        catalogue::summary(self)
    }

    /// Whether the new grant may allow what the old one did not.
    #[must_use]
    pub const fn may_widen(self) -> bool {
        matches!(self, Self::Wider | Self::Mixed)
    }
}

/// What changed from one grant to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// Each change, in the order of the grant.
    pub changes: Vec<Change>,
    /// All of them together.
    pub summary: Summary,
}

/// Compares two grants or drafts.
#[must_use]
pub fn diff(old: &Draft, new: &Draft) -> Diff {
    let mut out = Changes::default();
    whole::compare(old, new, &mut out);
    claims::requirements(&old.rest.requires, &new.rest.requires, &mut out);
    let links = rules::compare(old, new, &mut out);
    meters::compare(old, new, &links, &mut out);
    if out.narrows() {
        rules::takeovers(&links, &mut out);
    }
    claims::labels(old, new, &links, &mut out);
    let summary = match (out.may_widen(), out.narrows()) {
        (true, true) => Summary::Mixed,
        (true, false) => Summary::Wider,
        (false, true) => Summary::Narrower,
        (false, false) => Summary::Same,
    };
    Diff { changes: out.0, summary }
}

/// What was found so far.
#[derive(Default)]
struct Changes(Vec<Change>);

impl Changes {
    fn push(&mut self, change: Kind, effect: Effect, at: impl Into<String>, says: impl Into<String>) {
        self.0.push(Change { change, effect, at: at.into(), says: says.into() });
    }

    fn added(&mut self, effect: Effect, at: impl Into<String>, says: impl Into<String>) {
        self.push(Kind::Added, effect, at, says);
    }

    fn removed(&mut self, effect: Effect, at: impl Into<String>, says: impl Into<String>) {
        self.push(Kind::Removed, effect, at, says);
    }

    fn changed(&mut self, effect: Effect, at: impl Into<String>, says: impl Into<String>) {
        self.push(Kind::Changed, effect, at, says);
    }

    /// A bound of which more is wider.
    fn bound<T: PartialOrd + ToString>(&mut self, at: impl Into<String>, of: &str, old: &T, new: &T) {
        if old != new {
            let effect = if new > old { Effect::Wider } else { Effect::Narrower };
            self.changed(effect, at, catalogue::number(of, &old.to_string(), &new.to_string(), new > old));
        }
    }

    fn may_widen(&self) -> bool {
        self.0.iter().any(|c| c.widens() != Some(false))
    }

    fn narrows(&self) -> bool {
        self.0.iter().any(|c| matches!(c.effect, Effect::Narrower | Effect::Both))
    }
}
