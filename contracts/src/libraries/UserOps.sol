// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Calls} from "./Calls.sol";
import {Checks} from "./Checks.sol";
import {Eip712} from "./Eip712.sol";
import {Fees} from "./Fees.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";
import {Rest} from "./Rest.sol";

/// @title The calls and the costs of a user operation (ERC-4337)
/// @notice Its calldata must be `execute(bytes32,bytes)`, in the one canonical encoding, of a batch in default mode or, in an
/// ERC-7579 account, of a single call: what is judged here is then what the account will make.
library UserOps {
    bytes4 private constant EXECUTE = bytes4(keccak256("execute(bytes32,bytes)"));
    uint256 private constant SINGLE = 0;
    uint256 private constant BATCH = 1 << 248;

    uint256 private constant PAYMASTER_LENGTH = 52;

    /// @notice Judges every call in order by the rule whose number stands in the same place at `rulesAt`.
    /// @param single whether the account knows the mode of a single call
    function judge(bytes calldata data, uint256 rulesAt, uint256 rules, bool single) internal view {
        unchecked {
            (uint256 offset, uint256 end) = Reader.bounds(data);
            if (data.length < 100 || bytes4(data) != EXECUTE) revert IHallpass.TargetForbidden();
            uint256 mode = Reader.word(offset + 4);
            uint256 length = Reader.word(offset + 68);
            if (Reader.word(offset + 36) != 64 || length > data.length - 100) revert IHallpass.BadCalldata();
            if (offset + 100 + _padded(length) != end) revert IHallpass.BadCalldata();
            offset += 100;
            end = offset + length;
            if (mode == BATCH) {
                _batch(offset, end, rulesAt, rules);
            } else {
                if (mode != SINGLE || !single) revert IHallpass.TargetForbidden();
                // abi.encodePacked(target, value, calldata)
                if (length < 52 || rules != 1) revert IHallpass.BadCalldata();
                _one(Reader.u16(rulesAt), Reader.u160(offset), Reader.word(offset + 20), offset + 52, length - 52);
            }
        }
    }

    /// @notice The most that the account may have to pay for `op`; its paymaster must be the grant's.
    function fee(PackedUserOperation calldata op) internal pure returns (uint256) {
        uint256 limits = uint256(op.accountGasLimits);
        uint256 total = (limits >> 128) + uint128(limits);
        bytes calldata paymaster = op.paymasterAndData;
        if (paymaster.length != 0) {
            if (paymaster.length < PAYMASTER_LENGTH) revert IHallpass.PaymasterNotAllowed();
            (uint256 offset,) = Reader.bounds(paymaster);
            if (!Rest.lists(Frame.get(Frame.PAYMASTERS_AT), Frame.get(Frame.PAYMASTERS), Reader.u160(offset))) {
                revert IHallpass.PaymasterNotAllowed();
            }
            total += (Reader.word(offset + 20) >> 128) + (Reader.word(offset + 36) >> 128);
        }
        if (op.preVerificationGas > type(uint120).max) revert IHallpass.FeeOverCap();
        unchecked {
            // Five numbers below 2^128, and one below 2^128.
            total += op.preVerificationGas;
            uint256 price = uint128(uint256(op.gasFees));
            if (price != 0 && total > type(uint256).max / price) revert IHallpass.FeeOverCap();
            total *= price;
        }
        if (total != 0 && Frame.get(Frame.FEE_TOKEN) != 0) revert IHallpass.FeeOverCap();
        return total;
    }

    /// @notice `hashStruct(SessionUserOp)`.
    function hash(uint256 id, uint256 rulesAt, uint256 rules, bytes32 userOpHash) internal pure returns (uint256) {
        unchecked {
            uint256 words;
            assembly ("memory-safe") {
                words := mload(0x40)
            }
            for (uint256 i; i < rules; ++i) {
                Frame.set(words + (i << 5), Reader.u16(rulesAt + (i << 1)));
            }
            uint256 list = Frame.hash(words, rules << 5);
            Frame.set(words, uint256(Eip712.SESSION_USER_OP));
            Frame.set(words + 0x20, id);
            Frame.set(words + 0x40, Frame.get(Frame.VALID_FROM));
            Frame.set(words + 0x60, Frame.get(Frame.VALID_UNTIL));
            Frame.set(words + 0x80, list);
            Frame.set(words + 0xa0, uint256(userOpHash));
            return Frame.hash(words, 0xc0);
        }
    }

    /// @dev `abi.encode` of a list of target, value and calldata, from `offset` to `end`.
    function _batch(uint256 offset, uint256 end, uint256 rulesAt, uint256 rules) private view {
        unchecked {
            if (end - offset < 64 || Reader.word(offset) != 32 || Reader.word(offset + 32) != rules) revert IHallpass.BadCalldata();
            uint256 heads = offset + 64;
            uint256 call = heads + (rules << 5);
            for (uint256 i; i < rules; ++i) {
                if (Reader.word(heads + (i << 5)) != call - heads) revert IHallpass.BadCalldata();
                uint256 target = Reader.word(call);
                uint256 length = Reader.word(call + 96);
                if (call + 128 > end || target >> 160 != 0 || Reader.word(call + 64) != 96) revert IHallpass.BadCalldata();
                if (length > end - call - 128) revert IHallpass.BadCalldata();
                _one(Reader.u16(rulesAt + (i << 1)), target, Reader.word(call + 32), call + 128, length);
                call += 128 + _padded(length);
            }
            if (call != end) revert IHallpass.BadCalldata();
        }
    }

    /// @dev Judges a call by the opened rule `index`, which must be for its target and function.
    function _one(uint256 index, uint256 target, uint256 value, uint256 data, uint256 length) private view {
        unchecked {
            // In ERC-7821 the zero address is the account itself.
            if (target == 0) revert IHallpass.TargetForbidden();
            uint256 rule = Calls.find(index);
            if (Frame.get(rule + Frame.TARGET) != target) revert IHallpass.NoRule();
            uint256 signature = Frame.get(rule + Frame.SIGNATURE);
            if (signature == Checks.EMPTY_SIGNATURE) {
                if (length != 0) revert IHallpass.NoRule();
                Calls.one(rule, value, data, 0);
            } else {
                if (length < 4 || Reader.u32(data) != signature >> 224) revert IHallpass.NoRule();
                Calls.one(rule, value, data + 4, length - 4);
            }
        }
    }

    function _padded(uint256 length) private pure returns (uint256) {
        unchecked {
            return (length + 31) & ~uint256(31);
        }
    }
}
