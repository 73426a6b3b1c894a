// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";

/// @title Sequences used in any order, each at most once
/// @notice Lane 0 is a window of 64 sequences in the grant's word; every other lane one of 192 in a word of its own. A sequence
/// behind the window's end moves it up to end there; what falls out at the low end is dead.
library Nonces {
    uint256 private constant WINDOW = 64;
    uint256 private constant BASE = 8;
    uint256 private constant USED = 40;
    uint256 private constant MASK = ~(((1 << 96) - 1) << BASE);

    uint256 private constant LANE_WINDOW = 192;
    uint256 private constant LANE_USED = 64;

    /// @notice The grant word with `sequence` used, which must be below 2^32.
    function use(uint256 grant, uint256 sequence) internal pure returns (uint256) {
        unchecked {
            uint256 base = uint32(grant >> BASE);
            if (sequence < base) revert IHallpass.NonceUsed();
            uint256 ahead = sequence - base;
            if (ahead >= WINDOW) {
                uint256 shift = ahead - (WINDOW - 1);
                uint256 used = uint64(grant >> USED) >> shift;
                grant = (grant & MASK) | (base + shift) << BASE | used << USED;
                ahead = WINDOW - 1;
            }
            uint256 bit = 1 << (USED + ahead);
            if (grant & bit != 0) revert IHallpass.NonceUsed();
            return grant | bit;
        }
    }

    /// @notice The lane's word with `sequence` used, which must be below 2^64.
    function useLane(uint256 lane, uint256 sequence) internal pure returns (uint256) {
        unchecked {
            uint256 base = uint64(lane);
            if (sequence < base) revert IHallpass.NonceUsed();
            uint256 ahead = sequence - base;
            if (ahead >= LANE_WINDOW) {
                uint256 shift = ahead - (LANE_WINDOW - 1);
                uint256 used = (lane >> LANE_USED) >> shift;
                lane = (base + shift) | used << LANE_USED;
                ahead = LANE_WINDOW - 1;
            }
            uint256 bit = 1 << (LANE_USED + ahead);
            if (lane & bit != 0) revert IHallpass.NonceUsed();
            return lane | bit;
        }
    }
}
