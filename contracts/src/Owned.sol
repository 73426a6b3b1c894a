// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";

import {IHallpass} from "./interfaces/IHallpass.sol";
import {IHallpassOwner} from "./interfaces/IHallpassOwner.sol";
import {Eip712} from "./libraries/Eip712.sol";

/// @title Who owns the account
/// @notice A home says it by `owner` and, for signatures, by `_rawSignatureValidation`. A session key is never the owner.
abstract contract Owned is AbstractSigner, IHallpass, IHallpassOwner {
    /// @inheritdoc IHallpass
    address public immutable backend = address(this);

    /// @inheritdoc IHallpass
    function owner() public view virtual returns (address);

    /// @dev The owner signed `structHash` in the Grant domain.
    function _approved(bytes32 structHash, bytes calldata signature) internal view virtual {
        if (!_rawSignatureValidation(Eip712.digest(backend, structHash), signature)) revert BadSignature();
    }

    /// @dev The account calls itself only where its owner has it do so: no session reaches the account.
    function _isOwner(address caller) internal view returns (bool) {
        return caller == address(this) || (caller != address(0) && caller == owner());
    }

    function _onlyOwner() internal view {
        if (!_isOwner(msg.sender)) revert NotOwner();
    }
}
