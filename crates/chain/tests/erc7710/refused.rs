//! What a delegation cannot hold, and what it holds more strictly: by its code, and before anything is signed.

use crate::edges::bench;
use crate::grants::{equals, meter, rule, seconds, word};
use crate::world::{START, TARGETS};
use alloy_primitives::{Address, U256};
use hallpass_chain::backend::{Answer, Backend, Step};
use hallpass_chain::erc7710::Erc7710;
use hallpass_chain::erc7710::abi::ANYBODY;
use hallpass_chain::erc7710::contracts::Contract;
use hallpass_policy::Grant;
use hallpass_policy::abi::Word;
use hallpass_policy::grant::{Amount, CallRule, Condition, Path, Require, Routes, SessionKey, Test, Use, What};

const A: Address = Address::with_last_byte(0xa1);
const B: Address = Address::with_last_byte(0xb2);

/// The codes by which a changed grant is refused, or is held more strictly.
fn codes(change: impl FnOnce(&mut Grant)) -> (Answer, Vec<(String, &'static str)>) {
    let grant = bench(change).grant;
    let card = Erc7710.compile(&grant);
    let findings = if card.answer() == Answer::Unsupported { card.unsupported() } else { card.differences() };
    let codes = findings.iter().map(|f| (f.at.clone(), f.code)).collect();
    // Nothing is signed of what cannot be held, and the refusal names the rule.
    let asked = Erc7710.to_sign(&grant, &Step::Install);
    match card.answer() {
        Answer::Unsupported => {
            let refusal = asked.unwrap_err();
            assert!(card.unsupported().iter().all(|f| refusal.to_string().contains(&format!("{}: ", f.at))));
        }
        _ => assert_eq!(asked.unwrap().len(), grant.calls.len() + 1),
    }
    (card.answer(), codes)
}

fn with_rule(make: impl FnOnce(&mut CallRule)) -> impl FnOnce(&mut Grant) {
    move |grant| make(&mut grant.calls[0])
}

fn condition(test: Test) -> Condition {
    Condition { path: Path::argument(1), test }
}

#[test]
fn what_cannot_be_held_is_refused_by_its_code() {
    let refused = |at: &str, code: &'static str, found: (Answer, Vec<(String, &'static str)>)| {
        assert_eq!(found, (Answer::Unsupported, vec![(at.to_owned(), code)]));
    };
    let c = "rules[0].conditions[0]";
    for (test, code) in [
        (Test::Ne(word(1)), "not_equal"),
        (Test::Le(word(99)), "range"),
        (Test::Lt(word(100)), "range"),
        (Test::Ge(word(1)), "range"),
        (Test::Gt(word(1)), "range"),
        (Test::In(vec![word(1), word(2)]), "one_of"),
        (Test::Mask(word(1), word(1)), "mask"),
        (Test::Ratio(Path::argument(1), U256::from(2), U256::from(1)), "ratio"),
    ] {
        refused(c, code, codes(with_rule(|r| r.conditions = vec![condition(test)])));
    }
    let calls = |period| move |grant: &mut Grant| grant.meters = vec![meter(0, What::Calls, 5, period, START)];
    let only = |signature: &'static str, uses: Vec<Use>| {
        move |grant: &mut Grant| {
            grant.calls = vec![CallRule { uses, ..rule(TARGETS[1], signature) }];
            grant.meters = Vec::new();
        }
    };
    refused("rules[0].signature", "free_argument", codes(only("move(uint256,uint8)", vec![])));
    refused("rules[0].signature", "free_argument", codes(only("post(string)", vec![])));
    refused(
        "rules[0].uses[0]",
        "rate",
        codes(|grant| {
            only("ping()", vec![Use { meter: 0, amount: Amount::One }])(grant);
            calls(Some(60))(grant);
        }),
    );
    refused(
        "rules[0].conditions[0]",
        "dynamic_path",
        codes(|grant| {
            grant.calls[0].conditions = vec![];
            let mut set = rule(TARGETS[1], "set(uint256[2])");
            let every = |v| Condition { path: Path(vec![0, hallpass_policy::abi::EVERY]), test: Test::Eq(word(v)) };
            set.conditions = vec![every(1), equals(&[0, 0], word(1)), equals(&[0, 1], word(1))];
            grant.calls = vec![set];
            grant.meters = Vec::new();
        }),
    );
    let twice = |grant: &mut Grant| {
        let other = CallRule { conditions: vec![equals(&[0], Word::from_address(A))], ..grant.calls[0].clone() };
        grant.calls.push(other);
    };
    let shared = vec![("rules[0].uses[0]".to_owned(), "shared_meter"), ("rules[1].uses[0]".to_owned(), "shared_meter")];
    assert_eq!(codes(twice), (Answer::Unsupported, shared));
    refused(
        "rules[0].uses[1]",
        "two_windows",
        codes(|grant| {
            let second = Use { meter: 1, amount: Amount::Path(Path::argument(1)) };
            grant.calls[0].uses.push(second);
            grant.meters = vec![
                meter(0, What::Token(TARGETS[0]), 10, Some(60), START),
                meter(1, What::Custom, 10, Some(90), START),
            ];
        }),
    );
    refused(
        "rules[0].uses[0]",
        "window",
        codes(|grant| {
            grant.not_before = seconds(100);
            grant.meters = vec![meter(0, What::Token(TARGETS[0]), 10, Some(3600), 0)];
        }),
    );
    let from = |owner: Address| {
        move |grant: &mut Grant| {
            let mut from = rule(TARGETS[0], "transferFrom(address,address,uint256)");
            from.conditions = vec![
                equals(&[0], Word::from_address(owner)),
                equals(&[1], Word::from_address(A)),
                equals(&[2], word(5)),
            ];
            from.uses = vec![Use { meter: 0, amount: Amount::Path(Path::argument(2)) }];
            grant.calls = vec![from];
        }
    };
    refused("rules[0].uses[0]", "foreign_owner", codes(from(B)));
    assert_eq!(codes(|grant| from(grant.account)(grant)), (Answer::Exact, vec![]));
    for known in [Contract::Nonce, Contract::Delegator] {
        refused(
            "rules[0].target",
            "target_forbidden",
            codes(|grant| {
                only("ping()", vec![])(grant);
                grant.calls[0].target = known.address();
            }),
        );
    }
}

#[test]
fn what_belongs_to_no_rule_is_refused_or_stricter_by_its_code() {
    let one = |answer, at: &str, code: &'static str| (answer, vec![(at.to_owned(), code)]);
    let no = |at, code| one(Answer::Unsupported, at, code);
    let more = |at, code| one(Answer::Stricter, at, code);
    assert_eq!(codes(|_| {}), (Answer::Exact, vec![]));
    assert_eq!(codes(|g| g.backend = TARGETS[1]), no("backend", "wrong_backend"));
    assert_eq!(codes(|g| g.key = SessionKey::Secp256k1(ANYBODY)), no("key", "key_is_anybody"));
    assert_eq!(codes(|g| g.key = SessionKey::Other(2, vec![1; 64].into())), no("key", "key_kind"));
    assert_eq!(codes(|g| g.routes = Routes::new(4).unwrap()), no("routes", "route"));
    assert_eq!(codes(|g| g.end_seq = 40), no("endSeq", "sequences"));
    assert_eq!(codes(|g| g.first_seq = 1), no("endSeq", "sequences"));
    assert_eq!(codes(|g| g.routes = Routes::new(5).unwrap()), more("routes", "direct_only"));
    assert_eq!(codes(|g| g.relayer = Address::ZERO), more("relayer", "key_sends"));
    assert_eq!(codes(|g| g.rest.gas.fee_cap = 5), more("rest.gas.feeCap", "no_fee"));
    assert_eq!(
        codes(|g| (g.not_before, g.meters[0].anchor) = (seconds(1), seconds(0))),
        more("notBefore", "second_later")
    );
    let free = |g: &mut Grant| (g.calls[0].uses, g.meters) = (vec![], vec![]);
    assert_eq!(codes(free), more("rules[0].uses", "sum_bounded"));
    let paid = |g: &mut Grant| {
        g.calls[0].max_value = U256::from(1);
        g.calls[0].uses.push(Use { meter: 1, amount: Amount::Value });
        g.meters =
            vec![meter(0, What::Token(TARGETS[0]), 10, Some(60), START), meter(1, What::Native, 10, None, START)];
    };
    assert_eq!(codes(paid), more("rules[0].maxValue", "no_value"));
    // An upper bound that the cap implies is held by the cap.
    let implied = |test: Test| with_rule(|r| r.conditions = vec![condition(test)]);
    assert_eq!(codes(implied(Test::Le(word(100)))), (Answer::Exact, vec![]));
    assert_eq!(codes(implied(Test::Lt(word(101)))), (Answer::Exact, vec![]));
    // What is the signer's is no reason.
    assert_eq!(codes(|g| g.rest.requires = vec![Require::Role("clerk".to_owned())]), (Answer::Exact, vec![]));
}
