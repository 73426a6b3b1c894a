//! `hallpass serve` as a process, in a folder of its own.

use super::api::Api;
use super::{free_port, hallpass, secrets};
use alloy_primitives::Address;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What opens the vault; looked for in logs.
pub const PASSPHRASE: &str = "planted passphrase, never to be seen";

/// A folder that is removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it and tells its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A configuration; `more` are further lines.
pub fn write_config(folder: &Folder, port: u16, rpc: &str, more: &str) -> String {
    secrets::plant("the passphrase", PASSPHRASE);
    let passphrase = folder.write("passphrase", PASSPHRASE);
    let store = folder.path().join("store.redb").display().to_string();
    let witness = folder.path().join("witness").display().to_string();
    let socket = folder.path().join("s").display().to_string();
    // Tests ask for more than people do; one that is about limits sets its own.
    let rates = ["client_per_minute", "account_per_minute", "app_per_minute", "proofs_per_minute"];
    let rates = rates.map(|key| if more.contains(key) { String::new() } else { format!("{key} = 1000000\n") }).concat();
    let text = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\nrpc = \"{rpc}\"\n\
         store = \"{store}\"\nwitness = \"{witness}\"\nsocket = \"{socket}\"\npassphrase_file = \"{passphrase}\"\n{rates}{more}"
    );
    folder.write("hallpass.toml", &text)
}

/// A server that stops when it is dropped.
pub struct Server {
    pub api: Api,
    child: Arc<Mutex<Child>>,
    config: String,
    log: PathBuf,
}

/// Ends a server from anywhere, as `kill -9` does.
#[derive(Clone)]
pub struct Killer(Arc<Mutex<Child>>);

impl Killer {
    pub fn kill(&self) {
        let mut child = self.0.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Server {
    /// Makes a vault in `folder`, starts a server there, and waits until it is ready.
    pub async fn start(folder: &Folder, rpc: &str) -> Self {
        Self::start_with(folder, rpc, "").await
    }

    /// The same with further lines of configuration.
    pub async fn start_with(folder: &Folder, rpc: &str, more: &str) -> Self {
        let port = free_port();
        let config = write_config(folder, port, rpc, more);
        let made = super::run(folder, &["--config", &config, "vault", "init"]);
        assert_eq!(made.exit, 0, "{}", made.err);
        let log = folder.path().join("server.log");
        let child = Arc::new(Mutex::new(spawn(folder, &config, &log)));
        let server = Self { api: Api::new(&format!("http://127.0.0.1:{port}")), child, config, log };
        server.ready().await;
        server
    }

    /// Another server on copies of this one's store and witness: its keys, and nothing that is done here from now on. This one
    /// is started anew.
    pub async fn twin(&mut self, folder: &Folder, to: &Folder, rpc: &str) -> Self {
        self.killer().kill();
        for name in ["store.redb", "witness"] {
            std::fs::copy(folder.path().join(name), to.path().join(name)).unwrap();
        }
        self.restart(folder).await;
        let port = free_port();
        let config = write_config(to, port, rpc, "");
        let log = to.path().join("server.log");
        let child = Arc::new(Mutex::new(spawn(to, &config, &log)));
        let twin = Self { api: Api::new(&format!("http://127.0.0.1:{port}")), child, config, log };
        twin.ready().await;
        twin
    }

    /// Starts it anew on the same store; the old one must be dead.
    pub async fn restart(&mut self, folder: &Folder) {
        self.killer().kill();
        self.child = Arc::new(Mutex::new(spawn(folder, &self.config, &self.log)));
        self.ready().await;
    }

    async fn ready(&self) {
        for _ in 0..600 {
            let health = self.api.try_post("/v1/login/nonce", &serde_json::Value::Null).await;
            if health.is_ok_and(|h| h.status == 200) {
                return;
            }
            let ended = self.child.lock().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the server stopped: {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer within 30 s: {}", self.log());
    }

    /// What kills it.
    pub fn killer(&self) -> Killer {
        Killer(self.child.clone())
    }

    /// Everything it has written to standard error and output.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The configuration file.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// The relayer's address.
    pub async fn relayer(&self) -> Address {
        self.api.get("/v1/health").await.json()["relayer"].as_str().unwrap().parse().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.killer().kill();
        if !std::thread::panicking() {
            let found = secrets::found(self.log.parent().unwrap(), &self.api.url);
            assert!(found.is_empty(), "{}", found.join("\n"));
        }
    }
}

/// Logs go to one file over all starts, at the most talkative level.
fn spawn(folder: &Folder, config: &str, log: &Path) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
    let mut command = hallpass(folder, &["--config", config, "serve"]);
    command.env("HALLPASS_LOG", "trace").stdout(log.try_clone().unwrap()).stderr(log);
    command.stdin(Stdio::null()).spawn().unwrap()
}
