// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

import {IHallpass} from "./interfaces/IHallpass.sol";
import {IHallpassFactory} from "./interfaces/IHallpassFactory.sol";
import {HallpassPocket} from "./HallpassPocket.sol";

/// @title Opens pockets at addresses that are known before
contract HallpassFactory is IHallpassFactory {
    /// @inheritdoc IHallpassFactory
    address public immutable implementation;

    constructor(HallpassPocket implementation_) {
        if (address(implementation_).code.length == 0) revert NoImplementation();
        implementation = address(implementation_);
    }

    /// @inheritdoc IHallpassFactory
    function open(address owner, uint256 index) public returns (address pocket) {
        bool opened;
        (pocket, opened) = _open(_owned(owner), index);
        if (opened) emit Opened(owner, index, pocket);
    }

    /// @inheritdoc IHallpassFactory
    function openFor(bytes32 x, bytes32 y, bytes32 rpIdHash, uint256 index) public returns (address pocket) {
        bool opened;
        (pocket, opened) = _open(_owned(x, y, rpIdHash), index);
        if (opened) emit OpenedFor(x, y, rpIdHash, index, pocket);
    }

    /// @inheritdoc IHallpassFactory
    function openAndInstall(address owner, uint256 index, bytes calldata grant, bytes calldata signature)
        external
        returns (address pocket)
    {
        pocket = open(owner, index);
        IHallpass(pocket).install(grant, signature);
    }

    /// @inheritdoc IHallpassFactory
    function openForAndInstall(
        bytes32 x,
        bytes32 y,
        bytes32 rpIdHash,
        uint256 index,
        bytes calldata grant,
        bytes calldata signature
    ) external returns (address pocket) {
        pocket = openFor(x, y, rpIdHash, index);
        IHallpass(pocket).install(grant, signature);
    }

    /// @inheritdoc IHallpassFactory
    function pocketOf(address owner, uint256 index) external view returns (address) {
        return _pocket(_owned(owner), index);
    }

    /// @inheritdoc IHallpassFactory
    function pocketFor(bytes32 x, bytes32 y, bytes32 rpIdHash, uint256 index) external view returns (address) {
        return _pocket(_owned(x, y, rpIdHash), index);
    }

    function _open(bytes memory owned, uint256 index) private returns (address pocket, bool opened) {
        pocket = _pocket(owned, index);
        if (pocket.code.length != 0) return (pocket, false);
        Clones.cloneDeterministicWithImmutableArgs(implementation, owned, bytes32(index));
        return (pocket, true);
    }

    function _pocket(bytes memory owned, uint256 index) private view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, owned, bytes32(index));
    }

    /// @dev What stands behind the clone's code. Refused where nobody could ever empty the pocket, before anyone funds it.
    function _owned(address owner) private view returns (bytes memory) {
        if (owner == address(0) || owner == implementation) revert BadOwner();
        return abi.encode(owner);
    }

    function _owned(bytes32 x, bytes32 y, bytes32 rpIdHash) private pure returns (bytes memory) {
        if (x == 0 || y == 0 || rpIdHash == 0 || !P256.isValidPublicKey(x, y)) revert BadOwner();
        return abi.encode(x, y, rpIdHash);
    }
}
