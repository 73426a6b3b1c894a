//! `hallpass grant new`: a grant to begin with, from the gallery.

use super::Context;
use crate::error::CliError;
use crate::system::out;
use clap::Args;
use hallpass_policy::gallery::{ALL, find};
use std::process::ExitCode;

/// Options of `hallpass grant new`.
#[derive(Args)]
pub struct New {
    /// The template; without it, all are listed
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
}

/// Prints a template, or the list of them.
pub fn run(context: &Context, args: &New) -> Result<ExitCode, CliError> {
    let Some(name) = &args.template else {
        let list: Vec<_> =
            ALL.iter().map(|t| serde_json::json!({ "template": t.name, "purpose": t.purpose() })).collect();
        context.show(&list, || {
            let lines: Vec<String> = ALL.iter().map(|t| format!("{:<22} {}", t.name, t.purpose())).collect();
            format!("{}\n\nhallpass grant new --template NAME > pass.toml", lines.join("\n"))
        })?;
        return Ok(ExitCode::SUCCESS);
    };
    let template = find(name).ok_or_else(|| {
        let names: Vec<&str> = ALL.iter().map(|t| t.name).collect();
        CliError::input("unknown_template", format!("there is no template `{name}`")).hint(names.join(", "))
    })?;
    if context.json {
        context.show(&serde_json::json!({ "template": template.name, "text": template.text }), String::new)?;
    } else {
        out(template.text.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}
