//! `hallpass siwe`: sign-in messages of ERC-4361, read and verified without a server.

use super::{Context, siwe_verify};
use crate::error::CliError;
use crate::system;
use clap::{Args, Subcommand};
use hallpass_auth::siwe::{MAX_MESSAGE, Message, ParseError, Version};
use serde::Serialize;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `hallpass siwe ...`
#[derive(Subcommand)]
pub enum Siwe {
    /// Read a sign-in message and print its fields
    Parse(Parse),
    /// Verify a signed message against what its server expects
    Verify(siwe_verify::Verify),
}

/// Options of `hallpass siwe parse`.
#[derive(Args)]
pub struct Parse {
    /// The message, byte by byte as it was signed; `-` is standard input
    file: PathBuf,
}

/// Exit status 0 where it did what was asked, 1 where a signature is refused, 2 where something cannot be read.
pub async fn run(context: &Context, command: Siwe) -> Result<ExitCode, CliError> {
    match command {
        Siwe::Parse(args) => parse(context, &args),
        Siwe::Verify(args) => siwe_verify::run(context, &args).await,
    }
}

/// A message's fields by their names in ERC-4361; null where one is absent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    scheme: Option<&'a str>,
    domain: &'a str,
    address: String,
    statement: Option<&'a str>,
    uri: &'a str,
    version: &'static str,
    chain_id: u64,
    nonce: &'a str,
    issued_at: &'a str,
    expiration_time: Option<&'a str>,
    not_before: Option<&'a str>,
    request_id: Option<&'a str>,
    resources: Option<Vec<&'a str>>,
}

fn parse(context: &Context, args: &Parse) -> Result<ExitCode, CliError> {
    let (_, message) = read_message(&args.file)?;
    let fields = Fields {
        scheme: message.scheme.as_ref().map(|s| s.as_str()),
        domain: message.domain.as_str(),
        address: message.address.to_checksum(None),
        statement: message.statement.as_ref().map(|s| s.as_str()),
        uri: message.uri.as_str(),
        version: match message.version {
            Version::V1 => "1",
        },
        chain_id: message.chain_id.get(),
        nonce: message.nonce.as_str(),
        issued_at: message.issued_at.as_str(),
        expiration_time: message.expiration_time.as_ref().map(|t| t.as_str()),
        not_before: message.not_before.as_ref().map(|t| t.as_str()),
        request_id: message.request_id.as_ref().map(|r| r.as_str()),
        resources: message.resources.as_ref().map(|list| list.iter().map(|uri| uri.as_str()).collect()),
    };
    show(context, &fields, || words(&fields))?;
    Ok(ExitCode::SUCCESS)
}

/// One field a line, by the same names; none for what is absent.
fn words(fields: &Fields<'_>) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            lines.push(format!("{name:<15} {value}").trim_end().to_owned());
        }
    };
    let chain = fields.chain_id.to_string();
    line("scheme", fields.scheme);
    line("domain", Some(fields.domain));
    line("address", Some(&fields.address));
    line("statement", fields.statement);
    line("uri", Some(fields.uri));
    line("version", Some(fields.version));
    line("chainId", Some(&chain));
    line("nonce", Some(fields.nonce));
    line("issuedAt", Some(fields.issued_at));
    line("expirationTime", fields.expiration_time);
    line("notBefore", fields.not_before);
    line("requestId", fields.request_id);
    if let Some(resources) = &fields.resources {
        line("resources", Some(&resources.len().to_string()));
        resources.iter().for_each(|uri| line("", Some(uri)));
    }
    lines.join("\n")
}

/// Prints one line of JSON, or `text`.
pub fn show<T: Serialize>(context: &Context, value: &T, text: impl FnOnce() -> String) -> Result<(), CliError> {
    let line = if context.json {
        serde_json::to_string(value).map_err(|e| CliError::missing("encode", e.to_string()))?
    } else {
        text()
    };
    system::out(&line);
    Ok(())
}

/// Reads a message, and keeps its bytes: a signature is over them, so that no line break is stripped.
pub fn read_message(path: &Path) -> Result<(String, Message), CliError> {
    let name = path.display();
    let unreadable = |e: std::io::Error| CliError::input("unreadable_file", format!("cannot read {name}: {e}"));
    // One byte more than a message may have is enough for it to be refused.
    let limit = MAX_MESSAGE as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)).map_err(unreadable)?;
    }
    if bytes.len() > MAX_MESSAGE {
        return Err(CliError::input(ParseError::TooLong.code(), format!("{name}: {}", ParseError::TooLong)));
    }
    let text = String::from_utf8(bytes).map_err(|_| {
        CliError::input("not_utf8", format!("{name} is not UTF-8 text"))
            .hint("a message is ASCII, without any encoding around it")
    })?;
    let message = text.parse().map_err(|e: ParseError| {
        let error = CliError::input(e.code(), format!("{name}: {e}"));
        match e.hint(&text) {
            Some(hint) => error.hint(hint),
            None => error,
        }
    })?;
    Ok((text, message))
}
