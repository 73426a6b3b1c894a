// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {HallpassAccount} from "./HallpassAccount.sol";

/// @title The account as an EIP-7702 delegate: the key of the address that delegates here is the owner
contract Hallpass7702 is HallpassAccount {
    /// @inheritdoc HallpassAccount
    function owner() public view override returns (address) {
        return address(this);
    }
}
