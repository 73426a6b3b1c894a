//! A case as a user operation (ERC-4337), written from `spec/encoding.md`.

use crate::case::latest;
use crate::chain::Key;
use crate::erc4337::{PackedUserOperation, call_data, validateUserOpCall};
use alloy_primitives::{Address, B256, Bytes, U256, Uint, address, keccak256};
use alloy_sol_types::SolCall;
use hallpass_chain::wire::{self, Opening};
use hallpass_policy::Batch;
use hallpass_policy::eip712::SessionUserOp;
use hallpass_policy::grant::Grant;
use hallpass_policy::json::ask::Case;

/// EntryPoint 0.8.
pub const ENTRY_POINT: Address = address!("0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108");

/// The calldata with which the EntryPoint asks. The fee is one unit of gas at a price, or a number of units at the price 1.
pub fn calldata(key: &Key, grant: &Grant, case: &Case, batch: &Batch, rules: &[u16]) -> Bytes {
    let from = case.op.valid_from.unwrap_or(case.at);
    let until = case.op.valid_until.unwrap_or_else(|| latest(grant, from, case.at));
    let call_data = call_data(batch.calls.iter());
    let hash = keccak256(&call_data);
    let signed = SessionUserOp {
        grant: grant.id(),
        validFrom: Uint::from(from.get()),
        validUntil: Uint::from(until.get()),
        rules: rules.to_vec(),
        userOpHash: hash,
    };
    let signature = key.sign(signed.digest(grant.chain.get(), grant.account));
    let named: Vec<u16> = rules.iter().copied().filter(|r| usize::from(*r) < grant.calls.len()).collect();
    let opening = Opening::needed(grant, &named, Address::ZERO);
    let wire = wire::user_op(grant, &signed, &opening, case.op.fee > 0, &signature);
    let (units, price) = if case.op.fee.is_multiple_of(2) { (1, case.op.fee) } else { (case.op.fee, 1) };
    let op = PackedUserOperation {
        sender: grant.account,
        nonce: U256::ZERO,
        initCode: Bytes::new(),
        callData: call_data,
        accountGasLimits: B256::ZERO,
        preVerificationGas: U256::from(units),
        gasFees: B256::from(U256::from(price)),
        paymasterAndData: Bytes::new(),
        signature: [&[1][..], &wire].concat().into(),
    };
    validateUserOpCall { op, userOpHash: hash, missing: U256::ZERO }.abi_encode().into()
}

/// Whether the EntryPoint would execute at second `now` what the account answered.
pub fn in_time(answer: &[u8], now: u64) -> bool {
    let answer = U256::from_be_slice(answer);
    let part = |shift: usize| (answer >> shift).as_limbs()[0] & ((1 << 48) - 1);
    let (until, after) = (part(160), part(208));
    let authorizer = answer << 96_usize;
    assert!(authorizer.is_zero(), "an authorizer is named");
    // 0.8: both bounds are compared so, and an upper one of 0 is none.
    now > after && (until == 0 || now <= until)
}
