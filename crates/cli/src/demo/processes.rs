//! The processes of a demo: started on free ports, remembered, stopped by their process ids.

use crate::error::CliError;
use hallpass_chain::Node;
use hallpass_types::ChainId;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Remembers a process by its id and a part of its command line, so that a later run can stop what this one could not.
pub fn note(folder: &Path, pid: u32, part: &str) -> Result<(), CliError> {
    let failed = |e: std::io::Error| CliError::missing("demo_folder", e.to_string());
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("processes"));
    writeln!(file.map_err(failed)?, "{pid} {part}").map_err(failed)
}

/// Stops what is left of earlier runs and removes their folders, unless they still run or were told to stay.
pub fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix("run-") else { continue };
        if is(pid, "demo") {
            continue;
        }
        let noted = std::fs::read_to_string(path.join("processes")).unwrap_or_default();
        let left: Vec<&str> = noted
            .lines()
            .filter_map(|l| l.split_once(' '))
            .filter(|(pid, part)| is(pid, part))
            .map(|(pid, _)| pid)
            .collect();
        if path.join("stay").exists() && !left.is_empty() {
            continue;
        }
        if !left.is_empty() {
            let _ = Command::new("kill").args(&left).status();
        }
        let _ = std::fs::remove_dir_all(path);
    }
}

/// Whether the process `pid` runs and has `part` in its command line.
fn is(pid: &str, part: &str) -> bool {
    let line = std::fs::read(Path::new("/proc").join(pid).join("cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).replace('\0', " ");
    line.contains(part)
}

/// Starts anvil and tells its address.
pub fn start_anvil(anvil: &Path, folder: &Path) -> Result<(Child, String), CliError> {
    let port = free_port()?;
    let log =
        std::fs::File::create(folder.join("anvil.log")).map_err(|e| CliError::missing("demo_folder", e.to_string()))?;
    let arguments = [
        "--host",
        "127.0.0.1",
        "--chain-id",
        "31337",
        "--slots-in-an-epoch",
        "1",
        "--mixed-mining",
        "--block-time",
        "1",
        "--accounts",
        "1",
    ];
    let child = Command::new(anvil)
        .args(arguments)
        .args(["--port", &port.to_string()])
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| {
            CliError::missing("no_anvil", format!("cannot start {}: {e}", anvil.display()))
                .hint("run `make demo`, which installs it, or give --anvil FILE")
        })?;
    Ok((child, format!("http://127.0.0.1:{port}")))
}

/// Waits until anvil answers.
pub async fn connect(url: &str, chain: ChainId, child: &mut Child) -> Result<Node, CliError> {
    for _ in 0..200 {
        if let Ok(node) = Node::connect(url, chain).await {
            return Ok(node);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(CliError::missing("no_anvil", format!("anvil stopped at once: {status}")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(CliError::missing("no_anvil", "anvil does not answer within 10 s"))
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16, CliError> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).map_err(|e| CliError::missing("no_port", format!("no free port: {e}")))?;
    listener.local_addr().map(|a| a.port()).map_err(|e| CliError::missing("no_port", e.to_string()))
}
