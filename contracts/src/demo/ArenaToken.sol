// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Arena USD, the demo's money: 6 decimals, all minted to the deployer
contract ArenaToken is ERC20 {
    constructor(uint256 supply) ERC20("Arena USD", "AUSD") {
        _mint(msg.sender, supply);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
