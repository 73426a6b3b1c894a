//! Traps that policy engines are known to have fallen into, one test each. The vectors of `spec/` go through each of them at every
//! edge; here they have a name.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use hallpass_policy::draft::Fill;
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Grant, Ledger, Policy, json, text};
use hallpass_types::UnixSeconds;
use serde_json::{Value, json};

const START: u64 = 1_000_000;
const ACCOUNT: &str = "0xacacacacacacacacacacacacacacacacacacacac";
const TOKEN: &str = "0x7070707070707070707070707070707070707070";
const SHOP: &str = "0x5151515151515151515151515151515151515151";
const PERMIT2: &str = "0x000000000022d473030f116ddee9f6b43ac78ba3";
const HEAD: &str = r#"
chain = "eip155:5"
account = "0xacacacacacacacacacacacacacacacacacacacac"
backend = "0xbebebebebebebebebebebebebebebebebebebebe"
epoch = 4
salt = "0x07070707070707070707070707070707"
key = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"
ender = "0xededededededededededededededededededed"
from = 1000000
until = 1003600
[relay]
routes = ["direct"]
relayer = "any"
[gas]
per_op = 1000
[tokens.T]
address = "0x7070707070707070707070707070707070707070"
decimals = 2
"#;

fn read(rules: &str) -> Result<Grant, String> {
    let head = HEAD.replace("0xededededededededededededededededededed", &format!("0x{}", "ed".repeat(20)));
    let draft = text::parse(&format!("{head}{rules}")).map_err(|e| format!("{} {e}", e.code))?;
    draft.complete(&Fill::default()).map_err(|e| format!("{} {e}", e.code()))
}

fn grant(rules: &str) -> Grant {
    read(rules).unwrap_or_else(|e| panic!("{e}"))
}

fn rule(call: &str, function: &str, more: &str) -> String {
    let function = if function.is_empty() { String::new() } else { format!("function = \"{function}\"\n") };
    format!("[[allow]]\ncall = \"{call}\"\n{function}{more}\n")
}

fn call(to: &str, data: &str, value: u64) -> Value {
    json!({ "call": { "chain": "eip155:5", "to": to, "value": value.to_string(), "data": data } })
}

fn batch(calls: &[Value]) -> Value {
    json!({ "batch": calls })
}

fn with(grant: &Grant, action: &Value, at: u64, ledger: Option<&Value>, op: Option<&Value>) -> String {
    let at = UnixSeconds::new(at).unwrap();
    let case = Case::of(grant, at, action, ledger, op, None).unwrap_or_else(|e| panic!("{e}"));
    match case.judge(&Policy::new(grant)) {
        Ok(_) => "allowed".to_owned(),
        Err(denial) => denial.code.as_str().to_owned(),
    }
}

fn judge(grant: &Grant, action: &Value) -> String {
    with(grant, action, START, None, None)
}

fn words(list: &[&str]) -> String {
    list.iter().map(|w| format!("{:0>64}", w.trim_start_matches("0x"))).collect()
}

fn data(selector: &str, list: &[&str]) -> String {
    format!("0x{selector}{}", words(list))
}

#[test]
fn selector_zero_is_not_empty_calldata() {
    let empty = grant(&rule(SHOP, "", ""));
    // wycpnbqcyf() has the selector 0x00000000.
    let zero = grant(&rule(SHOP, "wycpnbqcyf()", ""));
    for (grant, data, expected) in [
        (&empty, "0x", "allowed"),
        (&empty, "0x00000000", "no_rule"),
        (&empty, "0x00", "no_rule"),
        (&zero, "0x00000000", "allowed"),
        (&zero, "0x", "no_rule"),
        (&zero, "0x000000", "no_rule"),
    ] {
        assert_eq!(judge(grant, &call(SHOP, data, 0)), expected, "{data}");
    }
}

#[test]
fn short_long_and_dirty_calldata() {
    let g = grant(&rule(SHOP, "set(address,bool,uint8,int8,bytes4)", ""));
    let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
    let good = ["1", "1", "ff", &"f".repeat(64), &format!("01020304{}", "0".repeat(56))];
    let whole = data(&selector, &good);
    assert_eq!(judge(&g, &call(SHOP, &whole, 0)), "allowed");
    for dirty in [
        (0, format!("1{}", "0".repeat(40))),
        (1, "2".to_owned()),
        (2, "100".to_owned()),
        (3, "80".to_owned()),
        (4, format!("0102030405{}", "0".repeat(54))),
    ] {
        let mut list = good.map(str::to_owned);
        list[dirty.0] = dirty.1;
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        assert_eq!(judge(&g, &call(SHOP, &data(&selector, &list), 0)), "bad_calldata", "word {}", dirty.0);
    }
    for changed in [whole[..whole.len() - 2].to_owned(), format!("{whole}00"), format!("{whole}{}", words(&["0"]))] {
        assert_eq!(judge(&g, &call(SHOP, &changed, 0)), "bad_calldata");
    }
}

#[test]
fn overlapping_backward_far_and_gapped_offsets() {
    let g = grant(&rule(SHOP, "two(bytes,bytes)", ""));
    let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
    let judge = |list: &[&str]| judge(&g, &call(SHOP, &data(&selector, list), 0));
    let empty = "0";
    assert_eq!(judge(&["40", "60", empty, empty]), "allowed");
    assert_eq!(judge(&["40", "40", empty]), "bad_calldata", "both at one place");
    assert_eq!(judge(&["60", "40", empty, empty]), "bad_calldata", "the second before the first");
    assert_eq!(judge(&["0", "40", empty]), "bad_calldata", "back into the heads");
    assert_eq!(judge(&["40", "80", empty, empty, empty]), "bad_calldata", "a gap");
    assert_eq!(judge(&["40", "100000000", empty, empty]), "bad_calldata", "far");
    assert_eq!(judge(&[&"f".repeat(64), "60", empty, empty]), "bad_calldata", "at the end of the world");
    assert_eq!(judge(&["40", "60", &"f".repeat(64), empty]), "bad_calldata", "longer than the world");
}

#[test]
fn every_way_to_ask_for_tokens_is_spend() {
    let cap = "[meters.cap]\nwhat = \"token\"\ntoken = \"T\"\ncap = \"100\"\n";
    let from = "spend = \"amount from cap\"";
    let pinned = format!("where = [\"token == T\"]\n{from}");
    let me = ACCOUNT;
    let other = SHOP;
    let owned = ["a9059cbb", "095ea7b3", "39509351"].map(|selector| (selector, TOKEN, vec![other, "AMOUNT"], None));
    let mut ways = owned.to_vec();
    ways.push(("23b872dd", TOKEN, vec!["OWNER", other, "AMOUNT"], Some(0)));
    ways.push(("d505accf", TOKEN, vec!["OWNER", other, "AMOUNT", "1", "1b", "1", "1"], Some(0)));
    ways.push(("87517c45", PERMIT2, vec![TOKEN, other, "AMOUNT", "1"], None));
    ways.push(("36c78516", PERMIT2, vec!["OWNER", other, "AMOUNT", TOKEN], Some(0)));
    let functions = [
        "transfer(address to,uint256 amount)",
        "approve(address spender,uint256 amount)",
        "increaseAllowance(address spender,uint256 amount)",
        "transferFrom(address from,address to,uint256 amount)",
        "permit(address owner,address spender,uint256 amount,uint256 deadline,uint8 v,bytes32 r,bytes32 s)",
        "approve(address token,address spender,uint160 amount,uint48 expiration)",
        "transferFrom(address from,address to,uint160 amount,address token)",
    ];
    for ((selector, target, arguments, owner), function) in ways.into_iter().zip(functions) {
        let more = if target == PERMIT2 { &pinned } else { from };
        let g = grant(&format!("{cap}{}", rule(target, function, more)));
        let ask = |amount: &str, owner: &str| {
            let list: Vec<&str> = arguments
                .iter()
                .map(|a| {
                    if *a == "AMOUNT" {
                        amount
                    } else if *a == "OWNER" {
                        owner
                    } else {
                        a
                    }
                })
                .collect();
            judge(&g, &call(target, &data(selector, &list), 0))
        };
        assert_eq!((ask("64", me), ask("65", me)), ("allowed".to_owned(), "meter_exceeded".to_owned()), "{function}");
        if owner.is_some() {
            assert_eq!(ask("1", other), "foreign_owner", "{function}");
        }
    }
    // Permit2 on a token that is not pinned, and anything else there, uncounted.
    let loose = format!("{cap}{}", rule(PERMIT2, functions[5], from));
    assert!(read(&loose).unwrap_err().contains("pin the token"), "{:?}", read(&loose));
    let mut uncounted = format!("{cap}{}", rule(TOKEN, functions[0], from));
    uncounted += &rule(PERMIT2, functions[6], "");
    assert!(read(&uncounted).unwrap_err().contains("no cap counts it"));
}

#[test]
fn a_token_id_is_no_amount() {
    let rules = rule(TOKEN, "safeTransferFrom(address from,address to,uint256 id)", "spend = \"id <= 5\"");
    assert!(read(&rules).unwrap_err().starts_with("bad_grant"));
}

#[test]
fn native_value_beside_a_token_rule() {
    let g = grant(&rule(TOKEN, "transfer(address to,uint256 amount)", "spend = \"amount <= 100\""));
    let pay = data("a9059cbb", &[SHOP, "1"]);
    assert_eq!(judge(&g, &call(TOKEN, &pay, 0)), "allowed");
    assert_eq!(judge(&g, &call(TOKEN, &pay, 1)), "value_over_max");
    assert!(
        read(&rule(TOKEN, "transfer(address to,uint256 amount)", "value = \"<= 1\"\nspend = \"amount <= 100\""))
            .is_err()
    );
}

#[test]
fn the_edges_of_a_window() {
    let g = grant(&rule(SHOP, "ping()", "at_most = \"1 per 60s\""));
    let ping = call(SHOP, "0x5c36b186", 0);
    let spent = |window: u64| json!([{ "meter": 0, "window": window, "spent": "1" }]);
    let ask = |at: u64, window: u64| with(&g, &ping, at, Some(&spent(window)), None);
    assert_eq!(ask(START + 59, 0), "meter_exceeded");
    assert_eq!(ask(START + 60, 0), "allowed");
    assert_eq!(ask(START + 59, 1), "window_past");
    let op = |from: u64, until: u64| json!({ "validFrom": from, "validUntil": until });
    assert_eq!(with(&g, &ping, START + 59, None, Some(&op(START + 59, START + 60))), "allowed");
    assert_eq!(with(&g, &ping, START + 59, None, Some(&op(START + 59, START + 61))), "window_crossed");
}

#[test]
fn a_cap_of_nothing_and_the_largest() {
    let most = (1_u128 << 120) - 1;
    for (cap, amount, expected) in
        [(0, 0, "allowed"), (0, 1, "meter_exceeded"), (most, most, "allowed"), (most, most + 1, "meter_exceeded")]
    {
        let g = grant(&rule(SHOP, "pay(uint256 n)", &format!("spend = \"n <= {cap}\"")));
        let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
        let asked = call(SHOP, &data(&selector, &[&format!("{amount:x}")]), 0);
        assert_eq!(judge(&g, &asked), expected, "{amount} of {cap}");
    }
    assert!(read(&rule(SHOP, "pay(uint256 n)", &format!("spend = \"n <= {}\"", most + 1))).is_err());
}

#[test]
fn the_sum_of_a_batch_does_not_wrap_around() {
    let g = grant(&rule(SHOP, "pay(uint256 n)", "spend = \"n <= 10\""));
    let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
    let pay = |n: &str| call(SHOP, &data(&selector, &[n]), 0);
    for (amounts, expected) in [
        (vec!["6", "4"], "allowed"),
        (vec!["6", "5"], "meter_exceeded"),
        (vec!["1", "ffffffffffffffffffffffffffffffff"], "meter_exceeded"),
        (vec!["1", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"], "meter_exceeded"),
    ] {
        let calls: Vec<Value> = amounts.iter().map(|n| pay(n)).collect();
        assert_eq!(judge(&g, &batch(&calls)), expected, "{amounts:?}");
    }
}

#[test]
fn an_empty_batch() {
    let g = grant(&rule(SHOP, "ping()", ""));
    assert_eq!(judge(&g, &batch(&[])), "empty_batch");
}

#[test]
fn a_call_to_oneself() {
    let g = grant(&rule(SHOP, "ping()", ""));
    assert_eq!(judge(&g, &call(ACCOUNT, "0x5c36b186", 0)), "target_forbidden");
    assert!(read(&rule(ACCOUNT, "ping()", "")).unwrap_err().starts_with("bad_grant"));
}

#[test]
fn duplicate_rules_and_unknown_fields() {
    let one = rule(SHOP, "ping()", "at_most = \"from m\"");
    let meter = "[meters.m]\nwhat = \"calls\"\ncap = 3\n";
    assert!(read(&format!("{meter}{one}")).is_ok());
    assert!(read(&format!("{meter}{one}{one}")).unwrap_err().contains("the same as rules[0]"));
    let unknown = read(&rule(SHOP, "ping()", "limit = 3")).unwrap_err();
    assert!(unknown.contains("`limit` is not known here") && unknown.contains("known here"), "{unknown}");
    let printed = json::print(&(&grant(&rule(SHOP, "ping()", ""))).into());
    for bad in
        [printed.replace("\"chainId\"", "\"chainID\""), printed.replace("{\"account\"", "{\"zone\":\"1\",\"account\"")]
    {
        assert!(json::parse(&bad).is_err());
    }
}

#[test]
fn of_two_rules_that_match_the_lowest_allows() {
    let rules =
        rule(SHOP, "pay(uint256 n)", "spend = \"n <= 10\"") + &rule(SHOP, "pay(uint256 n)", "spend = \"n <= 100\"");
    let g = grant(&rules);
    let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
    let pay = |n: &str| call(SHOP, &data(&selector, &[n]), 0);
    let rules = |calls: &[Value]| {
        let case = Case::of(&g, UnixSeconds::new(START).unwrap(), &batch(calls), None, None, None).unwrap();
        case.judge(&Policy::new(&g)).map(|v| v.rules.to_vec()).map_err(|d| (d.code.as_str(), d.at, d.call))
    };
    assert_eq!(rules(&[pay("a"), pay("1"), pay("63")]), Ok(vec![0, 1, 1]));
    let full = Err(("meter_exceeded", "rules[0].uses[0]".to_owned(), Some(1)));
    assert_eq!(rules(&[pay("a"), pay("65")]), full, "the lowest denial is reported, and no call changes its rule");
}

#[test]
fn a_replacement_keeps_its_spend() {
    let of = |cap: u64| grant(&rule(SHOP, "pay(uint256 n)", &format!("spend = \"n <= {cap}\"")));
    let (old, new) = (of(100), of(50));
    assert_eq!((old.account, old.epoch, old.salt), (new.account, new.epoch, new.salt), "what counters belong to");
    let selector = alloy_primitives::hex::encode(old.calls[0].selector().unwrap());
    let pay = |n: u64| call(SHOP, &data(&selector, &[&format!("{n:x}")]), 0);
    let at = UnixSeconds::new(START).unwrap();
    let case = Case::of(&old, at, &pay(45), None, None, None).unwrap();
    let verdict = case.judge(&Policy::new(&old)).unwrap();
    let mut ledger: Ledger = case.ledger;
    ledger.charge(&verdict.costs);
    let judge = |n: u64| {
        let mut case = Case::of(&new, at, &pay(n), None, None, None).unwrap();
        case.ledger = ledger.clone();
        case.judge(&Policy::new(&new)).is_ok()
    };
    assert!(judge(5) && !judge(6));
}

#[test]
fn a_stolen_key_for_one_pool_cannot_trade_the_owner_away() {
    // A price between the first and the last token means nothing on a way of three; the length is bound too.
    let swap = "swap(uint256 amountIn, uint256 minOut, address[] path, address to)";
    let conditions = format!(
        "where = [\"minOut >= amountIn * 0.98 * eth\", \"path[0] == T\", \"path[1] == {SHOP}\", \"path.length == 2\", \"to == {ACCOUNT}\"]\nspend = \"amountIn <= 1000\""
    );
    let prices = "[prices]\neth = \"2 T per ETH\"\n";
    let g = grant(&format!("{prices}{}", rule("0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a", swap, &conditions)));
    let selector = alloy_primitives::hex::encode(g.calls[0].selector().unwrap());
    // 2 T per ETH is 200 / 10^18 smallest units; at 0.98: 5 * 10^17 wei buy at least 98 T.
    let ask = |min: &str, path: &[&str], to: &str| {
        let length = format!("{:x}", path.len());
        let list = [&["1f4", min, "80", to, &length], path].concat();
        judge(&g, &call("0x9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a", &data(&selector, &list), 0))
    };
    let way: &[&str] = &[TOKEN, SHOP];
    assert_eq!(ask("1", way, ACCOUNT), "allowed");
    assert_eq!(ask("0", way, ACCOUNT), "condition_failed", "worse than the price");
    assert_eq!(ask("1", way, SHOP), "condition_failed", "to somebody else");
    assert_eq!(ask("1", &[TOKEN, SHOP, TOKEN], ACCOUNT), "condition_failed", "a longer way");
    assert_eq!(ask("1", &[TOKEN], ACCOUNT), "bad_calldata", "a shorter way: there is no second token to look at");
}
