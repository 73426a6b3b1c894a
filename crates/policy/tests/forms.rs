//! Text, JSON and message say the same grant, whatever it is; and nothing that is not canonical is read.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::{Address, B256, U256};
use hallpass_policy::abi::Word;
use hallpass_policy::draft::{Draft, DraftMeter, Span};
use hallpass_policy::grant::{
    Amount, CallRule, Condition, Gas, Path, Rest, Routes, SessionKey, Test, Use, What, arguments_of,
};
use hallpass_policy::labels::{Labels, LoginPlace, TokenLabel};
use hallpass_policy::{Grant, json, text};
use hallpass_types::{ChainId, UnixSeconds};
use proptest::prelude::*;

const SIGNATURES: [&str; 5] =
    ["", "ping()", "transfer(address,uint256)", "set(uint8,int64,bytes4,bool)", "approve(address,uint256)"];

fn address() -> impl Strategy<Value = Address> {
    (1..=20_u8).prop_map(Address::repeat_byte)
}

fn words(signature: &'static str) -> impl Strategy<Value = Vec<Condition>> {
    let types = arguments_of(signature).unwrap().unwrap_or_default();
    let count = types.len();
    let condition =
        (0..count.max(1), 0..7_u8, prop::collection::btree_set(0..100_u8, 2..5)).prop_map(move |(i, op, values)| {
            use hallpass_policy::abi::Ty;
            let ty = types.get(i)?;
            let path = Path::argument(u16::try_from(i).unwrap());
            let word = |v: u8| match ty {
                Ty::Bool => Word::from_uint(U256::from(v % 2)),
                Ty::FixedBytes(_) => Word(U256::from(v).wrapping_shl(248).to_be_bytes()),
                _ => Word::from_uint(U256::from(v)),
            };
            let list: Vec<u8> = values.into_iter().collect();
            let first = word(list[0]);
            let test = match op {
                0 => Test::Eq(first),
                1 => Test::Ne(first),
                2 if ty.is_integer() => Test::Le(first),
                3 if ty.is_integer() => Test::Gt(first),
                4 if !matches!(ty, Ty::Bool) => Test::In(list.into_iter().map(word).collect()),
                5 if matches!(ty, Ty::Uint(_) | Ty::FixedBytes(_)) => Test::Mask(first, first),
                6 if ty.is_integer() => Test::Lt(first),
                _ => return None,
            };
            Some(Condition { path, test })
        });
    prop::collection::vec(condition, 0..3).prop_map(|all| {
        let mut out: Vec<Condition> = Vec::new();
        for one in all.into_iter().flatten() {
            if !out.contains(&one) {
                out.push(one);
            }
        }
        out
    })
}

fn rule() -> impl Strategy<Value = (CallRule, Vec<What>)> {
    prop::sample::select(&SIGNATURES[..]).prop_flat_map(|signature| {
        (address(), words(signature), 0..4_u8).prop_map(move |(target, conditions, kind)| {
            let arguments = arguments_of(signature).unwrap();
            let counted = signature.starts_with("transfer") || signature.starts_with("approve");
            let (what, amount, max_value) = match kind {
                0 => (Some(What::Calls), Amount::One, U256::ZERO),
                1 => (Some(What::Native), Amount::Value, U256::from(7)),
                2 if counted => (Some(What::Token(target)), Amount::Path(Path::argument(1)), U256::ZERO),
                3 if counted => (Some(What::Custom), Amount::Path(Path::argument(1)), U256::ZERO),
                _ => (None, Amount::One, U256::ZERO),
            };
            let uses = what.iter().map(|_| Use { meter: 0, amount: amount.clone() }).collect();
            let signature = signature.to_owned();
            (CallRule { target, signature, arguments, max_value, conditions, uses }, what.into_iter().collect())
        })
    })
}

prop_compose! {
    fn draft()(
        rules in prop::collection::vec(rule(), 1..5),
        gap in 0..3_u16,
        cap in 0..1000_u128,
        period in prop::option::of(60..100_000_u32),
        anchored in any::<bool>(),
        named in any::<bool>(),
        whole in any::<bool>(),
        title in prop::option::of("[ -~é]{1,20}"),
    ) -> Option<Draft> {
        let start = UnixSeconds::new(1_000_000).unwrap();
        let mut calls: Vec<CallRule> = Vec::new();
        let mut meters = Vec::new();
        let mut tokens = std::collections::BTreeMap::new();
        for (i, (mut rule, whats)) in rules.into_iter().enumerate() {
            for (used, what) in rule.uses.iter_mut().zip(whats) {
                let id = u16::try_from(meters.len()).unwrap() * (gap + 1);
                used.meter = id;
                if let (What::Token(token), true) = (what, named) {
                    tokens.insert(format!("T{i}"), TokenLabel { address: token, decimals: 2 });
                    if tokens.values().filter(|t| t.address == token).count() > 1 {
                        return None;
                    }
                }
                let anchor = anchored.then(|| start.minus(u64::from(id) + 1));
                meters.push(DraftMeter { id, what, cap, period: period.and_then(std::num::NonZeroU32::new), anchor });
            }
            calls.push(rule);
        }
        let place = || LoginPlace { domain: "a.example".to_owned(), uri: "https://a.example/\u{7e}b".to_owned(), nonce: "12345678".to_owned() };
        let (origin, login) = (anchored.then(|| "https://a.example:8443".to_owned()), named.then(place));
        let hash = login.as_ref().map_or_else(|| B256::repeat_byte(u8::from(anchored)), LoginPlace::hash);
        let labels = Labels { title, tokens, origin, login, ..Labels::default() };
        let draft = Draft {
            chain: ChainId::new(10).unwrap(),
            account: whole.then_some(Address::repeat_byte(0xac)),
            backend: whole.then_some(Address::repeat_byte(0xbe)),
            epoch: whole.then_some(3),
            salt: whole.then_some([9; 16]),
            key: whole.then_some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
            time: Some(if whole { Span::Between(start, start.plus(500).unwrap()) } else { Span::Lasts(90) }),
            sequences: (0, 1 << 32),
            routes: whole.then_some(Routes::DIRECT),
            relayer: whole.then_some(Address::ZERO),
            gas: whole.then_some(Gas { units_per_op: 5, ..Gas::default() }),
            ender: whole.then_some(Address::repeat_byte(0xed)),
            calls,
            meters,
            rest: Rest { labels, login: hash, ..Rest::default() },
        };
        draft.check().ok().map(|()| draft)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn text_and_json_read_back_as_the_same_draft(draft in draft().prop_filter_map("bad", |d| d)) {
        let printed = text::print(&draft);
        let read = text::parse(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        prop_assert_eq!(&read, &draft, "{}", printed);
        let printed = json::print(&draft);
        prop_assert_eq!(json::parse(&printed).unwrap(), draft);
    }

    #[test]
    fn message_and_json_give_the_same_grant_and_id(draft in draft().prop_filter_map("bad", |d| d)) {
        if let Ok(grant) = draft.complete(&hallpass_policy::Fill::default()) {
            let back = Grant::from_message(&grant.message(), grant.rest.labels.clone()).unwrap();
            prop_assert_eq!(&back, &grant);
            let read = json::parse_grant(&json::print(&Draft::from(&grant))).unwrap();
            prop_assert_eq!(read.id(), grant.id());
            prop_assert_ne!(grant.id(), B256::ZERO);
        }
    }

    #[test]
    fn no_text_panics(source in "\\PC{0,200}") {
        let _ = text::parse(&source);
        let _ = json::parse(&source);
    }

    #[test]
    fn a_changed_byte_is_refused_or_changes_the_grant(draft in draft().prop_filter_map("bad", |d| d), place in any::<prop::sample::Index>(), byte in 0x20..0x7f_u8) {
        let printed = json::print(&draft);
        let mut bytes = printed.clone().into_bytes();
        let i = place.index(bytes.len());
        prop_assume!(bytes[i] != byte && bytes[i].is_ascii());
        bytes[i] = byte;
        if let Ok(changed) = String::from_utf8(bytes)
            && let Ok(read) = json::parse(&changed)
        {
            prop_assert_ne!(json::print(&read), printed);
        }
    }
}

#[test]
fn json_is_read_in_its_canonical_form_alone() {
    let draft = text::parse(&format!(
        "chain = \"eip155:1\"\nlasts = \"1h\"\n[[allow]]\ncall = \"{}\"\nfunction = \"ping()\"\nat_most = \"5\"\n",
        Address::repeat_byte(0xab)
    ))
    .unwrap();
    let good = json::print(&draft);
    assert_eq!(json::parse(&good).unwrap(), draft);
    for (from, to, code) in [
        ("\"chainId\":\"1\"", "\"chainId\":\"01\"", "bad_json"),
        ("\"chainId\":\"1\"", "\"chainId\":1", "bad_json"),
        ("\"chainId\":\"1\"", "\"chainId\":\"0\"", "bad_grant"),
        ("\"chainId\":\"1\"", "\"chainId\":\"1\",\"chainId\":\"1\"", "bad_json"),
        ("\"chainId\":\"1\"", "\"chainId\":\"1\",\"x\":\"1\"", "bad_json"),
        ("0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB", "0xabababababababababababababababababababab", "not_canonical"),
        ("0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB", "0xaBaBaBaBABabABabAbAbABAbABabababaBaBABaB", "bad_json"),
        ("\"maxValue\":\"0\"", "\"maxValue\":\"5\"", "bad_grant"),
        ("\"labels\":{}", "\"labels\":{\"params\":[]}", "not_canonical"),
        ("\"labels\":{}", "\"labels\":{\"params\":[[]]}", "bad_grant"),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from} is not there");
        assert_eq!(json::parse(&changed).map_err(|e| e.code()).err(), Some(code), "{to}");
    }
    assert_eq!(json::parse(&" ".repeat(70_000)).map_err(|e| e.code()).err(), Some("too_large"));
}
