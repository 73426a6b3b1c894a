//! JSON-RPC 2.0 for a session's holder, in the form that web3signer and wallets have.
//!
//! `eth_accounts`, `eth_chainId`, `eth_signTypedData` (and `_v4`), `eth_signTransaction`: each for what a rule allows.
//! `hallpass_sign` and `hallpass_check` take the body of `sign`; `hallpass_surrender` gives the session back. Whatever signs
//! bytes that nobody can judge (`eth_sign`, `personal_sign`) or sends (`eth_sendTransaction`) is refused by name.
//!
//! A standard method has no idempotency key: a message or transaction is its own, so that sent again it is signed again and
//! counted once.

use crate::caller::Asker;
use crate::endpoints::request_shapes::{RequestView, terms};
use crate::endpoints::revoke::RevokeView;
use crate::endpoints::shapes::VerdictView;
use crate::endpoints::sign::{SignBody, SignView};
use crate::work::requests::{Outcome, carry};
use crate::work::sign::{self, ToSend};
use crate::work::{end, judge, stored_grant};
use crate::{ApiError, App};
use alloy_primitives::{Address, B256};
use hallpass_chain::transaction;
use hallpass_policy::grant::SessionKey;
use hallpass_policy::message;
use hallpass_signer::Wanted;
use hallpass_types::account::parse_address;
use hallpass_types::{IdempotencyKey, SessionId};
use serde_json::{Value, json};

/// The request is no JSON.
pub const PARSE_ERROR: i64 = -32700;
/// It is no request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method, or none that signs this way.
const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters do not fit.
const INVALID_PARAMS: i64 = -32602;
/// The policy denied it, or the state of the session (EIP-1474: transaction rejected).
pub const REJECTED: i64 = -32003;
/// A node, the store or the vault failed.
const INTERNAL: i64 = -32603;

/// Methods that sign what nobody can judge, or that send.
const NEVER: [&str; 6] = [
    "eth_sign",
    "personal_sign",
    "eth_sendTransaction",
    "eth_sendRawTransaction",
    "eth_signUserOperation",
    "wallet_grantPermissions",
];

/// Answers one request about one session. A request without an id is answered too: who asks for a signature wants it.
pub async fn answer(app: &App, asker: &Asker, id: SessionId, request: &Value) -> Value {
    let number = number(request);
    let Some(method) = method(request) else {
        return error(number, INVALID_REQUEST, "bad_request", "a request names its `method`", None);
    };
    match call(app, asker, id, method, request.get("params").unwrap_or(&Value::Null)).await {
        Ok(answer) => result(number, answer),
        Err(error) => refused(number, error),
    }
}

/// What a request asks for.
#[must_use]
pub fn method(request: &Value) -> Option<&str> {
    request.get("method").and_then(Value::as_str)
}

/// A request's id; null where it has none.
#[must_use]
pub fn number(request: &Value) -> Value {
    request.get("id").cloned().unwrap_or(Value::Null)
}

/// A JSON-RPC answer.
#[must_use]
pub fn result(number: Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": number, "result": result })
}

/// A refusal as a JSON-RPC error.
#[must_use]
pub fn refused(number: Value, refused: ApiError) -> Value {
    let code = match refused.status.as_u16() {
        400 => INVALID_PARAMS,
        404 if refused.problem.code == "no_such_method" => METHOD_NOT_FOUND,
        401 | 403 | 404 | 409 | 422 | 429 => REJECTED,
        _ => INTERNAL,
    };
    let problem = refused.problem;
    error(number, code, &problem.code, &problem.says, problem.hint.as_deref())
}

/// A JSON-RPC error with the stable code of every refusal.
#[must_use]
pub fn error(id: Value, number: i64, code: &str, says: &str, hint: Option<&str>) -> Value {
    json!({ "jsonrpc": "2.0", "id": id,
        "error": { "code": number, "message": says, "data": { "code": code, "hint": hint } } })
}

async fn call(app: &App, asker: &Asker, id: SessionId, method: &str, params: &Value) -> Result<Value, ApiError> {
    match method {
        "eth_accounts" => Ok(json!([key(app, asker, id).await?.to_checksum(None)])),
        "eth_chainId" => Ok(json!(format!("0x{:x}", app.settings.chain.get()))),
        "eth_signTypedData" | "eth_signTypedData_v4" => typed(app, asker, id, params).await,
        "eth_signTransaction" => transaction(app, asker, id, params).await,
        "hallpass_sign" => {
            let body: SignBody = body(params)?;
            let (wanted, key, terms) = (body.wanted(app.settings.chain)?, body.key()?, terms(body.ask));
            match carry::sign(app, asker, id, wanted, key, &terms).await? {
                Outcome::Done(done) => shown(&SignView::from(done)),
                Outcome::Asked(request) => Ok(json!({ "request": RequestView::of(app, &request, false).await? })),
            }
        }
        "hallpass_check" => {
            let body: SignBody = body(params)?;
            let (judged, left) = judge::check(app, asker, id, body.wanted(app.settings.chain)?).await?;
            shown(&VerdictView::of(judged, left))
        }
        "hallpass_surrender" => shown(&RevokeView::from(end::revoke(app, asker, id).await?)),
        never if NEVER.contains(&never) => Err(no_method(format!("`{never}` is never answered")).hint(
            "a session key signs what a rule allows: eth_signTypedData_v4, eth_signTransaction or hallpass_sign",
        )),
        other => Err(no_method(format!("there is no method `{other}` here")).hint(
            "eth_accounts, eth_chainId, eth_signTypedData_v4, eth_signTransaction, hallpass_sign, hallpass_check, \
             hallpass_surrender",
        )),
    }
}

fn no_method(says: String) -> ApiError {
    ApiError::new(axum::http::StatusCode::NOT_FOUND, "no_such_method", says)
}

fn bad(says: impl Into<String>) -> ApiError {
    ApiError::bad("bad_params", says)
}

fn body<'a, T: serde::Deserialize<'a>>(params: &'a Value) -> Result<T, ApiError> {
    let one = params.as_array().and_then(|list| list.first()).unwrap_or(params);
    T::deserialize(one).map_err(|e| bad(format!("`params[0]`: {e}")))
}

fn shown(view: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(view).map_err(|e| ApiError::internal("encode", e.to_string()))
}

/// The session key's address.
async fn key(app: &App, asker: &Asker, id: SessionId) -> Result<Address, ApiError> {
    let mut tx = app.store.read().await?;
    let session = asker.session(tx.as_mut(), id).await?;
    let (_, grant) = stored_grant(tx.as_mut(), &session).await?;
    match grant.key {
        SessionKey::Secp256k1(key) => Ok(key),
        SessionKey::Other(..) => {
            Err(ApiError::refused("wrong_key_kind", "this session's key has no address: it is not of secp256k1"))
        }
    }
}

async fn ours(app: &App, asker: &Asker, id: SessionId, named: &str) -> Result<Address, ApiError> {
    let key = key(app, asker, id).await?;
    match parse_address(named) {
        Ok(named) if named == key => Ok(key),
        _ => Err(bad(format!("`{named}` is not this session's key, {key}"))),
    }
}

async fn typed(app: &App, asker: &Asker, id: SessionId, params: &Value) -> Result<Value, ApiError> {
    let [address, typed] = params.as_array().map(Vec::as_slice).unwrap_or_default() else {
        return Err(bad("eth_signTypedData_v4 takes an address and typed data"));
    };
    ours(app, asker, id, address.as_str().unwrap_or_default()).await?;
    // Wallets take the data as an object or as the text of one.
    let parsed: Value;
    let typed = match typed {
        Value::String(text) => {
            parsed = serde_json::from_str(text).map_err(|e| bad(format!("`params[1]`: {e}")))?;
            &parsed
        }
        other => other,
    };
    let message = message::read::message(typed).map_err(|e| ApiError::bad(e.code(), e.to_string()))?;
    let digest = message.digest().ok_or_else(|| bad("the message has no digest"))?;
    let done = own(app, asker, id, Wanted::Message(message), "message", digest).await?;
    done.signature.map(|s| json!(s)).ok_or_else(|| ApiError::internal("no_signature", "a message was not signed"))
}

async fn transaction(app: &App, asker: &Asker, id: SessionId, params: &Value) -> Result<Value, ApiError> {
    let Some(asked) = params.as_array().and_then(|list| list.first()) else {
        return Err(bad("eth_signTransaction takes a transaction"));
    };
    if let Some(from) = asked.get("from").and_then(Value::as_str) {
        ours(app, asker, id, from).await?;
    }
    let request = serde_json::from_value(asked.clone()).map_err(|e| bad(format!("`params[0]`: {e}")))?;
    let tx = transaction::read(&request, app.settings.chain).map_err(|e| ApiError::bad(e.code(), e.to_string()))?;
    let digest = tx.digest();
    match own(app, asker, id, Wanted::Transaction(tx), "transaction", digest).await?.ready {
        Some(ToSend::Raw(raw, _)) => Ok(json!(raw)),
        _ => Err(ApiError::internal("no_signature", "a transaction was not signed")),
    }
}

/// Signs what is its own idempotency key.
async fn own(
    app: &App,
    asker: &Asker,
    id: SessionId,
    wanted: Wanted,
    kind: &str,
    digest: B256,
) -> Result<sign::Done, ApiError> {
    let key =
        IdempotencyKey::try_from(format!("{kind}:{digest}")).map_err(|e| ApiError::internal("key", e.to_string()))?;
    sign::sign(app, asker, id, wanted, key).await
}
