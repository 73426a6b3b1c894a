//! Asks the server that runs, over its local socket, as its own user of the system.

use super::Context;
use crate::error::CliError;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long it may take.
const WAIT: Duration = Duration::from_secs(600);

/// Sends one request and tells its result; `without` says what to do where there is no socket.
pub fn ask(context: &Context, method: &str, params: &Value, without: CliError) -> Result<Value, CliError> {
    let Some(socket) = &context.config.socket else { return Err(without) };
    let failed = |e: &dyn core::fmt::Display| {
        CliError::missing("no_socket", format!("the server does not answer at {}: {e}", socket.display()))
            .hint("run this as the server's own user of the system")
    };
    let mut stream = UnixStream::connect(socket).map_err(|e| failed(&e))?;
    stream.set_read_timeout(Some(WAIT)).map_err(|e| failed(&e))?;
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    stream.write_all(format!("{request}\n").as_bytes()).map_err(|e| failed(&e))?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).map_err(|e| failed(&e))?;
    let answer: Value = serde_json::from_str(&line).map_err(|e| failed(&e))?;
    let Some(error) = answer.get("error") else { return Ok(answer.get("result").cloned().unwrap_or_default()) };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let data = error.get("data");
    let refused = CliError::refused(&text(data.and_then(|d| d.get("code"))), text(error.get("message")));
    match data.and_then(|d| d.get("hint")).and_then(Value::as_str) {
        Some(hint) => Err(refused.hint(hint)),
        None => Err(refused),
    }
}
