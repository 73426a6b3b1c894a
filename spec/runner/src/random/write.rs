//! A case as JSON, as `spec/vectors/README.md` has it.

use super::actions::{Asked, json_members};
use alloy_primitives::hex;
use hallpass_policy::abi::Decoded;
use hallpass_policy::abi::encode::Value as Abi;
use hallpass_policy::eval::{Action, Attr, Call, Facts, Op};
use hallpass_policy::message::{Domain, Message, StructType};
use hallpass_policy::{LaneUsed, Ledger, Status};
use serde_json::{Map, Value, json};

/// The whole case.
#[must_use]
pub fn case(asked: &Asked, ledger: &Ledger) -> Value {
    let mut out = Map::new();
    out.insert("at".to_owned(), json!(asked.at.get()));
    out.insert("action".to_owned(), action(&asked.action));
    out.insert("ledger".to_owned(), self::ledger(ledger));
    if asked.op != Op::default() {
        out.insert("op".to_owned(), op(&asked.op));
    }
    if asked.facts != Facts::default() {
        out.insert("facts".to_owned(), facts(&asked.facts));
    }
    Value::Object(out)
}

fn action(action: &Action) -> Value {
    let one = |c: &Call, chain: &str| {
        json!({ "call": {
            "chain": chain, "to": c.to.to_checksum(None), "value": c.value.to_string(), "data": hex::encode_prefixed(&c.data),
        } })
    };
    match action {
        Action::Calls(batch) => {
            let chain = batch.chain.to_string();
            match batch.calls.as_slice() {
                [call] => one(call, &chain),
                calls => json!({ "batch": calls.iter().map(|c| one(c, &chain)).collect::<Vec<_>>() }),
            }
        }
        Action::Typed(message) => json!({ "typed": message_json(message) }),
        Action::App(app) => {
            let attr = |a: &Attr| match a {
                Attr::Text(text) => json!(text),
                Attr::Bool(b) => json!(b),
                Attr::Integer(n) => json!(n),
                Attr::Other => Value::Null,
            };
            let attrs: Map<String, Value> = app.attrs.iter().map(|(k, v)| (k.clone(), attr(v))).collect();
            json!({ "app": { "app": app.app, "verb": app.verb, "attrs": attrs } })
        }
    }
}

/// Typed data for a message of a struct with these values.
#[must_use]
pub fn typed(domain: &Domain, ty: &StructType, values: &[Abi]) -> Value {
    let mut types = Map::new();
    for one in ty.text.split_terminator(')') {
        if let Some((name, members)) = one.split_once('(') {
            let member = |m: &str| m.split_once(' ').map(|(ty, name)| json!({ "name": name, "type": ty }));
            types.insert(name.to_owned(), members.split(',').filter_map(member).collect());
        }
    }
    let domain: Value = serde_json::from_str(&domain.canonical()).unwrap_or_default();
    let message = json_members(&ty.types, &ty.names, values);
    json!({ "types": types, "primaryType": ty.primary(), "domain": domain, "message": message })
}

fn message_json(message: &Message) -> Value {
    let values = Decoded::new(&message.ty.types, &message.data).map(|d| d.values()).unwrap_or_default();
    typed(&message.domain, &message.ty, &values)
}

fn ledger(ledger: &Ledger) -> Value {
    let status = match ledger.status {
        Status::Unknown => "unknown",
        Status::Active => "active",
        Status::Ended => "ended",
    };
    let meters: Vec<Value> = ledger
        .meters
        .iter()
        .map(|s| json!({ "meter": s.meter, "window": s.window, "spent": s.spent.to_string() }))
        .collect();
    let lane = |l: &LaneUsed| json!({ "lane": l.lane.to_string(), "base": l.base, "used": l.used.to_string() });
    let lanes: Vec<Value> = ledger.lanes.iter().map(lane).collect();
    json!({
        "meters": meters, "frozen": ledger.frozen, "epoch": ledger.epoch, "status": status, "base": ledger.base,
        "used": ledger.used.to_string(), "lanes": lanes,
    })
}

fn op(op: &Op) -> Value {
    let mut out = Map::new();
    let mut add = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let nonce = op.nonce.map(|(lane, sequence)| hallpass_policy::ledger::nonce(lane, sequence));
    add("nonce", nonce.map(|n| json!(n.to_string())));
    add("validFrom", op.valid_from.map(|t| json!(t.get())));
    add("validUntil", op.valid_until.map(|t| json!(t.get())));
    add("gas", (op.gas > 0).then(|| json!(op.gas)));
    add("fee", (op.fee > 0).then(|| json!(op.fee.to_string())));
    add("relayer", op.relayer.map(|r| json!(r.to_checksum(None))));
    let route = op.route.and_then(|bit| match bit {
        1 => Some("direct"),
        2 => Some("entrypoint-0.7"),
        4 => Some("entrypoint-0.8"),
        _ => None,
    });
    add("route", route.map(|name| json!(name)));
    Value::Object(out)
}

fn facts(facts: &Facts) -> Value {
    let mut out = Map::new();
    if let Some(held) = facts.holds.first() {
        out.insert("readAt".to_owned(), json!(held.read_at.get()));
    }
    let holds: Vec<Value> = facts
        .holds
        .iter()
        .map(|h| {
            let mut one = json!({
                "token": h.token.to_checksum(None), "newest": h.newest.to_string(), "final": h.finalized.to_string(),
            });
            if let (Some(id), Some(map)) = (h.id, one.as_object_mut()) {
                map.insert("id".to_owned(), json!(id.to_string()));
            }
            one
        })
        .collect();
    let credentials: Vec<Value> =
        facts.credentials.iter().map(|(issuer, kind)| json!({ "issuer": issuer, "type": kind })).collect();
    out.insert("holds".to_owned(), json!(holds));
    out.insert("roles".to_owned(), json!(facts.roles));
    out.insert("credentials".to_owned(), json!(credentials));
    Value::Object(out)
}
