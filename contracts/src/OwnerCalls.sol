// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC7579Utils} from "@openzeppelin/contracts/account/utils/draft-ERC7579Utils.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";
import {Calldata} from "@openzeppelin/contracts/utils/Calldata.sol";

import {Owned} from "./Owned.sol";

/// @title Calls that the owner makes (ERC-7821), by calling or by a signature that anyone may bring
/// @notice No grant has a say in them, and they go on while the account is frozen: an owner can always take everything out.
abstract contract OwnerCalls is Owned, IERC7821 {
    /// @custom:storage-location erc7201:hallpass.owner.v1
    struct Layout {
        /// By `nonce >> 8`: a bit for each nonce that was used.
        mapping(uint256 key => uint256) nonces;
    }

    /// @dev The first ten bytes of a mode; the standard leaves the others free.
    uint256 private constant BATCH = 0x01000000000000000000;
    uint256 private constant BATCH_WITH_DATA = 0x01000000000078210001;
    uint256 private constant MODE_SHIFT = 176;

    bytes32 private constant CALL = keccak256("Call(address target,uint256 value,bytes data)");
    bytes32 private constant OWNER_CALLS = keccak256(
        "OwnerCalls(address account,uint256 nonce,uint48 validUntil,Call[] calls)"
        "Call(address target,uint256 value,bytes data)"
    );

    // keccak256(abi.encode(uint256(keccak256("hallpass.owner.v1")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant SLOT = 0x8360c2c4ac7878cfd4c45f8e2cc3c319f31a03ab96e7c2f302696efd93261500;

    /// @inheritdoc IERC7821
    function execute(bytes32 mode, bytes calldata executionData) external payable {
        if (!supportsExecutionMode(mode)) revert UnsupportedExecutionMode();
        Execution[] calldata calls = ERC7579Utils.decodeBatch(executionData);
        bytes calldata opData = uint256(mode) >> MODE_SHIFT == BATCH ? Calldata.emptyBytes() : _opData(executionData);
        if (opData.length != 0) _useSigned(calls, opData);
        else if (!_mayExecute(msg.sender)) revert NotOwner();

        for (uint256 i; i < calls.length; ++i) {
            Execution calldata call = calls[i];
            // The standard: zero is the account.
            address target = call.target == address(0) ? address(this) : call.target;
            (bool success, bytes memory reason) = target.call{value: call.value}(call.callData);
            if (!success) revert CallFailed(i, reason);
        }
    }

    /// @inheritdoc IERC7821
    function supportsExecutionMode(bytes32 mode) public pure returns (bool) {
        uint256 known = uint256(mode) >> MODE_SHIFT;
        return known == BATCH || known == BATCH_WITH_DATA;
    }

    function ownerNonceUsed(uint256 nonce) external view returns (bool) {
        return _load().nonces[nonce >> 8] >> (nonce & 0xff) & 1 != 0;
    }

    /// @dev Whether `caller` may make any call without a signature. To let in another than the owner is to make it the owner.
    function _mayExecute(address caller) internal view virtual returns (bool) {
        return _isOwner(caller);
    }

    /// @dev Requires the owner's signature over the calls, and uses its nonce before any of them is made.
    function _useSigned(Execution[] calldata calls, bytes calldata opData) private {
        if (opData.length < 38) revert Malformed();
        uint256 nonce = uint256(bytes32(opData));
        uint48 validUntil = uint48(bytes6(opData[32:]));
        if (block.timestamp >= validUntil) revert OpExpired();
        mapping(uint256 => uint256) storage nonces = _load().nonces;
        uint256 bit = 1 << (nonce & 0xff);
        if (nonces[nonce >> 8] & bit != 0) revert NonceUsed();
        _approved(_hash(calls, nonce, validUntil), opData[38:]);
        nonces[nonce >> 8] |= bit;
        emit OwnerExecuted(nonce);
    }

    function _hash(Execution[] calldata calls, uint256 nonce, uint48 validUntil) private view returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](calls.length);
        for (uint256 i; i < calls.length; ++i) {
            Execution calldata call = calls[i];
            hashes[i] = keccak256(abi.encode(CALL, call.target, call.value, keccak256(call.callData)));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        return keccak256(abi.encode(OWNER_CALLS, address(this), nonce, validUntil, list));
    }

    /// @dev The second of the two values in the data; none where the calls are its only one.
    function _opData(bytes calldata executionData) private pure returns (bytes calldata opData) {
        // The first value's offset is where the row of offsets ends.
        if (uint256(bytes32(executionData)) < 64) return Calldata.emptyBytes();
        opData = executionData[uint256(bytes32(executionData[32:64])):];
        uint256 length = uint256(bytes32(opData[:32]));
        opData = opData[32:][:length];
    }

    function _load() private pure returns (Layout storage state) {
        assembly ("memory-safe") {
            state.slot := SLOT
        }
    }
}
