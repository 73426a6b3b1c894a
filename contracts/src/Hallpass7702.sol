// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {HallpassAccount} from "./HallpassAccount.sol";
import {Owned} from "./Owned.sol";
import {Owners} from "./libraries/Owners.sol";

/// @title The account as an EIP-7702 delegate: the key of the address that delegates here is the owner
contract Hallpass7702 is HallpassAccount, IERC1271 {
    /// @inheritdoc Owned
    function owner() public view override returns (address) {
        return address(this);
    }

    /// @inheritdoc IERC1271
    /// @notice The account's own key signed `hash` as it stands, as before it had code.
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _rawSignatureValidation(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    /// @dev Its key alone: to ask its code would be to ask itself.
    function _rawSignatureValidation(bytes32 hash, bytes calldata signature) internal view override returns (bool) {
        return Owners.signedByKey(address(this), hash, signature);
    }
}
