//! PROPERTY: `checks` bytes are accepted exactly where a reader of its own, written from `spec/encoding.md`, reads them; both
//! read the same conditions and uses, and packing those gives the same bytes. A layout other than the signature's is refused.

#![no_main]

use alloy_primitives::{Address, U256};
use hallpass_fuzz::{Feed, checks, planted};
use hallpass_policy::abi::Function;
use hallpass_policy::grant::{Condition, Test, pack, unpack};

const SIGNATURES: [&str; 5] =
    ["", "f()", "transfer(address,uint256)", "f((uint8,bytes)[],int64[3],string)", "f(bytes4,bool,uint256[][])"];

// Input: which signature (the sixth is an app rule), a flag, the bytes. Unless the flag is set the right layout is put in front.
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut feed = Feed(data);
    let (which, raw) = (usize::from(feed.byte()) % 6, feed.byte() & 1 == 1);
    let bytes = feed.0;
    let Some(signature) = SIGNATURES.get(which) else { return app(bytes) };
    let types = (!signature.is_empty()).then(|| Function::parse(signature).expect("it reads").types);
    let layout = types.as_deref().map(hallpass_policy::abi::layout::encode).unwrap_or_default();
    let head = [&[layout.len() as u8], layout.as_slice()].concat();
    let all = if raw { bytes.to_vec() } else { [head.as_slice(), bytes].concat() };
    let rule = unpack::rule(Address::ZERO, signature, U256::ZERO, &all).ok();
    let expected = all.strip_prefix(head.as_slice()).and_then(checks::of_paths);
    let read = rule.as_ref().map(|rule| (rule.conditions.clone(), rule.uses.clone()));
    assert_eq!(read, expected, "what our reader makes of it, and what the specification does");
    if let Some(rule) = rule {
        assert_eq!(rule.arguments, types);
        assert_eq!(pack::of_call(&rule), all, "packed again");
        first_word(&rule.conditions);
    }
});

fn app(bytes: &[u8]) {
    let read = unpack::app_checks(bytes).ok();
    assert_eq!(read, checks::of_attributes(bytes), "what our reader makes of it, and what the specification does");
    if let Some((conditions, uses)) = read {
        assert_eq!(pack::app_checks(&conditions, &uses), bytes, "packed again");
        first_word(&conditions);
    }
}

fn first_word<P>(conditions: &[Condition<P>]) {
    if let Some(Test::Eq(word) | Test::Le(word)) = conditions.first().map(|c| &c.test) {
        planted(&word.0);
    }
}
