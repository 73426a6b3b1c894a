// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Conditions} from "./Conditions.sol";
import {Decoder} from "./Decoder.sol";
import {Frame} from "./Frame.sol";
import {Meters} from "./Meters.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title A rule's `checks`: layout, conditions, uses
/// @notice Arguments of one word each, the common case, are judged where they stand; all others go the long way of `Decoder`.
library Checks {
    uint256 internal constant EMPTY_SIGNATURE = uint256(keccak256(""));

    /// @dev A path of one step, as three bytes, is this more than the step.
    uint256 internal constant ONE_STEP = 0x010000;

    /// @notice Judges a call's value and the `length` bytes of arguments at `arguments` by the rule's `checks`.
    function judge(uint256 rule, uint256 value, uint256 arguments, uint256 length) internal view {
        unchecked {
            uint256 types = Frame.get(rule + Frame.CHECKS_AT);
            uint256 size = Reader.u8(types++);
            uint256 position = types + size;
            uint256 flat;
            if (Frame.get(rule + Frame.SIGNATURE) == EMPTY_SIGNATURE) {
                if (size != 0) revert IHallpass.BadGrant();
                if (length != 0) revert IHallpass.BadCalldata();
                types = 0;
            } else {
                if (Words.either(size < 2, Reader.u8(types) != Words.TUPLE)) revert IHallpass.BadGrant();
                flat = _decode(types, size, arguments, length);
            }
            position = _conditions(types, flat, arguments, position);
            Meters.charge(rule, types, flat, arguments, value, position);
        }
    }

    /// @notice The value at the path at `position` and its type, and the offset behind the path.
    /// @param types the layout's offset; 0 for empty calldata
    /// @param flat how many members the arguments have, where each is a word; else 0
    function find(uint256 types, uint256 flat, uint256 arguments, uint256 position)
        internal
        pure
        returns (uint256 kind, uint256 word, uint256 next)
    {
        unchecked {
            uint256 index = Reader.u24(position) - ONE_STEP;
            if (index < flat) {
                return (Reader.u8(types + 2 + index), Reader.word(arguments + (index << 5)), position + 3);
            }
            next = _behind(types, position);
            (kind, word) = Decoder.one(types, arguments, position + 1, next);
        }
    }

    /// @dev The offset behind the path at `position`. Empty calldata, whose layout is nowhere, has no values.
    function _behind(uint256 types, uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 steps = Reader.u8(position);
            if (Words.either(steps == 0, types == 0)) revert IHallpass.BadGrant();
            return position + 1 + (steps << 1);
        }
    }

    /// @dev Decodes strictly. Returns how many members there are where each is a word, else 0.
    /// A member takes one byte of the layout at least. Looking beyond a shorter layout, or beyond the arguments, ends later.
    function _decode(uint256 types, uint256 size, uint256 arguments, uint256 length)
        private
        pure
        returns (uint256 members)
    {
        unchecked {
            members = Reader.u8(types + 1);
            if (size != members + 2) return _decodeDeep(types, size, arguments, length);
            uint256 offset = arguments;
            bool canonical = true;
            for (uint256 kinds = types + 2; kinds < types + size; ++kinds) {
                uint256 kind = Reader.u8(kinds);
                uint256 word = Reader.word(offset);
                offset += 32;
                // What `canonical` says of the two that are most in use, without the 50 gas for asking it.
                if (kind < Words.INT) {
                    if (word >> ((kind + 1) << 3) != 0) canonical = false;
                } else if (kind == Words.ADDRESS) {
                    if (word >> 160 != 0) canonical = false;
                } else {
                    if (!Words.isWord(kind)) return _decodeDeep(types, size, arguments, length);
                    if (!Words.canonical(kind, word)) canonical = false;
                }
            }
            if (Words.either(!canonical, length != members << 5)) revert IHallpass.BadCalldata();
        }
    }

    function _decodeDeep(uint256 types, uint256 size, uint256 arguments, uint256 length) private pure returns (uint256) {
        unchecked {
            Decoder.decode(types, size, arguments, arguments + length);
            return 0;
        }
    }

    /// @dev Requires every condition at `position` to hold, and returns the offset of the uses.
    function _conditions(uint256 types, uint256 flat, uint256 arguments, uint256 position)
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
                bool holds;
                if (index < flat) {
                    uint256 word = Reader.word(arguments + (index << 5));
                    position += 4;
                    // The argument was decoded, so a bound that equals it is a value of its type, as every bound must be: 90 gas
                    // less than asking `bound`.
                    if ((operator ^ Conditions.EQUAL) | (word ^ Reader.word(position)) == 0) {
                        position += 32;
                        continue;
                    }
                    holds =
                        Conditions.holds(operator, Reader.u8(types + 2 + index), word, position, types, arguments);
                } else {
                    uint256 path = position + 2;
                    position = _behind(types, position + 1);
                    holds = Conditions.test(operator, types, arguments, path, position, types, arguments);
                }
                if (!holds) revert IHallpass.ConditionFailed();
                position = Conditions.end(operator, position);
            }
            return position;
        }
    }
}
