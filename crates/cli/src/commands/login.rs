//! `hallpass login`

use super::{Context, login_grant, wallet_error};
use crate::client::{Client, token_file};
use crate::error::CliError;
use crate::system;
use alloy_primitives::Address;
use clap::Parser;
use hallpass_auth::siwe::{DateTime, Message};
use hallpass_chain::wallet::{DevWallet, Manners};
use hallpass_server::endpoints::login::{LoginBody, LoginView};
use hallpass_server::endpoints::nonce::NonceView;
use hallpass_server::endpoints::step_up::StepUpBody;
use hallpass_types::{ChainId, UnixSeconds, account::parse_address};
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `hallpass login`.
#[derive(Parser)]
pub struct Args {
    /// The wallet's address; the message to sign is printed, and its signature read from standard input
    #[arg(long, value_name = "0x...", required_unless_present = "dev_key")]
    pub address: Option<String>,
    /// Sign with the development key of this name (chain 31337 only)
    #[arg(long, value_name = "NAME")]
    pub dev_key: Option<String>,
    /// Prove the wallet of the login that is there once more; it goes on with a new token
    #[arg(long)]
    step_up: bool,
    /// What to call this device in `hallpass logins list`
    #[arg(long, value_name = "NAME", conflicts_with = "step_up")]
    pub device: Option<String>,
    /// Sign this grant instead of a message: one signature for the login and the pass
    #[arg(long, value_name = "FILE", conflicts_with = "step_up")]
    pub grant: Option<PathBuf>,
    /// With --grant: for this pocket of the owner's, from 0; without it, for the owner's own account by EIP-7702
    #[arg(long, value_name = "NUMBER", requires = "grant")]
    pub pocket: Option<u64>,
    /// With --grant: no contract
    #[arg(long, requires = "grant", conflicts_with = "pocket")]
    pub signer_only: bool,
    /// With --grant: a file with a signed EIP-7702 authorization: {"chainId", "address", "nonce", "yParity", "r", "s"}
    #[arg(long, value_name = "FILE", requires = "grant", conflicts_with = "dev_key")]
    pub authorization: Option<PathBuf>,
    /// With --grant and --dev-key: do not ask at the terminal once more
    #[arg(long, requires = "grant")]
    pub yes: bool,
}

/// Logs in and keeps the token in the state folder.
pub async fn run(context: &Context, mut args: Args) -> Result<ExitCode, CliError> {
    if let Some(file) = args.grant.take() {
        return login_grant::run(context, args, &file).await;
    }
    let client =
        if args.step_up { Client::logged_in(&context.config)? } else { Client::new(&context.config.public_url) };
    let (message, signature) = match (args.dev_key, args.address) {
        (Some(name), _) => sign(&client, &context.dev_wallet(&name, Manners::Local)?).await?,
        (None, Some(address)) => by_hand(context, &client, &address).await?,
        (None, None) => return Err(CliError::input("no_wallet", "give --address or --dev-key")),
    };
    let view: LoginView = if args.step_up {
        client.post("/v1/login/step_up", &StepUpBody { message, signature }).await?
    } else {
        let body = LoginBody { message, signature, device: args.device, ..LoginBody::default() };
        client.post("/v1/login", &body).await?
    };
    let file = keep(&view)?;
    let shown = serde_json::json!({ "session": view.session, "account": view.account, "not_after": view.not_after, "token_file": file });
    context.show(&shown, || {
        format!(
            "logged in as {}\nsession {} until {}; its token is kept in {}",
            view.account,
            view.session,
            system::moment(view.not_after),
            file.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Keeps the token of a login in the state folder; tells where.
pub fn keep(view: &LoginView) -> Result<PathBuf, CliError> {
    let file = token_file()?;
    system::write_private(&file, token(view)?)?;
    Ok(file)
}

/// The token of a login that is not a browser's.
pub fn token(view: &LoginView) -> Result<&str, CliError> {
    view.token.as_deref().ok_or_else(|| CliError::missing("bad_answer", "the server's answer has no token"))
}

/// A whole login with a development wallet.
pub async fn with_wallet(client: &Client, wallet: &DevWallet) -> Result<LoginView, CliError> {
    let (message, signature) = sign(client, wallet).await?;
    client.post("/v1/login", &LoginBody { message, signature, ..LoginBody::default() }).await
}

/// A new message and its signature.
async fn sign(client: &Client, wallet: &DevWallet) -> Result<(String, String), CliError> {
    let nonce: NonceView = client.post("/v1/login/nonce", &()).await?;
    let message = message(&nonce, wallet.address())?.to_string();
    let signature = wallet.sign_message(&message).map_err(wallet_error)?.to_string();
    Ok((message, signature))
}

/// The same with a wallet that a person has.
async fn by_hand(context: &Context, client: &Client, address: &str) -> Result<(String, String), CliError> {
    let address = parse_address(address).map_err(|e| CliError::input(e.code(), format!("`{address}`: {e}")))?;
    let nonce: NonceView = client.post("/v1/login/nonce", &()).await?;
    let ours = context.config.settings()?;
    if nonce.domain != ours.domain || nonce.uri != ours.uri {
        return Err(CliError::refused(
            "foreign_domain",
            format!("the server asks for a login to `{}`, not to `{}`", nonce.domain, ours.domain),
        )
        .hint("sign nothing for it, or set `public_url` to what it calls itself"));
    }
    let message = message(&nonce, address)?.to_string();
    eprintln!("sign this message with your wallet (personal_sign), then paste the signature:\n");
    system::out(&message);
    eprintln!();
    Ok((message, system::pasted()?))
}

fn message(nonce: &NonceView, address: Address) -> Result<Message, CliError> {
    let bad = |what: &str| CliError::missing("bad_answer", format!("the server's `{what}` cannot be signed"));
    let now = UnixSeconds::new(nonce.now).and_then(DateTime::from_unix).ok_or_else(|| bad("now"))?;
    Ok(Message {
        statement: Some(
            "Log in to Hallpass. This signature costs nothing and moves nothing."
                .parse()
                .map_err(|_| bad("statement"))?,
        ),
        ..Message::required(
            nonce.domain.parse().map_err(|_| bad("domain"))?,
            address,
            nonce.uri.parse().map_err(|_| bad("uri"))?,
            ChainId::new(nonce.chain_id).ok_or_else(|| bad("chain_id"))?,
            nonce.nonce.parse().map_err(|_| bad("nonce"))?,
            now,
        )
    })
}
