// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Checks} from "./Checks.sol";
import {Frame} from "./Frame.sol";
import {Meters} from "./Meters.sol";
import {Reader} from "./Reader.sol";

/// @title The calls of an operation: judged all, then made all
library Calls {
    address private constant ENTRY_POINT_06 = 0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789;
    address private constant ENTRY_POINT_07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address private constant ENTRY_POINT_08 = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;

    /// @dev Bounds what `CALL` itself costs: a cold account and, under EIP-7702, a cold delegate (2,600 each), and the
    /// stack; with value also 9,000, and 25,000 for an account that did not exist.
    uint256 private constant CALL_COST = 6_000;
    uint256 private constant VALUE_COST = 34_000;

    /// @notice Judges every call from `position` to `end` in order, and counts in the frame what it costs the meters.
    function judge(uint256 position, uint256 end, uint256 grantWord) internal view {
        unchecked {
            while (position < end) {
                uint256 index = Reader.u16(position);
                uint256 value;
                (value, position) = Reader.minimal(position + 6);
                uint256 length = Reader.u24(position);
                position += 3;
                if (position + length > end) revert IHallpass.Malformed();
                uint256 rule = _find(index);
                if (_forbidden(Frame.get(rule + Frame.TARGET))) revert IHallpass.TargetForbidden();
                if (value > Frame.get(rule + Frame.MAX_VALUE)) revert IHallpass.ValueOverMax();
                _judge(rule, value, position, length, grantWord);
                position += length;
            }
        }
    }

    function _judge(uint256 rule, uint256 value, uint256 arguments, uint256 length, uint256 grantWord) private view {
        (uint256 types, uint256 count, uint256 position) = Checks.decode(rule, arguments, length);
        position = Checks.conditions(types, count, arguments, position);
        Meters.charge(rule, types, count, arguments, value, grantWord, position);
    }

    /// @notice Makes the calls that `judge` has passed.
    function make(uint256 position, uint256 end) internal {
        unchecked {
            for (uint256 i; position < end; ++i) {
                uint256 rule = _find(Reader.u16(position));
                uint256 gasFloor = Reader.u32(position + 2);
                uint256 value;
                (value, position) = Reader.minimal(position + 6);
                uint256 length = Reader.u24(position);
                position += 3;
                if (
                    !_make(
                        Frame.get(rule + Frame.TARGET), Frame.get(rule + Frame.SIGNATURE), gasFloor, value, position, length
                    )
                ) revert IHallpass.CallFailed(i, _reason());
                position += length;
            }
        }
    }

    /// @dev The record of the opened rule `index`.
    function _find(uint256 index) private pure returns (uint256 rule) {
        unchecked {
            if (index >= Frame.get(Frame.RULE_COUNT)) revert IHallpass.NoRule();
            uint256 end = Frame.get(Frame.RULES_END);
            for (rule = Frame.RULES; rule < end; rule += Frame.RULE_SIZE) {
                if (Frame.get(rule + Frame.RULE_INDEX) == index) return rule;
            }
            revert IHallpass.Malformed();
        }
    }

    /// @dev Assembly: without a branch for each comparison, about 150 gas a call less.
    function _forbidden(uint256 target) private view returns (bool forbidden) {
        uint256 backend = Frame.get(Frame.BACKEND);
        assembly ("memory-safe") {
            forbidden := or(eq(target, address()), eq(target, backend))
            forbidden := or(forbidden, eq(target, ENTRY_POINT_06))
            forbidden := or(forbidden, eq(target, ENTRY_POINT_07))
            forbidden := or(forbidden, eq(target, ENTRY_POINT_08))
        }
    }

    /// @dev The callee gets at least the floor: 63/64 of what is left after the cost of calling.
    /// Assembly: the calldata is put together where it is used, beyond the memory that is owned.
    function _make(
        uint256 target,
        uint256 signature,
        uint256 gasFloor,
        uint256 value,
        uint256 arguments,
        uint256 length
    ) private returns (bool success) {
        unchecked {
            uint256 size = signature == Checks.EMPTY_SIGNATURE ? 0 : length + 4;
            uint256 buffer;
            assembly ("memory-safe") {
                buffer := mload(0x40)
                mstore(buffer, signature)
                calldatacopy(add(buffer, 4), arguments, length)
            }
            uint256 needed = (gasFloor << 6) / 63 + 1 + CALL_COST + (value == 0 ? 0 : VALUE_COST);
            if (gasleft() < needed) revert IHallpass.GasFloorUnmet();
            assembly ("memory-safe") {
                success := call(gas(), target, value, buffer, size, 0, 0)
            }
        }
    }

    /// @dev What the last call returned. Assembly: the copy is made only where the operation fails.
    function _reason() private pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 32), 0, returndatasize())
            mstore(0x40, add(add(reason, 32), and(add(returndatasize(), 31), not(31))))
        }
    }
}
