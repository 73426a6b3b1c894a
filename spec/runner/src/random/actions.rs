//! An action that one of a grant's rules may allow.

use super::values::{text, value, word};
use super::{Rng, grants};
use alloy_primitives::aliases::U192;
use alloy_primitives::{U256, hex};
use hallpass_policy::abi::encode::{Value as Abi, encode};
use hallpass_policy::abi::{Named, Ty, Word};
use hallpass_policy::eval::{Action, AppAction, Attr, Batch, Call, Facts, Held, Op};
use hallpass_policy::grant::{AppRule, Attribute, CallRule, Condition, Kind, Require, Test, TypedRule};
use hallpass_policy::message::{Message, read};
use hallpass_policy::{Grant, LaneUsed, Ledger};
use hallpass_types::UnixSeconds;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Everything that is asked, in its typed form.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The action.
    pub action: Action,
    /// The second.
    pub at: UnixSeconds,
    /// The operation.
    pub op: Op,
    /// The facts.
    pub facts: Facts,
}

/// A moment inside the grant, an operation, and an action for one of its rules.
pub fn make(rng: &mut Rng, grant: &Grant, ledger: &Ledger) -> Asked {
    let at = moment(rng, grant, ledger);
    let action = action(rng, grant);
    let op = if matches!(action, Action::Calls(_)) { operation(rng, grant, ledger, at) } else { Op::default() };
    Asked { action, at, op, facts: facts(rng, grant, at) }
}

fn moment(rng: &mut Rng, grant: &Grant, ledger: &Ledger) -> UnixSeconds {
    let (from, until) = (grant.not_before.get(), grant.not_after.get());
    // Not before what the ledger already counts, most of the time.
    let counted = ledger.meters.iter().filter_map(|s| {
        let m = grant.meters.iter().find(|m| m.id == s.meter)?;
        m.anchor.get().checked_add(u64::from(s.window) * u64::from(m.period?.get()))
    });
    let least = counted.max().unwrap_or(from).clamp(from, until - 1);
    let from = if rng.chance(95) { least } else { from };
    let at = match rng.below(8) {
        0 => from,
        1 => until - 1,
        2 => {
            // Just before or at the edge of a window.
            let edge = rng.one(&grant.meters).and_then(|m| {
                let period = u64::from(m.period?.get());
                let windows = (from.saturating_sub(m.anchor.get())) / period + 1;
                m.anchor.get().checked_add(windows * period)
            });
            edge.map_or(from, |edge| edge - rng.below(2)).clamp(from, until - 1)
        }
        _ => {
            let span = rng.pick(&[5_u64, 100, 4000]);
            from + rng.below((until - from).min(span))
        }
    };
    UnixSeconds::new(at).unwrap_or(grant.not_before)
}

fn operation(rng: &mut Rng, grant: &Grant, ledger: &Ledger, at: UnixSeconds) -> Op {
    let mut op = Op::default();
    if rng.chance(30) {
        return op;
    }
    if rng.chance(60) {
        let ahead = rng.pick(&[0_u64, 0, 1, 2, 63, 64, 70]);
        let free = (u64::from(ledger.base).max(grant.first_seq)..).find(|s| {
            let bit = s - u64::from(ledger.base);
            bit > 63 || (ledger.used >> bit) & 1 == 0
        });
        op.nonce = Some((U192::ZERO, free.unwrap_or(0) + if rng.chance(25) { ahead } else { 0 }));
        if rng.chance(20) && !grant.bounds_sequences() {
            let lane = U192::from(1 + rng.below(3));
            let used = ledger.lane(lane).copied().unwrap_or_else(|| LaneUsed::fresh(lane));
            let free = (used.base..).find(|s| !used.is_used(*s));
            let ahead = rng.pick(&[0_u64, 0, 1, 2, 191, 192, 200]);
            op.nonce = Some((lane, free.unwrap_or(0) + ahead));
        }
    }
    if rng.chance(60) {
        op.valid_from = Some(at.minus(rng.pick(&[0_u64, 0, 1, 10])).max(grant.not_before));
    }
    if rng.chance(60) {
        op.valid_until = at.plus(rng.pick(&[1_u64, 1, 2, 30])).map(|until| until.min(grant.not_after));
    }
    op.gas = rng.pick(&[0_u64, 0, 1, 1000]);
    op.fee = rng.pick(&[0_u128, 0, 0, 1, 10]);
    if rng.chance(30) {
        op.relayer = Some(rng.one(&grant.rest.relayers).copied().unwrap_or(grant.relayer));
    }
    op
}

/// Facts under which the requirements hold.
pub fn facts(rng: &mut Rng, grant: &Grant, at: UnixSeconds) -> Facts {
    let mut facts = Facts::default();
    let read_at = at.minus(rng.pick(&[0_u64, 0, 1, 59, 60]));
    for require in &grant.rest.requires {
        match require {
            Require::Holds { token, at_least, id } => {
                let newest = *at_least + U256::from(rng.below(2));
                let finalized = *at_least + U256::from(rng.below(2));
                facts.holds.push(Held { token: *token, id: *id, newest, finalized, read_at });
            }
            Require::Role(name) => facts.roles.push(name.clone()),
            Require::Credential { issuer, kind } => facts.credentials.push((issuer.clone(), kind.clone())),
        }
    }
    facts
}

fn action(rng: &mut Rng, grant: &Grant) -> Action {
    let (calls, typed, apps) = (grant.calls.len(), grant.rest.typed.len(), grant.rest.apps.len());
    let picked = rng.index(calls + typed + apps);
    if let Some(rule) = grant.rest.typed.get(picked.wrapping_sub(calls))
        && let Some(message) = message(rng, rule)
    {
        return Action::Typed(message);
    }
    if let Some(rule) = grant.rest.apps.get(picked.wrapping_sub(calls + typed)) {
        return Action::App(app(rng, rule));
    }
    let count = if rng.chance(25) { 2 + rng.below(3) } else { 1 };
    let mut made = Vec::new();
    for _ in 0..count {
        if let Some(rule) = rng.one(&grant.calls) {
            made.push(call(rng, rule));
        }
    }
    Action::Calls(Batch { chain: grant.chain, calls: made })
}

/// The constants that conditions speak of, with their types.
fn wanted<P>(conditions: &[Condition<P>], ty: &dyn Fn(&P) -> Option<Ty>) -> Vec<(Ty, Word)> {
    let mut out = Vec::new();
    for c in conditions {
        let Some(ty) = ty(&c.path) else { continue };
        match &c.test {
            Test::Eq(w) | Test::Ne(w) | Test::Le(w) | Test::Ge(w) | Test::Lt(w) | Test::Gt(w) => out.push((ty, *w)),
            Test::In(list) => out.extend(list.iter().map(|w| (ty.clone(), *w))),
            Test::Mask(_, w) => out.push((ty, *w)),
            Test::Ratio(..) => {}
        }
    }
    out
}

/// A call that the rule may allow.
pub fn call(rng: &mut Rng, rule: &CallRule) -> Call {
    let types = rule.arguments.as_deref().unwrap_or(&[]);
    let mut wanted = wanted(&rule.conditions, &|p| rule.type_at(p).cloned());
    wanted.push((Ty::Address, Word::from_address(grants::ACCOUNT)));
    let values: Vec<Abi> = types.iter().map(|ty| value(rng, ty, &wanted)).collect();
    let mut data = rule.selector().map(|s| s.to_vec()).unwrap_or_default();
    data.extend(encode(types, &values).unwrap_or_default());
    let most = u64::try_from(rule.max_value).unwrap_or(0);
    let value = if rng.chance(20) { most } else { rng.below(most + 1).min(rng.pick(&[0_u64, 3])) };
    Call { to: rule.target, value: U256::from(value), data: data.into() }
}

/// A message that the rule may allow.
fn message(rng: &mut Rng, rule: &TypedRule) -> Option<Message> {
    let wanted = wanted(&rule.conditions, &|p| Ty::at(&rule.ty.types, &p.0).cloned());
    let values: Vec<Abi> = rule.ty.types.iter().map(|ty| value(rng, ty, &wanted)).collect();
    let typed = super::write::typed(&rule.domain, &rule.ty, &values);
    read::message(&typed).ok()
}

/// An app action that the rule may allow.
fn app(rng: &mut Rng, rule: &AppRule) -> AppAction {
    let wanted = wanted(&rule.conditions, &|a: &Attribute| Some(a.kind.ty().clone()));
    let mut attrs = BTreeMap::new();
    for (name, kind) in grants::ATTRIBUTES {
        let fitting: Vec<Word> = wanted.iter().filter(|(ty, _)| ty == kind.ty()).map(|(_, w)| *w).collect();
        let near = rng.one(&fitting).copied().filter(|_| rng.chance(70));
        let word = near.unwrap_or_else(|| word(rng, kind.ty()));
        let attr = match kind {
            Kind::Text => Attr::Text(text(rng)),
            Kind::Bool => Attr::Bool(!word.uint().is_zero()),
            Kind::Address => Attr::Text(word.address().to_checksum(None)),
            Kind::Number => {
                let n = alloy_primitives::I256::from_raw(word.uint());
                match i64::try_from(n).ok().filter(|n| n.unsigned_abs() < 1 << 53) {
                    Some(n) if rng.chance(50) => Attr::Integer(n),
                    _ => Attr::Text(n.to_string()),
                }
            }
        };
        attrs.insert(name.to_owned(), attr);
    }
    AppAction { app: rule.app.clone(), verb: rule.verb.clone(), attrs }
}

/// A value as a message's JSON has it.
#[must_use]
pub fn json_value(ty: &Ty, named: &Named, value: &Abi) -> Value {
    match (ty, value) {
        (Ty::Tuple(types), Abi::List(items)) => json_members(types, &named.members, items),
        (Ty::Array(inner) | Ty::FixedArray(inner, _), Abi::List(items)) => {
            items.iter().map(|item| json_value(inner, named, item)).collect()
        }
        (Ty::String, Abi::Bytes(bytes)) => json!(String::from_utf8_lossy(bytes)),
        (Ty::Bytes, Abi::Bytes(bytes)) => json!(hex::encode_prefixed(bytes)),
        (Ty::Bool, Abi::Word(w)) => json!(!w.uint().is_zero()),
        (_, Abi::Word(w)) => json!(hallpass_policy::eval::fail::show(*w, ty)),
        _ => Value::Null,
    }
}

/// The members of a struct as JSON.
#[must_use]
pub fn json_members(types: &[Ty], names: &[Named], values: &[Abi]) -> Value {
    let mut map = Map::new();
    for ((ty, named), value) in types.iter().zip(names).zip(values) {
        map.insert(named.name.clone(), json_value(ty, named, value));
    }
    Value::Object(map)
}
