// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

import {Judge} from "./Judge.sol";

/// @title The calls that are judged of a user operation are those that the account will decode
/// @notice A batch of two calls of a function of one word, in 612 bytes. Each rule pins its target, its selector and, by a
/// condition, its argument; so whatever passes must be the encoding of just these.
contract UserOpsProof is Judge {
    struct Rules {
        address target;
        address other;
        bytes4 selector;
        bytes4 otherSelector;
        uint256 argument;
        uint256 otherArgument;
    }

    /// @dev The bytes but for their padding, which no decoder reads, are those of `abi.encode`.
    function check_what_passes_encodes_the_calls_that_were_judged(
        Rules memory r,
        bytes32[14] memory w,
        bytes4 execute_,
        uint256 value,
        uint256 otherValue
    ) external view {
        // Lengths are given, since they place what follows: each call's 36, and 512 in all.
        bytes memory first = abi.encodePacked(w[5], value, w[6], uint256(36), r.selector, w[7], bytes28(w[8]));
        bytes memory second = abi.encodePacked(w[9], otherValue, w[10], uint256(36), r.otherSelector, w[11], bytes28(w[12]));
        bytes memory data = abi.encodePacked(execute_, w[0], w[1], uint256(512), w[2], w[13], w[3], w[4], first, second);
        uint256 spent = _judged(data, r);

        assert(execute_ == bytes4(keccak256("execute(bytes32,bytes)")));
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(r.target, value, abi.encodePacked(r.selector, r.argument));
        calls[1] = Execution(r.other, otherValue, abi.encodePacked(r.otherSelector, r.otherArgument));
        bytes memory right = abi.encodeWithSelector(execute_, bytes32(uint256(1) << 248), abi.encode(calls));
        assert(right.length == data.length);
        // The two paddings of 28 bytes.
        for (uint256 i = 4; i < 612; i += 32) {
            bytes32 a;
            bytes32 b;
            assembly ("memory-safe") {
                a := mload(add(add(data, 32), i))
                b := mload(add(add(right, 32), i))
            }
            if (i == 388 || i == 580) assert(bytes4(a) == bytes4(b));
            else assert(a == b);
        }
        assert(spent == value + otherValue);
    }

    /// @dev Another length of the whole batch than is there.
    function check_no_other_length(Rules memory r, uint256 length) external view {
        if (length == 512) return;
        bytes memory data = _encoded(r);
        assembly ("memory-safe") {
            mstore(add(data, 100), length)
        }
        _denied(data, r);
    }

    /// @dev Another length of the first call's data: none of those that the bytes would hold, and nothing above.
    function check_no_other_length_of_a_call(Rules memory r, uint256 length) external view {
        bytes memory data = _encoded(r);
        for (uint256 i; i <= 256; ++i) {
            if (length != i) continue;
            if (i == 36) return;
            assembly ("memory-safe") {
                mstore(add(data, 356), i)
            }
            _denied(data, r);
            return;
        }
        assembly ("memory-safe") {
            mstore(add(data, 356), length)
        }
        _denied(data, r);
    }

    function _encoded(Rules memory r) private pure returns (bytes memory) {
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(r.target, 0, abi.encodePacked(r.selector, r.argument));
        calls[1] = Execution(r.other, 0, abi.encodePacked(r.otherSelector, r.otherArgument));
        return abi.encodeWithSignature("execute(bytes32,bytes)", bytes32(uint256(1) << 248), abi.encode(calls));
    }

    function _denied(bytes memory data, Rules memory r) private view {
        try this.judged(data, r) returns (uint256) {
            assert(false);
        } catch {}
    }

    function judged(bytes memory data, Rules memory r) external view returns (uint256) {
        return _judged(data, r);
    }

    function _judged(bytes memory data, Rules memory r) private view returns (uint256 spent) {
        bytes memory call = abi.encodeCall(
            this.batch,
            (
                data,
                [uint256(uint160(r.target)), uint160(r.other)],
                [uint256(bytes32(r.selector)), uint256(bytes32(r.otherSelector))],
                _checks(r.argument),
                _checks(r.otherArgument)
            )
        );
        (bool success, bytes memory answer) = address(this).staticcall(abi.encodePacked(call, uint16(0), uint16(1)));
        if (!success) revert();
        return abi.decode(answer, (uint256));
    }

    /// @dev (uint256), equal to `argument`, and one use: meter 7 by the call's value.
    function _checks(uint256 argument) private pure returns (bytes memory) {
        return abi.encodePacked(hex"0372011f" hex"01" hex"01010000", argument, hex"01000702");
    }
}
