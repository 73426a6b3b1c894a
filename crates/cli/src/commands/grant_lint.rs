//! `hallpass grant lint`: what is legal in a grant, but unwise.

use super::Context;
use super::grant::read_grant_file;
use crate::error::CliError;
use clap::Args;
use hallpass_policy::lint::{Finding, Severity, lint};
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass grant lint`.
#[derive(Args)]
pub struct Lint {
    /// The grant, in the text form (TOML) or the JSON form; `-` is standard input
    file: PathBuf,
}

/// Exit status 0 without warnings, 1 with warnings; notes do not count.
pub fn run(context: &Context, args: &Lint) -> Result<ExitCode, CliError> {
    let findings = lint(&read_grant_file(&args.file)?);
    let count = |severity| findings.iter().filter(|f| f.severity() == severity).count();
    let (warnings, notes) = (count(Severity::Warn), count(Severity::Note));
    let list: Vec<_> = findings
        .iter()
        .map(|f| {
            json!({ "code": f.code.name(), "severity": f.severity().name(), "at": f.at, "says": f.says, "fix": f.fix })
        })
        .collect();
    let value = json!({ "warnings": warnings, "notes": notes, "findings": list });
    context.show(&value, || words(&findings, warnings, notes))?;
    Ok(ExitCode::from(u8::from(warnings > 0)))
}

fn words(findings: &[Finding], warnings: usize, notes: usize) -> String {
    let mut out = String::new();
    // Warnings first: they are what the exit status tells of.
    for severity in [Severity::Warn, Severity::Note] {
        for f in findings.iter().filter(|f| f.severity() == severity) {
            let (name, code) = (severity.name(), f.code.name());
            out += &format!("{name}: {}: {} [{code}]\n  fix: {}\n", f.at, f.says, f.fix);
        }
    }
    let plural = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    out + &format!("{}, {}", plural(warnings, "warning"), plural(notes, "note"))
}
