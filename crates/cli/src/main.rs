//! The `hallpass` command.
//!
//! - [`commands`]: one command a file; [`demo`]: the whole way on a local chain.
//! - [`config`]: the file and its environment overrides. [`labels`]: the files of names. [`client`]: the server's API.
//!   [`system`]: the real clock, randomness and files. [`error`]: what a failure looks like, and the exit statuses.
//!
//! The only place where implementations are chosen.

mod client;
mod commands;
mod config;
mod demo;
mod error;
mod labels;
mod system;

/// What libraries copy of a secret is wiped with the piece of heap that it stands in.
#[global_allocator]
static WIPING: hallpass_memory::WipingAllocator = hallpass_memory::WipingAllocator;

use clap::{CommandFactory, Parser, Subcommand};
use error::CliError;
use std::path::PathBuf;
use std::process::ExitCode;

const AFTER: &str = "Exit status: 0 done; 1 refused (the policy, the owner, the server or the chain said no); \
2 the input could not be read; 3 something it needs is not there (node, server, store, vault, port).

Start here: `hallpass doctor` says what is missing. On a machine with the repository, `make demo` shows the whole way.";

/// Hands out a pass instead of a key: sign-in sessions, session keys and session tokens with narrow, short, revocable authority.
#[derive(Parser)]
#[command(name = "hallpass", version, about, after_help = AFTER, max_term_width = 100)]
struct Cli {
    /// Configuration file [default: ./hallpass.toml, then hallpass/config.toml in the user's configuration folder]
    #[arg(long, global = true, env = "HALLPASS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON, errors too
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve(commands::serve::Args),
    /// Log in to a server with a wallet (ERC-4361)
    Login(commands::login::Args),
    /// End the login of this command line
    Logout,
    /// List and end logins
    #[command(subcommand)]
    Logins(commands::logins::Logins),
    /// Read, explain, request, approve or refuse a grant
    #[command(subcommand)]
    Grant(commands::grant::Grant),
    /// Say what you are asked beside new grants, and answer it
    Approve(commands::approve::Approve),
    /// List, check, use and revoke sessions
    #[command(subcommand)]
    Session(commands::session::Session),
    /// Read and verify sign-in messages (ERC-4361)
    #[command(subcommand)]
    Siwe(commands::siwe::Siwe),
    /// Make the vault, look at it, change its passphrase
    #[command(subcommand)]
    Vault(commands::vault::Vault),
    /// Say what is stored of you, or delete it
    #[command(subcommand)]
    Me(commands::me::Me),
    /// Check the audit log
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    /// Write a copy of the store, while a server runs or not
    Backup(commands::backup::Backup),
    /// Put a copy of the store back
    Restore(commands::backup::Restore),
    /// Show the whole way on a local chain
    Demo(demo::Args),
    /// Say what is missing, and how to mend it
    Doctor(commands::doctor::Args),
    /// Print the transactions that deploy our contracts on a chain
    Contracts(commands::contracts::Args),
    /// Print the OpenAPI document of the server
    Openapi,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let json = cli.json;
    match run(cli) {
        Ok(code) => code,
        Err(error) => error.report(json),
    }
}

/// Help and version, or a command line that cannot be read: as an object where JSON was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or("").trim_start_matches("error: ").to_owned();
        return CliError::input("bad_usage", first).hint("`hallpass --help` says what there is").report(true);
    }
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn run(cli: Cli) -> Result<ExitCode, CliError> {
    let config = config::Config::load(cli.config.as_deref())?;
    let context = commands::Context { config, json: cli.json, config_path: cli.config };
    let runtime =
        tokio::runtime::Runtime::new().map_err(|e| CliError::missing("no_runtime", format!("cannot start: {e}")))?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(&context, args).await,
            Command::Login(args) => commands::login::run(&context, args).await,
            Command::Logout => commands::logout::run(&context).await,
            Command::Logins(command) => commands::logins::run(&context, command).await,
            Command::Grant(command) => commands::grant::run(&context, command).await,
            Command::Approve(args) => commands::approve::run(&context, args).await,
            Command::Session(command) => commands::session::run(&context, command).await,
            Command::Siwe(command) => commands::siwe::run(&context, command).await,
            Command::Vault(command) => commands::vault::run(&context, command).await,
            Command::Me(command) => commands::me::run(&context, command).await,
            Command::Audit(command) => commands::audit::run(&context, command).await,
            Command::Backup(args) => commands::backup::backup(&context, args).await,
            Command::Restore(args) => commands::backup::restore(&context, args).await,
            Command::Demo(args) => demo::run(&context, args).await,
            Command::Doctor(args) => commands::doctor::run(&context, args).await,
            Command::Contracts(args) => commands::contracts::run(&context, &args),
            Command::Openapi => {
                let doc = hallpass_server::openapi().map_err(|e| CliError::missing("openapi", e.to_string()))?;
                system::out(&doc);
                Ok(ExitCode::SUCCESS)
            }
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Cli::command(), "hallpass", &mut std::io::stdout());
                Ok(ExitCode::SUCCESS)
            }
        }
    })
}
