use super::*;
use crate::abi::encode::encode;
use crate::draft::Fill;
use crate::eval::{Action, At, Batch, Code, Facts, Op, judge};
use crate::grant::{Gas, Routes, SessionKey};
use crate::ledger::{Ledger, Spent, Status};
use crate::text;
use alloy_primitives::Address;
use proptest::prelude::*;

const TOKEN: &str = "0x7070707070707070707070707070707070707070";

fn at(n: u64) -> UnixSeconds {
    UnixSeconds::new(n).unwrap()
}

fn fill() -> Fill {
    Fill {
        account: Some(Address::repeat_byte(0xac)),
        backend: Some(Address::repeat_byte(0xbe)),
        epoch: Some(0),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: None,
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1_000_000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    }
}

/// A pass that names one function which nobody knows.
fn pass(function: &str) -> Grant {
    let source = format!(
        "chain = \"eip155:5\"\nfrom = 1000000\nuntil = 1003600\n[[allow]]\ncall = \"{TOKEN}\"\nfunction = \"{function}\"\nat_most = \"1\"\n"
    );
    text::parse(&source).unwrap_or_else(|e| panic!("{e}")).complete(&fill()).unwrap()
}

fn pin(grant: &Grant, call: &Call, claimed: Option<&str>) -> Result<Grant, PinError> {
    Ok(draft(grant, call, claimed, at(1_000_100), at(1_000_700))?.complete(&fill()).unwrap())
}

fn judged(grant: &Grant, call: &Call, spent: &[Spent]) -> Result<Vec<Spent>, Code> {
    let ledger = Ledger {
        frozen: false,
        epoch: 0,
        status: Status::Active,
        base: 0,
        used: 0,
        lanes: Vec::new(),
        meters: spent.to_vec(),
    };
    let action = Action::Calls(Batch { chain: grant.chain, calls: vec![call.clone()] });
    let now = At { now: at(1_000_100), chain: grant.chain, caller: None };
    let spent = |c: &crate::Cost| Spent { meter: c.meter, window: c.window, spent: c.amount.to() };
    judge(grant, &ledger, &action, &Op::default(), &now, &Facts::default())
        .map(|v| v.costs.iter().map(spent).collect())
        .map_err(|d| d.code)
}

fn transfer(amount: u64, value: u64) -> Call {
    let f = Function::parse("transfer(address,uint256)").unwrap();
    let to = Word::from_address(Address::repeat_byte(0x51));
    let values = [Value::Word(to), Value::Word(Word::from_uint(U256::from(amount)))];
    let data = [&f.selector()[..], &encode(&f.types, &values).unwrap()].concat();
    Call { to: TOKEN.parse().unwrap(), value: U256::from(value), data: data.into() }
}

#[test]
fn it_allows_the_call_once_and_counts_what_leaves() {
    let grant = pin(&pass("f(uint256 n)"), &transfer(100, 3), None).unwrap();
    let spent = judged(&grant, &transfer(100, 3), &[]).unwrap();
    assert_eq!(spent.iter().map(|s| s.spent).collect::<Vec<_>>(), [1, 100, 3]);
    assert_eq!(judged(&grant, &transfer(100, 3), &spent), Err(Code::MeterExceeded), "twice");
    assert_eq!(judged(&grant, &transfer(99, 3), &[]), Err(Code::ConditionFailed), "another amount, even a smaller one");
    assert_eq!(judged(&grant, &transfer(100, 4), &[]), Err(Code::ValueOverMax));
    let other = Call { to: Address::repeat_byte(1), ..transfer(100, 3) };
    assert_eq!(judged(&grant, &other, &[]), Err(Code::NoRule));
    let late = At { now: at(1_000_700), chain: grant.chain, caller: None };
    let action = Action::Calls(Batch { chain: grant.chain, calls: vec![transfer(100, 3)] });
    let fresh = Ledger::fresh(&grant);
    let denied = judge(&grant, &fresh, &action, &Op::default(), &late, &Facts::default()).unwrap_err();
    assert_eq!(denied.code, Code::GrantExpired);
}

#[test]
fn empty_calldata_is_a_payment_and_nothing_else() {
    let pay = Call { to: Address::repeat_byte(9), value: U256::from(5), data: Default::default() };
    let grant = pin(&pass("f(uint256 n)"), &pay, None).unwrap();
    assert!(judged(&grant, &pay, &[]).is_ok());
    let with_data = Call { data: vec![0, 0, 0, 0].into(), ..pay };
    assert_eq!(judged(&grant, &with_data, &[]), Err(Code::NoRule));
}

#[test]
fn the_function_is_the_known_one_then_the_grants_then_the_askers() {
    let grant = pass("move(uint256 hero, uint8 direction)");
    let of = |signature: &str| {
        let data = [&crate::abi::signature::selector(signature)[..], &[0; 64]].concat();
        Call { to: Address::repeat_byte(9), value: U256::ZERO, data: data.into() }
    };
    let named = |call: &Call, claimed| pin(&grant, call, claimed).map(|g| g.calls[0].signature.clone());
    assert_eq!(named(&of("move(uint256,uint8)"), None), Ok("move(uint256,uint8)".to_owned()));
    let unknown = of("zap(uint256,uint256)");
    assert!(matches!(named(&unknown, None), Err(PinError::UnknownFunction(_))));
    assert_eq!(named(&unknown, Some("zap(uint256 a, uint256 b)")), Ok("zap(uint256,uint256)".to_owned()));
    assert!(matches!(named(&unknown, Some("gift(uint256)")), Err(PinError::OtherFunction(_))));
    // A name that borrows the selector of `approve` is not believed.
    let disguised = of("approve(address,uint256)");
    assert_eq!(
        named(&disguised, Some("watch_tg_invmru_2f69f1b(address,address)")),
        Ok("approve(address,uint256)".to_owned())
    );
    let short = Call { data: vec![1, 2, 3].into(), ..of("f()") };
    assert_eq!(named(&short, None), Err(PinError::BadCalldata));
    let long = Call { data: [&of("move(uint256,uint8)").data[..], &[0]].concat().into(), ..of("f()") };
    assert_eq!(named(&long, None), Err(PinError::BadCalldata));
}

/// Every kind of argument: arrays, texts, bytes, tuples in arrays.
const ALL: &str = "f(uint256 n, int8 i, address[] list, string text, bytes blob, (bool b, bytes4[2] four)[] rows)";

fn all(n: u64, list: usize, text: &str, blob: &[u8], rows: &[bool]) -> Call {
    let f = Function::parse(ALL).unwrap();
    let uint = |n: u64| Value::Word(Word::from_uint(U256::from(n)));
    let four = Value::Word(Word([0; 32]));
    let row = |b: &bool| Value::List(vec![uint(u64::from(*b)), Value::List(vec![four.clone(), four.clone()])]);
    let address = |i: usize| Value::Word(Word::from_address(Address::repeat_byte(i as u8)));
    let values = [
        uint(n),
        uint(1),
        Value::List((0..list).map(address).collect()),
        Value::Bytes(text.as_bytes().to_vec()),
        Value::Bytes(blob.to_vec()),
        Value::List(rows.iter().map(row).collect()),
    ];
    let data = [&f.selector()[..], &encode(&f.types, &values).unwrap()].concat();
    Call { to: TOKEN.parse().unwrap(), value: U256::ZERO, data: data.into() }
}

type Parts = (u64, usize, String, Vec<u8>, Vec<bool>);

fn parts() -> impl Strategy<Value = Parts> {
    let small = proptest::collection::vec(any::<u8>(), 0..3);
    (0..3_u64, 0..3_usize, "[a-b']{0,2}", small, proptest::collection::vec(any::<bool>(), 0..3))
}

proptest! {
    /// Of two calls of one function, the grant pinned to one allows the other only where it is the same bytes.
    #[test]
    fn another_call_is_denied(a in parts(), b in parts()) {
        let call = |(n, list, text, blob, rows): &Parts| all(*n, *list, text, blob, rows);
        let (one, other) = (call(&a), call(&b));
        let grant = pin(&pass(ALL), &one, None).unwrap();
        prop_assert!(judged(&grant, &one, &[]).is_ok());
        prop_assert_eq!(judged(&grant, &other, &[]).is_ok(), one == other);
    }
}

#[test]
fn what_a_rule_cannot_hold_is_refused() {
    let pass = pass(ALL);
    assert_eq!(pin(&pass, &all(1, 300, "", &[], &[]), None), Err(PinError::TooMuch));
    let rich = Call { value: U256::from(CAP_LIMIT), ..transfer(1, 0) };
    assert_eq!(pin(&pass, &rich, None), Err(PinError::TooMuch));
    // An allowance without end is shown as such; it fits no meter.
    let f = Function::parse("approve(address,uint256)").unwrap();
    let values = [Value::Word(Word::from_address(Address::repeat_byte(0x51))), Value::Word(Word([0xff; 32]))];
    let data = [&f.selector()[..], &encode(&f.types, &values).unwrap()].concat();
    let endless = Call { data: data.into(), ..transfer(1, 0) };
    let grant = pin(&pass, &endless, None).unwrap();
    assert!(judged(&grant, &endless, &[]).is_ok());
    assert_eq!(grant.meters.len(), 1);
}
