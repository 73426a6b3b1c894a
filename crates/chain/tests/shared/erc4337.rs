//! What ERC-4337 and ERC-7821 fix of a user operation of several calls.

#![allow(dead_code, reason = "each test takes what it needs of it")]

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::{SolCall, SolValue, sol};
use hallpass_policy::Call;

sol! {
    struct Execution { address target; uint256 value; bytes data; }
    #[derive(Debug)]
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }
    function execute(bytes32 mode, bytes data);
    function validateUserOp(PackedUserOperation op, bytes32 userOpHash, uint256 missing) returns (uint256);
    interface IEntryPoint {
        function handleOps(PackedUserOperation[] ops, address beneficiary);
        function getUserOpHash(PackedUserOperation op) view returns (bytes32);
        error FailedOp(uint256 index, string reason);
        error FailedOpWithRevert(uint256 index, string reason, bytes inner);
        event UserOperationEvent(
            bytes32 indexed userOpHash, address indexed sender, address indexed paymaster,
            uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed
        );
    }
}

/// A batch in default mode.
pub const BATCH: u8 = 1;

/// The calldata that the account is sent.
pub fn call_data<'c>(calls: impl Iterator<Item = &'c Call>) -> Bytes {
    let calls = calls.map(|c| Execution { target: c.to, value: c.value, data: c.data.clone() });
    let mut mode = B256::ZERO;
    mode[0] = BATCH;
    executeCall { mode, data: calls.collect::<Vec<_>>().abi_encode().into() }.abi_encode().into()
}
