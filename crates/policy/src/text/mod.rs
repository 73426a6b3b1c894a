//! The text form: TOML that people write (DESIGN section 3), read into a [`Draft`] and printed back.
//!
//! - [`fields`]: tables that know which keys they expect, and errors that know their place.
//! - [`parse`]: the grant as a whole; [`rules`]: one rule, its meters; [`expr`]: one condition; [`path`]: where its value
//!   stands; [`ratio`]: prices; [`units`]: amounts and durations.
//! - [`print`]: the way back; `parse(print(g)) == g`; [`print_rules`]: its rules.

mod expr;
mod fields;
mod parse;
pub mod path;
mod print;
mod print_rules;
mod ratio;
mod rules;
pub mod units;

use crate::draft::Draft;
use core::fmt;
use core::ops::Range;

/// Largest grant that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// Reads a grant in the text form.
///
/// # Errors
/// [`TextError`] with line, column and what would be right.
pub fn parse(source: &str) -> Result<Draft, TextError> {
    if source.len() > MAX_BYTES {
        return Err(fields::Problem::new(0..0, "too_large", "a grant is at most 64 KiB").locate(source));
    }
    parse::grant(source).map_err(|problem| problem.locate(source))
}

/// Writes a draft in the text form.
#[must_use]
pub fn print(draft: &Draft) -> String {
    print::draft(draft)
}

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// The stable code.
    pub code: &'static str,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// One sentence.
    pub says: String,
    /// What would be right.
    pub hint: Option<String>,
    excerpt: String,
    width: usize,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}, column {}: {}", self.line, self.column, self.says)?;
        let number = self.line.to_string();
        writeln!(f, "  {number} | {}", self.excerpt)?;
        let pad = " ".repeat(number.len());
        let indent = " ".repeat(self.column.saturating_sub(1));
        write!(f, "  {pad} | {indent}{}", "^".repeat(self.width.max(1)))?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for TextError {}

impl TextError {
    fn at(source: &str, span: &Range<usize>, code: &'static str, says: String, hint: Option<String>) -> Self {
        let start = span.start.min(source.len());
        let before = source.get(..start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let head = before.rsplit('\n').next().unwrap_or("");
        // What a terminal would obey is shown as a blank; the width stays.
        let shown = |c: char| if c.is_control() { ' ' } else { c };
        let excerpt: String = source.lines().nth(line - 1).unwrap_or("").chars().take(200).map(shown).collect();
        let says: String = says.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        let marked = source.get(start..span.end.min(source.len())).unwrap_or("");
        let width = marked.lines().next().unwrap_or("").chars().count();
        Self { code, line, column: head.chars().count() + 1, says, hint, excerpt, width: width.min(80) }
    }
}

#[cfg(test)]
mod tests;
