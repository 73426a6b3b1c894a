//! nginx and Caddy as children of the test, which read the guide's own configuration.

use crate::common::server::Folder;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A program in front of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Nginx,
    Caddy,
}

impl Program {
    pub const ALL: [Self; 2] = [Self::Nginx, Self::Caddy];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }

    fn file(self) -> PathBuf {
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin", "/sbin"]);
        let found = folders.map(|folder| Path::new(folder).join(self.name())).find(|file| file.is_file());
        found.unwrap_or_else(|| panic!("{} is not installed: apt-get install nginx-light caddy", self.name()))
    }
}

/// What stands in the guide in the place of what each operator has.
pub struct Places<'a> {
    pub port: u16,
    pub hallpass: &'a str,
    pub app: &'a str,
    pub credential: &'a str,
}

/// A running proxy; stopped when it is dropped.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The one block of the guide in a language.
fn block(language: &str) -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/forward-auth.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let fence = format!("```{language}\n");
    let mut blocks = guide.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    let block = blocks.next().unwrap_or_else(|| panic!("the guide has no {language}")).to_owned();
    assert_eq!(blocks.next(), None, "the guide has more than one block of {language}");
    block
}

/// Puts each thing in its place; each is there.
fn fill(mut text: String, pairs: &[(&str, String)]) -> String {
    for (from, to) in pairs {
        assert!(text.contains(from), "the guide does not say `{from}` any more");
        text = text.replace(from, to);
    }
    text
}

fn nginx(folder: &Folder, places: &Places<'_>) -> Command {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let server = fill(
        block("nginx"),
        &[
            ("listen 443 ssl;", format!("listen 127.0.0.1:{};", places.port)),
            ("    ssl_certificate     /etc/ssl/app.example.pem;\n", String::new()),
            ("    ssl_certificate_key /etc/ssl/app.example.key;\n", String::new()),
            ("127.0.0.1:8700", places.hallpass.to_owned()),
            ("127.0.0.1:3000", places.app.to_owned()),
            ("hpi_...", places.credential.to_owned()),
        ],
    );
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", at(&format!("tmp-{name}"))))
        .concat();
    // One process, and so nothing is left of it.
    let text = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{server}}}\n",
        at("nginx.pid")
    );
    let file = folder.write("nginx.conf", &text);
    let mut command = Command::new(Program::Nginx.file());
    command.args(["-p", &folder.path().display().to_string(), "-c", &file, "-e", "stderr"]);
    command
}

fn caddy(folder: &Folder, places: &Places<'_>) -> Command {
    let site = fill(
        block("caddy"),
        &[
            ("app.example {", format!("http://:{} {{\n\tbind 127.0.0.1", places.port)),
            ("127.0.0.1:8700", places.hallpass.to_owned()),
            ("127.0.0.1:3000", places.app.to_owned()),
            ("hpi_...", places.credential.to_owned()),
        ],
    );
    let text = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{site}");
    let file = folder.write("Caddyfile", &text);
    let mut command = Command::new(Program::Caddy.file());
    command.args(["run", "--adapter", "caddyfile", "--config", &file]);
    command.env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
    command
}

/// Starts one, and waits until it takes connections.
pub async fn start(program: Program, folder: &Folder, places: &Places<'_>) -> Running {
    let mut command = match program {
        Program::Nginx => nginx(folder, places),
        Program::Caddy => caddy(folder, places),
    };
    let log = folder.path().join("proxy.log");
    let to = std::fs::File::create(&log).unwrap();
    command.env("HOME", folder.path()).stdin(Stdio::null()).stdout(to.try_clone().unwrap()).stderr(to);
    let mut running = Running(command.spawn().unwrap());
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    for _ in 0..600 {
        assert!(running.0.try_wait().unwrap().is_none(), "{} stopped: {}", program.name(), said());
        if tokio::net::TcpStream::connect(("127.0.0.1", places.port)).await.is_ok() {
            return running;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} takes no connections within 30 s: {}", program.name(), said());
}
