//! `hallpass doctor`

use super::Context;
use super::serve::read_header;
use crate::client::Client;
use crate::config;
use crate::error::CliError;
use alloy_primitives::Address;
use clap::Parser;
use hallpass_chain::Node;
use hallpass_chain::contracts::{Artifact, Suite};
use hallpass_server::endpoints::health::Health;
use hallpass_types::account::parse_address;
use serde::Serialize;
use std::process::ExitCode;

/// Options of `hallpass doctor`.
#[derive(Parser)]
pub struct Args {}

/// One finding.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    good: bool,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

fn good(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { what, good: true, says: says.into(), mend: None }
}

fn bad(what: &'static str, says: impl Into<String>, mend: impl Into<String>) -> Finding {
    Finding { what, good: false, says: says.into(), mend: Some(mend.into()) }
}

/// Looks at everything; exit status 3 where something is missing.
pub async fn run(context: &Context, _: Args) -> Result<ExitCode, CliError> {
    let mut findings = vec![configuration(context)];
    let node = Node::connect(&context.config.rpc, context.config.chain).await;
    match &node {
        Ok(node) => findings.push(good("node", format!("{} is on {}", node.shown(), node.chain()))),
        Err(e) => findings.push(bad(
            "node",
            e.to_string(),
            "start a node of that chain, or set `rpc`; for a local one run `make demo STAY=1`",
        )),
    }
    if let Ok(node) = &node {
        findings.extend(contracts(node).await);
    }
    let health: Result<Health, CliError> = Client::new(&context.config.public_url).get("/v1/health").await;
    match health {
        Ok(health) => {
            findings.push(good("server", format!("{} runs version {}", context.config.public_url, health.version)));
            if let (Ok(node), Ok(relayer)) = (&node, parse_address(&health.relayer)) {
                findings.push(funds(node, relayer).await);
            }
        }
        Err(_) => {
            findings.push(store(context).await);
            findings.push(bad(
                "server",
                format!("nothing answers at {}", context.config.public_url),
                "run `hallpass serve`",
            ));
        }
    }
    let well = findings.iter().all(|f| f.good);
    context.show(&findings, || {
        let line = |f: &Finding| {
            let mark = if f.good { "ok     " } else { "missing" };
            let mend = f.mend.as_ref().map_or(String::new(), |m| format!("\n          mend: {m}"));
            format!("{mark}  {:<13} {}{mend}", f.what, f.says)
        };
        findings.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn configuration(context: &Context) -> Finding {
    match config::find(context.config_path.as_deref()) {
        Some(path) => good("configuration", format!("read from {}", path.display())),
        None => good("configuration", "no file; defaults and HALLPASS_* variables are used"),
    }
}

async fn store(context: &Context) -> Finding {
    let path = &context.config.store;
    if !path.exists() {
        return bad("vault", format!("there is no store at {}", path.display()), "run `hallpass vault init`");
    }
    match super::open_store(path) {
        Err(e) => bad("vault", e.says, e.hint.unwrap_or_default()),
        Ok(store) => match read_header(&store).await {
            Ok(Some(_)) => good("vault", format!("sealed, in {}", path.display())),
            Ok(None) => bad("vault", format!("none in {}", path.display()), "run `hallpass vault init`"),
            Err(e) => bad("vault", e.says, e.hint.unwrap_or_default()),
        },
    }
}

async fn contracts(node: &Node) -> Vec<Finding> {
    let suite = match Suite::load() {
        Ok(suite) => suite,
        Err(e) => return vec![bad("contracts", e.to_string(), "build this binary again from a clean checkout")],
    };
    let pocket = suite.pocket.0;
    let mut out = Vec::new();
    for (what, (address, artifact), immutable) in [
        ("delegate", &suite.delegate, suite.delegate.0),
        ("pocket", &suite.pocket, pocket),
        ("factory", &suite.factory, pocket),
    ] {
        out.push(contract(node, what, *address, artifact, immutable).await);
    }
    out
}

async fn contract(
    node: &Node,
    what: &'static str,
    address: Address,
    artifact: &Artifact,
    immutable: Address,
) -> Finding {
    match node.code(address).await {
        Ok(code) if artifact.is_code_of(&code, immutable) => good(what, format!("stands at {address}")),
        Ok(code) if code.is_empty() => {
            bad(what, format!("is not deployed at {address}"), "send the transactions that `hallpass contracts` prints")
        }
        Ok(_) => bad(what, format!("other code stands at {address}"), "do not use this chain; something is wrong"),
        Err(e) => bad(what, e.to_string(), "look at the node"),
    }
}

async fn funds(node: &Node, relayer: Address) -> Finding {
    match node.balance(relayer).await {
        Ok(balance) if balance.is_zero() => {
            bad("relayer", format!("{relayer} has nothing to pay gas with"), "send it native coin")
        }
        Ok(balance) => good("relayer", format!("{relayer} has {balance} wei")),
        Err(e) => bad("relayer", e.to_string(), "look at the node"),
    }
}
