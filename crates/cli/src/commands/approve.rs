//! `hallpass approve`: what the owner is asked beside new grants, and the answer.

use super::Context;
use super::grant::Signing;
use crate::client::Client;
use crate::error::CliError;
use crate::system::{moment, out};
use clap::Args;
use hallpass_server::endpoints::approve::ApproveBody;
use hallpass_server::endpoints::approve_request::AnsweredView;
use hallpass_server::endpoints::request_shapes::RequestView;
use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

/// Options of `hallpass approve`.
#[derive(Args)]
pub struct Approve {
    /// The request; without one, those that wait are listed
    request: Option<String>,
    /// Say no, for good
    #[arg(long, requires = "request", conflicts_with_all = ["signature", "dev_key", "authorization"])]
    refuse: bool,
    /// Do not ask at the terminal once more
    #[arg(long, requires = "request")]
    yes: bool,
    #[command(flatten)]
    signing: Signing,
}

/// Lists, shows, approves or refuses.
pub async fn run(context: &Context, args: Approve) -> Result<ExitCode, CliError> {
    let client = Client::logged_in(&context.config)?;
    let Some(id) = &args.request else { return list(context, &client).await };
    let path = format!("/v1/requests/{id}");
    if args.refuse {
        let view: RequestView = client.post(&format!("{path}/refuse"), &()).await?;
        context.show(&view, || format!("request {} is {}", view.id, view.state))?;
        return Ok(ExitCode::SUCCESS);
    }
    let view: RequestView = client.get(&path).await?;
    let unsigned = args.signing.signature.is_none() && args.signing.dev_key.is_none();
    if unsigned {
        let how = format!(
            "sign what `hallpass grant typed-data {}` prints, then `hallpass approve {id} --signature 0x...`",
            view.proposal
        );
        context.show(&view, || format!("{}\nrequest {} is {}\n{how}", view.text, view.id, view.state))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        // What is agreed to is read first; with `--json` it does not stand in the answer's way.
        if context.json {
            eprintln!("{}", view.text);
        } else {
            out(&view.text);
        }
        confirm(&format!("request {}", view.id), "read it with `hallpass approve REQUEST`, then give --yes").map_err(
            |refused| {
                if refused.code == "not_confirmed" {
                    refused.hint("say no for good with `hallpass approve REQUEST --refuse`")
                } else {
                    refused
                }
            },
        )?;
    }
    let body = args.signing.body(context, &client, &view.proposal).await?;
    // They stand above, where they were not waived.
    let body = ApproveBody { words_hash: (!args.yes).then(|| view.words_hash.clone()), ..body };
    let answer: AnsweredView = client.post(&format!("{path}/approve"), &body).await?;
    context.show(&answer, || {
        let done = match (&answer.pending, &answer.request.done) {
            (Some(why), _) => format!("it could not be done yet: {} [{}]; run this again", why.says, why.code),
            (None, Some(done)) => {
                let sent = done.tx.as_deref().map_or(String::new(), |tx| format!(" in transaction {tx}"));
                format!("done{sent}")
            }
            (None, None) => format!("session {} stands", answer.request.proposal),
        };
        format!("request {} is {}\n{done}", answer.request.id, answer.request.state)
    })?;
    Ok(if answer.pending.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

async fn list(context: &Context, client: &Client) -> Result<ExitCode, CliError> {
    let all: Vec<RequestView> = client.get("/v1/requests?open=true").await?;
    context.show(&all, || {
        if all.is_empty() {
            return "nothing is asked of you".to_owned();
        }
        let mut text = String::from("REQUEST                               KIND     UNTIL                 WHY");
        for r in &all {
            let claim = r.why.as_deref().map(|why| format!(" (\"{why}\", says the asker)")).unwrap_or_default();
            let why = r.met.as_ref().map_or("renewal", |met| met.says.as_str());
            text.push_str(&format!("\n{:<37} {:<8} {:<21} {why}{claim}", r.id, r.kind, moment(r.deadline)));
        }
        text.push_str("\nread one with `hallpass approve REQUEST`");
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Asks at the terminal; everything but `yes` is a no that can be asked again.
pub fn confirm(what: &str, elsewhere: &str) -> Result<(), CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::input("no_terminal", "there is no terminal to confirm at").hint(elsewhere));
    }
    // Standard error, so that --json stays one object.
    eprint!("sign for {what}, and nothing else? Type yes: ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    match (read, line.trim()) {
        (Ok(_), "yes") => Ok(()),
        _ => Err(CliError::refused("not_confirmed", "nothing was signed")),
    }
}
