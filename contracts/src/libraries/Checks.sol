// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Frame} from "./Frame.sol";
import {Meters} from "./Meters.sol";
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

    /// @dev The one form of a path that leads to a member is one step and its index. Less this, any other number of steps
    /// makes an index that no layout reaches.
    uint256 internal constant ONE_STEP = 0x010000;
    uint256 private constant EVERY = 0xfffe;

    /// @notice Judges a call's value and the `length` bytes of arguments at `arguments` by the rule's `checks`.
    function judge(uint256 rule, uint256 value, uint256 arguments, uint256 length) internal view {
        unchecked {
            uint256 types = Frame.get(rule + Frame.CHECKS_AT);
            uint256 size = Reader.u8(types);
            uint256 position = ++types + size;
            uint256 members;
            if (Frame.get(rule + Frame.SIGNATURE) == EMPTY_SIGNATURE) {
                if (size != 0) revert IHallpass.BadGrant();
                if (length != 0) revert IHallpass.BadCalldata();
            } else {
                if (Words.either(size < 2, Reader.u8(types) != Words.TUPLE)) revert IHallpass.BadGrant();
                members = Reader.u8(types + 1);
                types += 2;
                _decode(types, members, arguments);
                if (size != members + 2) revert IHallpass.BadGrant();
                if (length != members << 5) revert IHallpass.BadCalldata();
            }
            position = _conditions(types, members, arguments, position);
            Meters.charge(rule, types, members, arguments, value, position);
        }
    }

    /// @dev Decodes the words at `arguments` strictly, each by its type.
    /// A member takes one byte of the layout at least. Looking beyond a shorter layout, or beyond the arguments, ends later.
    function _decode(uint256 types, uint256 members, uint256 arguments) private pure {
        unchecked {
            uint256 end = types + members;
            for (; types < end; ++types) {
                uint256 kind = Reader.u8(types);
                uint256 word = Reader.word(arguments);
                arguments += 32;
                // What `canonical` says of the two that are most in use, without the 50 gas for asking it.
                if (kind < Words.INT) {
                    if (word >> ((kind + 1) << 3) != 0) revert IHallpass.BadCalldata();
                } else if (kind == Words.ADDRESS) {
                    if (word >> 160 != 0) revert IHallpass.BadCalldata();
                } else {
                    if (!Words.canonical(kind, word)) revert IHallpass.BadCalldata();
                }
            }
        }
    }

    /// @dev Requires every condition at `position` to hold, and returns the offset of the uses.
    function _conditions(uint256 types, uint256 members, uint256 arguments, uint256 position)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 count = Reader.u8(position);
            ++position;
            for (; count != 0; --count) {
                uint256 operator = Reader.u8(position);
                uint256 index = Reader.u24(position + 1) - ONE_STEP;
                if (index >= members) refuse(position + 1);
                uint256 word = Reader.word(arguments + (index << 5));
                position += 4;
                // The argument was decoded, so a bound that equals it is a value of its type, as every bound must be: 90 gas less
                // than asking `_bound`.
                if ((operator ^ EQUAL) | (word ^ Reader.word(position)) == 0) {
                    position += 32;
                } else {
                    bool holds;
                    (holds, position) = _holds(operator, Reader.u8(types + index), word, position);
                    if (!holds) revert IHallpass.ConditionFailed();
                }
            }
            return position;
        }
    }

    /// @dev Whether the condition on `word`, whose values are at `position`, holds; and the offset after it.
    function _holds(uint256 operator, uint256 kind, uint256 word, uint256 position)
        private
        pure
        returns (bool, uint256)
    {
        unchecked {
            if (operator <= MORE) return (_compare(operator, kind, word, _bound(kind, position)), position + 32);
            if (operator == IN) return _in(kind, word, position);
            if (operator == RATIO) revert IHallpass.NotYetSupported();
            if (operator != MASK || !Words.isMaskable(kind)) revert IHallpass.BadGrant();
            uint256 mask = _bound(kind, position);
            uint256 expected = _bound(kind, position + 32);
            if (expected & ~mask != 0) revert IHallpass.BadGrant();
            return (word & mask == expected, position + 64);
        }
    }

    /// @notice Denies the path at `position`, which leads to no member of the layout. One that leads nowhere is the grant's
    /// fault; one into or over members is for a later version.
    function refuse(uint256 position) internal pure {
        if (Reader.u24(position) < ONE_STEP + EVERY) revert IHallpass.BadGrant();
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
