// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";

/// @title The canonical EntryPoints of ERC-4337
library EntryPoints {
    address internal constant V06 = 0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789;
    address internal constant V07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address internal constant V08 = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;
    address internal constant V09 = 0x433709009B8330FDa32311DF1C2AFA402eD8D009;

    uint256 private constant ROUTE_07 = 2;
    uint256 private constant ROUTE_08 = 4;

    /// @notice The route that `caller` stands for, and how many seconds before the first of an operation its bound must lie:
    /// 0.7 admits the second of its lower bound, 0.8 does not.
    function route(address caller) internal pure returns (uint256, uint256) {
        if (caller == V08) return (ROUTE_08, 1);
        if (caller == V07) return (ROUTE_07, 0);
        revert IHallpass.NotEntryPoint();
    }

    /// @notice Pays the calling EntryPoint what it still needs. That it got it is for itself to see.
    function prefund(uint256 missing) internal {
        if (missing == 0) return;
        (bool success,) = msg.sender.call{value: missing}("");
        success;
    }
}
