//! The JSON form: RFC 8785 of the EIP-712 message, with `labels` in clear and `null` for what a draft leaves open.
//!
//! Integers are decimal strings, addresses EIP-55, bytes lower-case hex. White space, the order of members and escapes
//! inside strings aside, only the canonical form is read: a field that is unknown, doubled, or written another way is refused.
//!
//! - [`ask`]: what is asked of a grant, and the answer.
//! - this file: printing and reading. `form`: the shape of the message. [`strict`]: no name twice. [`checksummed`], `values`: spellings of single values.

pub mod ask;
mod form;
mod object;
pub mod strict;
mod values;

use crate::draft::{CompleteError, Draft, Fill};
use crate::grant::{BadGrant, Grant};
use form::Form;

pub use object::AskError;
pub use values::checksummed;

/// Largest grant that is read, in bytes.
pub const MAX_BYTES: usize = 64 * 1024;

/// A source of this many bytes may have a form that is too large; the forms of a smaller one never grow so much.
pub(crate) const LARGE: usize = 1024;

/// Why a JSON grant could not be read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// More than 64 KiB.
    #[error("a grant is at most 64 KiB")]
    TooLarge,
    /// Not this shape; the message names line and column.
    #[error("{0}")]
    Shape(#[from] serde_json::Error),
    /// Another spelling of a value, or fields in a form that is not canonical.
    #[error("the grant is not in its canonical form; the canonical form of what was read begins to differ at `{0}`")]
    NotCanonical(String),
    /// It breaks a rule of the protocol.
    #[error(transparent)]
    Bad(#[from] BadGrant),
}

impl JsonError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::Shape(_) => "bad_json",
            Self::NotCanonical(_) => "not_canonical",
            Self::Bad(bad) => bad.code(),
        }
    }
}

/// The canonical JSON of a draft (or, through [`Draft::from`], of a grant).
#[must_use]
pub fn print(draft: &Draft) -> String {
    // Only maps with string keys, strings and null are written, none of which can fail.
    serde_json_canonicalizer::to_string(&Form::from(draft)).unwrap_or_default()
}

/// Reads a draft.
///
/// # Errors
/// [`JsonError`].
pub fn parse(text: &str) -> Result<Draft, JsonError> {
    if text.len() > MAX_BYTES {
        return Err(JsonError::TooLarge);
    }
    let form: Form = serde_json::from_str(text)?;
    let draft = form.into_draft()?;
    draft.check()?;
    // A path may be written with sixteen long names where the JSON has two digits a step; eightfold is the most.
    if text.len() > MAX_BYTES / 8 {
        draft.check_size()?;
    }
    let canonical = print(&draft);
    if text.trim_end() == canonical {
        return Ok(draft);
    }
    let read = strict::parse(text)?;
    let given = serde_json_canonicalizer::to_string(&read)?;
    if given != canonical {
        let same = given.bytes().zip(canonical.bytes()).take_while(|(a, b)| a == b).count();
        return Err(JsonError::NotCanonical(canonical.chars().skip(same.saturating_sub(12)).take(40).collect()));
    }
    Ok(draft)
}

/// Reads a complete grant.
///
/// # Errors
/// [`JsonError`]; a draft with open fields is refused as bad.
pub fn parse_grant(text: &str) -> Result<Grant, JsonError> {
    match parse(text)?.complete(&Fill::default()) {
        Ok(grant) => Ok(grant),
        Err(CompleteError::Bad(bad)) => Err(bad.into()),
        Err(incomplete) => Err(BadGrant::new("grant", incomplete.to_string()).into()),
    }
}
