// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

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
        pocket = pocketOf(owner, index);
        if (pocket.code.length != 0) return pocket;
        Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(owner), bytes32(index));
        emit Opened(owner, index, pocket);
    }

    /// @inheritdoc IHallpassFactory
    function openAndInstall(address owner, uint256 index, bytes calldata grant, bytes calldata signature)
        external
        returns (address pocket)
    {
        pocket = open(owner, index);
        HallpassPocket(payable(pocket)).install(grant, signature);
    }

    /// @inheritdoc IHallpassFactory
    function pocketOf(address owner, uint256 index) public view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, abi.encode(owner), bytes32(index));
    }
}
