//! `hallpass siwe verify`: whether an account signed a message, and whether it is the one its server expects.

use super::{Context, siwe};
use crate::error::CliError;
use clap::Args;
use hallpass_auth::siwe::DateTime;
use hallpass_auth::{Expected, ProvenAccount, VerifyError, verify};
use hallpass_types::{ChainId, UnixSeconds};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass siwe verify`.
#[derive(Args)]
pub struct Verify {
    /// The server's authority, such as `example.com` or `localhost:8080`
    #[arg(long, value_name = "DOMAIN")]
    domain: String,
    /// The server's sign-in URI
    #[arg(long, value_name = "URI")]
    uri: String,
    /// The nonce that the server handed out
    #[arg(long, value_name = "NONCE")]
    nonce: String,
    /// A chain that may be named, such as `eip155:1`; may be given more than once
    #[arg(long, value_name = "CHAIN", required = true)]
    chain: Vec<String>,
    /// The moment of the decision (RFC 3339); a part of a second is dropped
    #[arg(long, value_name = "TIME")]
    at: String,
    /// The message, byte by byte as it was signed; `-` is standard input
    #[arg(long, value_name = "FILE")]
    message_file: PathBuf,
    /// The signature, 0x-hex
    #[arg(long, value_name = "0x...")]
    signature: String,
}

#[derive(Serialize)]
struct Valid {
    valid: bool,
    account: String,
}

#[derive(Serialize)]
struct Invalid {
    valid: bool,
    code: &'static str,
    says: String,
}

/// Exit status 0 where it is valid, 1 where it is not, 2 where something cannot be read.
pub async fn run(context: &Context, args: &Verify) -> Result<ExitCode, CliError> {
    let chains = args.chain.iter().map(|text| chain(text)).collect::<Result<Vec<_>, _>>()?;
    let now = moment(&args.at)?;
    let signature = signature(&args.signature)?;
    let (text, _) = siwe::read_message(&args.message_file)?;
    let expected = Expected { domain: &args.domain, uri: &args.uri, nonce: &args.nonce, chains: &chains, now };
    match verify(&text, &signature, &expected) {
        Ok(proven) => valid(context, &proven),
        Err(error) => invalid(context, &error),
    }
}

fn valid(context: &Context, proven: &ProvenAccount) -> Result<ExitCode, CliError> {
    let account = proven.account().to_string();
    let value = Valid { valid: true, account };
    siwe::show(context, &value, || format!("valid: {} signed it", value.account))?;
    Ok(ExitCode::SUCCESS)
}

fn invalid(context: &Context, error: &VerifyError) -> Result<ExitCode, CliError> {
    let value = Invalid { valid: false, code: error.code(), says: error.to_string() };
    siwe::show(context, &value, || format!("invalid: {} [{}]", value.says, value.code))?;
    Ok(ExitCode::from(1))
}

fn chain(text: &str) -> Result<ChainId, CliError> {
    text.parse()
        .map_err(|e: hallpass_types::account::AccountError| CliError::input(e.code(), format!("--chain `{text}`: {e}")))
}

fn moment(text: &str) -> Result<UnixSeconds, CliError> {
    DateTime::parse(text).and_then(|time| time.unix()).ok_or_else(|| {
        CliError::input("bad_time", format!("--at `{text}` is no RFC 3339 time since 1970"))
            .hint("write it as 2026-11-21T10:00:00Z")
    })
}

fn signature(text: &str) -> Result<Vec<u8>, CliError> {
    text.strip_prefix("0x")
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| CliError::input("bad_hex", "--signature is no 0x-hex"))
}
