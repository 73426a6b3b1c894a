//! Where the answer is yes, the evaluator allocates nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::Address;
use hallpass_policy::draft::Fill;
use hallpass_policy::grant::{Gas, Routes, SessionKey};
use hallpass_policy::json::ask::Case;
use hallpass_policy::{Policy, gallery, text};
use hallpass_types::{UnixSeconds, account::parse_address};
use serde_json::Value;

fn allocations(f: impl FnOnce() -> bool) -> (bool, u64) {
    let mut allowed = false;
    let info = allocation_counter::measure(|| allowed = f());
    (allowed, info.count_total)
}

#[test]
fn an_allowed_action_allocates_nothing() {
    let mut allowed = 0;
    for template in gallery::ALL {
        let path = format!("{}/gallery/{}.cases.json", env!("CARGO_MANIFEST_DIR"), template.name);
        let root: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let start = root.get("start").unwrap().as_u64().unwrap();
        let fill = Fill {
            account: Some(parse_address(root.get("account").unwrap().as_str().unwrap()).unwrap()),
            backend: Some(Address::repeat_byte(0xbe)),
            epoch: Some(0),
            salt: Some([7; 16]),
            key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
            at: UnixSeconds::new(start),
            routes: Some(Routes::DIRECT),
            relayer: Some(Address::ZERO),
            gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
            ender: Some(Address::repeat_byte(0xed)),
        };
        let grant = text::parse(template.text).unwrap().complete(&fill).unwrap();
        let policy = Policy::new(&grant);
        for case in root.get("cases").unwrap().as_array().unwrap() {
            let at = start + case.get("at").map_or(10, |at| at.as_u64().unwrap());
            let part = |key: &str| case.get(key);
            let asked = Case::of(
                &grant,
                UnixSeconds::new(at).unwrap(),
                case.get("action").unwrap(),
                part("ledger"),
                part("op"),
                part("facts"),
            );
            let asked = asked.unwrap();
            let (yes, count) = allocations(|| asked.judge(&policy).is_ok());
            if yes {
                allowed += 1;
                assert_eq!(count, 0, "{}, {}", template.name, case.get("name").unwrap());
            }
        }
    }
    assert!(allowed >= 75, "{allowed} allowed");
    // The count itself works.
    let (_, one) = allocations(|| !std::hint::black_box(vec![0_u8; 8]).is_empty());
    assert!(one > 0);
}
