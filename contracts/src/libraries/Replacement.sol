// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Frame} from "./Frame.sol";
import {Grant} from "./Grants.sol";
import {Reader} from "./Reader.sol";
import {State} from "./State.sol";

/// @title What one grant keeps of the one that it replaces
/// @notice Counters belong to account, epoch, salt and meter id, so a replacement keeps its spend; and no meter may mean
/// something else than before.
library Replacement {
    /// @dev Bytes of a meter: id, what, token, cap, period, anchor.
    uint256 private constant METER = 48;
    uint256 private constant WORDS = 0xe0;

    // A meter without its cap: what may not change.
    uint256 private constant CAP = 23;
    uint256 private constant BEHIND_CAP = 38;

    /// @notice The counter of the first meter of `to`, from what the word and the state of `from` hold. Requires each meter of
    /// `to` to be one of `from`, with the same kind, token, period and anchor, and no higher cap.
    function counter(
        Grant memory from,
        bytes calldata fromMeters,
        Grant memory to,
        bytes calldata toMeters,
        uint256 word,
        uint256 shared
    ) internal view returns (uint256) {
        if (_hash(fromMeters) != from.meters || _hash(toMeters) != to.meters) revert IHallpass.Malformed();
        if (toMeters.length == 0) return 0;
        (uint256 old, uint256 oldEnd) = Reader.bounds(fromMeters);
        (uint256 new_, uint256 newEnd) = Reader.bounds(toMeters);
        uint256 first = old;
        uint256 firstNew = new_;
        unchecked {
            for (; new_ < newEnd; new_ += METER) {
                // Ids ascend in both.
                while (old < oldEnd && Reader.u16(old) < Reader.u16(new_)) old += METER;
                if (old >= oldEnd || !_narrower(old, new_)) revert IHallpass.BadReplacement();
                old += METER;
            }
        }
        if (Reader.u16(first) == Reader.u16(firstNew)) return State.counter(word);
        return State.read(State.meterSlot(State.meterKey(to.epoch, to.salt, Reader.u16(firstNew)), shared));
    }

    /// @dev Whether two meters are one, the new one with no higher cap.
    function _narrower(uint256 old, uint256 new_) private pure returns (bool) {
        unchecked {
            if (Reader.word(old) >> (256 - (CAP << 3)) != Reader.word(new_) >> (256 - (CAP << 3))) return false;
            uint256 behind = 256 - ((METER - BEHIND_CAP) << 3);
            if (Reader.word(old + BEHIND_CAP) >> behind != Reader.word(new_ + BEHIND_CAP) >> behind) return false;
            return Reader.u120(new_ + CAP) <= Reader.u120(old + CAP);
        }
    }

    /// @dev The EIP-712 hash of a list of meters.
    function _hash(bytes calldata meters) private pure returns (bytes32) {
        (uint256 offset, uint256 end) = Reader.bounds(meters);
        if (meters.length % METER != 0) revert IHallpass.Malformed();
        unchecked {
            uint256 words;
            assembly ("memory-safe") {
                words := mload(0x40)
            }
            uint256 list = words + WORDS;
            uint256 next = list;
            for (; offset < end; offset += METER) {
                Frame.set(words, uint256(Eip712.METER));
                Frame.set(words + 0x20, Reader.u16(offset));
                Frame.set(words + 0x40, Reader.u8(offset + 2));
                Frame.set(words + 0x60, Reader.u160(offset + 3));
                Frame.set(words + 0x80, Reader.u120(offset + CAP));
                Frame.set(words + 0xa0, Reader.u32(offset + BEHIND_CAP));
                Frame.set(words + 0xc0, Reader.u48(offset + BEHIND_CAP + 4));
                Frame.set(next, Frame.hash(words, WORDS));
                next += 32;
            }
            return bytes32(Frame.hash(list, next - list));
        }
    }
}
