//! `hallpass grant replay`: what a grant says of one action after another, each allowed one consuming the budgets.

use super::grant::read_grant_file;
use super::{Context, ask};
use crate::error::CliError;
use crate::system::{out, read_text};
use clap::Args;
use hallpass_policy::eval::Action;
use hallpass_policy::json::AskError;
use hallpass_policy::json::ask::{Case, print_verdict, read_ledger};
use hallpass_policy::{Draft, Grant, Ledger, Policy};
use hallpass_types::UnixSeconds;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass grant replay`.
#[derive(Args)]
pub struct Replay {
    /// The grant, in the text form (TOML) or the JSON form
    #[arg(long, value_name = "FILE")]
    grant: PathBuf,
    /// One {"at":UNIX,"action":{..}} a line, with `op` and `facts` where needed; `-` is standard input. A relative time of
    /// the grant begins at the first line's `at`
    #[arg(long, value_name = "FILE")]
    script: PathBuf,
    /// What was spent before the first line
    #[arg(long, value_name = "JSON")]
    ledger: Option<String>,
}

/// Exit status 0 where every line could be read, whatever the verdicts; 2 where one could not.
pub fn run(context: &Context, args: &Replay) -> Result<ExitCode, CliError> {
    let draft = read_grant_file(&args.grant)?;
    let script = read_text(&args.script)?;
    let ledger = args.ledger.as_deref().map(ask::json).transpose()?;
    let mut past: Option<(Grant, Ledger)> = None;
    let mut unread = 0_usize;
    for (i, line) in script.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{}, line {}", args.script.display(), i + 1);
        let verdict = read(&place, line).and_then(|value| {
            let (at, value) = value;
            if past.is_none() {
                past = Some(begin(&draft, at, ledger.as_ref(), args)?);
            }
            let Some((grant, ledger)) = &mut past else {
                return Err(CliError::missing("no_grant", "there is no grant"));
            };
            step(grant, ledger, at, &value).map_err(|e| ask::unreadable(&place, &e))
        });
        match verdict {
            Ok(verdict) => show(context, i + 1, &verdict),
            Err(error) => {
                unread += 1;
                let shown = json!({ "line": i + 1, "error": { "code": error.code, "says": error.says } });
                if context.json {
                    out(&shown.to_string())
                } else {
                    out(&format!("{}: unreadable: {}", i + 1, error.says))
                }
            }
        }
    }
    if unread == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let lines = if unread == 1 { "1 line".to_owned() } else { format!("{unread} lines") };
    Err(CliError::input(
        "unreadable_line",
        format!("{lines} of {} could not be read, and changed nothing", args.script.display()),
    ))
}

fn read(place: &str, line: &str) -> Result<(UnixSeconds, Value), CliError> {
    let value = ask::parse(place, line)?;
    let at = value.get("at").and_then(Value::as_u64).and_then(UnixSeconds::new);
    if value.get("ledger").is_some() {
        let says =
            format!("{place}: a line has no ledger of its own; what was spent before the first is given by --ledger");
        return Err(CliError::input("bad_json", says));
    }
    let at = at.ok_or_else(|| {
        CliError::input("bad_json", format!("{place}: `at` is missing, or no Unix seconds below 2^48"))
    })?;
    Ok((at, value))
}

fn begin(draft: &Draft, at: UnixSeconds, ledger: Option<&Value>, args: &Replay) -> Result<(Grant, Ledger), CliError> {
    let grant = draft.supposed(at).map_err(|e| CliError::input(e.code(), format!("{}, {e}", args.grant.display())))?;
    let ledger = match ledger {
        Some(value) => read_ledger(value, &grant).map_err(|e| ask::unreadable("--ledger", &e))?,
        None => Ledger::fresh(&grant),
    };
    Ok((grant, ledger))
}

/// Judges one line; where it is allowed, the ledger holds it from then on.
fn step(grant: &Grant, ledger: &mut Ledger, at: UnixSeconds, value: &Value) -> Result<Value, AskError> {
    let mut case = Case::read(value, grant)?;
    case.at = at;
    case.ledger = ledger.clone();
    let policy = Policy::new(grant);
    let judged = case.judge(&policy);
    if let Ok(verdict) = &judged {
        let nonce = case.op.nonce.and_then(|(lane, sequence)| Some((lane, u32::try_from(sequence).ok()?)));
        match (&case.action, nonce) {
            (Action::Calls(_), Some((lane, sequence))) => ledger.apply(lane, sequence, &verdict.costs),
            _ => ledger.charge(&verdict.costs),
        }
    }
    Ok(print_verdict(&policy, &case.ledger, &judged))
}

fn show(context: &Context, line: usize, verdict: &Value) {
    if context.json {
        out(&verdict.to_string());
        return;
    }
    let text = |key: &str| verdict.get(key).and_then(Value::as_str).unwrap_or("");
    if verdict.get("allowed") == Some(&Value::Bool(true)) {
        out(&format!("{line}: {}", text("says")));
    } else {
        out(&format!("{line}: denied: {} [{}] at {}", text("says"), text("code"), text("at")));
    }
}
