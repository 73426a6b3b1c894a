// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpassOwner} from "../interfaces/IHallpassOwner.sol";
import {State} from "./State.sol";

/// @title Guardians in the account's word: epoch 64, frozen 8, count of unfreezes 24, guardian set 160
library Guardians {
    uint256 private constant COUNT = 72;
    uint256 private constant SET = 96;
    uint256 private constant MAX = 16;

    /// @notice The id of a set, which must be one to keep. Zero and an empty list are no guardians, whose id is zero.
    function id(uint8 threshold, address[] calldata guardians) internal pure returns (uint160) {
        if (guardians.length == 0 && threshold == 0) return 0;
        if (threshold == 0 || threshold > guardians.length || guardians.length > MAX) {
            revert IHallpassOwner.BadGuardians();
        }
        address last;
        for (uint256 i; i < guardians.length; ++i) {
            // Ascending from zero: none twice, and not the zero address.
            if (guardians[i] <= last) revert IHallpassOwner.BadGuardians();
            last = guardians[i];
        }
        return uint160(uint256(keccak256(abi.encode(threshold, guardians))));
    }

    /// @notice The set's id that the account has.
    function set(uint256 account) internal pure returns (uint160) {
        return uint160(account >> SET);
    }

    /// @notice The account with another set.
    function withSet(uint256 account, uint160 set_) internal pure returns (uint256) {
        return uint96(account) | uint256(set_) << SET;
    }

    /// @notice How often the account was unfrozen, modulo 2^24.
    function count(uint256 account) internal pure returns (uint24) {
        return uint24(account >> COUNT);
    }

    /// @notice The account frozen.
    function frozen(uint256 account) internal pure returns (uint256) {
        return account | State.FROZEN;
    }

    /// @notice The account not frozen, and what its guardians signed before of no use.
    /// @dev The count begins anew after 2^24: it must neither run into the set nor ever keep the owner from unfreezing.
    function unfrozen(uint256 account) internal pure returns (uint256) {
        uint256 next;
        unchecked {
            next = count(account) + 1;
        }
        return (account & ~(State.FROZEN | uint256(type(uint24).max) << COUNT)) | next << COUNT;
    }
}
