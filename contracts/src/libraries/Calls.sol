// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Checks, Arguments} from "./Checks.sol";
import {Meters} from "./Meters.sol";
import {Reader} from "./Reader.sol";
import {CallRule, Wire} from "./Wire.sol";

/// @title The calls of an operation: judged all, then made all
library Calls {
    address private constant ENTRY_POINT_06 = 0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789;
    address private constant ENTRY_POINT_07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address private constant ENTRY_POINT_08 = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;

    /// @dev Bounds what `CALL` itself costs: a cold account (2,600), memory and stack; with value also 9,000, and
    /// 25,000 for an account that did not exist.
    uint256 private constant CALL_COST = 3_500;
    uint256 private constant VALUE_COST = 34_000;

    /// @dev One call as it stands in the calldata.
    struct Call {
        uint256 rule;
        uint256 gasFloor;
        uint256 value;
        uint256 argumentsAt;
        uint256 length;
    }

    /// @notice Judges every call in order, and counts what they cost in the meters' memory.
    function judge(Wire memory wire, uint256 grantWord) internal view {
        unchecked {
            uint256 position = wire.callsAt;
            uint256 end = wire.callsEnd;
            while (position < end) {
                Call memory call;
                position = _read(call, position);
                if (position > end) revert IHallpass.Malformed();
                CallRule memory rule = wire.rules[_find(wire, call.rule)];
                _permitted(rule.target, wire.grant.backend);
                if (call.value > rule.maxValue) revert IHallpass.ValueOverMax();
                (Arguments memory args, uint256 checksAt) = Checks.decode(rule, call.argumentsAt, call.length);
                checksAt = Checks.conditions(args, checksAt);
                Meters.charge(wire, rule, args, call.value, grantWord, checksAt);
            }
        }
    }

    /// @notice Makes the calls that `judge` has passed.
    function make(Wire memory wire) internal {
        unchecked {
            uint256 position = wire.callsAt;
            uint256 end = wire.callsEnd;
            for (uint256 i; position < end; ++i) {
                Call memory call;
                position = _read(call, position);
                CallRule memory rule = wire.rules[_find(wire, call.rule)];
                if (!_make(rule, call)) revert IHallpass.CallFailed(i, _reason());
            }
        }
    }

    function _read(Call memory call, uint256 position) private pure returns (uint256 next) {
        unchecked {
            call.rule = Reader.u16(position);
            call.gasFloor = Reader.u32(position + 2);
            (call.value, next) = Reader.minimal(position + 6);
            uint256 length = Reader.u24(next);
            next += 3;
            call.argumentsAt = next;
            call.length = length;
            next += length;
        }
    }

    /// @dev The place of the opened rule `index`.
    function _find(Wire memory wire, uint256 index) private pure returns (uint256) {
        unchecked {
            if (index >= wire.ruleCount) revert IHallpass.NoRule();
            CallRule[] memory rules = wire.rules;
            uint256 count = rules.length;
            for (uint256 i; i < count; ++i) {
                if (rules[i].index == index) return i;
            }
            revert IHallpass.Malformed();
        }
    }

    function _permitted(address target, address backend) private view {
        if (
            target == address(this) || target == backend || target == ENTRY_POINT_06 || target == ENTRY_POINT_07
                || target == ENTRY_POINT_08
        ) revert IHallpass.TargetForbidden();
    }

    /// @dev The callee gets at least the floor: 63/64 of what is left after the cost of calling.
    /// Assembly: the calldata is put together where it is used, beyond the memory that is owned.
    function _make(CallRule memory rule, Call memory call) private returns (bool success) {
        unchecked {
            address target = rule.target;
            bytes32 signature = rule.signature;
            uint256 value = call.value;
            uint256 length = call.length;
            uint256 argumentsAt = call.argumentsAt;
            uint256 size = signature == Checks.EMPTY_SIGNATURE ? 0 : length + 4;
            uint256 buffer;
            assembly ("memory-safe") {
                buffer := mload(0x40)
                mstore(buffer, signature)
                calldatacopy(add(buffer, 4), argumentsAt, length)
            }
            uint256 needed = (call.gasFloor << 6) / 63 + 1 + CALL_COST + (value == 0 ? 0 : VALUE_COST);
            if (gasleft() < needed) revert IHallpass.GasFloorUnmet();
            assembly ("memory-safe") {
                success := call(gas(), target, value, buffer, size, 0, 0)
            }
        }
    }

    function _reason() private pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 32), 0, returndatasize())
            mstore(0x40, add(add(reason, 32), and(add(returndatasize(), 31), not(31))))
        }
    }
}
