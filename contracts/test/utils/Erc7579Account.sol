// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";

/// @notice OpenZeppelin's ERC-7579 account as it stands, for tests that write its storage themselves.
contract Erc7579Account is AccountERC7579 {}
