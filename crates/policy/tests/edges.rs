//! The edges of the semantics, one by one: DESIGN section 3 and `spec/encoding.md`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests fail by panicking")]

use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Bytes, U256, hex};
use hallpass_policy::draft::Fill;
use hallpass_policy::eval::{At, Denial, Verdict};
use hallpass_policy::grant::{Gas, Grant, Routes, SessionKey};
use hallpass_policy::{Batch, Call, Code, Facts, Ledger, Op, OpBounds, Policy, Spent, Status, text};
use hallpass_types::{ChainId, UnixSeconds};

const START: u64 = 1_000_000;
const TOKEN: Address = Address::repeat_byte(0x70);
const SHOP: Address = Address::repeat_byte(0x51);
const GAME: Address = Address::repeat_byte(0x9a);
const ACCOUNT: Address = Address::repeat_byte(0xac);
const BACKEND: Address = Address::repeat_byte(0xbe);

fn t(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(seconds).unwrap()
}

fn grant(rules: &str) -> Grant {
    let source = format!(
        "chain = \"eip155:5\"\nfrom = {START}\nuntil = {}\nsequences = \"3..100\"\n[tokens.T]\naddress = \"{TOKEN}\"\ndecimals = 2\n{rules}",
        START + 3600
    );
    let fill = Fill {
        account: Some(ACCOUNT),
        backend: Some(BACKEND),
        epoch: Some(4),
        salt: Some([7; 16]),
        key: Some(SessionKey::Secp256k1(Address::repeat_byte(0x5e))),
        at: None,
        routes: Some(Routes::DIRECT),
        relayer: Some(Address::ZERO),
        gas: Some(Gas { units_per_op: 1000, ..Gas::default() }),
        ender: Some(Address::repeat_byte(0xed)),
    };
    text::parse(&source).unwrap_or_else(|e| panic!("{e}")).complete(&fill).unwrap()
}

fn pay_rule() -> String {
    format!(
        "[[allow]]\ncall = \"T\"\nfunction = \"transfer(address to, uint256 amount)\"\nwhere = [\"to == {SHOP}\"]\nspend = \"amount <= 100 per 60s\"\n"
    )
}

fn ledger() -> Ledger {
    Ledger { frozen: false, epoch: 4, status: Status::Active, base: 3, used: 0, lanes: Vec::new(), meters: Vec::new() }
}

fn op() -> OpBounds {
    OpBounds {
        valid_from: t(START),
        valid_until: t(START + 60),
        lane: U192::ZERO,
        sequence: 3,
        relayer: Address::ZERO,
        max_fee: 0,
        gas_floors: Vec::new(),
    }
}

fn at(now: u64) -> At {
    At { now: t(now), chain: ChainId::new(5).unwrap(), caller: None }
}

fn transfer(to: Address, amount: u64) -> Call {
    let data = format!("a9059cbb{}{:064x}", hex::encode(to.into_word()), amount);
    Call { to: TOKEN, value: U256::ZERO, data: hex::decode(data).unwrap().into() }
}

fn action(calls: Vec<Call>) -> Batch {
    Batch { chain: ChainId::new(5).unwrap(), calls }
}

fn judge(grant: &Grant, ledger: &Ledger, batch: &Batch, op: &OpBounds, at: &At) -> Result<Verdict, Denial> {
    Policy::new(grant).judge_calls(ledger, batch, &Op::from(op), at, &Facts::default())
}

fn authorise(
    grant: &Grant,
    ledger: &Ledger,
    batch: &Batch,
    op: &OpBounds,
    at: &At,
) -> Result<hallpass_policy::Authorised, Denial> {
    hallpass_policy::authorise(grant, ledger, batch, op, at, &Facts::default())
}

fn code(grant: &Grant, ledger: &Ledger, action: &Batch, op: &OpBounds, at: &At) -> Option<Code> {
    judge(grant, ledger, action, op, at).err().map(|d| d.code)
}

#[test]
fn time_is_half_open_everywhere() {
    let g = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 1)]);
    let end = START + 3600;
    let late = OpBounds { valid_from: t(end - 60), valid_until: t(end), ..op() };
    for (op, now, expected) in [
        (op(), START - 1, Some(Code::GrantNotStarted)),
        (op(), START, None),
        (op(), START + 59, None),
        (op(), START + 60, Some(Code::OpExpired)),
        (late.clone(), end - 61, Some(Code::OpNotYetValid)),
        (late.clone(), end - 60, None),
        (late.clone(), end - 1, None),
        (late, end, Some(Code::GrantExpired)),
    ] {
        assert_eq!(code(&g, &ledger(), &pay, &op, &at(now)), expected, "{now}");
    }
}

#[test]
fn an_operation_lives_600_seconds_at_most_and_inside_the_grant() {
    // A lifetime meter, so that no window is in the way.
    let g = grant(&pay_rule().replace(" per 60s", ""));
    let pay = action(vec![transfer(SHOP, 1)]);
    let long = |from: u64, until: u64| OpBounds { valid_from: t(from), valid_until: t(until), ..op() };
    for (op, now, expected) in [
        (long(START, START + 600), START, None),
        (long(START, START + 601), START, Some(Code::OpTooLong)),
        (long(START - 1, START + 10), START, Some(Code::OpOutsideGrant)),
        (long(START + 3500, START + 3600), START + 3500, None),
        (long(START + 3500, START + 3601), START + 3500, Some(Code::OpOutsideGrant)),
    ] {
        assert_eq!(code(&g, &ledger(), &pay, &op, &at(now)), expected);
    }
}

#[test]
fn a_cap_is_inclusive_and_a_batch_is_summed() {
    let g = grant(&pay_rule());
    for (amounts, expected) in [
        (vec![100], None),
        (vec![101], Some(Code::MeterExceeded)),
        (vec![60, 40], None),
        (vec![60, 41], Some(Code::MeterExceeded)),
        (vec![0, 0, 100, 0], None),
    ] {
        let calls = amounts.iter().map(|a| transfer(SHOP, *a)).collect();
        assert_eq!(code(&g, &ledger(), &action(calls), &op(), &at(START)), expected, "{amounts:?}");
    }
    let spent = Ledger { meters: vec![Spent { meter: 0, window: 0, spent: 99 }], ..ledger() };
    assert_eq!(code(&g, &spent, &action(vec![transfer(SHOP, 1)]), &op(), &at(START)), None);
    assert_eq!(code(&g, &spent, &action(vec![transfer(SHOP, 2)]), &op(), &at(START)), Some(Code::MeterExceeded));
}

#[test]
fn an_amount_beyond_every_cap_does_not_wrap_around() {
    let g = grant(&pay_rule());
    let mut call = transfer(SHOP, 1);
    let mut data = call.data.to_vec();
    data[36..].fill(0xff);
    call.data = data.into();
    let spent = Ledger { meters: vec![Spent { meter: 0, window: 0, spent: 1 }], ..ledger() };
    assert_eq!(code(&g, &spent, &action(vec![call]), &op(), &at(START)), Some(Code::MeterExceeded));
}

#[test]
fn windows_are_fixed_and_never_go_back() {
    let g = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 100)]);
    let next = OpBounds { valid_from: t(START + 60), valid_until: t(START + 120), ..op() };
    let spent = |window| Ledger { meters: vec![Spent { meter: 0, window, spent: 100 }], ..ledger() };
    assert_eq!(code(&g, &spent(0), &pay, &next, &at(START + 60)), None, "nothing is carried over, nor is it missed");
    assert_eq!(code(&g, &spent(1), &pay, &next, &at(START + 60)), Some(Code::MeterExceeded));
    assert_eq!(code(&g, &spent(2), &pay, &next, &at(START + 60)), Some(Code::WindowPast));
    let across = OpBounds { valid_from: t(START + 59), valid_until: t(START + 61), ..op() };
    assert_eq!(code(&g, &ledger(), &pay, &across, &at(START + 59)), Some(Code::WindowCrossed));
    let touching = OpBounds { valid_from: t(START + 59), valid_until: t(START + 60), ..op() };
    assert_eq!(code(&g, &ledger(), &pay, &touching, &at(START + 59)), None);
}

#[test]
fn sequences_are_used_once_within_their_range() {
    let g = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 1)]);
    let with = |sequence| OpBounds { sequence, ..op() };
    let used = Ledger { base: 10, used: 0b101, ..ledger() };
    for (sequence, expected) in [
        (2, Some(Code::SequenceOutOfRange)),
        (3, Some(Code::NonceUsed)),
        (9, Some(Code::NonceUsed)),
        (10, Some(Code::NonceUsed)),
        (11, None),
        (12, Some(Code::NonceUsed)),
        (73, None),
        (74, None),
        (99, None),
        (100, Some(Code::SequenceOutOfRange)),
    ] {
        assert_eq!(code(&g, &used, &pay, &with(sequence), &at(START)), expected, "{sequence}");
    }
}

#[test]
fn calldata_decodes_strictly() {
    let g = grant(&pay_rule());
    let good = transfer(SHOP, 1);
    let change = |f: &dyn Fn(&mut Vec<u8>)| {
        let mut data = good.data.to_vec();
        f(&mut data);
        action(vec![Call { data: data.into(), ..good.clone() }])
    };
    let judge = |a: Batch| code(&g, &ledger(), &a, &op(), &at(START));
    assert_eq!(judge(change(&|_| ())), None);
    assert_eq!(judge(change(&|d| d[4] = 1)), Some(Code::BadCalldata), "dirty address");
    assert_eq!(judge(change(&|d| d.push(0))), Some(Code::BadCalldata), "one byte more");
    assert_eq!(judge(change(&|d| d.truncate(67))), Some(Code::BadCalldata), "one byte less");
    assert_eq!(judge(change(&|d| d.extend([0; 32]))), Some(Code::BadCalldata), "a word more");
    assert_eq!(judge(change(&|d| d.truncate(4))), Some(Code::BadCalldata), "no arguments");
    assert_eq!(judge(change(&|d| d.truncate(3))), Some(Code::NoRule), "no selector");
    assert_eq!(judge(change(&|d| d.clear())), Some(Code::NoRule), "empty is its own thing");
}

#[test]
fn empty_calldata_is_not_selector_zero() {
    let send = format!("[[allow]]\ncall = \"{SHOP}\"\nvalue = \"<= 5\"\nspend = \"value <= 9\"\n");
    let g = grant(&send);
    let call = |data: &[u8], value: u64| {
        action(vec![Call { to: SHOP, value: U256::from(value), data: Bytes::copy_from_slice(data) }])
    };
    let judge = |a: Batch| code(&g, &ledger(), &a, &op(), &at(START));
    assert_eq!(judge(call(&[], 5)), None);
    assert_eq!(judge(call(&[], 6)), Some(Code::ValueOverMax));
    assert_eq!(judge(call(&[0; 4], 5)), Some(Code::NoRule));
    assert_eq!(judge(call(&[0], 5)), Some(Code::NoRule));
    let twice = action([call(&[], 5).calls, call(&[], 5).calls].concat());
    assert_eq!(judge(twice), Some(Code::MeterExceeded), "native value is metered over the batch");
}

#[test]
fn a_session_never_calls_its_account_its_backend_or_an_entry_point() {
    let g = grant(&pay_rule());
    for target in [ACCOUNT, BACKEND].into_iter().chain(hallpass_policy::forbidden::ENTRY_POINTS) {
        let call = Call { to: target, ..transfer(SHOP, 1) };
        assert_eq!(code(&g, &ledger(), &action(vec![call]), &op(), &at(START)), Some(Code::TargetForbidden));
        let read = text::parse(&format!("chain = \"eip155:5\"\nlasts = \"1h\"\n[[allow]]\ncall = \"{target}\"\n"));
        let fill = Fill {
            account: Some(ACCOUNT),
            backend: Some(BACKEND),
            epoch: Some(0),
            salt: Some([0; 16]),
            key: Some(SessionKey::Secp256k1(SHOP)),
            at: Some(t(START)),
            routes: Some(Routes::DIRECT),
            relayer: Some(Address::ZERO),
            gas: Some(Gas::default()),
            ender: Some(Address::ZERO),
        };
        let code = match read {
            // An EntryPoint is one whoever asks.
            Err(e) => e.code,
            Ok(draft) => draft.complete(&fill).unwrap_err().code(),
        };
        assert_eq!(code, "bad_grant", "and no grant may name it");
    }
}

#[test]
fn status_epoch_freeze_chain_route_relayer_fee_and_gas_each_deny() {
    let g = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 1)]);
    let with = |l: Ledger| code(&g, &l, &pay, &op(), &at(START));
    assert_eq!(with(Ledger { status: Status::Unknown, ..ledger() }), Some(Code::GrantUnknown));
    assert_eq!(with(Ledger { status: Status::Ended, ..ledger() }), Some(Code::GrantEnded));
    assert_eq!(with(Ledger { frozen: true, ..ledger() }), Some(Code::AccountFrozen));
    assert_eq!(with(Ledger { epoch: 5, ..ledger() }), Some(Code::EpochMoved));
    let with = |o: OpBounds| code(&g, &ledger(), &pay, &o, &at(START));
    assert_eq!(with(OpBounds { max_fee: 1, ..op() }), Some(Code::FeeOverCap));
    assert_eq!(with(OpBounds { lane: U192::from(1), ..op() }), Some(Code::SequenceOutOfRange));
    assert_eq!(with(OpBounds { gas_floors: vec![1000], ..op() }), None);
    assert_eq!(with(OpBounds { gas_floors: vec![1001], ..op() }), Some(Code::GasOverCap));
    let caller =
        |c| code(&g, &ledger(), &pay, &OpBounds { relayer: SHOP, ..op() }, &At { caller: Some(c), ..at(START) });
    assert_eq!((caller(SHOP), caller(GAME)), (None, Some(Code::RelayerNotAllowed)));
    let bound = Grant { relayer: SHOP, ..g.clone() };
    assert_eq!(
        code(&bound, &ledger(), &pay, &op(), &at(START)),
        Some(Code::RelayerNotAllowed),
        "never zero where the grant's is not"
    );
    let elsewhere = Batch { chain: ChainId::new(6).unwrap(), ..pay.clone() };
    assert_eq!(code(&g, &ledger(), &elsewhere, &op(), &at(START)), Some(Code::WrongChain));
    let routed = Grant { routes: Routes::new(2).unwrap(), ..g.clone() };
    assert_eq!(code(&routed, &ledger(), &pay, &op(), &at(START)), Some(Code::RouteNotAllowed));
    assert_eq!(code(&g, &ledger(), &action(vec![]), &op(), &at(START)), Some(Code::EmptyBatch));
}

#[test]
fn a_route_is_one_of_those_that_are_open() {
    let g = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 1)]);
    for open in 1..8 {
        let g = Grant { routes: Routes::new(open).unwrap(), ..g.clone() };
        let policy = Policy::new(&g);
        for route in 0..=u8::MAX {
            let op = Op { route: Some(route), ..Op::from(&op()) };
            let judged = policy.judge_calls(&ledger(), &pay, &op, &at(START), &Facts::default()).map_err(|d| d.code);
            let expected = [1, 2, 4].contains(&route) && open & route != 0;
            assert_eq!(judged.err(), (!expected).then_some(Code::RouteNotAllowed), "{route} of {open}");
        }
    }
}

#[test]
fn of_two_rules_that_match_the_lowest_that_allows_is_taken_and_its_denial_reported() {
    let small = pay_rule().replace("<= 100 per 60s", "<= 10");
    let g = grant(&format!("{small}{}", pay_rule()));
    let rules = |amounts: &[u64]| {
        let calls = amounts.iter().map(|a| transfer(SHOP, *a)).collect();
        judge(&g, &ledger(), &action(calls), &op(), &at(START)).map(|v| v.rules.to_vec()).map_err(|d| (d.code, d.at))
    };
    assert_eq!(rules(&[10]), Ok(vec![0]));
    assert_eq!(rules(&[11]), Ok(vec![1]));
    assert_eq!(rules(&[6, 6, 4]), Ok(vec![0, 1, 0]), "given what the earlier calls cost");
    assert_eq!(rules(&[101]), Err((Code::MeterExceeded, "rules[0].uses[0]".to_owned())));
}

#[test]
fn what_is_authorised_is_what_is_signed() {
    let g = grant(&pay_rule());
    let calls = vec![transfer(SHOP, 1), transfer(SHOP, 2)];
    let done = authorise(&g, &ledger(), &action(calls), &op(), &at(START)).unwrap();
    assert_eq!((done.grant(), done.key()), (g.id(), &SessionKey::Secp256k1(Address::repeat_byte(0x5e))));
    let mut expected = String::new();
    for amount in [1_u64, 2] {
        // rule, gas floor, value, length, arguments
        expected += &format!("0000{:08x}00000040{}{amount:064x}", 0, hex::encode(SHOP.into_word()));
    }
    assert_eq!(hex::encode(&done.op().calls), expected);
    assert_eq!(done.digest(), done.op().digest(5, ACCOUNT));
    assert_ne!(done.digest(), done.op().digest(6, ACCOUNT));
}

#[test]
fn nothing_is_authorised_under_a_grant_that_breaks_the_protocol() {
    let good = grant(&pay_rule());
    let pay = action(vec![transfer(SHOP, 1)]);
    let code = |g: &Grant| authorise(g, &ledger(), &pay, &op(), &at(START)).err().map(|d| d.code);
    assert_eq!(code(&good), None);
    let mut late = good.clone();
    late.meters[0].anchor = t(START + 1);
    assert_eq!(code(&late), Some(Code::BadGrant), "an anchor after the start");
    let mut unmetered = good.clone();
    unmetered.calls[0].max_value = U256::from(1);
    assert_eq!(code(&unmetered), Some(Code::BadGrant), "native value without a native meter");
}
