//! The parent's side: a folder, a child in it, and connections to it.

use super::common::world::Want;
use super::wire::{self, Reply};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A folder that goes when the test ends.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hallpass-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// This program in another role, in a folder.
pub fn other(role: &str, folder: &Path, start: u64) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("HALLPASS_ROLE", role).env("HALLPASS_FOLDER", folder).env("HALLPASS_START", start.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// A signer that runs.
pub struct Signer {
    child: Child,
    says: BufReader<ChildStdout>,
    folder: PathBuf,
    start: u64,
}

impl Signer {
    pub fn start(folder: &Folder, start: u64) -> Self {
        let mut child = other("signer", &folder.0, start).spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        let mut signer = Self { child, says, folder: folder.0.clone(), start };
        assert_eq!(signer.hears(), "listening");
        signer
    }

    /// What it says next; empty where it has ended.
    pub fn hears(&mut self) -> String {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub fn connect(&self) -> Connection {
        Connection::open(&self.folder, self.start)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// With SIGKILL, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Connection {
    read: BufReader<UnixStream>,
    write: UnixStream,
}

impl Connection {
    pub fn open(folder: &Path, start: u64) -> Self {
        let write = UnixStream::connect(folder.join(format!("socket{start}"))).unwrap();
        Self { read: BufReader::new(write.try_clone().unwrap()), write }
    }

    /// `None` where the process ended before it answered.
    pub fn line(&mut self, line: &str) -> Option<String> {
        self.write.write_all(format!("{line}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        self.read.read_line(&mut answer).ok()?;
        answer.strip_suffix('\n').map(str::to_owned)
    }

    pub fn ask(&mut self, want: &Want) -> Option<Reply> {
        self.line(&wire::ask(want)).map(|line| Reply::read(&line))
    }
}
