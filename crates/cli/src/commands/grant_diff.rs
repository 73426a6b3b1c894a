//! `hallpass grant diff`: what a grant adds and removes against an older one.

use super::Context;
use super::grant::read_grant_file;
use crate::error::CliError;
use clap::Args;
use hallpass_policy::diff::{Diff, Kind, diff};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass grant diff`.
#[derive(Args)]
pub struct Between {
    /// The older grant, in the text form (TOML) or the JSON form; `-` is standard input
    old: PathBuf,
    /// The newer grant
    new: PathBuf,
}

/// Exit status 0 whatever is found.
pub fn run(context: &Context, args: &Between) -> Result<ExitCode, CliError> {
    let found = diff(&read_grant_file(&args.old)?, &read_grant_file(&args.new)?);
    let changes: Vec<_> = found
        .changes
        .iter()
        .map(|c| json!({ "change": c.change.name(), "widens": c.widens(), "at": c.at, "says": c.says }))
        .collect();
    let value = json!({ "summary": found.summary.name(), "changes": changes });
    context.show(&value, || words(&found))?;
    Ok(ExitCode::SUCCESS)
}

fn words(found: &Diff) -> String {
    let mut out = format!("{}: {}", found.summary.name(), found.summary.says());
    for c in &found.changes {
        // Rules and their parts are numbered by the grant that they stand in.
        let grant = if c.change == Kind::Removed { "old " } else { "" };
        out += &format!("\n  {:<8}  {grant}{}: {}", c.effect.name(), c.at, c.says);
    }
    out
}
