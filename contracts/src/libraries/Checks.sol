// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title A rule's `checks`: layout, conditions, uses
/// @notice This version judges arguments of one word each, as members of the one outer tuple.
library Checks {
    uint256 internal constant EMPTY_SIGNATURE = uint256(keccak256(""));

    uint256 private constant EQUAL = 1;
    uint256 private constant NOT_EQUAL = 2;
    uint256 private constant AT_MOST = 3;
    uint256 private constant AT_LEAST = 4;
    uint256 private constant LESS = 5;
    uint256 private constant MORE = 6;
    uint256 private constant IN = 7;
    uint256 private constant MASK = 8;
    uint256 private constant RATIO = 9;

    uint256 private constant EVERY = 0xfffe;

    /// @notice Decodes the `length` bytes at `arguments` strictly, by the layout.
    /// @return types the offset of the members' types
    /// @return count how many members there are
    /// @return position the offset of the conditions
    function decode(uint256 rule, uint256 arguments, uint256 length)
        internal
        pure
        returns (uint256 types, uint256 count, uint256 position)
    {
        unchecked {
            types = Frame.get(rule + Frame.CHECKS_AT) + 1;
            uint256 size = Reader.u8(types - 1);
            position = types + size;
            if (Frame.get(rule + Frame.SIGNATURE) == EMPTY_SIGNATURE) {
                if (size != 0) revert IHallpass.BadGrant();
                if (length != 0) revert IHallpass.BadCalldata();
                return (types, 0, position);
            }
            if (size < 2 || Reader.u8(types) != Words.TUPLE) revert IHallpass.BadGrant();
            count = Reader.u8(types + 1);
            types += 2;
            // A member takes one byte of the layout at least. Looking beyond a shorter layout, or beyond the arguments, ends below.
            for (uint256 i; i < count; ++i) {
                if (!Words.canonical(Reader.u8(types + i), Reader.word(arguments + (i << 5)))) {
                    revert IHallpass.BadCalldata();
                }
            }
            if (size != count + 2) revert IHallpass.BadGrant();
            if (length != count << 5) revert IHallpass.BadCalldata();
        }
    }

    /// @notice Requires every condition at `position` to hold.
    /// @return the offset of the uses
    function conditions(uint256 types, uint256 members, uint256 arguments, uint256 position)
        internal
        pure
        returns (uint256)
    {
        unchecked {
            uint256 count = Reader.u8(position);
            ++position;
            for (uint256 i; i < count; ++i) {
                uint256 operator = Reader.u8(position);
                uint256 kind;
                uint256 word;
                (kind, word, position) = step(types, members, arguments, position + 1);
                bool holds;
                if (operator <= MORE) {
                    uint256 bound = _bound(kind, position);
                    position += 32;
                    holds = _compare(operator, kind, word, bound);
                } else if (operator == IN) {
                    (holds, position) = _in(kind, word, position);
                } else if (operator == MASK) {
                    if (!Words.isMaskable(kind)) revert IHallpass.BadGrant();
                    uint256 mask = _bound(kind, position);
                    uint256 expected = _bound(kind, position + 32);
                    if (expected & ~mask != 0) revert IHallpass.BadGrant();
                    position += 64;
                    holds = word & mask == expected;
                } else if (operator == RATIO) {
                    revert IHallpass.NotYetSupported();
                } else {
                    revert IHallpass.BadGrant();
                }
                if (!holds) revert IHallpass.ConditionFailed();
            }
            return position;
        }
    }

    /// @notice The type and the word at the end of the path at `position`, and the offset after it.
    function step(uint256 types, uint256 members, uint256 arguments, uint256 position)
        internal
        pure
        returns (uint256 kind, uint256 word, uint256 next)
    {
        unchecked {
            // The one form that leads to a member, number of steps and step, in one comparison each.
            uint256 head = Reader.u24(position);
            uint256 index = head & 0xffff;
            if (head >> 16 != 1) _refuse(head >> 16 == 0);
            if (index >= members) _refuse(index < EVERY);
            kind = Reader.u8(types + index);
            word = Reader.word(arguments + (index << 5));
            next = position + 3;
        }
    }

    /// @dev A path that leads nowhere is the grant's fault; one into or over members is for a later version.
    function _refuse(bool nowhere) private pure {
        if (nowhere) revert IHallpass.BadGrant();
        revert IHallpass.NotYetSupported();
    }

    /// @dev A word of the grant that must itself be a value of `kind`.
    function _bound(uint256 kind, uint256 position) private pure returns (uint256 bound) {
        bound = Reader.word(position);
        if (!Words.canonical(kind, bound)) revert IHallpass.BadGrant();
    }

    function _compare(uint256 operator, uint256 kind, uint256 word, uint256 bound) private pure returns (bool) {
        if (operator == EQUAL) return word == bound;
        if (operator == NOT_EQUAL) return word != bound;
        if (operator == 0 || !Words.isInteger(kind)) revert IHallpass.BadGrant();
        if (operator == AT_MOST) return !Words.less(kind, bound, word);
        if (operator == AT_LEAST) return !Words.less(kind, word, bound);
        if (operator == LESS) return Words.less(kind, word, bound);
        return Words.less(kind, bound, word);
    }

    function _in(uint256 kind, uint256 word, uint256 position) private pure returns (bool found, uint256 next) {
        unchecked {
            uint256 count = Reader.u8(position);
            if (count < 2) revert IHallpass.BadGrant();
            next = position + 1;
            uint256 last;
            for (uint256 i; i < count; ++i) {
                uint256 member = _bound(kind, next);
                if (i != 0 && member <= last) revert IHallpass.BadGrant();
                if (member == word) found = true;
                last = member;
                next += 32;
            }
        }
    }
}
