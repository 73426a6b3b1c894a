// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Checks} from "./Checks.sol";
import {EntryPoints} from "./EntryPoints.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";

/// @title The calls of an operation: judged all, then made all
library Calls {
    /// @dev Bounds what `CALL` itself costs: a cold account and, under EIP-7702, a cold delegate (2,600 each), and the
    /// stack; with value also 9,000, and 25,000 for an account that did not exist.
    uint256 private constant CALL_COST = 6_000;
    uint256 private constant VALUE_COST = 34_000;
    /// @dev Bounds what an account of another kind does between being asked for a call and making it.
    uint256 private constant ACCOUNT_COST = 60_000;
    /// @dev And with each word of the calldata: three copies, and of the memory for them the part that grows with its square.
    uint256 private constant WORD_COST = 18;
    uint256 private constant SQUARE_COST = 9;

    /// @notice Judges every call from `position` to `end` in order. Leaves a record of each in the frame, so that `make` need not
    /// read or find anything again (200 gas a call), and counts in the meters' records what it costs.
    function judge(uint256 position, uint256 end) internal view {
        unchecked {
            uint256 call = Frame.get(Frame.METERS_END);
            // There is a call: an empty batch was denied.
            while (true) {
                // Judging hashes contents in the memory behind: the record is taken first.
                Frame.extend(call + Frame.CALL_SIZE);
                uint256 index = Reader.u16(position);
                Frame.set(call + Frame.GAS_FLOOR, Reader.u32(position + 2));
                position += 6;
                uint256 value;
                if (Reader.u8(position) == 0) ++position;
                else (value, position) = Reader.minimal(position);
                uint256 length = Reader.u24(position);
                position += 3;
                if (position + length > end) revert IHallpass.Malformed();
                uint256 rule = find(index);
                one(rule, value, position, length);
                Frame.set(call + Frame.RULE, rule);
                Frame.set(call + Frame.VALUE, value);
                Frame.set(call + Frame.ARGUMENTS, position);
                Frame.set(call + Frame.LENGTH, length);
                position += length;
                call += Frame.CALL_SIZE;
                if (position >= end) break;
            }
            Frame.set(Frame.CALLS_END, call);
        }
    }

    /// @notice Judges one call by a rule: its target, its value, and the `length` bytes of arguments at `arguments`.
    function one(uint256 rule, uint256 value, uint256 arguments, uint256 length) internal view {
        if (forbidden(Frame.get(rule + Frame.TARGET))) revert IHallpass.TargetForbidden();
        if (value > Frame.get(rule + Frame.MAX_VALUE)) revert IHallpass.ValueOverMax();
        Checks.judge(rule, value, arguments, length);
    }

    /// @notice Makes the calls that `judge` has passed.
    function make() internal {
        unchecked {
            uint256 first = Frame.get(Frame.METERS_END);
            uint256 end = Frame.get(Frame.CALLS_END);
            uint256 call = first;
            while (true) {
                if (!_make(call)) revert IHallpass.CallFailed((call - first) / Frame.CALL_SIZE, _reason());
                call += Frame.CALL_SIZE;
                if (call >= end) break;
            }
        }
    }

    /// @notice A call that was judged, as `abi.encodePacked(target, value, calldata)`.
    function packed(uint256 record) internal pure returns (bytes memory data) {
        unchecked {
            uint256 rule = Frame.get(record + Frame.RULE);
            uint256 arguments = Frame.get(record + Frame.ARGUMENTS);
            uint256 length = Frame.get(record + Frame.LENGTH);
            uint256 signature = Frame.get(rule + Frame.SIGNATURE);
            uint256 selector = signature == Checks.EMPTY_SIGNATURE ? 0 : 4;
            data = new bytes(52 + selector + length);
            uint256 place;
            assembly ("memory-safe") {
                place := add(data, 32)
            }
            Frame.set(place, Frame.get(rule + Frame.TARGET) << 96);
            Frame.set(place + 20, Frame.get(record + Frame.VALUE));
            // The arguments are copied over all of the hash but the selector; what they leave of it lies behind the end.
            if (selector != 0) Frame.set(place + 52, signature);
            Frame.copy(place + 52 + selector, arguments, length);
        }
    }

    /// @notice The gas that must be left before a call that was judged, so that its callee gets the floor: 63/64 of what is left
    /// after the cost of calling, twice where another account makes the call.
    function needed(uint256 record, bool twice) internal pure returns (uint256 gas_) {
        unchecked {
            gas_ = (Frame.get(record + Frame.GAS_FLOOR) << 6) / 63 + 1 + CALL_COST;
            if (Frame.get(record + Frame.VALUE) != 0) gas_ += VALUE_COST;
            if (twice) {
                uint256 words = (Frame.get(record + Frame.LENGTH) >> 5) + 1;
                gas_ += ACCOUNT_COST + words * WORD_COST + (words * words * SQUARE_COST >> 9);
                gas_ = (gas_ << 6) / 63 + 1 + CALL_COST;
            }
        }
    }

    /// @notice Pays `fee`, in the grant's fee token or in the chain's coin, to the caller.
    function pay(uint256 fee) internal {
        uint256 token = Frame.get(Frame.FEE_TOKEN);
        if (token == 0) {
            (bool success,) = msg.sender.call{value: fee}("");
            if (!success) revert IHallpass.FeeNotPaid();
        } else {
            if (forbidden(token)) revert IHallpass.TargetForbidden();
            if (!SafeERC20.trySafeTransfer(IERC20(address(uint160(token))), msg.sender, fee)) revert IHallpass.FeeNotPaid();
        }
    }

    /// @notice The record of the opened rule `index`.
    function find(uint256 index) internal pure returns (uint256 rule) {
        unchecked {
            if (index >= Frame.get(Frame.RULE_COUNT)) revert IHallpass.NoRule();
            uint256 end = Frame.get(Frame.RULES_END);
            rule = Frame.RULES;
            while (Frame.get(rule + Frame.RULE_INDEX) != index) {
                rule += Frame.RULE_SIZE;
                if (rule >= end) revert IHallpass.Malformed();
            }
            // Where no rule was opened, what was compared first is no rule.
            if (rule >= end) revert IHallpass.Malformed();
        }
    }

    /// @notice Whether no session may call `target`: the account, its backend, an EntryPoint.
    /// @dev Assembly: without a branch for each comparison, about 150 gas a call less.
    function forbidden(uint256 target) internal pure returns (bool is_) {
        uint256 account = Frame.get(Frame.ACCOUNT);
        uint256 backend = Frame.get(Frame.BACKEND);
        address entryPoint06 = EntryPoints.V06;
        address entryPoint07 = EntryPoints.V07;
        address entryPoint08 = EntryPoints.V08;
        address entryPoint09 = EntryPoints.V09;
        assembly ("memory-safe") {
            is_ := or(eq(target, account), eq(target, backend))
            is_ := or(is_, eq(target, entryPoint06))
            is_ := or(is_, eq(target, entryPoint07))
            is_ := or(is_, eq(target, entryPoint08))
            is_ := or(is_, eq(target, entryPoint09))
        }
    }

    /// @dev The callee gets at least the floor: 63/64 of what is left after the cost of calling.
    /// Assembly: the calldata is put together where it is used, beyond the memory that is owned.
    function _make(uint256 record) private returns (bool success) {
        unchecked {
            uint256 rule = Frame.get(record + Frame.RULE);
            uint256 target = Frame.get(rule + Frame.TARGET);
            uint256 signature = Frame.get(rule + Frame.SIGNATURE);
            uint256 value = Frame.get(record + Frame.VALUE);
            uint256 arguments = Frame.get(record + Frame.ARGUMENTS);
            uint256 length = Frame.get(record + Frame.LENGTH);
            uint256 enough = needed(record, false);
            uint256 size = signature == Checks.EMPTY_SIGNATURE ? 0 : length + 4;
            uint256 buffer;
            assembly ("memory-safe") {
                buffer := mload(0x40)
                mstore(buffer, signature)
                calldatacopy(add(buffer, 4), arguments, length)
            }
            if (gasleft() < enough) revert IHallpass.GasFloorUnmet();
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
