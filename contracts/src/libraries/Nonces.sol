// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";

/// @title Lane 0: a window of 64 sequences from `base`, used in any order, each at most once
library Nonces {
    uint256 private constant WINDOW = 64;
    uint256 private constant BASE = 8;
    uint256 private constant USED = 40;
    uint256 private constant MASK = ~(((1 << 96) - 1) << BASE);

    /// @notice The grant word with `sequence` used, which must be below 2^32. A sequence 64 or more above `base` moves the
    /// window up to end with it; what falls out at the low end is dead.
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
}
