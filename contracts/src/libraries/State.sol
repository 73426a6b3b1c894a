// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What is stored, and how it is packed
/// @notice account word: epoch 64 | frozen 8 | thaws 24 | guardians 160 (`Guardians`)
///
///     grant word:   status 8 | base 32 | used 64 | window 32 | spent 120     (the first meter's counter inside)
///     meter word:   window 32 | spent 120
///     lane word:    base 64 | used 192
///
/// low bits first. An operation in steady use reads two words and writes one.
///
/// In an account of ours these are its own slots. A module keeps the state of many accounts: there each is a mapping by the
/// account besides, innermost, so that ERC-4337 validation touches the account's associated storage alone (ERC-7562). `shared`
/// is that account, or 0 where the state is the account's own.
library State {
    /// @custom:storage-location erc7201:hallpass.account.v1
    struct Layout {
        uint256 account;
        mapping(bytes32 hash => uint256) grants;
        /// By `meterKey`. A grant's first meter is counted in its grant word instead.
        mapping(uint256 key => uint256) meters;
        /// By `epoch << 120 | salt >> 8`: a bit for each salt ever installed.
        mapping(uint256 key => uint256) salts;
        /// By the grant's id, then by the lane, which is not 0.
        mapping(bytes32 hash => mapping(uint256 lane => uint256)) lanes;
    }

    uint256 internal constant UNKNOWN = 0;
    uint256 internal constant ACTIVE = 1;
    uint256 internal constant ENDED = 2;

    uint256 internal constant FROZEN = 1 << 64;

    uint256 private constant COUNTER = 104;
    uint256 private constant COUNTER_MASK = (1 << 152) - 1;

    // keccak256(abi.encode(uint256(keccak256("hallpass.account.v1")) - 1)) & ~bytes32(uint256(0xff))
    uint256 private constant SLOT = 0xa772266c41ef2d176da1a93f4cf4f34531fa9182f0cc1331a94ac7c05a362800;

    /// @notice An account's own state.
    function load() internal pure returns (Layout storage state) {
        assembly ("memory-safe") {
            state.slot := SLOT
        }
    }

    /// @notice The slot of the account's word.
    function accountSlot(uint256 shared) internal pure returns (uint256) {
        return shared == 0 ? SLOT : _mapped(shared, SLOT);
    }

    /// @notice The slot of `grants[id]`.
    function grantSlot(uint256 id, uint256 shared) internal pure returns (uint256) {
        return _own(_mapped(id, SLOT + 1), shared);
    }

    /// @notice The slot of `meters[key]`.
    function meterSlot(uint256 key, uint256 shared) internal pure returns (uint256) {
        return _own(_mapped(key, SLOT + 2), shared);
    }

    /// @notice The slot of `salts[key]`.
    function saltSlot(uint256 key, uint256 shared) internal pure returns (uint256) {
        return _own(_mapped(key, SLOT + 3), shared);
    }

    /// @notice The slot of `lanes[id][lane]`.
    function laneSlot(uint256 id, uint256 lane, uint256 shared) internal pure returns (uint256) {
        return _own(_mapped(lane, _mapped(id, SLOT + 4)), shared);
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

    /// @notice The parts of a grant's word.
    function grantView(uint256 word)
        internal
        pure
        returns (uint8 status_, uint32 base, uint64 used, uint32 window, uint120 spent)
    {
        return (uint8(word), uint32(word >> 8), uint64(word >> 40), uint32(word >> 104), uint120(word >> 136));
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

    function _own(uint256 slot, uint256 shared) private pure returns (uint256) {
        return shared == 0 ? slot : _mapped(shared, slot);
    }

    /// @dev The slot of a mapping's value. Assembly, here and in `read` and `write`: hashed once for a load and a store, 70 gas.
    function _mapped(uint256 key, uint256 slot) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(0x20, slot)
            value := keccak256(0, 0x40)
        }
    }
}
