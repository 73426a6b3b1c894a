//! A Unix socket for programs on this machine: JSON-RPC 2.0, one request a line, as geth's IPC has it.
//!
//! Whoever connects must be a user of this system that the operator lists (peer credentials, `SO_PEERCRED`); the first
//! request shows a holder's token (`hallpass_authenticate`), and the connection then speaks for that one session, for as long as
//! the token is the session's: it is looked up again for each request. What is known of the chain is read anew at most every
//! few seconds.

use crate::caller::Asker;
use crate::logins::end::Which;
use crate::rpc::{self, INVALID_REQUEST, PARSE_ERROR, REJECTED, number};
use crate::{ApiError, App};
use core::time::Duration;
use hallpass_session::{Actor, KeySession, Reason, Token, TokenHash};
use hallpass_store::StoreError;
use hallpass_types::{AccountId, SessionId};
use serde::Deserialize;
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
/// How long nothing is accepted where the system gives no more descriptors: others will close theirs.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that is listened on; its file goes when it is dropped.
#[derive(Debug)]
pub struct Local {
    listener: UnixListener,
    path: PathBuf,
    users: Vec<u32>,
    /// Our own user of the system.
    own: u32,
}

/// Who is at the other end.
#[derive(Debug, Clone, Copy)]
struct Peer {
    listed: bool,
    /// The server's own user of the system.
    operator: bool,
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
        let own = std::fs::metadata(path)?.uid();
        users.push(own);
        Ok(Self { listener, path: path.to_owned(), users, own })
    }

    /// Serves until it is dropped.
    pub async fn serve(self, app: App) {
        let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let user = stream.peer_cred().ok().map(|peer| peer.uid());
                    let peer = Peer {
                        listed: user.is_some_and(|user| self.users.contains(&user)),
                        operator: user == Some(self.own),
                    };
                    let app = app.clone();
                    tokio::spawn(async move {
                        if let Err(error) = connection(&app, stream, peer).await {
                            tracing::debug!(%error, "a local connection ended");
                        }
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no local connection could be accepted");
                    tokio::time::sleep(PAUSE).await;
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

async fn connection(app: &App, stream: UnixStream, peer: Peer) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    if !peer.listed {
        let says = "this user of the system is not listed in `local_users`";
        return send(&mut write, &rpc::error(Value::Null, REJECTED, "peer_not_allowed", says, None)).await;
    }
    let mut line = Vec::new();
    let mut token: Option<TokenHash> = None;
    loop {
        line.clear();
        let read = (&mut read).take(MAX_LINE).read_until(b'\n', &mut line).await?;
        if read == 0 {
            return Ok(());
        }
        if line.last() != Some(&b'\n') && read as u64 == MAX_LINE {
            let says = "a line has at most 64 KiB";
            return send(&mut write, &rpc::error(Value::Null, INVALID_REQUEST, "too_long", says, None)).await;
        }
        let answer = match serde_json::from_slice::<Value>(&line) {
            Err(e) => rpc::error(Value::Null, PARSE_ERROR, "bad_json", &e.to_string(), None),
            Ok(request) if peer.operator && rpc::method(&request) == Some("hallpass_backup") => {
                backup(app, &request).await
            }
            Ok(request) if peer.operator && rpc::method(&request) == Some("hallpass_end_logins") => {
                end_logins(app, &request).await
            }
            Ok(request) => answer(app, &mut token, &request).await,
        };
        send(&mut write, &answer).await?;
    }
}

/// Answers a request of the session whose holder's token was shown.
async fn answer(app: &App, shown: &mut Option<TokenHash>, request: &Value) -> Value {
    let authenticates = rpc::method(request) == Some("hallpass_authenticate");
    let (token, authenticates) = match *shown {
        Some(token) => (Some(token), false),
        None if authenticates => (token_of(request), true),
        None => {
            let says = "the first request is hallpass_authenticate, with a holder's token";
            let hint = "make one with `hallpass session token`";
            return rpc::error(number(request), REJECTED, "not_authenticated", says, Some(hint));
        }
    };
    match held(app, token).await {
        Err(error) => rpc::refused(number(request), error),
        Ok(None) => none(shown, request),
        Ok(Some(id)) if authenticates => match named(app, id).await {
            Err(error) => rpc::refused(number(request), error),
            Ok(None) => none(shown, request),
            Ok(Some(session)) => {
                *shown = token;
                let result = json!({ "session": id.to_string(), "key": session.key.to_checksum(None) });
                rpc::result(number(request), result)
            }
        },
        Ok(Some(id)) => rpc::answer(app, &Asker::Local(id), id, request).await,
    }
}

/// Writes a copy of the store, for the server's own user of the system.
async fn backup(app: &App, request: &Value) -> Value {
    let path = request.get("params").and_then(|p| p.get(0)).and_then(Value::as_str).map(Path::new);
    let Some(path) = path.filter(|path| path.is_absolute()) else {
        return rpc::refused(number(request), ApiError::bad("bad_params", "hallpass_backup takes an absolute path"));
    };
    match app.store.copy_to(path).await {
        Ok(()) => rpc::result(number(request), json!({ "backup": path })),
        Err(StoreError::AlreadyExists { .. }) => {
            let says = format!("{} is there already", path.display());
            rpc::refused(number(request), ApiError::conflict("file_exists", says).hint("name another file"))
        }
        Err(error) => rpc::refused(number(request), error.into()),
    }
}

/// Which logins the operator ends: one of the three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    session: Option<SessionId>,
    account: Option<AccountId>,
    #[serde(default)]
    everybody: bool,
}

/// Ends logins of anybody, for the server's own user of the system.
async fn end_logins(app: &App, request: &Value) -> Value {
    let params = request.get("params").and_then(|p| p.get(0)).cloned().unwrap_or_default();
    let which = match serde_json::from_value::<Whose>(params) {
        Ok(Whose { session: Some(id), account: None, everybody: false }) => Which::Anyones(id),
        Ok(Whose { session: None, account: Some(account), everybody: false }) => Which::Account(account),
        Ok(Whose { session: None, account: None, everybody: true }) => Which::Everybody,
        _ => {
            let says = "hallpass_end_logins takes one of `session`, `account` and `everybody`";
            return rpc::refused(number(request), ApiError::bad("bad_params", says));
        }
    };
    match app.logins.end(which, Actor::Server, Reason::AdminAsked).await {
        Ok(ended) => rpc::result(number(request), json!({ "ended": ended.len() })),
        Err(error) => rpc::refused(number(request), error),
    }
}

/// Whoever held it before shows another one.
fn none(shown: &mut Option<TokenHash>, request: &Value) -> Value {
    *shown = None;
    let says = "this is no holder's token of a session here, or no longer";
    rpc::error(number(request), REJECTED, "not_authenticated", says, None)
}

fn token_of(request: &Value) -> Option<TokenHash> {
    let params = request.get("params")?;
    let text = params.get(0).or_else(|| params.get("token"))?.as_str()?;
    text.parse::<Token>().ok().map(|token| token.hash())
}

/// Whose token it is now. Asked for each request, so it reads no more than that.
async fn held(app: &App, token: Option<TokenHash>) -> Result<Option<SessionId>, ApiError> {
    let Some(token) = token else { return Ok(None) };
    let mut tx = app.store.read().await?;
    Ok(tx.sessions().held_by(&token).await?)
}

async fn named(app: &App, id: SessionId) -> Result<Option<KeySession>, ApiError> {
    let mut tx = app.store.read().await?;
    Ok(tx.sessions().find_key(id).await?)
}

async fn send(write: &mut (impl AsyncWriteExt + Unpin), answer: &Value) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(answer)?;
    bytes.push(b'\n');
    write.write_all(&bytes).await
}
