//! `hallpass contracts`

use super::Context;
use crate::error::CliError;
use clap::Parser;
use hallpass_chain::contracts::{CREATE2_DEPLOYER, Suite};
use serde::Serialize;
use std::process::ExitCode;

/// Options of `hallpass contracts`.
#[derive(Parser)]
pub struct Args {}

/// A transaction that deploys a contract.
#[derive(Serialize)]
struct Deployment {
    name: &'static str,
    /// Where it stands on every chain.
    address: String,
    /// Where the transaction goes.
    to: String,
    /// What it carries; no value.
    data: String,
}

/// Prints how each contract is deployed. Sends nothing.
pub fn run(context: &Context, _: &Args) -> Result<ExitCode, CliError> {
    let suite = Suite::load().map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
    let pocket = suite.pocket.0.into_word();
    let parts = [
        ("Hallpass7702", &suite.delegate, &[][..]),
        ("HallpassPocket", &suite.pocket, &[]),
        ("HallpassFactory", &suite.factory, pocket.as_slice()),
    ];
    let list: Vec<Deployment> = parts
        .into_iter()
        .map(|(name, (address, artifact), arguments)| Deployment {
            name,
            address: address.to_checksum(None),
            to: CREATE2_DEPLOYER.to_checksum(None),
            data: artifact.deploy_data(arguments).to_string(),
        })
        .collect();
    context.show(&list, || {
        let mut out = format!(
            "send each of these from any wallet to {}, without value, in this order\n",
            CREATE2_DEPLOYER.to_checksum(None)
        );
        for d in &list {
            out.push_str(&format!("\n{} comes to stand at {}\n{}\n", d.name, d.address, d.data));
        }
        out
    })?;
    Ok(ExitCode::SUCCESS)
}
