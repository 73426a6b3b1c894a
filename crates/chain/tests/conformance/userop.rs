//! An operation as a user operation (ERC-4337), written from `spec/encoding.md`.

use crate::erc4337;
pub use crate::erc4337::{IEntryPoint, PackedUserOperation};
use crate::hallpass::opening;
use crate::subject::{Ask, Entry};
use crate::world::{Tx, World};
use alloy_primitives::{Address, B256, Bytes, U256, Uint, address};
use alloy_sol_types::SolCall;
use hallpass_chain::wire;
use hallpass_policy::Grant;
use hallpass_policy::eip712::SessionUserOp;

pub const BUNDLER: Address = address!("0xb000000000000000000000000000000000000b00");
/// Gas for the calls of an operation.
pub const CALL_GAS: u128 = 3_000_000;
const VALIDATION_GAS: u128 = 3_000_000;

/// The calldata that the account is sent.
pub fn call_data(ask: &Ask) -> Bytes {
    erc4337::call_data(ask.calls.iter().map(|(_, call)| call))
}

/// The operation, not signed.
pub fn unsigned(entry: &Entry, grant: &Grant, ask: &Ask, call_gas: u128) -> PackedUserOperation {
    PackedUserOperation {
        sender: grant.account,
        nonce: entry.nonce | U256::from(ask.sequence) << 64_usize,
        initCode: Bytes::new(),
        callData: call_data(ask),
        accountGasLimits: B256::from(U256::from(VALIDATION_GAS) << 128_usize | U256::from(call_gas)),
        preVerificationGas: U256::ZERO,
        gasFees: B256::ZERO,
        paymasterAndData: Bytes::new(),
        signature: Bytes::new(),
    }
}

/// What the session key signs for it.
pub fn to_sign(world: &mut World, entry: &Entry, grant: &Grant, ask: &Ask, op: &PackedUserOperation) -> SessionUserOp {
    let hash = world.view(entry.entry_point, &IEntryPoint::getUserOpHashCall { op: op.clone() });
    SessionUserOp {
        grant: grant.id(),
        validFrom: Uint::from(ask.from),
        validUntil: Uint::from(ask.until),
        rules: ask.calls.iter().map(|(rule, _)| *rule).collect(),
        userOpHash: hash,
    }
}

/// The transaction of a bundler.
pub fn signed(
    entry: &Entry,
    grant: &Grant,
    ask: &Ask,
    op: PackedUserOperation,
    signed: &SessionUserOp,
    signature: &[u8],
) -> Tx {
    let wire = wire::user_op(grant, signed, &opening(grant, ask, Address::ZERO), false, signature);
    let op = PackedUserOperation { signature: [entry.tag, &wire].concat().into(), ..op };
    let call = IEntryPoint::handleOpsCall { ops: vec![op], beneficiary: BUNDLER };
    Tx::new(BUNDLER, entry.entry_point, call.abi_encode())
}
