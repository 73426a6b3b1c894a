//! A Unix socket for programs on this machine: JSON-RPC 2.0, one request a line, as geth's IPC has it.
//!
//! Whoever connects must be a user of this system that the operator lists (peer credentials, `SO_PEERCRED`); the first
//! request shows a holder's token (`hallpass_authenticate`), and the connection then speaks for that one session. What is
//! known of the chain is read anew at most every few seconds.

use crate::caller::Asker;
use crate::{App, rpc};
use hallpass_session::Token;
use hallpass_types::SessionId;
use serde_json::{Value, json};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Longest line, in bytes; a longer one ends the connection.
const MAX_LINE: u64 = 64 * 1024;
/// Most connections at a time.
const MAX_CONNECTIONS: usize = 1024;

/// A socket that is listened on; its file goes when it is dropped.
#[derive(Debug)]
pub struct Local {
    listener: UnixListener,
    path: PathBuf,
    users: Vec<u32>,
}

impl Local {
    /// Listens at `path`, for our own user of the system and those in `users`. The file is for its owner alone, or where
    /// others are listed, for everybody: who they are is then asked of the system.
    ///
    /// # Errors
    /// Where another program listens there, or the path cannot be made.
    pub fn bind(path: &Path, mut users: Vec<u32>) -> io::Result<Self> {
        // What a killed server left behind; nothing else is removed.
        if std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket()) {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there"));
            }
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        let mode = if users.is_empty() { 0o600 } else { 0o666 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        users.push(std::fs::metadata(path)?.uid());
        Ok(Self { listener, path: path.to_owned(), users })
    }

    /// Serves until it is dropped.
    pub async fn serve(self, app: App) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let listed = stream.peer_cred().is_ok_and(|peer| self.users.contains(&peer.uid()));
                    let app = app.clone();
                    tokio::spawn(async move {
                        if let Err(error) = connection(&app, stream, listed).await {
                            tracing::debug!(%error, "a local connection ended");
                        }
                        drop(permit);
                    });
                }
                // Out of descriptors, most likely: others will close theirs.
                Err(error) => {
                    tracing::warn!(%error, "no local connection could be accepted");
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn connection(app: &App, stream: UnixStream, listed: bool) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    if !listed {
        let says = "this user of the system is not listed in `local_users`";
        return send(&mut write, &rpc::error(Value::Null, -32003, "peer_not_allowed", says, None)).await;
    }
    let mut line = Vec::new();
    let mut session: Option<SessionId> = None;
    loop {
        line.clear();
        let read = (&mut read).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') && read as u64 == MAX_LINE {
            return send(&mut write, &rpc::error(Value::Null, -32600, "too_long", "a line has at most 64 KiB", None))
                .await;
        }
        let answer = match serde_json::from_slice::<Value>(&line) {
            Err(e) => rpc::error(Value::Null, rpc::PARSE_ERROR, "bad_json", &e.to_string(), None),
            Ok(request) => match (request.get("method").and_then(Value::as_str), session) {
                (Some("hallpass_authenticate"), None) => {
                    let (known, answer) = authenticate(app, &request).await;
                    session = known;
                    answer
                }
                (_, Some(id)) => rpc::answer(app, &Asker::Local(id), id, &request).await,
                (_, None) => {
                    let says = "the first request is hallpass_authenticate, with a holder's token";
                    let id = request.get("id").cloned().unwrap_or(Value::Null);
                    rpc::error(id, -32003, "not_authenticated", says, Some("make one with `hallpass session token`"))
                }
            },
        };
        send(&mut write, &answer).await?;
    }
}

/// Binds the connection to the session of a holder's token.
async fn authenticate(app: &App, request: &Value) -> (Option<SessionId>, Value) {
    let id = request.get("id").cloned().unwrap_or(Value::Null);
    let params = request.get("params");
    let text = params.and_then(|p| p.get(0).or_else(|| p.get("token"))).and_then(Value::as_str);
    let token = text.and_then(|text| text.parse::<Token>().ok());
    let found = match token {
        None => None,
        Some(token) => match app.store.read().await {
            Ok(mut tx) => tx.sessions().find_key_by_holder(&token.hash()).await.ok().flatten(),
            Err(_) => None,
        },
    };
    match found {
        Some(session) => {
            let result = json!({ "session": session.id.to_string(), "key": session.key.to_checksum(None) });
            (Some(session.id), json!({ "jsonrpc": "2.0", "id": id, "result": result }))
        }
        None => {
            let says = "this is no holder's token of a session here";
            (None, rpc::error(id, -32003, "not_authenticated", says, None))
        }
    }
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(answer)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await
}
