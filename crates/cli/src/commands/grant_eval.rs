//! `hallpass grant eval`: what a grant says of one action.

use super::grant::read_grant_file;
use super::{Context, ask};
use crate::error::CliError;
use clap::Args;
use hallpass_policy::eval::Code;
use hallpass_policy::json::ask::{Case, print_verdict};
use hallpass_policy::{Denial, Policy, Verdict};
use serde_json::Value;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass grant eval`.
#[derive(Args)]
pub struct Eval {
    /// The grant, in the text form (TOML) or the JSON form; `-` is standard input
    #[arg(long, value_name = "FILE")]
    grant: PathBuf,
    /// The action: JSON in a file, or the JSON itself: {"call":..}, {"batch":[..]}, {"typed":..} or {"app":..}
    #[arg(long, value_name = "JSON")]
    action: String,
    /// The second of the decision, in Unix seconds; a relative time of the grant begins then
    #[arg(long, value_name = "UNIX")]
    at: u64,
    /// What was spent before: [{"meter":0,"window":17,"spent":"250"}], or an object with more; nothing where left out
    #[arg(long, value_name = "JSON")]
    ledger: Option<String>,
    /// The operation around calls: any of nonce, validFrom, validUntil, gas, fee, relayer, route
    #[arg(long, value_name = "JSON")]
    op: Option<String>,
    /// What requirements ask for: {"readAt":..,"holds":[..],"roles":[..],"credentials":[..]}
    #[arg(long, value_name = "JSON")]
    facts: Option<String>,
}

/// Exit status 0 where it is allowed, 1 where it is denied.
pub fn run(context: &Context, args: &Eval) -> Result<ExitCode, CliError> {
    let at = ask::moment(args.at)?;
    let grant = read_grant_file(&args.grant)?
        .supposed(at)
        .map_err(|e| CliError::input(e.code(), format!("{}, {e}", args.grant.display())))?;
    let part = |given: &Option<String>| given.as_deref().map(ask::json).transpose();
    let (ledger, op, facts) = (part(&args.ledger)?, part(&args.op)?, part(&args.facts)?);
    let action = ask::json(&args.action)?;
    let case = Case::of(&grant, at, &action, ledger.as_ref(), op.as_ref(), facts.as_ref())
        .map_err(|e| ask::unreadable("the question", &e))?;
    let policy = Policy::new(&grant);
    let judged = case.judge(&policy);
    let verdict = print_verdict(&policy, &case.ledger, &judged);
    context.show(&verdict, || words(&judged, &verdict))?;
    Ok(if judged.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A verdict as people read it.
fn words(judged: &Result<Verdict, Denial>, verdict: &Value) -> String {
    match judged {
        Ok(_) => {
            let mut out = verdict.get("says").and_then(Value::as_str).unwrap_or("allowed").to_owned();
            for cost in verdict.get("costs").and_then(Value::as_array).into_iter().flatten() {
                let part = |key: &str| {
                    cost.get(key).map_or_else(String::new, |v| v.as_str().map_or(v.to_string(), str::to_owned))
                };
                out += &format!(
                    "\n  meter {}, window {}: costs {}, leaves {}",
                    part("meter"),
                    part("window"),
                    part("amount"),
                    part("left")
                );
            }
            out
        }
        Err(denial) => {
            let cure = if denial.code == Code::NoRule { "\n  whatever no rule allows is denied" } else { "" };
            format!("denied: {denial} [{}]\n  at {}{cure}", denial.code, denial.at)
        }
    }
}
