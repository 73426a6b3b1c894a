// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccount, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {EntryPointCode} from "./EntryPointCode.sol";
import {Vm} from "./Vm.sol";

/// @title Validates twice, in two blocks that differ in all that a block says, and keeps what was touched
library Trace {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    // keccak256(abi.encode(uint256(keccak256("hallpass.account.v1")) - 1)) & ~bytes32(uint256(0xff))
    uint256 internal constant STATE = 0xa772266c41ef2d176da1a93f4cf4f34531fa9182f0cc1331a94ac7c05a362800;

    /// @notice Requires that validation says and does the same in any block, and returns what it touched.
    function twice(PackedUserOperation memory op) internal returns (Vm.AccountAccess[] memory first) {
        bytes32 hash = EntryPointCode.V08.getUserOpHash(op);
        uint256 state = vm.snapshotState();
        uint256 validation;
        (validation, first) = _once(op, hash);
        vm.revertToState(state);
        vm.warp(block.timestamp + 3650 days);
        vm.roll(block.number + 1e6);
        vm.fee(1e12);
        vm.blobBaseFee(1e12);
        vm.txGasPrice(1e13);
        vm.coinbase(address(0xC0B));
        vm.prevrandao(12345);
        (uint256 again, Vm.AccountAccess[] memory second) = _once(op, hash);
        assert(again == validation);
        assert(keccak256(_touched(second)) == keccak256(_touched(first)));
    }

    /// @notice The slot of a mapping's value.
    function mapped(uint256 key, uint256 slot) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(key, slot)));
    }

    function _once(PackedUserOperation memory op, bytes32 hash)
        private
        returns (uint256 validation, Vm.AccountAccess[] memory accesses)
    {
        vm.startStateDiffRecording();
        vm.prank(address(EntryPointCode.V08));
        validation = IAccount(op.sender).validateUserOp(op, hash, 0);
        accesses = vm.stopAndReturnStateDiff();
    }

    function _touched(Vm.AccountAccess[] memory accesses) private pure returns (bytes memory out) {
        for (uint256 i; i < accesses.length; ++i) {
            for (uint256 j; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory s = accesses[i].storageAccesses[j];
                out = abi.encodePacked(out, s.account, s.slot, s.isWrite, s.newValue);
            }
        }
    }
}
