//! Actions, ledgers, operations and facts as tools write them, and verdicts as they read them (`spec/vectors/README.md`).

use super::object::{AskError, Node, Read};
use crate::eval::{Action, AppAction, At, Attr, Batch, Call, Denial, Facts, Held, Op, Policy, Verdict};
use crate::grant::Grant;
use crate::ledger::{LaneUsed, Ledger, Spent, Status};
use crate::message::read;
use alloy_primitives::U256;
use alloy_primitives::aliases::U192;
use core::borrow::Borrow;
use hallpass_types::{ChainId, UnixSeconds};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Largest JSON integer that every tool reads alike: 2^53 - 1.
const SAFE: i64 = (1 << 53) - 1;

/// Everything that is asked beside the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The action.
    pub action: Action,
    /// The second of the decision.
    pub at: UnixSeconds,
    /// What was spent before.
    pub ledger: Ledger,
    /// The operation.
    pub op: Op,
    /// What requirements ask for.
    pub facts: Facts,
}

impl Case {
    /// Reads `{ at, action, ledger?, op?, facts? }` about `grant`.
    ///
    /// # Errors
    /// [`AskError`] with the JSON path.
    pub fn read(value: &Value, grant: &Grant) -> Read<Self> {
        let case = Node::new("case", value).object(&["at", "action", "ledger", "op", "facts"])?;
        let at = case.need("at")?.seconds()?;
        let part = |key: &str| case.get(key).map(|node| node.value);
        Self::of(grant, at, case.need("action")?.value, part("ledger"), part("op"), part("facts"))
    }

    /// Puts a case together from its parts.
    ///
    /// # Errors
    /// [`AskError`] with the JSON path.
    pub fn of(
        grant: &Grant,
        at: UnixSeconds,
        action: &Value,
        ledger: Option<&Value>,
        op: Option<&Value>,
        facts: Option<&Value>,
    ) -> Read<Self> {
        let mut action = read_action(action)?;
        if let Action::Calls(batch) = &mut action
            && batch.calls.is_empty()
        {
            batch.chain = grant.chain;
        }
        let given = op.map_or(Ok(Op::default()), read_op)?;
        let empty = op.and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
        if !matches!(action, Action::Calls(_)) && !empty {
            return Err(AskError::new("op", "stands beside calls alone: a message or an app action has no operation"));
        }
        Ok(Self {
            action,
            at,
            ledger: ledger.map_or_else(|| Ok(Ledger::fresh(grant)), |value| read_ledger(value, grant))?,
            op: given,
            facts: facts.map_or_else(|| Ok(Facts::default()), |value| read_facts(value, at))?,
        })
    }

    /// Judges it.
    ///
    /// # Errors
    /// The first [`Denial`].
    pub fn judge(&self, policy: &Policy<impl Borrow<Grant>>) -> Result<Verdict, Denial> {
        let chain = match &self.action {
            Action::Calls(batch) => batch.chain,
            _ => policy.grant().chain,
        };
        let at = At { now: self.at, chain, caller: None };
        policy.judge(&self.ledger, &self.action, &self.op, &at, &self.facts)
    }
}

/// Reads an action: `{ call }`, `{ batch }`, `{ typed }` or `{ app }`.
///
/// # Errors
/// [`AskError`] with the JSON path.
pub fn read_action(value: &Value) -> Read<Action> {
    let node = Node::new("action", value);
    let kinds = ["call", "batch", "typed", "app"];
    let object = node.object(&kinds)?;
    let mut keys = object.keys();
    match (keys.next(), keys.next()) {
        (Some("call"), None) => {
            let (chain, call) = read_call(&object.need("call")?)?;
            Ok(Action::Calls(Batch { chain, calls: vec![call] }))
        }
        (Some("batch"), None) => read_batch(&object.need("batch")?),
        (Some("typed"), None) => {
            let typed = object.need("typed")?;
            let message = read::message(typed.value);
            message.map(Action::Typed).map_err(|e| AskError::new(&format!("{}.{}", typed.at, e.at), e.says))
        }
        (Some("app"), None) => read_app(&object.need("app")?),
        _ => node.bad("one of `call`, `batch`, `typed`, `app`"),
    }
}

fn read_batch(node: &Node<'_>) -> Read<Action> {
    let mut calls = Vec::new();
    let mut chain: Option<ChainId> = None;
    for item in node.list()? {
        let (on, call) = read_call(&item.object(&["call"])?.need("call")?)?;
        if chain.is_some_and(|chain| chain != on) {
            return item.bad("a call on the chain of the first one: a batch is on one chain");
        }
        chain = Some(on);
        calls.push(call);
    }
    // A batch without calls names no chain; `Case::of` puts the grant's here, and it is denied as empty.
    Ok(Action::Calls(Batch { chain: chain.unwrap_or(ChainId::MAX), calls }))
}

fn read_call(node: &Node<'_>) -> Read<(ChainId, Call)> {
    let object = node.object(&["chain", "to", "value", "data"])?;
    let chain = object.need("chain")?;
    let id = chain.text()?.parse().or_else(|_| chain.bad("a chain such as `eip155:1`"))?;
    let value = object.get("value").map_or(Ok(U256::ZERO), |n| n.integer("a decimal string below 2^256"))?;
    let data = object.get("data").map_or(Ok(Vec::new()), |n| n.bytes())?;
    Ok((id, Call { to: object.need("to")?.address()?, value, data: data.into() }))
}

fn read_app(node: &Node<'_>) -> Read<Action> {
    let object = node.object(&["app", "verb", "attrs"])?;
    let text = |key: &str| object.need(key)?.text().map(str::to_owned);
    let mut attrs = BTreeMap::new();
    if let Some(listed) = object.get("attrs") {
        let Some(map) = listed.value.as_object() else { return listed.bad("an object") };
        for (name, value) in map {
            let attr = match value {
                Value::String(text) => Attr::Text(text.clone()),
                Value::Bool(b) => Attr::Bool(*b),
                Value::Number(n) => match n.as_i64().filter(|n| (-SAFE..=SAFE).contains(n)) {
                    Some(n) => Attr::Integer(n),
                    None => Attr::Other,
                },
                _ => Attr::Other,
            };
            attrs.insert(name.clone(), attr);
        }
    }
    Ok(Action::App(AppAction { app: text("app")?, verb: text("verb")?, attrs }))
}

/// Reads a ledger: a list of meters, or an object with anything else about the past.
///
/// # Errors
/// [`AskError`] with the JSON path.
pub fn read_ledger(value: &Value, grant: &Grant) -> Read<Ledger> {
    let mut ledger = Ledger::fresh(grant);
    let node = Node::new("ledger", value);
    if value.is_array() {
        ledger.meters = read_meters(&node)?;
        return Ok(ledger);
    }
    let object = node.object(&["meters", "frozen", "epoch", "status", "base", "used", "lanes"])?;
    if let Some(meters) = object.get("meters") {
        ledger.meters = read_meters(&meters)?;
    }
    if let Some(frozen) = object.get("frozen") {
        ledger.frozen = frozen.flag()?;
    }
    if let Some(epoch) = object.get("epoch") {
        ledger.epoch = epoch.integer("a whole number below 2^64")?;
    }
    if let Some(status) = object.get("status") {
        ledger.status = match status.text()? {
            "unknown" => Status::Unknown,
            "active" => Status::Active,
            "ended" => Status::Ended,
            _ => return status.bad("`unknown`, `active` or `ended`"),
        };
    }
    if let Some(base) = object.get("base") {
        ledger.base = base.integer("a whole number below 2^32")?;
    }
    if let Some(used) = object.get("used") {
        ledger.used = used.integer("a whole number below 2^64")?;
    }
    if let Some(lanes) = object.get("lanes") {
        ledger.lanes = read_lanes(&lanes)?;
    }
    Ok(ledger)
}

fn read_lanes(node: &Node<'_>) -> Read<Vec<LaneUsed>> {
    let mut out: Vec<LaneUsed> = Vec::new();
    for item in node.list()? {
        let object = item.object(&["lane", "base", "used"])?;
        let number = object.need("lane")?;
        let lane = read_192(&number)?;
        if lane.is_zero() || out.iter().any(|other| other.lane == lane) {
            return number.bad("a lane other than 0, each once");
        }
        out.push(LaneUsed {
            lane,
            base: object.get("base").map_or(Ok(0), |n| n.integer("a whole number below 2^64"))?,
            used: object.get("used").map_or(Ok(U192::ZERO), |n| read_192(&n))?,
        });
    }
    Ok(out)
}

fn read_192(node: &Node<'_>) -> Read<U192> {
    let says = "a decimal string below 2^192";
    let number: U256 = node.integer(says)?;
    U192::checked_from_limbs_slice(number.as_limbs()).map_or_else(|| node.bad(says), Ok)
}

fn read_meters(node: &Node<'_>) -> Read<Vec<Spent>> {
    let mut out: Vec<Spent> = Vec::new();
    for item in node.list()? {
        let object = item.object(&["meter", "window", "spent"])?;
        let spent = Spent {
            meter: object.need("meter")?.integer("a whole number below 2^16")?,
            window: object.get("window").map_or(Ok(0), |n| n.integer("a whole number below 2^32"))?,
            spent: object.need("spent")?.integer("a decimal string below 2^128")?,
        };
        if out.iter().any(|other| other.meter == spent.meter) {
            return item.bad("each meter once");
        }
        out.push(spent);
    }
    Ok(out)
}

/// Reads an operation, of which anything may be left out.
///
/// # Errors
/// [`AskError`] with the JSON path.
pub fn read_op(value: &Value) -> Read<Op> {
    let object =
        Node::new("op", value).object(&["nonce", "validFrom", "validUntil", "gas", "fee", "relayer", "route"])?;
    let mut op = Op::default();
    if let Some(nonce) = object.get("nonce") {
        let nonce: U256 = nonce.integer("a decimal string below 2^256")?;
        op.nonce = Some(crate::ledger::lane_and_sequence(nonce));
    }
    op.valid_from = object.get("validFrom").map(|n| n.seconds()).transpose()?;
    op.valid_until = object.get("validUntil").map(|n| n.seconds()).transpose()?;
    op.relayer = object.get("relayer").map(|n| n.address()).transpose()?;
    if let Some(gas) = object.get("gas") {
        op.gas = gas.integer("a whole number below 2^64")?;
    }
    if let Some(fee) = object.get("fee") {
        op.fee = fee.integer("a decimal string below 2^128")?;
    }
    if let Some(route) = object.get("route") {
        op.route = Some(match route.value {
            Value::String(name) => match name.as_str() {
                "direct" => 1,
                "entrypoint-0.7" => 2,
                "entrypoint-0.8" => 4,
                _ => return route.bad("`direct`, `entrypoint-0.7` or `entrypoint-0.8`"),
            },
            _ => return route.bad("`direct`, `entrypoint-0.7` or `entrypoint-0.8`"),
        });
    }
    Ok(op)
}

/// Reads facts; what says no `readAt` was read at `at`.
///
/// # Errors
/// [`AskError`] with the JSON path.
pub fn read_facts(value: &Value, at: UnixSeconds) -> Read<Facts> {
    let object = Node::new("facts", value).object(&["readAt", "holds", "roles", "credentials"])?;
    let read_at = object.get("readAt").map_or(Ok(at), |n| n.seconds())?;
    let mut facts = Facts::default();
    for item in object.get("holds").map_or(Ok(Vec::new()), |n| n.list())? {
        let held = item.object(&["token", "id", "newest", "final"])?;
        let amount = |key: &str| held.need(key)?.integer("a decimal string below 2^256");
        let one = Held {
            token: held.need("token")?.address()?,
            id: held.get("id").map(|n| n.integer("a decimal string below 2^256")).transpose()?,
            newest: amount("newest")?,
            finalized: amount("final")?,
            read_at,
        };
        if facts.holds.iter().any(|other| other.token == one.token && other.id == one.id) {
            return item.bad("each balance once");
        }
        facts.holds.push(one);
    }
    for item in object.get("roles").map_or(Ok(Vec::new()), |n| n.list())? {
        facts.roles.push(item.text()?.to_owned());
    }
    for item in object.get("credentials").map_or(Ok(Vec::new()), |n| n.list())? {
        let credential = item.object(&["issuer", "type"])?;
        let text = |key: &str| credential.need(key)?.text().map(str::to_owned);
        facts.credentials.push((text("issuer")?, text("type")?));
    }
    Ok(facts)
}

/// A verdict as tools read it. `rule` is the first call's, `rules` one for each call.
#[must_use]
pub fn print_verdict(policy: &Policy<impl Borrow<Grant>>, ledger: &Ledger, judged: &Result<Verdict, Denial>) -> Value {
    match judged {
        Ok(verdict) => {
            let cost = |c: &crate::ledger::Cost| {
                json!({
                    "meter": c.meter, "window": c.window, "amount": c.amount.to_string(),
                    "left": policy.left(ledger, c).to_string(),
                })
            };
            json!({
                "allowed": true,
                "rule": verdict.rules.first(),
                "rules": verdict.rules.as_slice(),
                "costs": verdict.costs.iter().map(cost).collect::<Vec<_>>(),
                "says": says(&verdict.rules),
            })
        }
        Err(denial) => {
            let mut out = json!({
                "allowed": false,
                "rule": denial.rule(),
                "costs": [],
                "code": denial.code.as_str(),
                "at": denial.at,
                "says": denial.to_string(),
            });
            for (key, value) in [
                ("call", denial.call.map(Value::from)),
                ("found", denial.found.clone().map(Value::from)),
                ("bound", denial.bound.clone().map(Value::from)),
            ] {
                if let (Some(map), Some(value)) = (out.as_object_mut(), value) {
                    map.insert(key.to_owned(), value);
                }
            }
            out
        }
    }
}

fn says(rules: &[u16]) -> String {
    let list: Vec<String> = rules.iter().map(ToString::to_string).collect();
    match list.as_slice() {
        [one] => format!("allowed by rule {one}"),
        many => format!("allowed by rules {}", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{draft::Draft, text};

    #[test]
    fn an_operation_beside_an_app_action_is_not_readable_whatever_it_says() {
        let source = "chain = \"eip155:5\"\n[[allow]]\napp = \"a\"\nverb = \"b\"";
        let draft: Draft = text::parse(source).unwrap();
        let grant = draft.supposed(UnixSeconds::EPOCH).unwrap();
        let case = |op: Value| json!({ "at": 0, "action": { "app": { "app": "a", "verb": "b" } }, "op": op });
        assert!(Case::read(&case(json!({})), &grant).is_ok());
        for op in [json!({ "gas": 0 }), json!({ "fee": "0" }), json!({ "nonce": "1" })] {
            assert_eq!(Case::read(&case(op), &grant).unwrap_err().at, "op");
        }
    }
}
