// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What an account stores (ERC-7201, namespace `hallpass.account.v1`)
/// @notice account word: epoch 64 | frozen 8. Grant word: status 8 | base 32 | used 64 | window 32 | spent 120, from the
/// low end. Counter word: window 32 | spent 120. A one-meter operation reads two words and writes one.
library State {
    /// @custom:storage-location erc7201:hallpass.account.v1
    struct Layout {
        uint256 account;
        mapping(bytes32 hash => uint256) grants;
        /// By `meterKey`. A grant's first meter is counted in its grant word instead.
        mapping(uint256 key => uint256) meters;
        /// By `epoch << 120 | salt >> 8`: a bit for each salt ever installed.
        mapping(uint256 key => uint256) salts;
    }

    uint256 internal constant UNKNOWN = 0;
    uint256 internal constant ACTIVE = 1;
    uint256 internal constant ENDED = 2;

    uint256 internal constant FROZEN = 1 << 64;

    uint256 private constant COUNTER = 104;
    uint256 private constant COUNTER_MASK = (1 << 152) - 1;

    // keccak256(abi.encode(uint256(keccak256("hallpass.account.v1")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SLOT = 0xa772266c41ef2d176da1a93f4cf4f34531fa9182f0cc1331a94ac7c05a362800;

    function load() internal pure returns (Layout storage state) {
        assembly ("memory-safe") {
            state.slot := SLOT
        }
    }

    /// @notice The slot of `grants[id]`.
    /// @dev Assembly, here and in `read` and `write`: hashed once for a load and a store, 70 gas.
    function grantSlot(uint256 id) internal pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0, id)
            mstore(0x20, add(SLOT, 1))
            slot := keccak256(0, 0x40)
        }
    }

    function read(uint256 slot) internal view returns (uint256 value) {
        assembly ("memory-safe") {
            value := sload(slot)
        }
    }

    function write(uint256 slot, uint256 value) internal {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }

    function status(uint256 grant) internal pure returns (uint256) {
        return grant & 0xff;
    }

    function ended(uint256 grant) internal pure returns (uint256) {
        return (grant & ~uint256(0xff)) | ENDED;
    }

    /// @notice The word of a grant just installed.
    function installed(uint256 base) internal pure returns (uint256) {
        return ACTIVE | base << 8;
    }

    /// @notice The grant word's counter of the first meter, as a counter word.
    function counter(uint256 grant) internal pure returns (uint256) {
        return grant >> COUNTER;
    }

    function withCounter(uint256 grant, uint256 word) internal pure returns (uint256) {
        return (grant & ~(COUNTER_MASK << COUNTER)) | word << COUNTER;
    }

    /// @notice The three are apart in the key, so no two meters share one.
    function meterKey(uint256 epoch, bytes16 salt, uint256 id) internal pure returns (uint256) {
        return epoch << 144 | uint256(uint128(salt)) << 16 | id;
    }

    /// @notice The key and the bit of a salt.
    function saltBit(uint256 epoch, bytes16 salt) internal pure returns (uint256 key, uint256 bit) {
        uint256 value = uint128(salt);
        return (epoch << 120 | value >> 8, 1 << (value & 0xff));
    }
}
