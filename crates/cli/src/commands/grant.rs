//! `hallpass grant`

use super::grant_compile::{self, Compile};
use super::grant_diff::{self, Between};
use super::grant_eval::{self, Eval};
use super::grant_fill::{self, Fills, incomplete};
use super::grant_lint::{self, Lint};
use super::grant_new::{self, New};
use super::grant_replay::{self, Replay};
use super::{Context, wallet_error};
use crate::client::Client;
use crate::error::CliError;
use crate::labels;
use crate::system::{out, read_text};
use alloy_primitives::B256;
use clap::{Args, Subcommand};
use hallpass_chain::wallet::Manners;
use hallpass_policy::draft::{Draft, Fill};
use hallpass_policy::eip712::{Replace, domain};
use hallpass_policy::words::{explain, to_text};
use hallpass_policy::{json, text};
use hallpass_server::endpoints::approve::{ApproveBody, ApproveView, AuthorizationBody};
use hallpass_server::endpoints::request_grant::{GrantView, RequestBody};
use hallpass_server::endpoints::shapes::SessionView;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Subcommands of `hallpass grant`.
#[derive(Subcommand)]
pub enum Grant {
    /// Read a grant and print its canonical JSON
    Parse(File),
    /// Print a grant in the text form
    Print(File),
    /// Print the id of a complete grant
    Hash(Hash),
    /// Say what a backend holds of a grant, and print what to sign and to send; exit status 1 where it cannot hold it
    Compile(Compile),
    /// Say in plain words what a grant allows
    Explain {
        #[command(flatten)]
        file: File,
        /// A token list or an ERC-7730 descriptor whose names are shown as facts, beside those of the configuration
        #[arg(long, value_name = "FILE")]
        labels: Vec<PathBuf>,
    },
    /// Say what is legal in a grant, but unwise; exit status 0 without warnings, 1 with warnings
    Lint(Lint),
    /// Say what a grant adds and removes against an older one
    Diff(Between),
    /// Say whether a grant allows an action, by which rule, and what it costs; exit status 0 allowed, 1 denied
    Eval(Eval),
    /// Judge a script of actions one after another, each allowed one consuming the budgets
    Replay(Replay),
    /// Print a grant to begin with, from the gallery
    New(New),
    /// Ask for a pass: the server fills in what is open, makes the keys, and waits for the owner
    Request {
        #[command(flatten)]
        file: File,
        /// For this pocket of the owner's, from 0; without it, for the owner's own account by EIP-7702
        #[arg(long, value_name = "NUMBER")]
        pocket: Option<u64>,
        /// No contract: the account is the session key's own, for plain transactions, messages and app actions
        #[arg(long, conflicts_with = "pocket")]
        signer_only: bool,
        /// In the place of this session's pass: narrower, and what was spent stays spent
        #[arg(long, value_name = "SESSION", conflicts_with_all = ["pocket", "signer_only"])]
        replaces: Option<String>,
    },
    /// Print what the owner's wallet has to sign (eth_signTypedData_v4)
    TypedData {
        /// The session that the request answered with
        session: String,
    },
    /// Hand in the owner's signature; the grant is installed on chain
    Approve(Approve),
    /// Say no, for good
    Refuse {
        /// The session that the request answered with
        session: String,
    },
}

/// Options of `hallpass grant hash`.
#[derive(Args)]
pub struct Hash {
    #[command(flatten)]
    file: File,
    #[command(flatten)]
    fills: Fills,
    /// The contract that enforces it
    #[arg(long, value_name = "0x...")]
    backend: Option<String>,
}

impl Hash {
    fn fill(&self) -> Result<Fill, CliError> {
        let backend = grant_fill::address("backend", self.backend.as_deref())?;
        Ok(Fill { backend, ..self.fills.fill()? })
    }
}

/// A grant in a file.
#[derive(Args)]
pub struct File {
    /// The grant, in the text form (TOML) or the JSON form; `-` is standard input
    file: PathBuf,
}

/// Options of `hallpass grant approve`.
#[derive(Args)]
pub struct Approve {
    /// The session that the request answered with
    session: String,
    #[command(flatten)]
    signing: Signing,
}

/// Runs a subcommand.
pub async fn run(context: &Context, command: Grant) -> Result<ExitCode, CliError> {
    match command {
        Grant::Parse(file) => out(&json::print(&file.read()?)),
        Grant::Print(file) => {
            let text = text::print(&file.read()?);
            context.show(&serde_json::json!({ "text": text }), || text.trim_end().to_owned())?;
        }
        Grant::Hash(args) => {
            let grant = args.file.read()?.complete(&args.fill()?).map_err(incomplete)?;
            context.show(&serde_json::json!({ "hash": grant.id().to_string() }), || grant.id().to_string())?;
        }
        Grant::Compile(args) => return grant_compile::run(context, &args),
        Grant::Lint(args) => return grant_lint::run(context, &args),
        Grant::Diff(args) => return grant_diff::run(context, &args),
        Grant::Eval(args) => return grant_eval::run(context, &args),
        Grant::Replay(args) => return grant_replay::run(context, &args),
        Grant::New(args) => return grant_new::run(context, &args),
        Grant::Explain { file, labels } => {
            let lists = labels::read(&context.config.labels, &labels)?;
            let lines = explain(&file.read()?, &lists);
            let value: Vec<_> =
                lines.iter().map(|l| serde_json::json!({ "tone": l.tone.name(), "text": l.text })).collect();
            context.show(&value, || to_text(&lines))?;
        }
        Grant::Request { file, pocket, signer_only, replaces } => {
            let body = RequestBody { grant: file.text()?, pocket, signer_only, replaces };
            file.read()?;
            let view: GrantView = Client::logged_in(&context.config)?.post("/v1/grants", &body).await?;
            context.show(&view, || {
                let needs = view.needs.as_deref().map_or(String::new(), |_| {
                    format!("\nthe account must also delegate to {}: sign an EIP-7702 authorization", view.backend)
                });
                format!(
                    "{}\nsession {}{needs}\nsign what `hallpass grant typed-data {}` prints, then `hallpass grant approve {} --signature 0x...`",
                    view.text, view.session.id, view.session.id, view.session.id
                )
            })?;
        }
        Grant::TypedData { session } => {
            let view: GrantView = Client::logged_in(&context.config)?.get(&format!("/v1/sessions/{session}")).await?;
            let pretty = serde_json::to_string_pretty(&view.typed_data)
                .map_err(|e| CliError::missing("encode", e.to_string()))?;
            out(&pretty);
        }
        Grant::Approve(args) => approve(context, args).await?,
        Grant::Refuse { session } => {
            let client = Client::logged_in(&context.config)?;
            let view: SessionView = client.post(&format!("/v1/sessions/{session}/refuse"), &()).await?;
            context.show(&view, || format!("session {} is {}", view.id, view.state))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the owner's signature comes from.
#[derive(Args)]
pub struct Signing {
    /// The wallet's signature over the typed data
    #[arg(long, value_name = "0x...")]
    pub signature: Option<String>,
    /// A file with a signed EIP-7702 authorization: {"chainId", "address", "nonce", "yParity", "r", "s"}
    #[arg(long, value_name = "FILE")]
    pub authorization: Option<PathBuf>,
    /// Sign with the development key of this name (chain 31337 only)
    #[arg(long, value_name = "NAME")]
    pub dev_key: Option<String>,
}

impl Signing {
    /// The body that approves the grant of a session.
    pub async fn body(self, context: &Context, client: &Client, session: &str) -> Result<ApproveBody, CliError> {
        match (self.dev_key, self.signature) {
            (Some(name), _) => {
                let view: GrantView = client.get(&format!("/v1/sessions/{session}")).await?;
                by_dev_key(context, &name, &view).await
            }
            (None, Some(signature)) => {
                let authorization = match self.authorization {
                    None => None,
                    Some(file) => Some(
                        serde_json::from_str(&read_text(&file)?)
                            .map_err(|e| CliError::input("bad_authorization", format!("{}: {e}", file.display())))?,
                    ),
                };
                Ok(ApproveBody { signature, authorization, words_hash: None })
            }
            (None, None) => Err(CliError::input("no_signature", "give --signature or --dev-key")
                .hint(format!("sign what `hallpass grant typed-data {session}` prints"))),
        }
    }
}

/// Signs a grant, and the delegation that it needs, with a development key.
pub async fn by_dev_key(context: &Context, name: &str, view: &GrantView) -> Result<ApproveBody, CliError> {
    let wallet = context.dev_wallet(name, Manners::Local)?;
    let grant = json::parse_grant(&view.canonical).map_err(|e| CliError::missing(e.code(), e.to_string()))?;
    let message = grant.message();
    let domain = domain(message.chainId, message.backend);
    let signature = match replaced(view)? {
        None => wallet.sign_typed(&domain, &message),
        Some(from) => wallet.sign_typed(&domain, &Replace { from, to: message }),
    };
    let signature = signature.map_err(wallet_error)?;
    let authorization = match view.needs.as_deref() {
        Some("delegation") => {
            let node = hallpass_chain::Node::connect(&context.config.rpc, context.config.chain).await;
            let node = node.map_err(|e| super::serve::node_error(&e))?;
            let nonce = node.next_nonce(wallet.address()).await.map_err(|e| super::serve::node_error(&e))?;
            let signed = wallet.sign_authorization(grant.backend, nonce).map_err(wallet_error)?;
            Some(AuthorizationBody::from(&signed))
        }
        _ => None,
    };
    Ok(ApproveBody { signature: signature.to_string(), authorization, words_hash: None })
}

async fn approve(context: &Context, args: Approve) -> Result<(), CliError> {
    let client = Client::logged_in(&context.config)?;
    let path = format!("/v1/sessions/{}", args.session);
    let body = args.signing.body(context, &client, &args.session).await?;
    let view: ApproveView = client.post(&format!("{path}/approve"), &body).await?;
    context.show(&view, || {
        let installed = match (&view.tx, view.gas_used) {
            (Some(tx), Some(gas)) => format!("installed in transaction {tx} ({gas} gas)"),
            _ => "no contract enforces it".to_owned(),
        };
        format!("session {} is {}; {installed}", view.session.id, view.session.state)
    })
}

/// The grant that it is to take the place of, by what has to be signed.
fn replaced(view: &GrantView) -> Result<Option<B256>, CliError> {
    let Some(from) = view.typed_data.pointer("/message/from") else { return Ok(None) };
    serde_json::from_value(from.clone()).map(Some).map_err(|e| CliError::missing("bad_typed_data", e.to_string()))
}

impl File {
    fn text(&self) -> Result<String, CliError> {
        read_text(&self.file)
    }

    /// Reads either form.
    pub(crate) fn read(&self) -> Result<Draft, CliError> {
        read_grant_file(&self.file)
    }
}

/// Reads a grant in either form.
pub fn read_grant_file(path: &Path) -> Result<Draft, CliError> {
    let source = read_text(path)?;
    let name = path.display();
    if source.trim_start().starts_with('{') {
        json::parse(&source).map_err(|e| CliError::input(e.code(), format!("{name}: {e}")))
    } else {
        text::parse(&source).map_err(|mut e| {
            let hint = e.hint.take();
            CliError { hint, ..CliError::input(e.code, format!("{name}, {e}")) }
        })
    }
}
