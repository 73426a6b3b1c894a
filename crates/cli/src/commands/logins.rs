//! `hallpass logins`

use super::{Context, operator};
use crate::client::Client;
use crate::error::CliError;
use crate::system::{OsRng, moment};
use clap::{Args, Subcommand};
use hallpass_server::endpoints::list_logins::OwnLogin;
use hallpass_server::endpoints::revoke_logins::EndedLogins;
use hallpass_session::{Token, TokenKind};
use hallpass_types::Rng;
use serde_json::{Value, json};
use std::process::ExitCode;

/// Subcommands of `hallpass logins`.
#[derive(Subcommand)]
pub enum Logins {
    /// List where you are logged in, ended logins too
    List,
    /// End one of your logins at once
    Revoke {
        /// The login
        session: String,
    },
    /// End all of your logins, this one too; needs a login whose wallet proved itself lately
    RevokeAll,
    /// End all of your logins but this one; needs a login whose wallet proved itself lately
    RevokeOthers,
    /// For the operator, over the server's local socket: end logins of anybody
    End(Whose),
    /// For the operator: make a credential with which a resource server asks whose tokens it was shown, or a proxy whether
    /// it lets a request in
    Credential {
        /// What to call the resource server, or the proxy
        name: String,
        /// For a proxy: an origin of an app behind it, as browsers write it; once for each
        #[arg(long = "forward-auth", value_name = "ORIGIN")]
        origins: Vec<String>,
    },
}

/// Whose logins.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    /// One login
    #[arg(long)]
    session: Option<String>,
    /// Every login of an account, as eip155:CHAIN:0x...
    #[arg(long)]
    account: Option<String>,
    /// Every login there is
    #[arg(long)]
    everybody: bool,
}

/// Runs a subcommand.
pub async fn run(context: &Context, command: Logins) -> Result<ExitCode, CliError> {
    let post = async |path: String| -> Result<EndedLogins, CliError> {
        Client::logged_in(&context.config)?.post(&path, &()).await
    };
    match command {
        Logins::List => list(context).await?,
        Logins::Revoke { session } => ended(context, &post(format!("/v1/logins/{session}/revoke")).await?)?,
        Logins::RevokeAll => ended(context, &post("/v1/logins/revoke_all".to_owned()).await?)?,
        Logins::RevokeOthers => ended(context, &post("/v1/logins/revoke_others".to_owned()).await?)?,
        Logins::End(whose) => {
            let params = json!([{ "session": whose.session, "account": whose.account, "everybody": whose.everybody }]);
            let without = CliError::missing("no_socket", "the server has no local socket")
                .hint("set `socket` and start it anew; this is done as the server's own user of the system");
            let told = operator::ask(context, "hallpass_end_logins", &params, without)?;
            let count = told.get("ended").and_then(Value::as_u64).unwrap_or_default();
            context.show(&told, || format!("{count} ended: their tokens are good for nothing any more"))?;
        }
        Logins::Credential { name, origins } => credential(context, &name, &origins)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(context: &Context) -> Result<(), CliError> {
    let list: Vec<OwnLogin> = Client::logged_in(&context.config)?.get("/v1/logins").await?;
    context.show(&list, || {
        let mut out = String::from(
            "SESSION                               STATE    BOUND   LAST USED             ENDS                  FROM",
        );
        for login in &list {
            let from = [login.device.as_deref(), login.ip.as_deref(), login.reason.as_deref()];
            let from: Vec<&str> = from.into_iter().flatten().collect();
            out.push_str(&format!(
                "\n{:<37} {:<8} {:<7} {:<21} {:<21} {}{}",
                login.id,
                login.state,
                login.binding,
                moment(login.last_used),
                moment(login.ends),
                if login.current { "(this one) " } else { "" },
                from.join(", ")
            ));
        }
        out
    })
}

fn ended(context: &Context, view: &EndedLogins) -> Result<(), CliError> {
    context.show(view, || match view.ended.as_slice() {
        [] => "nothing had to be ended".to_owned(),
        ended => format!("ended, and good for nothing any more:\n{}", ended.join("\n")),
    })
}

fn credential(context: &Context, name: &str, origins: &[String]) -> Result<(), CliError> {
    let mut bits = [0; 32];
    OsRng.fill(&mut bits).map_err(|e| CliError::missing("no_randomness", e.to_string()))?;
    let token = Token::from_random(TokenKind::ResourceServer, bits);
    let sha256 = hex::encode(token.hash().as_bytes());
    let text = token.reveal();
    context.show(&json!({ "name": name, "credential": *text, "sha256": sha256 }), || {
        let name = toml::Value::from(name);
        let (whom, table, more) = if origins.is_empty() {
            ("resource server", "resource_servers", String::new())
        } else {
            ("proxy", "forward_auth", format!("\norigins = {}", toml::Value::from(origins.to_vec())))
        };
        format!(
            "{}\ngive it to the {whom}; it is not shown again. At the end of the server's configuration:\n\n\
             [[{table}]]\nname   = {name}\nsha256 = \"{sha256}\"{more}",
            *text
        )
    })
}
