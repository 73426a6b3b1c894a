//! `hallpass login --grant`: one signature for a login and a pass.

use super::Context;
use super::approve::confirm;
use super::grant::by_dev_key;
use super::login::{Args, keep};
use crate::client::Client;
use crate::error::CliError;
use crate::system::{self, out, read_text};
use hallpass_policy::{Grant, json, typed_data};
use hallpass_server::endpoints::draft_login::{DraftLoginBody, DraftLoginView};
use hallpass_server::endpoints::login_by_grant::{LoginByGrantBody, LoginByGrantView};
use hallpass_server::endpoints::request_grant::GrantView;
use std::path::Path;
use std::process::ExitCode;

/// Asks for the grant, shows it, has it signed, and hands the signature in.
pub async fn run(context: &Context, args: Args, file: &Path) -> Result<ExitCode, CliError> {
    let client = Client::new(&context.config.public_url);
    let address = match (&args.dev_key, &args.address) {
        (Some(name), _) => {
            context.dev_wallet(name, hallpass_chain::wallet::Manners::Local)?.address().to_checksum(None)
        }
        (None, Some(address)) => address.clone(),
        (None, None) => return Err(CliError::input("no_wallet", "give --address or --dev-key")),
    };
    let signer_only = args.signer_only;
    let body = DraftLoginBody { address, grant: read_text(file)?, pocket: args.pocket, signer_only };
    let view: DraftLoginView = client.post("/v1/login/grant", &body).await?;
    let grant = ours(context, &view.grant)?;
    // What is agreed to is read first; with `--json` it does not stand in the answer's way.
    if context.json {
        eprintln!("{}", view.grant.text);
    } else {
        out(&view.grant.text);
    }
    let id = view.grant.session.id.clone();
    let body = match &args.dev_key {
        Some(name) => {
            if !args.yes {
                confirm("this login and its pass", "give --yes where there is nobody to ask")?;
            }
            let signed = by_dev_key(context, name, &view.grant).await?;
            LoginByGrantBody {
                signature: signed.signature,
                authorization: signed.authorization,
                ..LoginByGrantBody::default()
            }
        }
        None => by_hand(&args, &grant)?,
    };
    let words_hash = (!args.yes).then(|| view.grant.words_hash.clone());
    let body = LoginByGrantBody { device: args.device, words_hash, ..body };
    let view: LoginByGrantView = client.post(&format!("/v1/login/grant/{id}"), &body).await?;
    let file = keep(&view.login)?;
    let shown = serde_json::json!({
        "session": view.login.session, "account": view.login.account, "not_after": view.login.not_after,
        "token_file": file, "pass": view.approved, "problem": view.problem,
    });
    context.show(&shown, || {
        let pass = match (&view.approved, &view.problem) {
            (Some(pass), _) => format!("pass {} is {}", pass.session.id, pass.session.state),
            (None, Some(why)) if !view.kept => {
                format!("it has no pass: {} [{}]; ask for one again", why.says, why.code)
            }
            (None, Some(why)) => format!(
                "its pass does not stand yet: {} [{}]; `hallpass grant approve {id}` goes on with the same signature",
                why.says, why.code
            ),
            (None, None) => "it has no pass".to_owned(),
        };
        format!(
            "logged in as {}\nsession {} until {}; its token is kept in {}\n{pass}",
            view.login.account,
            view.login.session,
            system::moment(view.login.not_after),
            file.display()
        )
    })?;
    Ok(if view.approved.is_some() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The grant, if it signs in here and nowhere else. What is signed is made from it.
fn ours(context: &Context, view: &GrantView) -> Result<Grant, CliError> {
    let grant = json::parse_grant(&view.canonical).map_err(|e| CliError::missing(e.code(), e.to_string()))?;
    let ours = context.config.settings()?;
    match &grant.rest.labels.login {
        Some(place) if place.domain == ours.domain && place.uri == ours.uri => Ok(grant),
        other => {
            let named = other.as_ref().map_or("nowhere that it names", |place| place.domain.as_str());
            let says = format!("the grant signs in to `{named}`, not to `{}`", ours.domain);
            Err(CliError::refused("foreign_domain", says)
                .hint("sign nothing for it, or set `public_url` to what it calls itself"))
        }
    }
}

/// With a wallet that a person has.
fn by_hand(args: &Args, grant: &Grant) -> Result<LoginByGrantBody, CliError> {
    let authorization = match &args.authorization {
        None => None,
        Some(file) => Some(
            serde_json::from_str(&read_text(file)?)
                .map_err(|e| CliError::input("bad_authorization", format!("{}: {e}", file.display())))?,
        ),
    };
    let typed = serde_json::to_string_pretty(&typed_data::of_grant(grant))
        .map_err(|e| CliError::missing("encode", e.to_string()))?;
    eprintln!("sign this with your wallet (eth_signTypedData_v4), then paste the signature:\n");
    out(&typed);
    eprintln!();
    Ok(LoginByGrantBody { signature: system::pasted()?, authorization, ..LoginByGrantBody::default() })
}
