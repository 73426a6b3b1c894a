//! A slow and obvious judge of actions, written from `spec/policy.md` alone, to be read beside it mark by mark.
//!
//! It shares no code with Hallpass, and trusts that a grant is a good one (G1 to G14). What it cannot read it allows not.
//! The order of checks stands here; `rules` judges a call, a message or an app action by its rules; `checks` has the
//! conditions, `abi` the canonical encoding, `typed` EIP-712 messages, `json` the reading of JSON.

mod abi;
mod checks;
mod json;
mod rules;
mod typed;

use alloy_primitives::Address;
use checks::{Reader, Subject};
use json::{Res, Stop, address, bytes, deny_if, get, int, list, need, only, text, two_to, unreadable, unreadable_if};
use num_bigint::BigInt;
use rules::{Call, Cost, Item, Judge};
use serde_json::{Value, json};

/// The verdict on a case, by a grant's canonical JSON: the forms are those of `spec/vectors/README.md`.
///
/// What cannot be read gives `{"unreadable": why}`: such an action is denied.
pub fn judge(grant: &Value, case: &Value) -> Value {
    match decide(grant, case) {
        Ok(verdict) => verdict,
        Err(Stop::Unreadable(why)) => json!({ "unreadable": why }),
        Err(Stop::Denied(code, at, None)) => json!({ "allowed": false, "code": code, "at": at }),
        Err(Stop::Denied(code, at, call)) => json!({ "allowed": false, "code": code, "at": at, "call": call }),
    }
}

fn call(json: &Value) -> Res<Item<'_>> {
    only(json, &["chain", "to", "value", "data"])?;
    let chain = text(get(json, "chain")?)?.strip_prefix("eip155:").and_then(json::decimal);
    let (to, value) = (address(get(json, "to")?)?, int(get(json, "value")?)?);
    Ok(Item::Call(Call { chain: need(chain, "not a chain")?, to, value, data: bytes(get(json, "data")?)? }))
}

/// What rules are asked about: each call of a batch, or the one message or app action.
fn items(action: &Value) -> Res<Vec<Item<'_>>> {
    let mut kinds = only(action, &["call", "batch", "typed", "app"])?.iter();
    let (Some((kind, body)), None) = (kinds.next(), kinds.next()) else { return unreadable("not one action") };
    match kind.as_str() {
        "call" => Ok(vec![call(body)?]),
        "batch" => list(body)?.iter().map(|one| only(one, &["call"]).and(call(get(one, "call")?))).collect(),
        "typed" => {
            let (message, ty, tree) = typed::read(body)?;
            Ok(vec![Item::Typed(message, Subject::Values(ty, tree, "bad_message"))])
        }
        _ => {
            only(body, &["app", "verb", "attrs"])?;
            let attributes = need(get(body, "attrs")?.as_object(), "`attrs` is not an object")?;
            let small = |n: i64| n.unsigned_abs() < 1 << 53;
            let value = |v: &Value| v.is_string() || v.is_boolean() || v.as_i64().is_some_and(small); // C11
            unreadable_if(!attributes.values().all(value), "an attribute that is no text, no bool and no integer")?;
            let (app, verb) = (text(get(body, "app")?)?, text(get(body, "verb")?)?);
            Ok(vec![Item::App(app, verb, Subject::Attributes(attributes))])
        }
    }
}

fn decide(grant: &Value, case: &Value) -> Res<Value> {
    let nothing = json!({});
    let part = |key| case.get(key).filter(|v| !v.is_null()).unwrap_or(&nothing);
    let (op, facts) = (part("op"), part("facts"));
    let ledger = &if part("ledger").is_array() { json!({ "meters": part("ledger") }) } else { part("ledger").clone() };
    let member = |object: &Value, key, default: BigInt| object.get(key).map_or(Ok(default), int);
    let granted = |key| int(get(grant, key)?);
    let rest = get(grant, "rest")?;
    let gas = |key| int(get(get(rest, "gas")?, key)?);
    only(op, &["nonce", "validFrom", "validUntil", "gas", "fee", "relayer", "route"])?;
    only(ledger, &["meters", "frozen", "epoch", "status", "base", "used"])?;
    only(facts, &["readAt", "holds", "roles", "credentials"])?;

    let action = get(case, "action")?;
    let items = items(action)?;
    let of_calls = action.get("call").or(action.get("batch")).is_some();
    let chains: Vec<&BigInt> =
        items.iter().filter_map(|i| if let Item::Call(c) = i { Some(&c.chain) } else { None }).collect();
    unreadable_if(chains.iter().any(|chain| Some(chain) != chains.first()), "a batch on two chains")?; // B1
    unreadable_if(!of_calls && op != &nothing, "an operation around an action that has none")?; // B7
    let zero = BigInt::ZERO;
    let chain = granted("chainId")?;
    let routes = granted("routes")?;
    let route = match op.get("route").map(text).transpose()? {
        None => two_to(routes.trailing_zeros().unwrap_or(0)), // T6
        Some("direct") => two_to(0),
        Some("entrypoint-0.7") => two_to(1),
        Some("entrypoint-0.8") => two_to(2),
        Some(_) => return unreadable("a route that is not known"),
    };
    let at = int(get(case, "at")?)?;
    let (not_before, not_after) = (granted("notBefore")?, granted("notAfter")?);
    let from = member(op, "validFrom", at.clone())?; // T5
    // T5, T6: where `validUntil` is left out, it is at most the end of each window used, which is known only when a meter
    // is; so M3 then asks that `at` itself is still in the window.
    let given_until = op.get("validUntil").map(int).transpose()?;
    let last = given_until.as_ref().map_or(at.clone(), |until| until - 1);
    let until = given_until.unwrap_or(not_after.clone().min(&from + 600));
    let named = address(get(grant, "relayer")?)?;
    let relayer = op.get("relayer").map_or(Ok(named), address)?;
    let further = list(get(rest, "relayers")?)?.iter().map(address).collect::<Res<Vec<_>>>()?;

    let none = Vec::new();
    let ledger_meters = ledger.get("meters").map_or(Ok(&none), list)?;
    let judge = Judge { grant, ledger_meters, from: from.clone(), last };
    let (fee, fee_cap) = (member(op, "fee", zero.clone())?, gas("feeCap")?);
    let fee_left = fee_cap - judge.counted(65535)?.1 - &fee;
    let nonce = op.get("nonce").map(int).transpose()?;
    let lane = nonce.as_ref().map_or(zero.clone(), |nonce| nonce >> 64);
    let sequence = nonce.map(|nonce| nonce % two_to(64)); // N1, N2
    let (first, end) = (granted("firstSeq")?, granted("endSeq")?);
    let (base, used) = (member(ledger, "base", first.clone())?, member(ledger, "used", zero.clone())?);
    let frozen = ledger.get("frozen").map_or(Some(false), Value::as_bool);
    let status = ledger.get("status").map_or(Ok("active"), text)?;
    let bit = sequence.as_ref().and_then(|s| u64::try_from(s - &base).ok()).filter(|bit| *bit < 64);
    unreadable_if(!["unknown", "active", "ended"].contains(&status) || used >= two_to(64), "a ledger that cannot be")?;
    let out_of_range = |s: &BigInt| *s < first || *s >= end || *s >= two_to(32);
    for (fails, code, place) in [
        (chains.iter().any(|c| **c != chain), "wrong_chain", "chainId"), // B1
        (of_calls && &routes & route == zero, "route_not_allowed", "routes"), // B2
        (at < not_before, "grant_not_started", "notBefore"),             // T1
        (at >= not_after, "grant_expired", "notAfter"),
        (at < from, "op_not_yet_valid", "op.validFrom"), // T2
        (at >= until, "op_expired", "op.validUntil"),
        (&until - &from > BigInt::from(600), "op_too_long", "op.validUntil"), // T3
        (from < not_before, "op_outside_grant", "op.validFrom"),              // T4
        (until > not_after, "op_outside_grant", "op.validUntil"),
        (named != Address::ZERO && relayer != named && !further.contains(&relayer), "relayer_not_allowed", "relayer"), // B3
        (fee > gas("feePerOp")? || (of_calls && fee_left < zero), "fee_over_cap", "rest.gas.feeCap"), // B4
        (member(op, "gas", zero.clone())? > gas("unitsPerOp")?, "gas_over_cap", "rest.gas.unitsPerOp"), // B5
        (items.is_empty(), "empty_batch", "op.calls"),                                                // B6
        (lane != zero, "lane_not_supported", "op.nonce"),                                             // N2
        (sequence.as_ref().is_some_and(out_of_range), "sequence_out_of_range", "op.nonce"),           // N3
        (need(frozen, "not a bool")?, "account_frozen", "account"),                                   // N4
        (member(ledger, "epoch", granted("epoch")?)? != granted("epoch")?, "epoch_moved", "epoch"),
        (status == "unknown", "grant_unknown", "grant"),
        (status == "ended", "grant_ended", "grant"),
        (sequence.is_some_and(|s| s < base) || bit.is_some_and(|bit| used.bit(bit)), "nonce_used", "op.nonce"), // N5
    ] {
        deny_if(fails, code, place)?;
    }
    for (i, require) in list(get(rest, "requires")?)?.iter().enumerate() {
        requirement(require, facts, &at, &format!("requires[{i}]"))?;
    }
    let (mut rules, mut costs) = (Vec::new(), Vec::new());
    for (i, item) in items.iter().enumerate() {
        let judged = judge.item(item, &mut costs).map_err(|stop| match stop {
            Stop::Denied(code, at, _) if items.len() > 1 => Stop::Denied(code, at, Some(i)), // R12
            other => other,
        });
        rules.push(judged?);
    }
    if fee > zero {
        costs.push(Cost { meter: 65535, window: zero, amount: fee, left: fee_left }); // B4
    }
    let costs: Vec<Value> = costs.iter().map(Cost::json).collect();
    Ok(json!({ "allowed": true, "rules": rules, "costs": costs }))
}

/// Q1 to Q4: denies if the requirement does not hold.
fn requirement(require: &Value, facts: &Value, at: &BigInt, place: &str) -> Res<()> {
    let none = Vec::new();
    let facts_of = |key| facts.get(key).map_or(Ok(&none), list);
    let data = bytes(get(require, "data")?)?;
    let mut data = Reader { rest: &data, app: true };
    let met = match text(get(require, "kind")?)? {
        "1" => {
            let (token, least) = (Address::from_slice(data.take(20)?), data.word()?);
            let id = if data.rest.is_empty() { None } else { Some(data.word()?) };
            let mut balances = Vec::new();
            for fact in facts_of("holds")? {
                only(fact, &["token", "id", "newest", "final"])?;
                if address(get(fact, "token")?)? == token && fact.get("id").map(int).transpose()? == id {
                    balances.extend([int(get(fact, "newest")?)?, int(get(fact, "final")?)?]);
                }
            }
            deny_if(balances.is_empty(), "facts_missing", place)?; // Q3
            let read_at = facts.get("readAt").map_or(Ok(at.clone()), int)?;
            deny_if(read_at > *at || read_at < at - 60, "facts_stale", place)?;
            balances.iter().all(|balance| *balance >= least) // Q2
        }
        "2" => facts_of("roles")?.iter().any(|role| role.as_str().map(str::as_bytes) == Some(data.rest)), // Q4
        "3" => facts_of("credentials")?.contains(&json!({ "issuer": data.text()?, "type": data.text()? })),
        _ => return unreadable("a requirement that is not known"),
    };
    deny_if(!met, "requirement_unmet", place)
}
