//! Rules (R1 to R12), meters (M1 to M10) and whose tokens are spent (S3).

use crate::abi::{arguments, decode, unsigned};
use crate::checks::{Place, Reader, Subject, integer};
use crate::json::{Res, Stop, address, bytes, deny, deny_if, get, int, list, need, only, text, two_to, unreadable_if};
use crate::typed::Message;
use alloy_primitives::{Address, address as literal, keccak256};
use num_bigint::BigInt;
use serde_json::{Value, json};

/// 0.6, 0.7, 0.8.
const ENTRY_POINTS: [Address; 3] = [
    literal!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
    literal!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
    literal!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
];
/// S3: the functions whose first argument is the one whose tokens they are.
const OF_AN_OWNER: [&str; 3] = [
    "transferFrom(address,address,uint256)",
    "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
    "transferFrom(address,address,uint160,address)",
];

pub struct Call {
    pub chain: BigInt,
    pub to: Address,
    pub value: BigInt,
    pub data: Vec<u8>,
}

/// What one rule is for.
pub enum Item<'a> {
    Call(Call),
    Typed(Message<'a>, Subject<'a>),
    App(&'a str, &'a str, Subject<'a>),
}

#[derive(Clone)]
pub struct Cost {
    pub meter: usize,
    pub window: BigInt,
    pub amount: BigInt,
    pub left: BigInt,
}

impl Cost {
    pub fn json(&self) -> Value {
        let (amount, left) = (self.amount.to_string(), self.left.to_string());
        json!({ "meter": self.meter, "window": u64::try_from(&self.window).ok(), "amount": amount, "left": left })
    }
}

pub struct Judge<'a> {
    pub grant: &'a Value,
    pub ledger_meters: &'a [Value],
    pub from: BigInt,
    /// The last moment that must lie in the window of `from`.
    pub last: BigInt,
}

impl Judge<'_> {
    /// The window that the ledger counts, and what is spent in it. A2: nothing for a meter without an entry.
    pub fn counted(&self, meter: usize) -> Res<(BigInt, BigInt)> {
        let mut found = None;
        for entry in self.ledger_meters {
            only(entry, &["meter", "window", "spent"])?;
            if int(get(entry, "meter")?)? == meter.into() {
                unreadable_if(found.is_some(), "a meter that stands twice in the ledger")?;
                found = Some((int(get(entry, "window")?)?, int(get(entry, "spent")?)?));
            }
        }
        Ok(found.unwrap_or_default())
    }

    /// R6, R7: the number of the lowest rule that allows the item, whose costs are added.
    pub fn item(&self, item: &Item, costs: &mut Vec<Cost>) -> Res<usize> {
        deny_if(self.forbidden(item)?, "target_forbidden", "rules")?;
        let mut denial = None;
        let rest = get(self.grant, "rest")?;
        let lists = [list(get(self.grant, "calls")?)?, list(get(rest, "typed")?)?, list(get(rest, "apps")?)?]; // R1
        for (number, rule) in lists.into_iter().flatten().enumerate() {
            if !is_for(rule, item)? {
                continue;
            }
            let mut tried = costs.clone();
            match self.rule(rule, item, &format!("rules[{number}]"), &mut tried) {
                Ok(()) => {
                    *costs = tried;
                    return Ok(number);
                }
                Err(Stop::Unreadable(why)) => return Err(Stop::Unreadable(why)),
                Err(denied) => denial = denial.or(Some(denied)),
            }
        }
        denial.map_or_else(|| deny("no_rule", "rules"), Err) // R5
    }

    /// R9, R10.
    fn forbidden(&self, item: &Item) -> Res<bool> {
        let own = [address(get(self.grant, "account")?)?, address(get(self.grant, "backend")?)?];
        let forbidden = |target: &Address| own.contains(target) || ENTRY_POINTS.contains(target);
        Ok(match item {
            Item::Call(call) => forbidden(&call.to),
            Item::Typed(message, _) => {
                let (domain, primary) = (get(message.json, "domain")?, text(get(message.json, "primaryType")?)?);
                domain.get("verifyingContract").map(address).transpose()?.is_some_and(|a| forbidden(&a))
                    || domain.get("name").is_some_and(|name| name == "Hallpass")
                    || ["UserOperation", "PackedUserOperation", "Delegation"].contains(&primary)
            }
            Item::App(..) => false,
        })
    }

    /// R8: value, decoding, the conditions in order, the meters in order.
    fn rule(&self, rule: &Value, item: &Item, place: &str, costs: &mut Vec<Cost>) -> Res<()> {
        let decoded;
        let (subject, value) = match item {
            Item::Call(call) => {
                deny_if(call.value > int(get(rule, "maxValue")?)?, "value_over_max", &format!("{place}.maxValue"))?; // R11
                let ty = need(arguments(text(get(rule, "signature")?)?), "not a signature")?;
                let Some(tree) = decode(&ty, call.data.get(4..).unwrap_or_default()) else {
                    return deny("bad_calldata", &format!("{place}.signature")); // D1
                };
                decoded = Subject::Values(ty, tree, "bad_calldata");
                (&decoded, call.value.clone())
            }
            Item::Typed(_, subject) | Item::App(_, _, subject) => (subject, BigInt::ZERO),
        };
        let checks = bytes(get(rule, "checks")?)?;
        let mut checks = Reader { rest: &checks, app: matches!(item, Item::App(..)) };
        if !checks.app {
            let layout = checks.number(1)?; // passed over: it derives from the signature
            checks.take(layout)?;
        }
        for j in 0..checks.number(1)? {
            let at = format!("{place}.conditions[{j}]");
            deny_if(!checks.condition(subject, &at)?, "condition_failed", &at)?; // C1
        }
        for j in 0..checks.number(1)? {
            let at = format!("{place}.uses[{j}]");
            let (id, amount) = (checks.number(2)?, checks.number(1)?);
            let amount = match amount {
                1 => BigInt::from(1), // M1
                2 => value.clone(),
                _ => integer(subject, &checks.place()?, &at)?,
            };
            deny_if(amount < BigInt::ZERO, "bad_attribute", &at)?; // M8
            let meters = list(get(self.grant, "meters")?)?.iter();
            let mut meters = meters.filter(|m| get(m, "id").and_then(int).is_ok_and(|n| n == BigInt::from(id)));
            let meter = need(meters.next(), "a meter that is not in the grant")?;
            if get(meter, "what")? == "2" && OF_AN_OWNER.contains(&text(get(rule, "signature")?)?) {
                let owner = integer(subject, &Place::Path(vec![0]), &at)?;
                deny_if(owner != unsigned(address(get(self.grant, "account")?)?.as_slice()), "foreign_owner", &at)?; // S3
            }
            self.charge(meter, id, amount, &at, costs)?;
        }
        Ok(())
    }

    fn charge(&self, meter: &Value, id: usize, amount: BigInt, at: &str, costs: &mut Vec<Cost>) -> Res<()> {
        let (anchor, period) = (int(get(meter, "anchor")?)?, int(get(meter, "period")?)?);
        let window_of = |t: &BigInt| if period == BigInt::ZERO { BigInt::ZERO } else { (t - &anchor) / &period }; // M2
        let window = window_of(&self.from);
        deny_if(anchor > self.from || window >= two_to(32), "bad_grant", at)?; // M10
        deny_if(window_of(&self.last) != window, "window_crossed", at)?; // M3
        let (counted, spent) = self.counted(id)?;
        deny_if(counted > window, "window_past", at)?; // M4
        let spent = if counted == window { spent } else { BigInt::ZERO };
        let amount = costs.iter().filter(|cost| cost.meter == id).fold(amount, |sum, cost| sum + &cost.amount); // M6
        let left = int(get(meter, "cap")?)? - spent - &amount;
        deny_if(left < BigInt::ZERO, "meter_exceeded", at)?; // M5
        let cost = Cost { meter: id, window, amount, left };
        match costs.iter_mut().find(|cost| cost.meter == id) {
            Some(earlier) => *earlier = cost,
            None => costs.push(cost),
        }
        Ok(())
    }
}

/// R2 to R4.
fn is_for(rule: &Value, item: &Item) -> Res<bool> {
    let same = |key, wanted: &str| rule.get(key).is_some_and(|v| v == wanted);
    Ok(match (item, rule.get("signature")) {
        (Item::Call(call), Some(signature)) => {
            let signature = text(signature)?;
            let selector = keccak256(signature);
            let begins = match call.data.get(..4) {
                Some(start) => !signature.is_empty() && selector.starts_with(start),
                None => signature.is_empty() && call.data.is_empty(), // R3
            };
            begins && address(get(rule, "target")?)? == call.to
        }
        (Item::Typed(message, _), _) => same("domain", &message.domain) && same("encodeType", &message.encode_type),
        (Item::App(app, verb, _), _) => same("app", app) && same("verb", verb),
        _ => false,
    })
}
