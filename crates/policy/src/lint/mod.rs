//! What is legal in a grant, but unwise.
//!
//! A pure function of the grant or draft. It looks for what an author would rarely mean; what breaks the protocol is
//! refused elsewhere ([`Draft::check`]). A finding has a stable [`Code`] and a concrete cure.
//!
//! - [`code`]: the codes and how much they matter. [`catalogue`]: every sentence.
//! - [`whole`]: life, key, relaying, gas, labels. [`meters`]: caps and windows.
//! - [`rules`]: what any rule may lack. [`pairs`]: rules that get in each other's way.
//! - [`tokens`]: functions that move or approve tokens, judged by [`crate::known::judged`]; [`swaps`]: prices and deadlines; [`messages`]:
//!   typed messages. [`bounds`] and [`words`]: what conditions bind, and what names suggest.

pub(crate) mod bounds;
pub mod catalogue;
pub mod code;
mod messages;
mod meters;
mod pairs;
mod rules;
mod swaps;
mod tokens;
mod whole;
mod words;

use crate::draft::{Draft, Span};
use catalogue::Said;

pub use code::{Code, Severity};

/// Something legal and unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// Where in the grant, such as `rules[1].uses[0]`; a rule's number is its place in the whole list, from 0.
    pub at: String,
    /// Why it is unwise, in one sentence.
    pub says: String,
    /// What to do about it, in one sentence.
    pub fix: String,
}

impl Finding {
    /// How much it matters.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }
}

/// Everything that is unwise in a grant or draft: the grant as a whole first, then rule by rule, then the meters.
#[must_use]
pub fn lint(draft: &Draft) -> Vec<Finding> {
    let mut out = Findings::default();
    whole::look(draft, &mut out);
    rules::look(draft, &mut out);
    pairs::look(draft, &mut out);
    meters::look(draft, &mut out);
    out.0
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, code: Code, at: impl Into<String>, said: Said) {
        self.0.push(Finding { code, at: at.into(), says: said.says, fix: said.fix });
    }
}

/// How long a draft lives, in seconds, where it says so.
fn life(d: &Draft) -> Option<u64> {
    match d.time? {
        Span::Between(from, until) => Some(until.get().saturating_sub(from.get())),
        Span::Lasts(seconds) => Some(seconds),
    }
}
