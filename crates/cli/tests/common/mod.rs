//! What the tests of the whole program share: a chain, a server as a real process, and people who use it.
//!
//! - [`chain`]: anvil with our contracts and a token. [`server`]: `hallpass serve` in a folder of its own.
//! - [`api`]: the HTTP API as strangers see it. [`people`]: owners with development wallets, and their passes.
//! - [`secrets`]: what was planted or handed out, looked for in all that is said, logged and stored.
//! - [`hook`]: takes webhooks. [`proxy`]: stands between server and node, and breaks the line at a chosen request.
//!
//! Everything is on loopback, on ports that were free, and is stopped by its own process handle when it is dropped.

#![allow(dead_code, reason = "each test uses a part")]

pub mod api;
pub mod chain;
pub mod hook;
pub mod people;
pub mod proxy;
pub mod secrets;
pub mod server;

use chain::Chain;
use people::Owner;
use server::{Folder, Server};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};

/// A chain and a server on it, whose relayer is funded.
pub struct World {
    // First, so that the server stops before its node does.
    pub server: Server,
    pub chain: Chain,
    pub folder: Folder,
}

impl World {
    /// Starts both.
    pub async fn start(name: &str) -> Self {
        let chain = Chain::start().await;
        let node = chain.url.clone();
        Self::on(name, chain, &node).await
    }

    /// Starts a server that reaches the chain by way of `rpc`.
    pub async fn on(name: &str, chain: Chain, rpc: &str) -> Self {
        Self::configured(name, chain, rpc, |_| String::new()).await
    }

    /// The same with further lines of configuration, which may name files in its folder.
    pub async fn configured(name: &str, chain: Chain, rpc: &str, more: impl FnOnce(&Folder) -> String) -> Self {
        let folder = Folder::new(name);
        let more = more(&folder);
        let server = Server::start_with(&folder, rpc, &more).await;
        chain.fund(server.relayer().await).await;
        Self { server, chain, folder }
    }

    /// An owner who is logged in and whose account holds tokens.
    pub async fn owner(&self, name: &str) -> Owner {
        Owner::new(self, name).await
    }
}

/// Asks again and again until `met` says yes; panics after more questions than any wait takes.
pub async fn until(what: &str, met: impl AsyncFn() -> bool) {
    for _ in 0..200_000 {
        if met().await {
            return;
        }
    }
    panic!("waited in vain: {what}");
}

/// A port outside the range that outgoing connections take theirs from, so that it stays free while a server restarts.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 150) as u16 * 100;
    loop {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The program under test, without the environment's own settings and with a home of its own.
pub fn hallpass(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallpass"));
    command.args(arguments).current_dir(folder.path()).env_clear();
    command.env("HOME", folder.path()).stdin(std::process::Stdio::null());
    command
}

/// Runs it to its end.
pub fn run(folder: &Folder, arguments: &[&str]) -> Ran {
    let ran = Ran::of(hallpass(folder, arguments).output().unwrap());
    // What a command is called by, without the options before it.
    let words: Vec<&str> = arguments.iter().copied().filter(|a| a.bytes().all(|b| b.is_ascii_lowercase())).collect();
    let shown = words.windows(2).find(|pair| *pair == ["session", "token"]).unwrap_or(&words).join(" ");
    let place = folder.path().display().to_string();
    secrets::said(&place, &shown, &ran.out);
    secrets::said(&place, &shown, &ran.err);
    ran
}

/// How a command ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// Reads a finished process; panics where a signal ended it.
    pub fn of(output: Output) -> Self {
        Self {
            exit: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
