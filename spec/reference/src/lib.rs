//! A slow and obvious judge of actions, written from `spec/policy.md` alone, to be read beside it mark by mark.
//!
//! It shares no code with Hallpass, and trusts that a grant is a good one (G1 to G14). What it cannot read it allows not.
//! The order of checks stands here; `rules` judges a call, a message or an app action by its rules; `values` reads.

mod rules;
mod values;

use num_bigint::BigInt;
use rules::{Judge, prefixed, take};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use values::*;

/// The verdict on a case, by a grant's canonical JSON: the forms are those of `spec/vectors/README.md`.
/// What cannot be read gives `{"unreadable": why}`: such an action is denied.
pub fn judge(grant: &Value, case: &Value) -> Value {
    match decide(grant, case) {
        Ok(verdict) => verdict,
        Err(Stop("unreadable", what, _)) => json!({ "unreadable": what }),
        Err(Stop(code, at, None)) => json!({ "allowed": false, "code": code, "at": at }),
        Err(Stop(code, at, Some(call))) => json!({ "allowed": false, "code": code, "at": at, "call": call }),
    }
}

fn decide(grant: &Value, case: &Value) -> Res<Value> {
    let [action, op, ledger, facts] = ["/action", "/op", "/ledger", "/facts"].map(|key| part(case, key));
    let of_calls = action.get("call").or(action.get("batch")).is_some();
    let items = action.get("batch").map_or(Ok(std::slice::from_ref(action)), list)?;
    let one_kind = |item: &Value| item.as_object().is_some_and(|kinds| kinds.len() == 1);
    let chains =
        items.iter().filter(|_| of_calls).map(|item| text(part(item, "/call/chain"))).collect::<Res<BTreeSet<_>>>()?;
    deny_if(!items.iter().all(one_kind) || chains.len() > 1, "unreadable", "an action, or a batch on one chain")?; // B1
    deny_if(!of_calls && !op.is_null() && *op != json!({}), "unreadable", "an operation around no call")?; // B7
    action.get("typed").map(values::message).transpose()?; // D7
    let mut balances = BTreeMap::new();
    for fact in list(part(facts, "/holds"))? {
        let key = (address(part(fact, "/token"))?, fact.get("id").map(int).transpose()?);
        let twice = balances.insert(key, [int(part(fact, "/newest"))?, int(part(fact, "/final"))?]).is_some();
        deny_if(twice, "unreadable", "a balance that is named twice")?; // Q3
    }
    let granted = |path| int(part(grant, path));
    let (chain, at) = (format!("eip155:{}", granted("/chainId")?), int(part(case, "/at"))?);
    let (not_before, not_after) = (granted("/notBefore")?, granted("/notAfter")?);
    let from = int_or(part(op, "/validFrom"), &at)?; // T5
    // T5, T6: a `validUntil` that is left out is at most the end of each window used. Which those are is known only when
    // a meter is used: M3 then asks that `at` itself is still in the window.
    let until = int_or(part(op, "/validUntil"), &not_after.clone().min(&from + 600))?;
    let last = if part(op, "/validUntil").is_null() { at.clone() } else { &until - 1 };
    let routes = granted("/routes")?;
    let route = match part(op, "/route") {
        Value::Null => routes.trailing_zeros(), // T6
        route => (0..).zip(["direct", "entrypoint-0.7", "entrypoint-0.8"]).find(|(_, name)| route == name).map(|r| r.0),
    };
    let named = address(part(grant, "/relayer"))?;
    let relayer = op.get("relayer").map_or(Ok(named.clone()), address)?;
    let further = list(part(grant, "/rest/relayers"))?.iter().map(address).collect::<Res<Vec<_>>>()?;
    let ledger_meters = list(if ledger.is_array() { ledger } else { part(ledger, "/meters") })?;
    let judge = Judge { grant, ledger_meters, from: from.clone(), last };
    let fee = int_or(part(op, "/fee"), &ZERO)?;
    let fees = int_or(part(by_id(judge.ledger_meters, "/meter", &65535.into()), "/spent"), &ZERO)?;
    let fee_left = granted("/rest/gas/feeCap")? - fees - &fee;
    let nonce = op.get("nonce").map(int).transpose()?; // N1
    let (lane, sequence) = (nonce.as_ref().map_or(ZERO, |nonce| nonce >> 64), nonce.map(|nonce| nonce % two_to(64))); // N2
    let (first, end) = (granted("/firstSeq")?, granted("/endSeq")?.min(two_to(32)));
    let (own, other) = ((ledger, &first, 64), (by_id(list(part(ledger, "/lanes"))?, "/lane", &lane), &ZERO, 192));
    let (of, least, width) = if lane == ZERO { own } else { other }; // N5
    let (base, used) = (int_or(part(of, "/base"), least)?, int_or(part(of, "/used"), &ZERO)?);
    let bit = |sequence| u64::try_from(sequence - &base).map_or(true, |bit| bit < width && used.bit(bit));
    let bounded = lane != ZERO && (first > ZERO || end < two_to(32));
    let status = ledger.get("status").map_or(Ok("active"), text)?;
    for (fails, code, place) in [
        (chains.iter().any(|name| *name != chain), "wrong_chain", "chainId"), // B1
        (of_calls && !route.is_some_and(|bit| routes.bit(bit)), "route_not_allowed", "routes"), // B2
        (at < not_before, "grant_not_started", "notBefore"),                  // T1
        (at >= not_after, "grant_expired", "notAfter"),
        (at < from, "op_not_yet_valid", "op.validFrom"), // T2
        (at >= until, "op_expired", "op.validUntil"),
        (&until - &from > BigInt::from(600), "op_too_long", "op.validUntil"), // T3
        (from < not_before, "op_outside_grant", "op.validFrom"),              // T4
        (until > not_after, "op_outside_grant", "op.validUntil"),
        (named != ZERO && relayer != named && !further.contains(&relayer), "relayer_not_allowed", "relayer"), // B3
        (fee > ZERO && (fee > granted("/rest/gas/feePerOp")? || fee_left < ZERO), "fee_over_cap", "rest.gas.feeCap"), // B4
        (int_or(part(op, "/gas"), &ZERO)? > granted("/rest/gas/unitsPerOp")?, "gas_over_cap", "rest.gas.unitsPerOp"), // B5
        (items.is_empty(), "empty_batch", "op.calls"), // B6
        (sequence.as_ref().is_some_and(|s| *s < first || *s >= end || bounded), "sequence_out_of_range", "op.nonce"), // N3
        (!matches!(part(ledger, "/frozen"), Value::Null | Value::Bool(false)), "account_frozen", "account"), // N4
        (int_or(part(ledger, "/epoch"), &granted("/epoch")?)? != granted("/epoch")?, "epoch_moved", "epoch"),
        (status == "unknown", "grant_unknown", "grant"),
        (status != "active", "grant_ended", "grant"),
        (sequence.is_some_and(bit), "nonce_used", "op.nonce"), // N5
    ] {
        deny_if(fails, code, place)?;
    }
    let read_at = int_or(part(facts, "/readAt"), &at)?; // Q1
    for (i, require) in list(part(grant, "/rest/requires"))?.iter().enumerate() {
        let place = &format!("requires[{i}]");
        let mut data = &bytes(part(require, "/data"))?[..];
        let met = match text(part(require, "/kind"))? {
            "1" => {
                let (token, least) = (unsigned(take(&mut data, 20)?), unsigned(take(&mut data, 32)?));
                let id = if data.is_empty() { None } else { Some(unsigned(data)) };
                let balance = balances.get(&(token, id)).ok_or_else(|| Stop("facts_missing", place.clone(), None))?; // Q3
                deny_if(read_at > at || read_at < &at - 60, "facts_stale", place)?;
                balance.iter().all(|balance| *balance >= least) // Q2
            }
            "2" => list(part(facts, "/roles"))?.contains(&String::from_utf8_lossy(data).into()), // Q4
            _ => {
                let credential = json!({ "issuer": prefixed(&mut data)?, "type": prefixed(&mut data)? });
                list(part(facts, "/credentials"))?.contains(&credential)
            }
        };
        deny_if(!met, "requirement_unmet", place)?;
    }
    let (mut rules, mut costs) = (Vec::new(), Vec::new());
    for (i, item) in items.iter().enumerate() {
        let judged = judge.item(item, &costs);
        let (rule, all) = judged.map_err(|stop| Stop(stop.0, stop.1, Some(i).filter(|_| items.len() > 1)))?; // R12
        rules.push(rule);
        costs = all;
    }
    if fee > ZERO {
        costs.push(json!({ "meter": 65535, "window": 0, "amount": fee.to_string(), "left": fee_left.to_string() })); // B4
    }
    Ok(json!({ "allowed": true, "rules": rules, "costs": costs }))
}
