// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Decoder} from "./Decoder.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title What a condition says of a value
library Conditions {
    uint256 internal constant EQUAL = 1;
    uint256 private constant NOT_EQUAL = 2;
    uint256 private constant AT_MOST = 3;
    uint256 private constant AT_LEAST = 4;
    uint256 private constant LESS = 5;
    uint256 private constant MORE = 6;
    uint256 private constant IN = 7;
    uint256 private constant MASK = 8;
    uint256 private constant RATIO = 9;

    /// @notice The offset behind the values at `position`.
    function end(uint256 operator, uint256 position) internal pure returns (uint256) {
        unchecked {
            if (operator <= MORE) return position + 32;
            if (operator == IN) return position + 1 + (Reader.u8(position) << 5);
            if (operator == RATIO) return position + 65 + (Reader.u8(position) << 1);
            return position + 64;
        }
    }

    /// @notice Whether the condition holds for the values that its path, from `path` to `pathEnd`, leads to.
    /// @param types the type of the value at `data`
    /// @param outer the type of all arguments, and `arguments` where they begin
    function test(
        uint256 operator,
        uint256 types,
        uint256 data,
        uint256 path,
        uint256 pathEnd,
        uint256 outer,
        uint256 arguments
    ) internal pure returns (bool) {
        unchecked {
            (types, data, path) = Decoder.descend(types, data, path, pathEnd);
            if (path == pathEnd) {
                (uint256 kind, uint256 word) = Decoder.leaf(types, data);
                return holds(operator, kind, word, pathEnd, outer, arguments);
            }
            bool some = Reader.u16(path) == Decoder.SOME;
            uint256 count;
            (types, data, count) = Decoder.elements(types, data);
            for (uint256 i; i < count; ++i) {
                uint256 offset = Decoder.element(types, data, i);
                if (test(operator, types, offset, path + 2, pathEnd, outer, arguments) == some) return some;
            }
            return !some;
        }
    }

    /// @notice Whether the condition whose values are at `position` holds for `word`, a value of `kind`.
    function holds(
        uint256 operator,
        uint256 kind,
        uint256 word,
        uint256 position,
        uint256 outer,
        uint256 arguments
    ) internal pure returns (bool) {
        unchecked {
            if (operator <= MORE) return _compare(operator, kind, word, bound(kind, position));
            if (operator == IN) return _in(kind, word, position);
            if (operator == RATIO) return _ratio(kind, word, position, outer, arguments);
            if (operator != MASK || !Words.isMaskable(kind)) revert IHallpass.BadGrant();
            uint256 mask = bound(kind, position);
            uint256 expected = bound(kind, position + 32);
            if (expected & ~mask != 0) revert IHallpass.BadGrant();
            return word & mask == expected;
        }
    }

    /// @notice A word of the grant that must itself be a value of `kind`.
    function bound(uint256 kind, uint256 position) internal pure returns (uint256 value) {
        value = Reader.word(position);
        if (!Words.isHashed(kind) && !Words.canonical(kind, value)) revert IHallpass.BadGrant();
    }

    function _compare(uint256 operator, uint256 kind, uint256 word, uint256 with) private pure returns (bool) {
        if (operator == EQUAL) return word == with;
        if (operator == NOT_EQUAL) return word != with;
        if (operator == 0 || !Words.isInteger(kind)) revert IHallpass.BadGrant();
        if (operator == AT_MOST) return !Words.less(kind, with, word);
        if (operator == AT_LEAST) return !Words.less(kind, word, with);
        if (operator == LESS) return Words.less(kind, word, with);
        return Words.less(kind, with, word);
    }

    function _in(uint256 kind, uint256 word, uint256 position) private pure returns (bool found) {
        unchecked {
            uint256 count = Reader.u8(position++);
            if (count < 2) revert IHallpass.BadGrant();
            uint256 last;
            for (uint256 i; i < count; ++i) {
                uint256 member = bound(kind, position);
                if (i != 0 && member <= last) revert IHallpass.BadGrant();
                if (member == word) found = true;
                last = member;
                position += 32;
            }
        }
    }

    /// @dev `left * denominator >= right * numerator`, where no product may overflow and no operand be below zero.
    function _ratio(uint256 kind, uint256 left, uint256 position, uint256 outer, uint256 arguments)
        private
        pure
        returns (bool)
    {
        unchecked {
            uint256 pathEnd = position + 1 + (Reader.u8(position) << 1);
            if (pathEnd == position + 1) revert IHallpass.BadGrant();
            (uint256 rightKind, uint256 right) = Decoder.one(outer, arguments, position + 1, pathEnd);
            uint256 numerator = Reader.word(pathEnd);
            uint256 denominator = Reader.word(pathEnd + 32);
            if (!Words.isInteger(kind) || !Words.isInteger(rightKind) || numerator == 0 || denominator == 0) {
                revert IHallpass.BadGrant();
            }
            if (Words.isNegative(kind, left) || Words.isNegative(rightKind, right)) return false;
            if (left > type(uint256).max / denominator || right > type(uint256).max / numerator) return false;
            return left * denominator >= right * numerator;
        }
    }
}
