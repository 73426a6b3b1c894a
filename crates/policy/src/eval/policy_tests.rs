use super::*;
use crate::draft::Fill;
use crate::grant::{Gas, Routes, SessionKey};
use crate::ledger::{Spent, Status};
use crate::text;
use hallpass_types::UnixSeconds;

const SHOP: &str = "0x5151515151515151515151515151515151515151";

fn grant(rules: &str) -> Grant {
    let source = format!("chain = \"eip155:5\"\nfrom = 1000000\nuntil = 1003600\n{rules}");
    let fill = Fill {
        account: Some(Address::repeat_byte(0xac)),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(0),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: None,
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { fee_per_op: 10, fee_cap: 25, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    };
    text::parse(&source).unwrap_or_else(|e| panic!("{e}")).complete(&fill).unwrap()
}

fn rule(function: &str, more: &str) -> String {
    format!("[[allow]]\ncall = \"{SHOP}\"\nfunction = \"{function}\"\n{more}\n")
}

fn ledger(meters: Vec<Spent>) -> Ledger {
    Ledger { frozen: false, epoch: 0, status: Status::Active, base: 0, used: 0, lanes: Vec::new(), meters }
}

/// The rule that allows a call with these arguments, by the first rule's selector.
fn judged(grant: &Grant, arguments: &[u8]) -> Result<Vec<u16>, (Code, String)> {
    let data = [&grant.calls[0].selector().unwrap()[..], arguments].concat();
    let call = Call { to: grant.calls[0].target, value: U256::ZERO, data: data.into() };
    let batch = Batch { chain: grant.chain, calls: vec![call] };
    let at = At { now: UnixSeconds::new(1_000_000).unwrap(), chain: grant.chain, caller: None };
    Policy::new(grant)
        .judge_calls(&ledger(Vec::new()), &batch, &Op::default(), &at, &Facts::default())
        .map(|v| v.rules.to_vec())
        .map_err(|d| (d.code, d.at))
}

#[test]
fn two_functions_of_one_selector_are_each_read_by_their_own_types() {
    // Found by trying: both have the selector 0xb5a284c5.
    let take = |most: u64| rule("take61660(uint256 n)", &format!("where = [\"n <= {most}\"]"));
    let g = grant(&format!("{}{}{}", take(1), rule("mark16220(bytes32 id, bytes note)", ""), take(5)));
    assert_eq!(g.calls[0].selector(), g.calls[1].selector());
    let word = |n: u8| U256::from(n).to_be_bytes::<32>();
    let mark = [word(9), word(64), word(0)].concat();
    assert_eq!(
        (judged(&g, &word(1)), judged(&g, &word(5)), judged(&g, &mark)),
        (Ok(vec![0]), Ok(vec![2]), Ok(vec![1]))
    );
    assert_eq!(judged(&g, &word(6)), Err((Code::ConditionFailed, "rules[0].conditions[0]".to_owned())));
}

#[test]
fn what_is_left_is_that_of_the_meter_and_the_window_of_the_cost() {
    let g = grant(
        &(rule("a(uint256 n)", "spend = \"n <= 100 per 60s\"") + &rule("b(uint256 n)", "spend = \"n <= 7 per 60s\"")),
    );
    let (first, second) = (g.meters[0].id, g.meters[1].id);
    let spent = |meter, window, spent| Spent { meter, window, spent };
    let l = ledger(vec![spent(second, 3, 5), spent(first, 3, 40), spent(FEE_METER, 0, 20)]);
    let policy = Policy::new(&g);
    let left = |meter, window, amount: u64| policy.left(&l, &Cost { meter, window, amount: U256::from(amount) });
    assert_eq!((left(first, 3, 1), left(second, 3, 1)), (59, 1));
    assert_eq!((left(first, 4, 1), left(second, 4, 1)), (99, 6), "a new window, and nothing carried over");
    assert_eq!((left(first, 3, 61), left(FEE_METER, 0, 2)), (0, 3));
}

/// Three call rules, two of one message each, two of one app action each.
fn mixed() -> Grant {
    let calls: String = (1..=3).map(|n| rule(&format!("f{n}()"), "")).collect();
    let typed = |name: &str| {
        format!("[[allow]]\ntyped = \"{name}(uint256 n)\"\ndomain = {{ name = \"Venue\" }}\nwhere = [\"n <= 5\"]\n")
    };
    let app = |verb: &str| {
        format!("[[allow]]\napp = \"chat.example\"\nverb = \"{verb}\"\nwhere = [\"board == 'general'\"]\n")
    };
    grant(&format!("{calls}{}{}{}{}", typed("Bid"), typed("Ask"), app("post"), app("like")))
}

fn asked(grant: &Grant, action: &serde_json::Value) -> Result<Vec<u16>, (Code, String, Option<String>)> {
    let at = UnixSeconds::new(1_000_000).unwrap();
    let case = crate::json::ask::Case::of(grant, at, action, None, None, None).unwrap();
    case.judge(&Policy::new(grant)).map(|v| v.rules.to_vec()).map_err(|d| (d.code, d.at, d.found))
}

#[test]
fn rules_of_every_kind_are_numbered_in_one_list() {
    let g = mixed();
    let message = |ty: &str, n: u64| {
        let member = serde_json::json!([{ "name": "n", "type": "uint256" }]);
        serde_json::json!({ "typed": {
            "types": { ty: member }, "primaryType": ty, "domain": { "name": "Venue" }, "message": { "n": n.to_string() },
        } })
    };
    let app = |verb: &str, board: &str| serde_json::json!({ "app": { "app": "chat.example", "verb": verb, "attrs": { "board": board } } });
    let allowed = |action: serde_json::Value| asked(&g, &action).unwrap();
    assert_eq!((allowed(message("Bid", 5)), allowed(message("Ask", 5))), (vec![3], vec![4]));
    assert_eq!((allowed(app("post", "general")), allowed(app("like", "general"))), (vec![5], vec![6]));
    let denied = |action: serde_json::Value| asked(&g, &action).map_err(|(code, at, _)| (code, at)).unwrap_err();
    let at = |n: u64| (Code::ConditionFailed, format!("rules[{n}].conditions[0]"));
    assert_eq!((denied(message("Bid", 6)), denied(message("Ask", 6))), (at(3), at(4)));
    assert_eq!((denied(app("post", "other")), denied(app("like", "other"))), (at(5), at(6)));
}

#[test]
fn what_no_rule_is_for_is_said() {
    let g = grant(&rule("f()", ""));
    let found = |data: &str| {
        let call = serde_json::json!({ "call": { "chain": "eip155:5", "to": SHOP, "value": "0", "data": data } });
        let (code, _, found) = asked(&g, &call).unwrap_err();
        assert_eq!(code, Code::NoRule);
        found.unwrap()
    };
    assert_eq!(found("0x"), format!("{SHOP} with empty calldata"));
    assert_eq!(found("0x010203"), format!("{SHOP} with 3 bytes of calldata"));
    assert_eq!(found("0x01020304"), format!("{SHOP} with selector 0x01020304"));
}

/// What a call of the first rule's function with these words is allowed by, or what was found.
fn found(grant: &Grant, words: &[U256]) -> Result<Vec<u16>, String> {
    let words: String = words.iter().map(|w| format!("{w:064x}")).collect();
    let data = format!("0x{}{words}", alloy_primitives::hex::encode(grant.calls[0].selector().unwrap()));
    let call = serde_json::json!({ "call": { "chain": "eip155:5", "to": SHOP, "value": "0", "data": data } });
    asked(grant, &call).map_err(|(code, _, found)| {
        assert_eq!(code, Code::ConditionFailed);
        found.unwrap()
    })
}

#[test]
fn a_failed_condition_says_what_it_found() {
    let rule = |more: &str| grant(&rule("f(uint256[] list)", &format!("where = [\"{more}\"]")));
    let found = |grant: &Grant, list: &[u64]| {
        let words: Vec<U256> = [&[32, list.len() as u64], list].concat().into_iter().map(U256::from).collect();
        found(grant, &words)
    };
    let (every, some) = (rule("list[every] <= 5"), rule("list[some] == 5"));
    assert_eq!((found(&every, &[5, 4]), found(&every, &[])), (Ok(vec![0]), Ok(vec![0])));
    assert_eq!(found(&every, &[5, 7, 4, 8]), Err("7".to_owned()), "the first that fails");
    assert_eq!(found(&some, &[7, 5]), Ok(vec![0]));
    assert_eq!(found(&some, &[7, 4]), Err("4".to_owned()), "the last that was tried");
    assert_eq!(found(&some, &[]), Err("no element".to_owned()));
}

#[test]
fn a_ratio_never_holds_where_either_side_is_negative() {
    let g = grant(&rule("f(int256 left, int256 right)", "where = [\"left >= right * 1\"]"));
    // As two's complement, -1 is above everything, and above the right side's -2.
    let word = |n: i64| alloy_primitives::I256::try_from(n).unwrap().into_raw();
    let holds = |left: i64, right: i64| found(&g, &[word(left), word(right)]).is_ok();
    assert!(holds(5, 5) && holds(6, 5) && holds(0, 0) && !holds(4, 5));
    assert!(!holds(-1, 5) && !holds(5, -1) && !holds(-1, -2) && !holds(-2, -1) && !holds(-1, 0) && !holds(0, -1));
}
