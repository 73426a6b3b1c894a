//! The grant in plain words, as an owner reads it before approving.
//!
//! A pure function of the grant, its labels and the operator's own lists. Facts and the requester's claims never mix:
//! what the requester calls a thing stands in quotes with the word "calls". Addresses are never shortened.
//!
//! - [`catalogue`]: every sentence. [`sentences`]: which are said of rules and totals; [`whole`]: which of the grant as a whole.
//! - [`places`]: how a value in an action is named. [`warnings`]: what can go wrong.

pub mod catalogue;
mod places;
mod sentences;
mod warnings;
mod whole;

use crate::draft::Draft;

pub use crate::lists::Lists;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A heading.
    Heading,
    /// A fact.
    Plain,
    /// A fact that belongs to the line before.
    Detail,
    /// Something broad or dangerous; shown in red.
    Red,
}

impl Tone {
    /// The name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Plain => "plain",
            Self::Detail => "detail",
            Self::Red => "red",
        }
    }
}

/// One line of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// Explains a grant or a draft.
#[must_use]
pub fn explain(draft: &Draft, lists: &Lists) -> Vec<Line> {
    sentences::all(draft, lists)
}

/// The lines as plain text; red lines begin with `!`.
#[must_use]
pub fn to_text(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        let lead = match line.tone {
            Tone::Heading if out.is_empty() => "",
            Tone::Heading => "\n",
            Tone::Plain => "  ",
            Tone::Detail => "     ",
            Tone::Red => "! ",
        };
        out.push_str(lead);
        out.push_str(&line.text);
        out.push('\n');
    }
    out
}
