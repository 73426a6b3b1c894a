// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";

/// @title Reads big-endian values at offsets of the calldata
/// @notice No read checks where its bytes end. The one who reads walks forward only, by steps below 2^24 or counts below
/// 2^16, so an offset never overflows; having read, it requires that the walk stopped exactly at the end of the bytes.
/// A walk that ever left them cannot stop there, and nothing is written or called before that is known.
/// @dev Assembly: one `calldataload` a value; bounds-checked slices cost about 2,500 gas more for a one-rule operation.
library Reader {
    /// @notice The offset of the first of the bytes, and the one after the last.
    function bounds(bytes calldata data) internal pure returns (uint256 start, uint256 end) {
        assembly ("memory-safe") {
            start := data.offset
            end := add(start, data.length)
        }
    }

    function u8(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(position))
        }
    }

    function u16(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(240, calldataload(position))
        }
    }

    function u24(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(232, calldataload(position))
        }
    }

    function u32(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(224, calldataload(position))
        }
    }

    function u48(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(208, calldataload(position))
        }
    }

    function u64(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(192, calldataload(position))
        }
    }

    function u120(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(136, calldataload(position))
        }
    }

    function u160(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := shr(96, calldataload(position))
        }
    }

    function bytes16_(uint256 position) internal pure returns (bytes16 value) {
        assembly ("memory-safe") {
            value := and(calldataload(position), not(0xffffffffffffffffffffffffffffffff))
        }
    }

    function address_(uint256 position) internal pure returns (address value) {
        assembly ("memory-safe") {
            value := shr(96, calldataload(position))
        }
    }

    function word(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }

    function bytes32_(uint256 position) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := calldataload(position)
        }
    }

    /// @notice A minimal integer, and the offset after it.
    function minimal(uint256 position) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 length = u8(position);
            next = position + 1;
            if (length == 0) return (0, next);
            if (length > 32 || u8(next) == 0) revert IHallpass.Malformed();
            value = word(next) >> (256 - (length << 3));
            next += length;
        }
    }

    /// @notice Keccak of the `length` bytes at `position`, by way of memory that nobody owns.
    function hash(uint256 position, uint256 length) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, position, length)
            value := keccak256(free, length)
        }
    }
}
