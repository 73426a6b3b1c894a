//! `hallpass serve`

use super::vault_open::Unseal;
use super::{Context, open_store, store_error};
use crate::config::Config;
use crate::error::CliError;
use crate::labels;
use crate::system::{OsRng, SystemClock};
use clap::Parser;
use hallpass_auth::Cached;
use hallpass_chain::contracts::Suite;
use hallpass_chain::hallpass::RELAYED;
use hallpass_chain::{AccountReader, Node, NodeError};
use hallpass_server::local::Local;
use hallpass_server::{App, ChainSide, Settings, work};
use hallpass_store::{RedbStore, Store, StoreKeys};
use hallpass_vault::{RelayPolicy, SealedRecord, Vault, VaultHeader};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// The relayer's key in the vault.
const RELAYER: &str = "relayer/0";

/// Options of `hallpass serve`.
#[derive(Parser)]
pub struct Args {
    #[command(flatten)]
    unseal: Unseal,
}

/// Runs until it is told to stop.
pub async fn run(context: &Context, args: Args) -> Result<ExitCode, CliError> {
    // Before any secret is read.
    let _ = hallpass_memory::harden_process();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter()).init();
    let config = &context.config;
    let mut settings = Settings { lists: labels::read(&config.labels, &[])?, ..config.settings()? };
    settings.asking.webhook = config.webhook()?;
    settings.denylist = Arc::new(config.denylist()?);
    let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|e| {
        CliError::missing("port_taken", format!("cannot listen on {}: {e}", config.listen))
            .hint("set `listen` to a free port")
    })?;
    let node = Node::connect(&config.rpc, config.chain).await.map_err(|e| node_error(&e))?;
    let second = match &config.second_rpc {
        None => None,
        Some(url) => Some(Node::connect(url, config.chain).await.map_err(|e| node_error(&e))?),
    };
    // Opening would make one.
    if !config.store.exists() {
        return Err(no_vault());
    }
    let store = open_store(&config.store)?;
    let vault = unseal(context, &store, &args.unseal).await?;
    witnessed(config, &store).await?;
    let relayer = relayer_key(&store, &vault).await?;
    let suite = Suite::load().map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
    let relayer_address =
        relayer.address().ok_or_else(|| CliError::missing("corrupt_row", "the relayer's key has no address"))?;
    let address = listener.local_addr().map_or(config.listen, |a| a);
    let reader = AccountReader::new(node.clone()).map_err(|e| CliError::missing("bad_artifact", e.to_string()))?;
    let wallets = Cached::new(reader);
    let chain = ChainSide { node, second, wallets, suite, relayer_address, relayer: tokio::sync::Mutex::new(relayer) };
    let app =
        App::start(Arc::new(store), Arc::new(vault), Arc::new(chain), Arc::new(SystemClock), Arc::new(OsRng), settings)
            .await
            .map_err(|e| CliError::missing(&e.problem.code, e.problem.says))?;
    let settling = app.clone();
    tokio::spawn(async move {
        if let Err(error) = work::requests::moves::tell_all(&settling).await {
            tracing::warn!(code = %error.problem.code, "what is open could not be told again");
        }
        loop {
            work::settle::once(&settling).await;
            if let Err(error) = work::wallet::ask_again(&settling).await {
                tracing::warn!(code = %error.problem.code, "contract wallets could not be asked again");
            }
            if let Err(error) = settling.logins.sweep().await {
                tracing::warn!(code = %error.problem.code, "logins that ran out could not be noted");
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    });
    if let Some(path) = &config.socket {
        let local = Local::bind(path, config.local_users.clone()).map_err(|e| {
            CliError::missing("socket_taken", format!("cannot listen on {}: {e}", path.display()))
                .hint("set `socket` to another path")
        })?;
        tokio::spawn(local.serve(app.clone()));
    }
    let relayer = app.chain.relayer_address;
    context
        .show(&serde_json::json!({ "listening": address.to_string(), "relayer": relayer.to_checksum(None) }), || {
            format!("listening on http://{address}\nrelayer {relayer} pays for gas: keep it funded\nstop with Ctrl-C")
        })?;
    let service = hallpass_server::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, service).with_graceful_shutdown(stopped());
    served.await.map_err(|e| CliError::missing("server_failed", format!("the server stopped: {e}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Compares the store with its witness. What is known of a restored one may be old: nobody gets anything for it before it is
/// known what was done since.
async fn witnessed(config: &Config, store: &RedbStore) -> Result<(), CliError> {
    let path = config.witness()?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|e| CliError::missing("unwritable_file", format!("cannot make {}: {e}", folder.display())))?;
    }
    if let Some(why) = store.restored(&path).await.map_err(store_error)? {
        let done = work::restored::apply(store, &SystemClock)
            .await
            .map_err(|e| CliError::missing(&e.problem.code, e.problem.says))?;
        tracing::error!(
            %why, witness = %path.display(), suspended = done.suspended, logins_ended = done.logins, holders_ended = done.holders,
            "the store was put back from a copy: nothing is signed before it is known what was signed since"
        );
    }
    store.begin_start(&path).await.map_err(|e| {
        CliError::missing(e.code(), format!("the witness {} cannot be written: {e}", path.display()))
            .hint("set `witness` to a file in a folder that the server may write to, out of the store's backups")
    })
}

/// Opens the vault, and with it the sealed parts of the store.
async fn unseal(context: &Context, store: &RedbStore, unseal: &Unseal) -> Result<Vault, CliError> {
    let header = read_header(store).await?.ok_or_else(no_vault)?;
    let opener = unseal.opener(&context.config)?;
    let vault = context.unsealed(&header, &opener)?.with_relay_policy(RelayPolicy::new(&RELAYED));
    store.unlock(keys(&vault)).await.map_err(store_error)?;
    Ok(vault)
}

/// Nothing was made yet.
pub fn no_vault() -> CliError {
    CliError::missing("no_vault", "there is no vault in this store yet").hint("make one with `hallpass vault init`")
}

/// The vault's header, if a vault was made.
pub async fn read_header(store: &RedbStore) -> Result<Option<VaultHeader>, CliError> {
    let mut tx = store.read().await.map_err(store_error)?;
    match tx.vault().header().await.map_err(store_error)? {
        None => Ok(None),
        Some(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            CliError::missing("bad_header", "the vault's header cannot be read").hint("restore it from a backup")
        }),
    }
}

fn keys(vault: &Vault) -> StoreKeys {
    StoreKeys { index: *vault.derive_index_key("store/index"), field: *vault.derive_index_key("store/field") }
}

/// The relayer's key, made at the first start.
async fn relayer_key(store: &RedbStore, vault: &Vault) -> Result<SealedRecord, CliError> {
    let mut tx = store.begin().await.map_err(store_error)?;
    if let Some(bytes) = tx.vault().record(RELAYER).await.map_err(store_error)? {
        return serde_json::from_slice(&bytes)
            .map_err(|_| CliError::missing("corrupt_row", "the relayer's key cannot be read"));
    }
    let mut id = [0; 16];
    getrandom::fill(&mut id)
        .map_err(|_| CliError::missing("no_randomness", "the operating system gave no random bytes"))?;
    let record = vault.create_relayer_key(id, &OsRng).map_err(|e| CliError::missing(e.code(), e.to_string()))?;
    let bytes = serde_json::to_vec(&record).map_err(|e| CliError::missing("encode", e.to_string()))?;
    tx.vault().put_record(RELAYER, &bytes).await.map_err(store_error)?;
    tx.commit().await.map_err(store_error)?;
    Ok(record)
}

/// A node's failure.
pub fn node_error(error: &NodeError) -> CliError {
    let hint = match error {
        NodeError::WrongChain { .. } => "set `chain` or `rpc`: they must be of one chain",
        NodeError::BadUrl => "set `rpc` to http://HOST:PORT or https://...",
        _ => "start the node, or set `rpc` to one that runs",
    };
    CliError::missing(error.code(), error.to_string()).hint(hint)
}

fn filter() -> EnvFilter {
    tracing_subscriber::EnvFilter::try_from_env("HALLPASS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"))
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
