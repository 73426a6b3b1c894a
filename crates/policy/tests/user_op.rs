//! User operations: what is signed is made of what was judged, and of nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

use alloy_primitives::{Address, B256, Bytes, U256, aliases::U192};
use hallpass_policy::grant::{FEE_METER, Gas, Routes, SessionKey};
use hallpass_policy::{
    At, Authority, Batch, Call, Code, EntryPoint, Facts, Grant, Ledger, Paymaster, Spent, Status, UserOp, UserOpBounds,
    UserOpGas, json,
};
use hallpass_types::{ChainId, UnixSeconds};

const SHOP: Address = Address::repeat_byte(0x51);
const ACCOUNT: Address = Address::repeat_byte(0xac);
const PAYMASTER: Address = Address::repeat_byte(0x70);

fn at(s: u64) -> UnixSeconds {
    UnixSeconds::new(s).unwrap()
}

/// Payments to the shop of up to 100 wei; up to a thousand wei of gas in all, 600 in one operation.
fn grant() -> Grant {
    let text = format!(
        "chain = \"eip155:5\"\naccount = \"{ACCOUNT}\"\nbackend = \"{}\"\nepoch = 0\nkey = \"{}\"\n\
         salt = \"0x{:032x}\"\nender = \"{}\"\nfrom = 1000\nuntil = 9000\n\
         [relay]\nroutes = [\"direct\", \"entrypoint-0.7\", \"entrypoint-0.8\"]\nrelayer = \"any\"\n\
         paymasters = [\"{PAYMASTER}\"]\n[gas]\nper_op = 100\nfee_per_op = 600\nfee_cap = 1000\n\
         [[allow]]\ncall = \"{SHOP}\"\nvalue = \"<= 100\"\nspend = \"value <= 100\"\n",
        Address::repeat_byte(0xbe),
        Address::repeat_byte(0x5e),
        1,
        Address::repeat_byte(0xed),
    );
    let draft = hallpass_policy::text::parse(&text).unwrap();
    json::parse_grant(&json::print(&draft)).unwrap_or_else(|e| panic!("{e}"))
}

fn ledger() -> Ledger {
    Ledger { frozen: false, epoch: 0, status: Status::Active, base: 0, used: 0, lanes: Vec::new(), meters: Vec::new() }
}

fn pay(value: u64) -> Batch {
    let call = Call { to: SHOP, value: U256::from(value), data: Bytes::new() };
    Batch { chain: ChainId::new(5).unwrap(), calls: vec![call] }
}

/// 60 units at 5 wei.
fn bounds() -> UserOpBounds {
    UserOpBounds {
        entry_point: EntryPoint::V08,
        key: U192::from(7),
        sequence: 3,
        next: 3,
        valid_from: at(2000),
        valid_until: at(2600),
        gas: UserOpGas { call: 30, verification: 20, pre_verification: 10, max_fee: 5, max_priority_fee: 1 },
        paymaster: None,
    }
}

fn paymaster(address: Address) -> Option<Paymaster> {
    Some(Paymaster { address, verification_gas: 20, post_op_gas: 30, data: Bytes::from_static(b"data") })
}

fn now() -> At {
    At { now: at(2100), chain: ChainId::new(5).unwrap(), caller: None }
}

fn judge(grant: Grant, ledger: &Ledger, batch: &Batch, bounds: &UserOpBounds) -> Result<UserOp, (Code, String)> {
    let authority = Authority::new(std::sync::Arc::new(grant)).unwrap();
    let done = authority.user_op(ledger, batch, bounds, &now(), &Facts::default());
    done.map(|d| d.op().clone()).map_err(|d| (d.code, d.at))
}

fn denied(change: impl FnOnce(&mut Grant, &mut Ledger, &mut Batch, &mut UserOpBounds)) -> (Code, String) {
    let (mut grant, mut ledger, mut batch, mut bounds) = (grant(), ledger(), pay(100), bounds());
    change(&mut grant, &mut ledger, &mut batch, &mut bounds);
    judge(grant, &ledger, &batch, &bounds).unwrap_err()
}

#[test]
fn what_is_signed_names_the_hash_of_the_operation_that_was_made_of_the_judged_calls() {
    let authority = Authority::new(std::sync::Arc::new(grant())).unwrap();
    for entry_point in EntryPoint::ALL {
        let bounds = UserOpBounds { entry_point, paymaster: paymaster(PAYMASTER), ..bounds() };
        let done = authority.user_op(&ledger(), &pay(100), &bounds, &now(), &Facts::default()).unwrap();
        let UserOp { op, signed, .. } = done.op();
        assert_eq!((op.sender, op.nonce), (ACCOUNT, U256::from(7) << 64_usize | U256::from(3)));
        assert!(op.initCode.is_empty());
        let limits: Vec<u8> = [PAYMASTER.as_slice(), &20_u128.to_be_bytes(), &30_u128.to_be_bytes(), b"data"].concat();
        assert_eq!(op.paymasterAndData, limits);
        assert_eq!(op.accountGasLimits, B256::from(U256::from(20) << 128_usize | U256::from(30)));
        assert_eq!(op.gasFees, B256::from(U256::from(1) << 128_usize | U256::from(5)));
        assert_eq!(signed.userOpHash, op.hash(entry_point, 5));
        assert_eq!((signed.grant, &signed.rules), (authority.id(), &vec![0]));
        assert_eq!(done.signable().digest(), signed.digest(5, ACCOUNT));
        // 110 units at 5 wei: the paymaster's count too.
        let fee = done.verdict().costs.iter().find(|c| c.meter == FEE_METER).unwrap();
        assert_eq!(fee.amount, U256::from(550));
        assert_eq!(UserOp::decode(&done.op().encode()).as_ref(), Some(done.op()));
        assert_eq!(UserOp::decode(&[done.op().encode().as_ref(), &[0; 32]].concat()), None);
    }
}

#[test]
fn a_hash_is_of_one_entry_point_one_chain_and_one_operation() {
    let op = judge(grant(), &ledger(), &pay(100), &bounds()).unwrap().op;
    let mut hashes = std::collections::BTreeSet::new();
    for entry_point in EntryPoint::ALL {
        for chain in [1, 5] {
            hashes.insert(op.hash(entry_point, chain));
        }
    }
    let mut other = op.clone();
    other.nonce += U256::from(1);
    hashes.insert(other.hash(EntryPoint::V08, 5));
    let mut other = op;
    other.initCode = Bytes::from_static(b"\x77\x02");
    hashes.insert(other.hash(EntryPoint::V08, 5));
    assert_eq!(hashes.len(), 6);
}

#[test]
fn who_pays_is_one_of_the_grant_s() {
    let of = |address| denied(|_, _, _, b| b.paymaster = paymaster(address));
    assert_eq!(of(SHOP), (Code::PaymasterNotAllowed, "rest.paymasters".to_owned()));
    assert_eq!(of(Address::ZERO), (Code::PaymasterNotAllowed, "rest.paymasters".to_owned()));
}

#[test]
fn every_unit_of_gas_counts_at_its_highest_price() {
    let over = (Code::FeeOverCap, "rest.gas.feeCap".to_owned());
    // 120 units at 5 wei are 600, the most for one operation.
    let mut b = bounds();
    b.gas.pre_verification = 70;
    judge(grant(), &ledger(), &pay(100), &b).unwrap();
    for grow in [
        |b: &mut UserOpBounds| b.gas.pre_verification = 71,
        |b: &mut UserOpBounds| b.gas.verification = 81,
        |b: &mut UserOpBounds| b.gas.max_fee = 11,
        |b: &mut UserOpBounds| b.gas.max_fee = u128::MAX,
        |b: &mut UserOpBounds| (b.gas.verification, b.gas.max_fee) = (u128::MAX, u128::MAX),
        |b: &mut UserOpBounds| b.paymaster = paymaster(PAYMASTER).map(|p| Paymaster { verification_gas: 31, ..p }),
        |b: &mut UserOpBounds| b.paymaster = paymaster(PAYMASTER).map(|p| Paymaster { post_op_gas: 41, ..p }),
        |b: &mut UserOpBounds| b.paymaster = paymaster(PAYMASTER).map(|p| Paymaster { post_op_gas: u128::MAX, ..p }),
    ] {
        assert_eq!(denied(|_, _, _, b| grow(b)), over);
    }
    let spent = |spent| Spent { meter: FEE_METER, window: 0, spent };
    assert_eq!(denied(|_, l, _, _| l.meters.push(spent(701))), over);
    judge(grant(), &Ledger { meters: vec![spent(700)], ..ledger() }, &pay(100), &bounds()).unwrap();
    // The gas of the calls is bounded by itself, also where it costs nothing.
    let gas = denied(|_, _, _, b| (b.gas.call, b.gas.max_fee) = (101, 0));
    assert_eq!(gas, (Code::GasOverCap, "rest.gas.unitsPerOp".to_owned()));
    let huge = denied(|_, _, _, b| (b.gas.pre_verification, b.gas.max_fee) = (1 << 120, 0));
    assert_eq!(huge, (Code::FeeOverCap, "op.gas".to_owned()));
    let token = denied(|g, _, _, _| g.rest.gas = Gas { fee_token: SHOP, ..g.rest.gas });
    assert_eq!(token, (Code::FeeOverCap, "rest.gas.feeToken".to_owned()));
}

#[test]
fn what_the_entry_point_s_route_does_not_hold_is_denied_as_the_chain_denies_it() {
    let code = |change: fn(&mut Grant, &mut Ledger, &mut Batch, &mut UserOpBounds)| denied(change).0;
    assert_eq!(code(|g, _, _, _| g.routes = Routes::DIRECT), Code::RouteNotAllowed);
    assert_eq!(code(|g, _, _, _| g.routes = Routes::new(2).unwrap()), Code::RouteNotAllowed);
    assert_eq!(
        code(|g, _, _, b| (g.routes, b.entry_point) = (Routes::new(4).unwrap(), EntryPoint::V07)),
        Code::RouteNotAllowed
    );
    assert_eq!(code(|g, _, _, _| g.relayer = SHOP), Code::RelayerNotAllowed);
    assert_eq!(code(|g, _, _, _| g.first_seq = 1), Code::SequenceOutOfRange);
    assert_eq!(code(|g, _, _, _| g.end_seq = 64), Code::SequenceOutOfRange);
    assert_eq!(code(|_, _, _, b| b.next = 4), Code::NonceUsed);
    assert_eq!(code(|_, l, _, _| l.frozen = true), Code::AccountFrozen);
    assert_eq!(code(|_, l, _, _| l.epoch = 1), Code::EpochMoved);
    assert_eq!(code(|_, l, _, _| l.status = Status::Ended), Code::GrantEnded);
    assert_eq!(code(|_, _, _, b| b.valid_until = at(2601)), Code::OpTooLong);
    assert_eq!(code(|_, _, _, b| b.valid_from = at(2101)), Code::OpNotYetValid);
    assert_eq!(code(|_, _, _, b| b.valid_from = at(900)), Code::OpTooLong);
    assert_eq!(code(|_, _, b, _| b.calls.clear()), Code::EmptyBatch);
    assert_eq!(code(|_, _, b, _| b.chain = ChainId::new(6).unwrap()), Code::WrongChain);
    assert_eq!(code(|_, _, b, _| b.calls[0].value = U256::from(101)), Code::ValueOverMax);
    assert_eq!(code(|_, _, b, _| b.calls.push(b.calls[0].clone())), Code::MeterExceeded);
    assert_eq!(code(|_, _, b, _| b.calls[0].to = EntryPoint::V08.address()), Code::TargetForbidden);
    let many = denied(|_, _, b, _| {
        b.calls[0].value = U256::ZERO;
        b.calls = vec![b.calls[0].clone(); 256];
    });
    assert_eq!(many, (Code::BadCalldata, "op.calls".to_owned()));
}

#[test]
fn without_a_contract_no_entry_point_carries_anything() {
    // A pass of no contract, whose account is its key's own.
    let mut alone = grant();
    alone.backend = Address::ZERO;
    alone.key = SessionKey::Secp256k1(ACCOUNT);
    assert_eq!(judge(alone, &ledger(), &pay(1), &bounds()).unwrap_err(), (Code::RouteNotAllowed, "backend".to_owned()));
}
