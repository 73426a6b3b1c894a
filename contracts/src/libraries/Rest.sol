// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";

/// @title A grant's rest, opened: fees, the ender, the relying party, relayers and paymasters
library Rest {
    // What is sent; the rest of the rest is zero, or an empty list.
    uint256 private constant GAS = 1;
    uint256 private constant ENDER = 2;
    uint256 private constant LOGIN = 4;
    uint256 private constant LABELS = 8;
    uint256 private constant RP_ID_HASH = 16;
    uint256 private constant RELAYERS = 32;
    uint256 private constant PAYMASTERS = 64;
    uint256 private constant LISTS = 128;

    uint256 private constant EMPTY_LIST = uint256(keccak256(""));

    /// @notice Reads an opened rest into the frame.
    /// @return hash its `hashStruct`
    /// @return next the offset behind it
    function read(uint256 position) internal pure returns (uint256 hash, uint256 next) {
        unchecked {
            uint256 flags = Reader.u8(position);
            ++position;
            uint256 words;
            assembly ("memory-safe") {
                words := mload(0x40)
            }
            uint256 gas_;
            (gas_, position) = _gas(flags, position, words);
            uint256 ender;
            if (flags & ENDER != 0) {
                ender = Reader.u160(position);
                position += 20;
            }
            Frame.set(words + 0x40, ender);
            Frame.set(Frame.ENDER, ender);
            position = _word(flags & LOGIN, 0, words + 0x60, position);
            position = _word(flags & LABELS, 0, words + 0x80, position);
            position = _word(flags & RP_ID_HASH, 0, words + 0xa0, position);
            Frame.set(Frame.RP_ID_HASH, Frame.get(words + 0xa0));
            position = _addresses(flags & RELAYERS, words + 0xc0, position, Frame.RELAYERS_AT, Frame.RELAYERS);
            position = _addresses(flags & PAYMASTERS, words + 0xe0, position, Frame.PAYMASTERS_AT, Frame.PAYMASTERS);
            position = _word(flags & LISTS, EMPTY_LIST, words + 0x100, position);
            position = _word(flags & LISTS, EMPTY_LIST, words + 0x120, position);
            position = _word(flags & LISTS, EMPTY_LIST, words + 0x140, position);
            Frame.set(words, uint256(Eip712.REST));
            Frame.set(words + 0x20, gas_);
            Frame.set(Frame.REST_OPEN, 1);
            return (Frame.hash(words, 0x160), position);
        }
    }

    /// @notice Whether `who` is among the `count` addresses at `position`.
    function lists(uint256 position, uint256 count, uint256 who) internal pure returns (bool) {
        unchecked {
            for (; count != 0; --count) {
                if (Reader.u160(position) == who) return true;
                position += 20;
            }
            return false;
        }
    }

    /// @dev `hashStruct(Gas)`, by way of the memory at `words`.
    function _gas(uint256 flags, uint256 position, uint256 words) private pure returns (uint256, uint256) {
        unchecked {
            uint256 units;
            uint256 token;
            uint256 perOp;
            uint256 cap;
            if (flags & GAS != 0) {
                units = Reader.u64(position);
                token = Reader.u160(position + 8);
                perOp = Reader.u120(position + 28);
                cap = Reader.u120(position + 43);
                position += 58;
            }
            Frame.set(Frame.FEE_TOKEN, token);
            Frame.set(Frame.FEE_PER_OP, perOp);
            Frame.set(Frame.FEE_CAP, cap);
            Frame.set(words, uint256(Eip712.GAS));
            Frame.set(words + 0x20, units);
            Frame.set(words + 0x40, token);
            Frame.set(words + 0x60, perOp);
            Frame.set(words + 0x80, cap);
            return (Frame.hash(words, 0xa0), position);
        }
    }

    /// @dev Puts the word at `position` to `place` where it was sent, else `otherwise`.
    function _word(uint256 sent, uint256 otherwise, uint256 place, uint256 position) private pure returns (uint256) {
        unchecked {
            if (sent == 0) {
                Frame.set(place, otherwise);
                return position;
            }
            Frame.set(place, Reader.word(position));
            return position + 32;
        }
    }

    /// @dev Puts the hash of a list of addresses to `place`, and where they stand into the frame.
    function _addresses(uint256 sent, uint256 place, uint256 position, uint256 atPlace, uint256 countPlace)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 count;
            if (sent != 0) {
                count = Reader.u8(position);
                ++position;
                if (count == 0) revert IHallpass.Malformed();
            }
            // Above the eleven words of the rest.
            uint256 buffer = place + 0x160;
            for (uint256 i; i < count; ++i) {
                Frame.set(buffer + (i << 5), Reader.u160(position + i * 20));
            }
            Frame.set(place, Frame.hash(buffer, count << 5));
            Frame.set(atPlace, position);
            Frame.set(countPlace, count);
            return position + count * 20;
        }
    }
}
