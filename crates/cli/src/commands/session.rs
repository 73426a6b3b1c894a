//! `hallpass session`

use super::Context;
use crate::client::Client;
use crate::error::CliError;
use crate::system::{OsRng, moment, read_text};
use alloy_primitives::hex;
use clap::Subcommand;
use hallpass_server::endpoints::execute::{ExecuteBody, ExecuteView};
use hallpass_server::endpoints::holder::HolderView;
use hallpass_server::endpoints::renew::RenewBody;
use hallpass_server::endpoints::request_grant::GrantView;
use hallpass_server::endpoints::request_shapes::{AskBody, RequestView};
use hallpass_server::endpoints::revoke::RevokeView;
use hallpass_server::endpoints::shapes::{ActionBody, SessionView, VerdictView};
use hallpass_server::endpoints::sign::{SignBody, SignView};
use hallpass_types::Rng;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Subcommands of `hallpass session`.
#[derive(Subcommand)]
pub enum Session {
    /// List every session you have handed out, ended ones too
    List,
    /// Show a session and its grant in plain words
    Show {
        /// The session
        session: String,
    },
    /// Ask whether an action would be allowed; nothing is reserved or signed (exit status 1 if denied)
    Check {
        /// The session
        session: String,
        /// The action: {"call": {"chain", "to", "value", "data"}} or {"batch": [...]}; `-` is standard input
        action: PathBuf,
    },
    /// Sign and send an action
    Execute {
        /// The session
        session: String,
        /// The action, as for `check`
        action: PathBuf,
        /// Retries with the same key find the same operation; random where not given
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// Ask the owner where the pass does not allow it
        #[arg(long)]
        ask: bool,
    },
    /// Sign an action and print what carries it; you send it yourself
    Sign {
        /// The session
        session: String,
        /// The action, as for `check`; or {"typed": ..}, {"app": ..}, {"transaction": ..}
        action: PathBuf,
        /// Retries with the same key find the same operation; random where not given
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        /// For calls: who will send it, where the pass leaves that open; the server's relayer where not given
        #[arg(long, value_name = "ADDRESS")]
        relayer: Option<String>,
        /// Ask the owner where the pass does not allow it
        #[arg(long)]
        ask: bool,
    },
    /// Ask the owner for the same pass later
    Renew {
        /// The session
        session: String,
        /// What it is for; shown to the owner as a claim
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    /// Make a token for a program that holds the session; one made before is no longer good
    Token {
        /// The session
        session: String,
    },
    /// Let a suspended session go on, once you know why it was suspended
    Resume {
        /// The session
        #[arg(required_unless_present = "restored")]
        session: Option<String>,
        /// Every session that was suspended since the server's store was put back from a copy
        #[arg(long, conflicts_with = "session")]
        restored: bool,
    },
    /// End a session at once: a pass, or a login of yours
    Revoke {
        /// The session
        session: String,
    },
}

/// Runs a subcommand.
pub async fn run(context: &Context, command: Session) -> Result<ExitCode, CliError> {
    let client = Client::logged_in(&context.config)?;
    match command {
        Session::List => {
            let list: Vec<SessionView> = client.get("/v1/sessions").await?;
            context.show(&list, || {
                let mut out =
                    String::from("SESSION                               KIND   STATE      UNTIL                 WHAT");
                for s in &list {
                    let what = s.title.as_deref().map_or_else(|| s.account.clone(), |t| format!("\"{t}\""));
                    out.push_str(&format!(
                        "\n{:<37} {:<6} {:<10} {:<21} {what}",
                        s.id,
                        s.kind,
                        s.state,
                        moment(s.not_after)
                    ));
                }
                out
            })?;
        }
        Session::Show { session } => {
            let view: GrantView = client.get(&format!("/v1/sessions/{session}")).await?;
            context.show(&view, || {
                format!("session {} is {}\n\n{}{}", view.session.id, view.session.state, view.text, agreed(&view))
            })?;
        }
        Session::Check { session, action } => {
            let verdict: VerdictView =
                client.post(&format!("/v1/sessions/{session}/check"), &read_action(&action)?).await?;
            context.show(&verdict, || match (&verdict.code, &verdict.says) {
                (Some(code), Some(says)) => format!("denied: {says} [{code}]"),
                _ => format!("allowed by rule {:?}", verdict.rules),
            })?;
            if !verdict.allowed {
                return Ok(ExitCode::from(1));
            }
        }
        Session::Execute { session, action, idempotency_key, ask } => {
            let key = key_or_random(idempotency_key)?;
            let ask = ask.then_some(AskBody::Flag(true));
            let body = ExecuteBody { idempotency_key: key.clone(), action: read_action(&action)?, sequence: None, ask };
            let view = match client.post(&format!("/v1/sessions/{session}/execute"), &body).await? {
                Answered::Done(view) => view,
                Answered::Asked(request) => return waits(context, &request, &key),
            };
            let view: ExecuteView = view;
            context.show(&view, || {
                let verb = if view.success { "done" } else { "reverted" };
                format!(
                    "{verb} in transaction {} (block {}, {} gas), sequence {}",
                    view.tx, view.block, view.gas_used, view.sequence
                )
            })?;
            if !view.success {
                return Ok(ExitCode::from(1));
            }
        }
        Session::Sign { session, action, idempotency_key, relayer, ask } => {
            let key = key_or_random(idempotency_key)?;
            let body = SignBody {
                idempotency_key: key.clone(),
                action: read_json(&action)?,
                sequence: None,
                route: None,
                user_op: None,
                relayer,
                ask: ask.then_some(AskBody::Flag(true)),
            };
            let view = match client.post(&format!("/v1/sessions/{session}/sign"), &body).await? {
                Answered::Done(view) => view,
                Answered::Asked(request) => return waits(context, &request, &key),
            };
            let view: SignView = view;
            context.show(&view, || {
                let what = match (&view.call, &view.raw, &view.signature) {
                    (Some(call), ..) => format!("{} sends to {}:\n{}", call.from, call.to, call.data),
                    (_, Some(raw), _) => format!("send it with eth_sendRawTransaction:\n{raw}"),
                    (_, _, Some(signature)) => format!("signature {signature}"),
                    _ => "counted; there is nothing to sign".to_owned(),
                };
                format!("operation {}\n{what}", view.operation)
            })?;
        }
        Session::Renew { session, why } => {
            let body = RenewBody { why, ..RenewBody::default() };
            let view: RequestView = client.post(&format!("/v1/sessions/{session}/renew"), &body).await?;
            context.show(&view, || format!("{}\nrequest {} waits for its owner", view.text, view.id))?;
        }
        Session::Token { session } => {
            let view: HolderView = client.post(&format!("/v1/sessions/{session}/holder"), &()).await?;
            context.show(&view, || {
                format!(
                    "{}\nit asks for signatures inside this pass and nothing else; it is not shown again",
                    view.token
                )
            })?;
        }
        Session::Resume { session, .. } => {
            let mut wanted: Vec<String> = session.into_iter().collect();
            if wanted.is_empty() {
                let all: Vec<SessionView> = client.get("/v1/sessions").await?;
                let restored = |s: &SessionView| s.state == "suspended" && s.reason.as_deref() == Some("restored");
                wanted = all.into_iter().filter(restored).map(|s| s.id).collect();
            }
            let mut resumed: Vec<SessionView> = Vec::new();
            for session in wanted {
                resumed.push(client.post(&format!("/v1/sessions/{session}/resume"), &()).await?);
            }
            context.show(&resumed, || {
                let lines: Vec<String> = resumed.iter().map(|s| format!("session {} is {}", s.id, s.state)).collect();
                if lines.is_empty() { "no session is suspended for that".to_owned() } else { lines.join("\n") }
            })?;
        }
        Session::Revoke { session } => {
            let view: RevokeView = client.post(&format!("/v1/sessions/{session}/revoke"), &()).await?;
            context.show(&view, || {
                let chain = match (&view.tx, &view.pending) {
                    (Some(tx), _) => format!("ended on chain in transaction {tx}"),
                    (None, Some(why)) => format!("the chain does not know yet ({}); the server keeps trying", why.says),
                    (None, None) if view.session.kind == "login" => "its token is good for nothing any more".to_owned(),
                    (None, None) => "it stands ended on chain already".to_owned(),
                };
                let open = match view.outstanding_until {
                    Some(until) => format!(
                        "\nsigned and not settled yet: {}; none is valid from {} on",
                        view.outstanding,
                        moment(until)
                    ),
                    None => String::new(),
                };
                let here = if view.outside {
                    "its key is held outside: only the chain can stop it"
                } else {
                    "it signs nothing any more"
                };
                format!("session {} is {}: {here}\n{chain}{open}", view.session.id, view.session.state)
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for, or the request to its owner.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answered<T> {
    Done(T),
    Asked(Box<RequestView>),
}

/// Not done, and not refused: exit status 0, and what to do next.
fn waits(context: &Context, request: &RequestView, key: &str) -> Result<ExitCode, CliError> {
    context.show(request, || {
        format!(
            "the owner is asked: request {}, to be answered before {}\nnothing was signed; once it is approved, send the same again with --idempotency-key {key}",
            request.id,
            moment(request.deadline)
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn key_or_random(given: Option<String>) -> Result<String, CliError> {
    if let Some(key) = given {
        return Ok(key);
    }
    let mut bytes = [0; 16];
    OsRng.fill(&mut bytes).map_err(|e| CliError::missing("no_randomness", e.to_string()))?;
    Ok(hex::encode(bytes))
}

fn read_action(path: &Path) -> Result<ActionBody, CliError> {
    read_json(path)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CliError> {
    serde_json::from_str(&read_text(path)?).map_err(|e| {
        CliError::input("bad_action", format!("{}: {e}", path.display())).hint(
            "for example {\"call\":{\"chain\":\"eip155:31337\",\"to\":\"0x...\",\"value\":\"0\",\"data\":\"0x...\"}}",
        )
    })
}

/// What is recorded of the owner's consent, where they have agreed.
fn agreed(view: &GrantView) -> String {
    let Some(consent) = &view.consent else { return String::new() };
    let words = match (consent.confirmed, consent.words_hash == view.words_hash) {
        (true, true) => "to these words, which were shown",
        (true, false) => "to other words, which were shown (--json has them)",
        (false, _) => "and whether anybody read the words is not known",
    };
    let page = consent.page.as_deref().map_or(String::new(), |page| format!(" from a page of {page}"));
    format!("\n\nagreed on {} by {}{page}, {words}", moment(consent.at), consent.account)
}
