// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title Arguments of any type: their strict decoding, and the ways into them
/// @notice A layout stands in the calldata, in pre-order; `types` is the offset of a type in it. Offsets into arguments are
/// offsets of the calldata too. What `decode` has passed is the one canonical encoding of its values, so walking through it
/// afterwards checks nothing again.
library Decoder {
    /// @dev The steps of a path that are no index; between these two stands `every`.
    uint256 internal constant LENGTH = 0xfffd;
    uint256 internal constant SOME = 0xffff;

    /// @dev The arguments themselves are the first level.
    uint256 private constant DEPTH = 16;

    /// @notice Requires the bytes from `arguments` to `end` to be the canonical encoding of a tuple of the type at `types`, whose
    /// layout must be `size` bytes long.
    function decode(uint256 types, uint256 size, uint256 arguments, uint256 end) internal pure {
        unchecked {
            // Members of the outermost tuple may be none.
            uint256 next = types + 2;
            for (uint256 members = Reader.u8(types + 1); members != 0; --members) {
                (next,,) = shape(next, DEPTH - 1);
            }
            if (next != types + size) revert IHallpass.BadGrant();
            Frame.set(Frame.DATA_END, end);
            if (_row(types + 2, Reader.u8(types + 1), false, arguments) != end) revert IHallpass.BadCalldata();
        }
    }

    /// @notice What is known of a type without a value.
    /// @param depth the levels that it may have, words included
    /// @return next the offset of the type behind it
    /// @return head how many bytes stand for it in the head of a tuple; below 2^254, since each level but the first gives 16 bits
    /// @return dynamic whether these are an offset
    function shape(uint256 types, uint256 depth) internal pure returns (uint256 next, uint256 head, bool dynamic) {
        unchecked {
            if (depth == 0) revert IHallpass.BadGrant();
            uint256 kind = Reader.u8(types);
            next = types + 1;
            head = 32;
            if (Words.isWord(kind)) return (next, head, false);
            if (Words.isHashed(kind)) return (next, head, true);
            if (kind == Words.ARRAY) {
                (next,,) = shape(next, depth - 1);
                return (next, head, true);
            }
            uint256 count;
            if (kind == Words.FIXED_ARRAY) {
                count = Reader.u16(next);
                (next, head, dynamic) = shape(next + 2, depth - 1);
                head *= count;
            } else if (kind == Words.TUPLE) {
                count = Reader.u8(next++);
                head = 0;
                for (uint256 i; i < count; ++i) {
                    uint256 size;
                    bool moves;
                    (next, size, moves) = shape(next, depth - 1);
                    head += size;
                    if (moves) dynamic = true;
                }
            }
            if (count == 0) revert IHallpass.BadGrant();
            if (dynamic) head = 32;
        }
    }

    /// @notice Follows the `path` (an offset, and the one behind it) from the value at `data` of the type at `types`, up to its
    /// end or to the first `every` or `some`.
    /// @return types_ the type there; 0 where it is a length
    /// @return data_ the value there
    /// @return path_ what is left of the path
    function descend(uint256 types, uint256 data, uint256 path, uint256 end)
        internal
        pure
        returns (uint256 types_, uint256 data_, uint256 path_)
    {
        unchecked {
            while (path < end) {
                uint256 step = Reader.u16(path);
                uint256 kind = Reader.u8(types);
                if (kind == Words.TUPLE) {
                    if (step >= Reader.u8(types + 1)) revert IHallpass.BadGrant();
                    (types, data) = _member(types + 2, data, step);
                } else {
                    if (step == LENGTH) {
                        if (kind != Words.ARRAY && !Words.isHashed(kind)) revert IHallpass.BadGrant();
                        if (path + 2 != end) revert IHallpass.BadGrant();
                        return (0, data, end);
                    }
                    if (kind != Words.ARRAY && kind != Words.FIXED_ARRAY) revert IHallpass.BadGrant();
                    if (step > LENGTH) return (types, data, path);
                    uint256 count;
                    (types, data, count) = elements(types, data);
                    if (step >= count) revert IHallpass.BadCalldata();
                    data = element(types, data, step);
                }
                path += 2;
            }
            return (types, data, path);
        }
    }

    /// @notice The elements of the array at `data` of the type at `types`: their type, where their heads begin, how many.
    function elements(uint256 types, uint256 data) internal pure returns (uint256, uint256, uint256) {
        unchecked {
            if (Reader.u8(types) == Words.ARRAY) return (types + 1, data + 32, Reader.word(data));
            return (types + 3, data, Reader.u16(types + 1));
        }
    }

    /// @notice Where the element `index` of the type at `types` stands, of those whose heads begin at `data`.
    function element(uint256 types, uint256 data, uint256 index) internal pure returns (uint256) {
        unchecked {
            (, uint256 head, bool dynamic) = shape(types, DEPTH);
            uint256 offset = data + index * head;
            return dynamic ? data + Reader.word(offset) : offset;
        }
    }

    /// @notice The one value at a path without `every` and `some`: what it is compared by, and its type.
    function one(uint256 types, uint256 data, uint256 path, uint256 end)
        internal
        pure
        returns (uint256 kind, uint256 word)
    {
        (types, data, path) = descend(types, data, path, end);
        if (path != end) revert IHallpass.BadGrant();
        return leaf(types, data);
    }

    /// @notice The word at `data`, or the keccak of the content there.
    function leaf(uint256 types, uint256 data) internal pure returns (uint256 kind, uint256 word) {
        unchecked {
            word = Reader.word(data);
            if (types == 0) return (Words.UINT256, word);
            kind = Reader.u8(types);
            if (Words.isHashed(kind)) word = Reader.hash(data + 32, word);
            else if (!Words.isWord(kind)) revert IHallpass.BadGrant();
        }
    }

    /// @dev The type and the value of a tuple's member.
    function _member(uint256 types, uint256 data, uint256 index) private pure returns (uint256, uint256) {
        unchecked {
            uint256 offset = data;
            for (; index != 0; --index) {
                uint256 head;
                (types, head,) = shape(types, DEPTH);
                offset += head;
            }
            (,, bool dynamic) = shape(types, DEPTH);
            return (types, dynamic ? data + Reader.word(offset) : offset);
        }
    }

    /// @dev Judges `count` values whose heads stand side by side from `start`: all of the type at `types` where they are the
    /// `same`, else of successive types. Returns the offset behind the last of their tails.
    function _row(uint256 types, uint256 count, bool same, uint256 start) private pure returns (uint256 tail) {
        unchecked {
            tail = start + _heads(types, count, same, Frame.get(Frame.DATA_END) - start);
            uint256 offset = start;
            for (; count != 0; --count) {
                (uint256 next, uint256 head, bool dynamic) = shape(types, DEPTH);
                if (dynamic) {
                    if (Reader.word(offset) != tail - start) revert IHallpass.BadCalldata();
                    tail = _tail(types, tail);
                } else {
                    _static(types, offset);
                }
                offset += head;
                if (!same) types = next;
            }
        }
    }

    /// @dev The bytes that `count` heads take, which must be there: `room` is what is left. A tuple's own is bounded by `shape`.
    function _heads(uint256 types, uint256 count, bool same, uint256 room) private pure returns (uint256 size) {
        unchecked {
            uint256 head;
            if (same) {
                (, head,) = shape(types, DEPTH);
                // No type has a head of no bytes.
                if (count > room / head) revert IHallpass.BadCalldata();
                return count * head;
            }
            for (; count != 0; --count) {
                (types, head,) = shape(types, DEPTH);
                size += head;
            }
            if (size > room) revert IHallpass.BadCalldata();
        }
    }

    /// @dev Judges a value that stands where its head is; that this is within the bytes is known.
    function _static(uint256 types, uint256 offset) private pure {
        unchecked {
            uint256 kind = Reader.u8(types);
            if (Words.isWord(kind)) {
                if (!Words.canonical(kind, Reader.word(offset))) revert IHallpass.BadCalldata();
            } else if (kind == Words.TUPLE) {
                _row(types + 2, Reader.u8(types + 1), false, offset);
            } else {
                _row(types + 3, Reader.u16(types + 1), true, offset);
            }
        }
    }

    /// @dev Judges a dynamic value that begins at `data`, and returns the offset behind it.
    function _tail(uint256 types, uint256 data) private pure returns (uint256) {
        unchecked {
            uint256 kind = Reader.u8(types);
            if (kind == Words.TUPLE) return _row(types + 2, Reader.u8(types + 1), false, data);
            if (kind == Words.FIXED_ARRAY) return _row(types + 3, Reader.u16(types + 1), true, data);
            uint256 room = Frame.get(Frame.DATA_END) - data;
            if (room < 32) revert IHallpass.BadCalldata();
            uint256 length = Reader.word(data);
            data += 32;
            if (kind == Words.ARRAY) return _row(types + 1, length, true, data);
            if (length > room - 32) revert IHallpass.BadCalldata();
            uint256 padding = (0 - length) & 31;
            if (padding > room - 32 - length) revert IHallpass.BadCalldata();
            data += length;
            if (padding != 0 && Reader.word(data) >> (256 - (padding << 3)) != 0) revert IHallpass.BadCalldata();
            return data + padding;
        }
    }
}
