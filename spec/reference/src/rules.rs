//! Rules (R1 to R12), their conditions (C1 to C12) and meters (M1 to M10). `encoding.md` has the bytes of `checks`.

use crate::values::*;
use alloy_primitives::{Address, address as literal, keccak256};
use num_bigint::BigInt;
use serde_json::{Value, json};

/// 0.6, 0.7, 0.8.
const ENTRY_POINTS: [Address; 4] = [
    literal!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
    literal!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
    literal!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
    literal!("433709009B8330FDa32311DF1C2AFA402eD8D009"),
];
/// The steps of a path that are no index.
const LENGTH: usize = 0xfffd;
const EVERY: usize = 0xfffe;
const SOME: usize = 0xffff;

pub struct Judge<'a> {
    pub grant: &'a Value,
    pub ledger_meters: &'a [Value],
    pub from: BigInt,
    /// The last moment that must lie in the window of `from`.
    pub last: BigInt,
}

impl Judge<'_> {
    /// R6, R7: the number of the lowest rule that allows a call, a message or an app action, and the costs with its own.
    pub fn item(&self, item: &Value, costs: &[Value]) -> Res<(usize, Vec<Value>)> {
        let mut forbidden = vec![address(part(self.grant, "/account"))?, address(part(self.grant, "/backend"))?];
        forbidden.retain(|one| *one != ZERO);
        forbidden.extend(ENTRY_POINTS.map(|one| unsigned(one.as_slice())));
        let target = item.pointer("/call/to").or(item.pointer("/typed/domain/verifyingContract"));
        let primary = part(item, "/typed/primaryType");
        let is_forbidden = target.map(address).transpose()?.is_some_and(|target| forbidden.contains(&target)) // R9
            || part(item, "/typed/domain/name") == "Hallpass" // R10
            || ["UserOperation", "PackedUserOperation", "Delegation"].iter().any(|name| primary == name);
        deny_if(is_forbidden, "target_forbidden", "rules")?;
        let lists = ["/calls", "/rest/typed", "/rest/apps"].map(|path| list(part(self.grant, path))); // R1
        let mut denial = Stop("no_rule", "rules".to_owned(), None); // R5
        for (number, rule) in lists.into_iter().collect::<Res<Vec<_>>>()?.concat().iter().enumerate() {
            if !is_for(rule, item)? {
                continue;
            }
            match self.rule(rule, item, &format!("rules[{number}]"), costs.to_vec()) {
                Ok(costs) => return Ok((number, costs)),
                Err(stop) if stop.0 == "unreadable" => return Err(stop),
                Err(stop) if denial.0 == "no_rule" => denial = stop,
                Err(_) => {}
            }
        }
        Err(denial)
    }

    /// R8: value, decoding, the conditions in order, the meters in order.
    fn rule(&self, rule: &Value, item: &Value, place: &str, mut costs: Vec<Value>) -> Res<Vec<Value>> {
        let signature = part(rule, "/signature").as_str().or(Some("")).filter(|text| text.len() <= 255); // G4
        let signature = need(signature, "a signature")?;
        let (value, most) = (int_or(part(item, "/call/value"), &ZERO)?, int_or(part(rule, "/maxValue"), &ZERO)?);
        deny_if(value > most, "value_over_max", &format!("{place}.maxValue"))?; // R11
        let (subject, bad) = if let Some(call) = item.get("call") {
            let data = bytes(part(call, "/data"))?;
            let tree = decode(signature, data.get(4..).unwrap_or_default());
            (tree.ok_or_else(|| Stop("bad_calldata", format!("{place}.signature"), None))?, "bad_calldata") // D1
        } else if let Some(json) = item.get("typed") {
            (message(json)?.1, "bad_message")
        } else {
            (Tree::Attributes(part(item, "/app/attrs").clone()), "bad_attribute")
        };
        let checks = bytes(part(rule, "/checks"))?;
        let checks = &mut checks.as_slice();
        let layout = if item.get("app").is_some() { 0 } else { small(checks, 1)? };
        take(checks, layout)?; // derives from the signature
        for j in 0..small(checks, 1)? {
            let at = format!("{place}.conditions[{j}]");
            let holds = condition(checks, &subject)?;
            deny_if(holds.is_none(), bad, &at)?; // C4, C10
            deny_if(holds == Some(false), "condition_failed", &at)?; // C1
        }
        for j in 0..small(checks, 1)? {
            let at = format!("{place}.uses[{j}]");
            let (id, kind) = (small(checks, 2)?, small(checks, 1)?);
            let amount = match kind {
                1 => BigInt::from(1), // M1
                2 => value.clone(),
                _ => integer(checks, &subject)?.filter(|n| *n >= ZERO).ok_or_else(|| Stop(bad, at.clone(), None))?, // M8
            };
            let meter = by_id(list(part(self.grant, "/meters"))?, "/id", &id.into());
            let of_owner = ["transferFrom(", "permit("].iter().any(|name| signature.starts_with(name));
            let account = Tree::Word(address(part(self.grant, "/account"))?, false);
            let own = matches!(&subject, Tree::List(all) if all.first() == Some(&account));
            deny_if(of_owner && !own && address(part(meter, "/token"))? != ZERO, "foreign_owner", &at)?; // S3
            let (anchor, period) = (int(part(meter, "/anchor"))?, int(part(meter, "/period"))?);
            let window_of = |t: &BigInt| if period == ZERO { ZERO } else { (t - &anchor) / &period }; // M2
            let window = window_of(&self.from);
            deny_if(anchor > self.from || window >= two_to(32), "bad_grant", &at)?; // M10
            deny_if(window_of(&self.last) != window, "window_crossed", &at)?; // M3
            let entry = by_id(self.ledger_meters, "/meter", &id.into()); // A2: without one, nothing is spent
            let (counted, spent) = (int_or(part(entry, "/window"), &ZERO)?, int_or(part(entry, "/spent"), &ZERO)?);
            deny_if(counted > window, "window_past", &at)?; // M4
            let spent = if counted == window { spent } else { ZERO };
            let earlier = costs.iter_mut().find(|cost| *part(cost, "/meter") == id);
            let amount = amount + earlier.as_ref().map_or(Ok(ZERO), |cost| int(part(cost, "/amount")))?; // M6
            let left = int(part(meter, "/cap"))? - spent - &amount;
            deny_if(left < ZERO, "meter_exceeded", &at)?; // M5
            let (window, amount, left) = (u64::try_from(&window).ok(), amount.to_string(), left.to_string());
            let cost = json!({ "meter": id, "window": window, "amount": amount, "left": left });
            match earlier {
                Some(earlier) => *earlier = cost,
                None => costs.push(cost),
            }
        }
        Ok(costs)
    }
}

/// R2 to R4.
fn is_for(rule: &Value, item: &Value) -> Res<bool> {
    if let (Some(call), Some(signature)) = (item.get("call"), rule.get("signature")) {
        let (data, signature) = (bytes(part(call, "/data"))?, text(signature)?);
        let begins = match data.get(..4) {
            Some(start) => !signature.is_empty() && keccak256(signature).starts_with(start),
            None => signature.is_empty() && data.is_empty(), // R3
        };
        Ok(begins && address(part(rule, "/target"))? == address(part(call, "/to"))?)
    } else if let (Some(typed), Some(encode_type)) = (item.get("typed"), rule.get("encodeType")) {
        let own = serde_json::from_str(text(part(rule, "/domain"))?).unwrap_or_default();
        Ok(domain(&own)? == domain(part(typed, "/domain"))? && *encode_type == message(typed)?.0)
    } else {
        Ok(["app", "verb"].iter().all(|key| rule.get(key).is_some() && rule.get(key) == part(item, "/app").get(key)))
    }
}

/// C2 to C4: asks the test of what the path leads to, and whether that is signed. None: an index beyond an array.
fn walk(tree: &Tree, path: &[usize], test: &mut dyn FnMut(BigInt, bool) -> bool) -> Option<bool> {
    match (tree, path) {
        (Tree::Word(number, signed), []) => Some(test(number.clone(), *signed)),
        (Tree::Blob(content), []) => Some(test(unsigned(keccak256(content).as_slice()), false)), // C5
        (Tree::Blob(content), [LENGTH]) => Some(test(content.len().into(), false)),
        (Tree::List(values), [LENGTH]) => Some(test(values.len().into(), false)),
        (Tree::List(values), [step @ (EVERY | SOME), rest @ ..]) => {
            for value in values {
                let holds = walk(value, rest, test)?;
                if holds == (*step == SOME) {
                    return Some(holds); // C4: the first that settles the answer
                }
            }
            Some(*step == EVERY) // C3
        }
        (Tree::List(values), [index, rest @ ..]) => walk(values.get(*index)?, rest, test),
        _ => None,
    }
}

/// C11: an attribute's value, if it is of the type.
fn attribute(value: &Value, kind: usize) -> Option<Tree> {
    let number = match (kind, value) {
        (0x63, Value::String(text)) => return Some(Tree::Blob(text.clone().into())),
        (0x3f, Value::Number(_)) => value.as_i64().filter(|n| n.unsigned_abs() < 1 << 53)?.into(),
        (0x3f, Value::String(text)) if !text.starts_with("0x") => number(value)?,
        (0x60, _) => address(value).ok()?,
        (0x61, Value::Bool(bool)) => BigInt::from(*bool),
        _ => return None,
    };
    (-two_to(255) <= number && number < two_to(255)).then_some(Tree::Word(number, kind == 0x3f))
}

pub fn take<'a>(checks: &mut &'a [u8], count: usize) -> Res<&'a [u8]> {
    need(checks.split_off(..count), "bytes that end too early")
}

/// A number of one or two bytes.
fn small(checks: &mut &[u8], size: usize) -> Res<usize> {
    Ok(take(checks, size)?.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
}

/// A text or a layout, behind its length.
pub fn prefixed(checks: &mut &[u8]) -> Res<String> {
    let length = small(checks, 1)?;
    Ok(String::from_utf8_lossy(take(checks, length)?).into_owned())
}

/// Reads a path: gives what it goes through, and it. Or an attribute's type and name: gives the attribute, if there is one.
fn place_of(checks: &mut &[u8], subject: &Tree) -> Res<Option<(Tree, Vec<usize>)>> {
    let first = small(checks, 1)?;
    if let Tree::Attributes(all) = subject {
        let value = all.get(prefixed(checks)?).and_then(|value| attribute(value, first));
        return Ok(value.map(|value| (value, Vec::new()))); // C10
    }
    let path = (0..first).map(|_| small(checks, 2)).collect::<Res<_>>()?;
    Ok(Some((subject.clone(), path)))
}

/// The integer at a place without `every` and `some`.
fn integer(checks: &mut &[u8], subject: &Tree) -> Res<Option<BigInt>> {
    let mut found = None;
    let mut test = |number, _| {
        found = Some(number);
        true
    };
    place_of(checks, subject)?.and_then(|(tree, path)| walk(&tree, &path, &mut test));
    Ok(found)
}

/// Reads a condition; C1: whether it holds. None where what it reads is not there.
fn condition(checks: &mut &[u8], subject: &Tree) -> Res<Option<bool>> {
    let (operator, place) = (small(checks, 1)?, place_of(checks, subject)?);
    let right = if operator == 9 { integer(checks, subject)? } else { Some(ZERO) };
    let count = match operator {
        7 => small(checks, 1)?,
        8 | 9 => 2,
        _ => 1,
    };
    let words = (0..count).map(|_| take(checks, 32).map(unsigned)).collect::<Res<Vec<_>>>()?;
    let (Some((tree, path)), Some(right)) = (place, right) else { return Ok(None) };
    Ok(walk(&tree, &path, &mut |value, signed| {
        let numbers = words.iter().map(|word| from_word(word, signed && operator <= 7)).collect::<Vec<_>>();
        match (operator, numbers.as_slice()) {
            (1, [number]) => value == *number,
            (2, [number]) => value != *number,
            (3, [number]) => value <= *number, // C6
            (4, [number]) => value >= *number,
            (5, [number]) => value < *number,
            (6, [number]) => value > *number,
            (7, list) => list.contains(&value),                 // C7
            (8, [mask, expected]) => value & mask == *expected, // C8
            (9, [numerator, denominator]) => {
                let (more, less) = (value * denominator, &right * numerator); // C9: both numbers are above 0
                less >= ZERO && more >= less && more < two_to(256)
            }
            _ => false,
        }
    }))
}
