// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";

/// @title The types of a layout, and the words that are values of them
library Words {
    /// @dev The layout of a `uint256`, which every length is.
    uint256 internal constant UINT256 = 0x1f;
    uint256 internal constant INT = 0x20;
    uint256 private constant BYTES_N = 0x40;
    uint256 internal constant ADDRESS = 0x60;
    uint256 private constant BOOL = 0x61;
    uint256 internal constant BYTES = 0x62;
    uint256 internal constant STRING = 0x63;
    uint256 internal constant FIXED_ARRAY = 0x70;
    uint256 internal constant ARRAY = 0x71;
    uint256 internal constant TUPLE = 0x72;

    /// @notice Whether `word` is what the ABI would hold for some value of `kind`, which must be the type of one word.
    function canonical(uint256 kind, uint256 word) internal pure returns (bool) {
        unchecked {
            if (kind == ADDRESS) return word >> 160 == 0;
            if (kind < INT) return word >> ((kind + 1) << 3) == 0;
            if (kind < BYTES_N) return extended(kind - INT, word) == word;
            if (kind < ADDRESS) return word << ((kind - BYTES_N + 1) << 3) == 0;
            if (kind == BOOL) return word < 2;
        }
        revert IHallpass.BadGrant();
    }

    /// @notice Whether `kind` is the type of one word.
    function isWord(uint256 kind) internal pure returns (bool) {
        return kind <= BOOL;
    }

    /// @notice Whether `kind` is compared by the keccak of its content.
    function isHashed(uint256 kind) internal pure returns (bool) {
        return kind == BYTES || kind == STRING;
    }

    function isUint(uint256 kind) internal pure returns (bool) {
        return kind < INT;
    }

    /// @notice Whether two words of `kind` have an order.
    function isInteger(uint256 kind) internal pure returns (bool) {
        return kind < BYTES_N;
    }

    function isMaskable(uint256 kind) internal pure returns (bool) {
        return kind < INT || (kind >= BYTES_N && kind < ADDRESS);
    }

    /// @notice Whether `word`, of the integer type `kind`, is below zero.
    function isNegative(uint256 kind, uint256 word) internal pure returns (bool) {
        return kind >= INT && word >> 255 != 0;
    }

    /// @notice Whether `a < b` as integers of `kind`.
    function less(uint256 kind, uint256 a, uint256 b) internal pure returns (bool) {
        return kind < INT ? a < b : int256(a) < int256(b);
    }

    /// @notice Whether `a` or `b`. Assembly: one branch for two checks of one error, 16 gas.
    function either(bool a, bool b) internal pure returns (bool value) {
        assembly ("memory-safe") {
            value := or(a, b)
        }
    }

    /// @dev Assembly: the opcode has no name in the language.
    function extended(uint256 lastByte, uint256 word) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := signextend(lastByte, word)
        }
    }
}
