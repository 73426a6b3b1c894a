// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {HallpassAccount} from "./HallpassAccount.sol";

/// @title The account as a pocket: a clone at an address of its own, which a wallet owns, funds and can empty
/// @notice The owner stands in the clone's code, so nobody can take a pocket by being first to call it.
contract HallpassPocket is HallpassAccount {
    /// @notice One call that the owner has the pocket make.
    struct Call {
        address target;
        uint256 value;
        bytes data;
    }

    /// @notice Makes calls in order, all or none. Owner only; no grant has a say in it.
    function call(Call[] calldata calls) external payable {
        _onlyOwner();
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory reason) = calls[i].target.call{value: calls[i].value}(calls[i].data);
            if (!success) revert CallFailed(i, reason);
        }
    }

    /// @inheritdoc HallpassAccount
    /// @dev The implementation itself has no owner.
    function owner() public view override returns (address) {
        if (address(this) == backend) return address(0);
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address));
    }
}
