//! Whole decisions: time, nonce, status, conditions, two meters a rule, on top of what was spent before.

use crate::{START, t};
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, U256, hex, keccak256};
use hallpass_policy::json::ask::read_action;
use hallpass_policy::{Action, Batch, Call, Grant, Ledger, OpBounds, Spent};
use serde_json::json;

/// The grant.
pub const TEXT: &str = include_str!("../policies/metered.toml");

/// A ledger in which every meter and some sequences are used.
#[must_use]
pub fn ledger(grant: &Grant) -> Ledger {
    let meters = grant.meters.iter().map(|m| Spent { meter: m.id, window: 0, spent: 7 }).collect();
    Ledger { base: 40, used: 0b1011, meters, ..Ledger::fresh(grant) }
}

/// A complete operation.
#[must_use]
pub fn op() -> OpBounds {
    OpBounds {
        valid_from: t(START),
        valid_until: t(START + 60),
        lane: U192::ZERO,
        sequence: 44,
        relayer: Address::ZERO,
        max_fee: 0,
        gas_floors: vec![100_000],
    }
}

/// Every action that is measured, with a name and the rules that allow it.
#[must_use]
pub fn actions() -> Vec<(&'static str, Action, Vec<u16>)> {
    let calls = |calls: Vec<Call>| Action::Calls(Batch { chain: crate::at().chain, calls });
    vec![
        ("static_call", calls(vec![pay()]), vec![0]),
        ("dynamic_call", calls(vec![craft()]), vec![1]),
        ("batch_of_five", calls(vec![pay(), craft(), pay(), craft(), pay()]), vec![0, 1, 0, 1, 0]),
        ("typed_message", order(), vec![2]),
        ("app_action", tip(), vec![3]),
    ]
}

fn call(to: &str, function: &str, words: &[&str]) -> Call {
    let mut data = keccak256(function)[..4].to_vec();
    for word in words {
        data.extend(hex::decode(format!("{word:0>64}")).unwrap());
    }
    Call { to: to.parse().unwrap(), value: U256::ZERO, data: data.into() }
}

fn pay() -> Call {
    let words = ["d0ddeedbe060c3a5dcceedd7245b4c06a49cbfb5", "f4240"];
    call("0x83142cd85e3b201a96099f6fbb5cee8873ca548c", "transfer(address,uint256)", &words)
}

/// Four items: 104, 103, 102, 101.
fn craft() -> Call {
    let words = ["3", "28", "60", "4", "68", "67", "66", "65"];
    call("0xa28f80557588eee1d429812adcf49c51a3610665", "craft(uint256,uint16,uint256[])", &words)
}

fn order() -> Action {
    let field = |name: &str, ty: &str| json!({ "name": name, "type": ty });
    let typed = json!({
        "types": {
            "EIP712Domain": [
                field("name", "string"), field("version", "string"),
                field("chainId", "uint256"), field("verifyingContract", "address"),
            ],
            "Order": [
                field("account", "address"), field("market", "string"), field("side", "uint8"),
                field("size", "uint128"), field("price", "uint128"), field("reduceOnly", "bool"),
                field("expiry", "uint64"), field("salt", "uint64"),
            ],
        },
        "primaryType": "Order",
        "domain": {
            "name": "Venue", "version": "1", "chainId": 8453,
            "verifyingContract": "0x80d96eabca80deda11d7e9dfaa8587d48d4685a0",
        },
        "message": {
            "account": "0x28c95f95d477f0296cd74ae231585bad318b72d3", "market": "ETH-USD", "side": "0",
            "size": "100000000", "price": "305000000000", "reduceOnly": false, "expiry": "1790003600", "salt": "7",
        },
    });
    read_action(&json!({ "typed": typed })).unwrap()
}

fn tip() -> Action {
    let attrs = json!({ "board": "art", "creator": "0x4fbafd65dd3eabd1f7feffd903fa8bb864d8c86b", "amount": 5 });
    read_action(&json!({ "app": { "app": "social.example", "verb": "tip.send", "attrs": attrs } })).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallpass_policy::{Facts, Op, Policy};

    #[test]
    fn every_action_is_allowed_by_the_rules_it_is_said_to_be_and_charges_two_meters_a_rule() {
        let grant = crate::grant(TEXT);
        let policy = Policy::new(&grant);
        for (name, action, rules) in actions() {
            let op = Op::from(&op());
            let verdict = policy.judge(&ledger(&grant), &action, &op, &crate::at(), &Facts::default()).unwrap();
            assert_eq!(verdict.rules.as_slice(), rules, "{name}");
            let different: std::collections::BTreeSet<_> = rules.iter().collect();
            assert_eq!(verdict.costs.len(), 2 * different.len(), "{name}");
        }
    }
}
