//! `hallpass siwe verify`: whether an account signed a message, and whether it is the one its server expects.

use super::{Context, siwe};
use crate::error::CliError;
use clap::Args;
use hallpass_auth::siwe::{DateTime, Message};
use hallpass_auth::{Eoa, Evidence, Expected, ProvenAccount, VerifyError, verify, verify_on};
use hallpass_chain::{AccountReader, Node};
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
    /// A node of the message's chain, which a contract wallet is asked on (ERC-1271, ERC-6492); without one only an account's own
    /// key can have signed
    #[arg(long, value_name = "URL")]
    rpc: Option<String>,
    /// Ask the node what stands at the account before its own key counts
    #[arg(long, requires = "rpc")]
    code_first: bool,
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
    let (text, message) = siwe::read_message(&args.message_file)?;
    let expected = Expected { domain: &args.domain, uri: &args.uri, nonce: &args.nonce, chains: &chains, now };
    // The message is judged before any node is asked, and so is a key's signature, unless the chain has the first word.
    let verdict = match (verify(&text, &signature, &expected), &args.rpc) {
        (Ok(_), Some(url)) if args.code_first => on_chain(args, url, &text, &signature, &expected, &message).await?,
        (Err(VerifyError::Signature(_)), Some(url)) => {
            on_chain(args, url, &text, &signature, &expected, &message).await?
        }
        (verdict, _) => verdict,
    };
    match verdict {
        Ok(proven) => valid(context, &proven),
        Err(error) if !error.is_verdict() => Err(unread(error.code(), error.to_string())),
        Err(error) => invalid(context, args, &error),
    }
}

async fn on_chain(
    args: &Verify,
    url: &str,
    text: &str,
    signature: &[u8],
    expected: &Expected<'_>,
    message: &Message,
) -> Result<Result<ProvenAccount, VerifyError>, CliError> {
    let node = Node::connect(url, message.chain_id).await.map_err(|e| unread(e.code(), e.to_string()))?;
    let reader = AccountReader::new(node).map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
    let eoa = if args.code_first { Eoa::CodeFirst } else { Eoa::WithoutRpc };
    Ok(verify_on(text, signature, expected, eoa, &reader).await)
}

/// Neither valid nor invalid: nobody could be asked.
fn unread(code: &str, says: String) -> CliError {
    CliError::missing(code, says)
        .hint("the signature was not judged; try again, or name another node of the message's chain by --rpc")
}

fn valid(context: &Context, proven: &ProvenAccount) -> Result<ExitCode, CliError> {
    let account = proven.account().to_string();
    let value = Valid { valid: true, account };
    siwe::show(context, &value, || {
        let account = &value.account;
        match proven.evidence() {
            Evidence::Key => format!("valid: {account}, by its own key"),
            Evidence::Contract(block) => format!("valid: {account}, by its contract's word at block {}", block.number),
            Evidence::Prepared(block) => {
                format!("valid: {account}, by its contract's word once prepared, at block {}", block.number)
            }
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn invalid(context: &Context, args: &Verify, error: &VerifyError) -> Result<ExitCode, CliError> {
    let value = Invalid { valid: false, code: error.code(), says: error.to_string() };
    siwe::show(context, &value, || {
        // Without a node nobody knows whether a contract stands at the account.
        let by_contract = args.rpc.is_none() && matches!(error, VerifyError::Signature(_));
        let hint =
            if by_contract { "\nhint: where the account is a contract wallet, name a node by --rpc" } else { "" };
        format!("invalid: {} [{}]{hint}", value.says, value.code)
    })?;
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
