//! Cases about a grant, from the fuzzer's bytes: mostly near what the grant allows, so that every check is reached.

use crate::Feed;
use crate::abi::{Pool, Tree, make, members, write};
use crate::grants::Fixed;
use alloy_primitives::{U256, hex};
use hallpass_policy::Grant;
use hallpass_policy::eval::{Action, Batch};
use hallpass_policy::grant::{AppRule, CallRule, Kind, Require, TypedRule};
use serde_json::{Map, Value, json};

const ELSEWHERE: [&str; 6] = [
    "0x5151515151515151515151515151515151515151",
    "0xacacacacacacacacacacacacacacacacacacacac",
    "0xbebebebebebebebebebebebebebebebebebebebe",
    "0x0000000071727de22e5e9d8baf0edac6f37da032",
    "0x1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e",
    "0x0000000000000000000000000000000000000000",
];

/// A case in the form that both evaluators read.
#[must_use]
pub fn case(fixed: &Fixed, feed: &mut Feed<'_>) -> Value {
    let grant = fixed.ready.grant;
    let mut case = Map::new();
    let shape = feed.byte();
    let at = moment(grant, feed);
    case.insert("at".to_owned(), json!(at));
    let action = action(fixed, feed);
    let calls = action.get("call").is_some() || action.get("batch").is_some();
    case.insert("action".to_owned(), action);
    if shape & 1 != 0 {
        case.insert("ledger".to_owned(), ledger(grant, feed));
    }
    if shape & 2 != 0 && (calls || feed.seldom(4)) {
        case.insert("op".to_owned(), op(grant, at, feed));
    }
    if shape & 4 != 0 || !grant.rest.requires.is_empty() && shape & 8 == 0 {
        case.insert("facts".to_owned(), facts(grant, at, feed));
    }
    Value::Object(case)
}

fn moment(grant: &Grant, feed: &mut Feed<'_>) -> u64 {
    let (from, until) = (grant.not_before.get(), grant.not_after.get());
    match feed.byte() {
        255 => from.saturating_sub(1),
        254 => until,
        253 => until.saturating_sub(1),
        252 => U256::from_be_bytes(feed.array::<32>()).wrapping_to::<u64>() >> 16,
        0 => from,
        n => (from + u64::from(n) * 7).min(until),
    }
}

fn action(fixed: &Fixed, feed: &mut Feed<'_>) -> Value {
    let grant = fixed.ready.grant;
    let rest = &grant.rest;
    let total = grant.calls.len() + rest.typed.len() + rest.apps.len();
    let number = feed.below(total.max(1));
    if let Some(rule) = grant.calls.get(number) {
        return match feed.byte() {
            255 => json!({ "batch": [] }),
            n @ 128.. => {
                let one = |i: u8, feed: &mut Feed<'_>| {
                    let other = feed.of(&grant.calls).filter(|_| i > 0).unwrap_or(rule);
                    json!({ "call": call(fixed, other, feed) })
                };
                json!({ "batch": (0..n % 4 + 1).map(|i| one(i, feed)).collect::<Vec<_>>() })
            }
            _ => json!({ "call": call(fixed, rule, feed) }),
        };
    }
    if let Some(rule) = rest.typed.get(number - grant.calls.len()) {
        return json!({ "typed": typed(rule, &fixed.pool, feed) });
    }
    match rest.apps.get(number - grant.calls.len() - rest.typed.len()) {
        Some(rule) => json!({ "app": app(rule, &fixed.pool, feed) }),
        None => json!({ "batch": [] }),
    }
}

fn call(fixed: &Fixed, rule: &CallRule, feed: &mut Feed<'_>) -> Value {
    let grant = fixed.ready.grant;
    let odd = feed.byte();
    let to = if odd & 15 == 15 { elsewhere(feed) } else { json!(rule.target.to_checksum(None)) };
    let value = match odd >> 4 {
        15 => rule.max_value.wrapping_add(U256::from(1)),
        14 => U256::from_be_bytes(feed.array::<32>()),
        8..=13 => rule.max_value,
        1..=7 => U256::from(feed.byte()),
        _ => U256::ZERO,
    };
    let chain = if odd == 0x7e { "eip155:999999".to_owned() } else { grant.chain.to_string() };
    json!({ "chain": chain, "to": to, "value": value.to_string(), "data": format!("0x{}", hex::encode(data(fixed, rule, feed))) })
}

fn data(fixed: &Fixed, rule: &CallRule, feed: &mut Feed<'_>) -> Vec<u8> {
    let odd = feed.byte();
    let types = rule.arguments.as_deref().unwrap_or(&[]);
    let mut data = rule.selector().map_or_else(Vec::new, |s| s.to_vec());
    match make(types, &fixed.pool, feed, &mut 256) {
        Some(mut values) if odd < 224 => {
            // Whose tokens they are, mostly.
            let owner = fixed.ready.grant.account.into_word().0;
            match values.first_mut() {
                Some(Tree::Word(first)) if odd < 100 && rule.signature.contains("rom(address,") => *first = owner,
                _ => {}
            }
            data.extend(write(types, &values));
        }
        Some(values) => {
            data.extend(write(types, &values));
            let at = feed.below(data.len().max(1));
            match feed.byte() {
                0 => data.truncate(at),
                1 => data.extend([0; 32]),
                n => data.iter_mut().skip(at).take(1).for_each(|b| *b ^= n),
            }
        }
        None => data.extend(feed.bytes(256)),
    }
    data
}

fn elsewhere(feed: &mut Feed<'_>) -> Value {
    json!(feed.of(&ELSEWHERE))
}

/// A typed message that is of the rule's type.
fn typed(rule: &TypedRule, pool: &Pool, feed: &mut Feed<'_>) -> Value {
    let odd = feed.byte();
    let mut domain: Value = serde_json::from_str(&rule.domain.canonical()).unwrap_or_default();
    match odd {
        200..=215 => domain["name"] = json!("Other"),
        216..=231 if domain.get("chainId").is_some() => domain["chainId"] = json!("0x89"),
        232..=247 => domain["verifyingContract"] = elsewhere(feed),
        _ => {}
    }
    let message = match make(&rule.ty.types, pool, feed, &mut 256) {
        Some(values) => members(&rule.ty.types, &rule.ty.names, &values),
        None => json!({}),
    };
    json!({ "types": types(&rule.ty.text), "primaryType": rule.ty.primary(), "domain": domain, "message": message })
}

/// The table of types of an `encodeType`.
#[must_use]
pub fn types(encode_type: &str) -> Value {
    let structs = encode_type.split_terminator(')').filter_map(|one| one.split_once('('));
    let member = |m: &str| m.split_once(' ').map(|(ty, name)| json!({ "name": name, "type": ty }));
    let listed = |body: &str| body.split(',').filter_map(member).collect::<Value>();
    Value::Object(structs.map(|(name, body)| (name.to_owned(), listed(body))).collect())
}

fn app(rule: &AppRule, pool: &Pool, feed: &mut Feed<'_>) -> Value {
    let mut attrs = Map::new();
    for attribute in rule.attributes() {
        if feed.seldom(32) {
            continue;
        }
        let kind = feed.byte();
        let near = U256::from_be_bytes(feed.of(&pool.words).copied().unwrap_or_default());
        let near: U256 = match kind % 4 {
            1 => near.wrapping_add(U256::from(1)),
            2 => near.wrapping_sub(U256::from(1)),
            _ => near,
        };
        let signed = alloy_primitives::I256::from_raw(near);
        let value = match (attribute.kind, kind) {
            (_, 240..) => odd(feed),
            (Kind::Number, 0..120) => json!(signed.to_string()),
            (Kind::Number, _) => i64::try_from(signed).map_or(json!(feed.byte()), |n| json!(n)),
            (Kind::Address, _) => json!(format!("0x{}", hex::encode(&near.to_be_bytes::<32>()[12..]))),
            (Kind::Bool, _) => json!(kind & 1 == 0),
            (Kind::Text, _) => json!(feed.of(&pool.texts)),
        };
        attrs.insert(attribute.name.clone(), value);
    }
    let app = if feed.seldom(40) { "other" } else { &rule.app };
    json!({ "app": app, "verb": rule.verb, "attrs": attrs })
}

/// A value of a type that nobody expects, or one in another spelling.
fn odd(feed: &mut Feed<'_>) -> Value {
    let length = feed.below(40);
    let text = String::from_utf8_lossy(feed.bytes(length)).into_owned();
    serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
}

fn ledger(grant: &Grant, feed: &mut Feed<'_>) -> Value {
    let mut meters = Vec::new();
    for (id, cap) in grant.meters.iter().map(|m| (m.id, m.cap)).chain([(u16::MAX, grant.rest.gas.fee_cap)]) {
        let (kind, window): (u8, u8) = (feed.byte(), feed.byte());
        let spent = match kind % 5 {
            0 => continue,
            1 => cap,
            2 => cap.saturating_sub(1),
            3 => cap / 2,
            _ => u128::from(feed.byte()),
        };
        // A meter that counts from the epoch is far on.
        let far = grant.meters.iter().find(|m| m.id == id && m.anchor.get() == 0);
        let far = far.and_then(|m| m.period).map_or(0, |p| grant.not_before.get() / u64::from(p.get()));
        let window = if id == u16::MAX { 0 } else { far + u64::from(window % 16) };
        meters.push(json!({ "meter": id, "window": window, "spent": spent.to_string() }));
    }
    let odd = feed.byte();
    if odd < 128 {
        return Value::Array(meters);
    }
    let mut all = json!({ "meters": meters });
    match odd {
        128..=140 => all["frozen"] = json!(odd & 1 == 0),
        141..=150 => all["epoch"] = json!(grant.epoch + u64::from(odd & 1)),
        151..=160 => all["status"] = json!(["active", "ended", "unknown"][usize::from(odd % 3)]),
        _ => {
            all["base"] = json!(grant.first_seq + u64::from(feed.byte() % 8));
            all["used"] = json!(u64::from_be_bytes(feed.array()).to_string());
        }
    }
    all
}

fn op(grant: &Grant, at: u64, feed: &mut Feed<'_>) -> Value {
    let mut op = Map::new();
    let given = feed.byte();
    let mut put = |bit: u8, key: &str, value: Value| {
        if given & 1 << bit != 0 {
            op.insert(key.to_owned(), value);
        }
    };
    let sequence = U256::from(grant.first_seq + u64::from(feed.byte()));
    let lane: U256 = U256::from(u8::from(feed.seldom(50))) << 64;
    put(0, "nonce", json!((lane | sequence).to_string()));
    let before = u64::from(feed.byte() % 64);
    put(1, "validFrom", json!(if before == 63 { at + 1 } else { at.saturating_sub(before) }));
    put(2, "validUntil", json!(at + [60, 1, 0, 600, 601, 599, 30, 9][usize::from(feed.byte() % 8)]));
    put(3, "gas", json!([0, grant.rest.gas.units_per_op, grant.rest.gas.units_per_op + 1][feed.below(3)]));
    let fee = grant.rest.gas.fee_per_op;
    put(4, "fee", json!([0, fee, fee + 1, fee / 2, grant.rest.gas.fee_cap][feed.below(5)].to_string()));
    let relayer = if feed.seldom(3) { elsewhere(feed) } else { json!(grant.relayer.to_checksum(None)) };
    put(5, "relayer", relayer);
    put(6, "route", json!(["direct", "entrypoint-0.7", "entrypoint-0.8"][feed.below(3)]));
    Value::Object(op)
}

fn facts(grant: &Grant, at: u64, feed: &mut Feed<'_>) -> Value {
    let (mut holds, mut roles, mut credentials) = (Vec::new(), Vec::new(), Vec::new());
    for require in &grant.rest.requires {
        let odd = feed.byte();
        if odd > 230 {
            continue;
        }
        match require {
            Require::Holds { token, at_least, id } => {
                let mut one = json!({
                    "token": token.to_checksum(None), "newest": at_least.to_string(),
                    "final": at_least.wrapping_sub(U256::from(u8::from(odd > 200))).to_string(),
                });
                if let Some(id) = id {
                    one["id"] = json!(id.to_string());
                }
                holds.push(one);
            }
            Require::Role(role) => roles.push(if odd > 200 { "other" } else { role }),
            Require::Credential { issuer, kind } => credentials.push(json!({ "issuer": issuer, "type": kind })),
        }
    }
    let mut facts = json!({ "holds": holds, "roles": roles, "credentials": credentials });
    let age = feed.byte();
    if age >= 200 {
        facts["readAt"] = json!((at + 2).saturating_sub(u64::from(age - 200) * 2));
    }
    facts
}

/// The calldata of an action.
#[must_use]
pub fn calldata(action: &Action) -> Vec<u8> {
    match action {
        Action::Calls(Batch { calls, .. }) => calls.iter().flat_map(|call| call.data.to_vec()).collect(),
        _ => Vec::new(),
    }
}
