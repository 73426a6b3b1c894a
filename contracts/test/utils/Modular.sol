// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC7579Module, IERC7579Validator, MODULE_TYPE_VALIDATOR} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {EntryPointCode} from "./EntryPointCode.sol";

/// @title An owner's key as a validator, such as a modular account is born with
contract KeyValidator is IERC7579Validator {
    mapping(address account => address) public keys;

    /// @inheritdoc IERC7579Module
    function onInstall(bytes calldata data) external {
        keys[msg.sender] = address(bytes20(data));
    }

    /// @inheritdoc IERC7579Module
    function onUninstall(bytes calldata) external {
        delete keys[msg.sender];
    }

    /// @notice What a session must never reach: it makes anyone the account's owner.
    function rekey(address key) external {
        keys[msg.sender] = key;
    }

    /// @inheritdoc IERC7579Module
    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == MODULE_TYPE_VALIDATOR;
    }

    /// @inheritdoc IERC7579Validator
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash) external view returns (uint256) {
        return _signed(userOpHash, op.signature) ? 0 : 1;
    }

    /// @inheritdoc IERC7579Validator
    function isValidSignatureWithSender(address, bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _signed(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _signed(bytes32 hash, bytes calldata signature) private view returns (bool) {
        (address signer, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(hash, signature);
        return err == ECDSA.RecoverError.NoError && signer == keys[msg.sender];
    }
}

/// @title A module of any kind, that obeys the account
contract Obedient is IERC7579Module {
    uint256 public count;

    /// @inheritdoc IERC7579Module
    function onInstall(bytes calldata) external {}

    /// @inheritdoc IERC7579Module
    function onUninstall(bytes calldata) external {}

    /// @inheritdoc IERC7579Module
    function isModuleType(uint256) external pure returns (bool) {
        return true;
    }

    fallback() external {
        ++count;
    }
}

/// @title A modular account of OpenZeppelin's, on EntryPoint 0.8, which begins with one validator
contract ModularAccount is AccountERC7579 {
    constructor(address validator, bytes memory data) {
        _installModule(MODULE_TYPE_VALIDATOR, validator, data);
    }

    function entryPoint() public pure override returns (IEntryPoint) {
        return IEntryPoint(address(EntryPointCode.V08));
    }
}
