//! What `eval` and `replay` read: JSON from a file, from standard input, or from the command line itself.

use crate::error::CliError;
use crate::system::read_text;
use hallpass_policy::json::{AskError, strict};
use hallpass_types::UnixSeconds;
use serde_json::Value;
use std::path::Path;

/// Largest JSON that is read, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Reads JSON from a file, from standard input (`-`), or from the argument where it begins with `{` or `[`.
pub fn json(argument: &str) -> Result<Value, CliError> {
    let inline = argument.trim_start().starts_with(['{', '[']);
    let (name, text) = if inline {
        ("the argument".to_owned(), argument.to_owned())
    } else {
        (argument.to_owned(), read_text(Path::new(argument))?)
    };
    parse(&name, &text)
}

/// Reads JSON; `name` says where it is from.
pub fn parse(name: &str, text: &str) -> Result<Value, CliError> {
    if text.len() > MAX_BYTES {
        return Err(CliError::input("too_large", format!("{name}: at most 4 MiB are read")));
    }
    strict::parse(text).map_err(|e| CliError::input("bad_json", format!("{name}: {e}")))
}

/// What could not be read, in what was named by `source`.
pub fn unreadable(source: &str, error: &AskError) -> CliError {
    CliError::input(error.code(), format!("{source}, {error}"))
}

/// A moment on the command line.
pub fn moment(seconds: u64) -> Result<UnixSeconds, CliError> {
    UnixSeconds::new(seconds)
        .ok_or_else(|| CliError::input("bad_time", format!("`{seconds}` is no time: Unix seconds are below 2^48")))
}
