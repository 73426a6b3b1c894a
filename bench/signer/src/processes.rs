//! The node and the server, as processes; both end with the value that stands for them.

use alloy_primitives::Address;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What opens the vault.
pub const PASSPHRASE: &str = "a passphrase for measuring";

/// An account whose grants are all active and unspent: of calldata longer than a selector the first word of the answer
/// is 1, else 0; the others are 0.
const STUB: &str = "0x60043611600052610100 6000f3";

/// anvil, with a block each second.
pub struct Node {
    child: Child,
    pub url: String,
    port: u16,
}

impl Node {
    pub fn start(anvil: &str) -> Self {
        let port = free_port();
        let fixed = "--host 127.0.0.1 --slots-in-an-epoch 1 --mixed-mining --block-time 1 --accounts 1 --silent";
        let child = Command::new(anvil)
            .args(fixed.split(' '))
            .args(["--chain-id", "31337", "--port", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let node = Self { child, url: format!("http://127.0.0.1:{port}"), port };
        wait(Duration::from_secs(30), || TcpStream::connect(("127.0.0.1", port)).is_ok());
        node
    }

    /// Puts the stub where an account is.
    pub fn stub(&self, account: Address) {
        let params = json!([account, STUB.replace(' ', "")]);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "anvil_setCode", "params": params }).to_string();
        let answer = http(self.port, "POST /", &body).unwrap();
        let answer: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{answer}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the configuration and tells its path.
pub fn config(folder: &Path, rpc: &str) -> PathBuf {
    let at = |name: &str| folder.join(name).display().to_string();
    let port = free_port();
    std::fs::write(folder.join("passphrase"), PASSPHRASE).unwrap();
    let text = format!(
        "listen = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}\"\nrpc = \"{rpc}\"\n\
         store = \"{}\"\nsocket = \"{}\"\npassphrase_file = \"{}\"\n",
        at("store.redb"),
        at("s"),
        at("passphrase"),
    );
    let path = folder.join("hallpass.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// `hallpass vault init`.
pub fn init(hallpass: &str, config: &Path) {
    let made = Command::new(hallpass).arg("--config").arg(config).args(["vault", "init"]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// `hallpass serve`.
pub struct Server {
    child: Child,
    pub socket: PathBuf,
    pub port: u16,
}

impl Server {
    /// Starts it; tells how long it took until it called itself ready.
    pub fn start(hallpass: &str, config: &Path, folder: &Path) -> (Self, Duration) {
        let text = std::fs::read_to_string(config).unwrap();
        let port = text.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap();
        let log = std::fs::File::create(folder.join("server.log")).unwrap();
        let started = Instant::now();
        let child = Command::new(hallpass)
            .arg("--config")
            .arg(config)
            .arg("serve")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { child, socket: folder.join("s"), port };
        wait(Duration::from_secs(60), || {
            http(port, "GET /v1/health", "").is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
        });
        (server, started.elapsed())
    }

    /// Processor time that it has used, in seconds.
    pub fn cpu(&self) -> f64 {
        cpu(&self.child.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time of a process in seconds: user and system, in hundredths (`proc(5)`).
pub fn cpu(process: &str) -> f64 {
    ticks(process, 11)
}

/// The same of all children that this process has waited for.
pub fn cpu_of_children() -> f64 {
    ticks("self", 13)
}

fn ticks(process: &str, at: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[at..at + 2].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

pub fn http(port: u16, request: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len(),
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

pub fn wait(at_most: Duration, mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < at_most, "a process did not get ready");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
