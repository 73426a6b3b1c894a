// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {AbstractSigner} from "@openzeppelin/contracts/utils/cryptography/signers/AbstractSigner.sol";

import {HallpassAccount} from "./HallpassAccount.sol";
import {Owned} from "./Owned.sol";
import {Grants} from "./libraries/Grants.sol";
import {Keys} from "./libraries/Keys.sol";
import {Owners} from "./libraries/Owners.sol";
import {Reader} from "./libraries/Reader.sol";

/// @title The account as a pocket: a clone at an address of its own, which a wallet or a passkey owns, and can empty
/// @notice The owner stands in the clone's code, so nobody can take a pocket by being first to call it.
/// Its ERC-1271 asks for nested typed data (ERC-7739): what the owner signed for itself, or for another of its pockets, is
/// not signed for this one.
contract HallpassPocket is HallpassAccount, ERC7739 {
    uint256 private constant ADDRESS_LENGTH = 32;
    uint256 private constant PASSKEY_LENGTH = 96;

    constructor() EIP712("Hallpass", "1") {}

    /// @inheritdoc Owned
    /// @dev The implementation itself has no owner. A passkey has no address.
    function owner() public view override returns (address) {
        bytes memory owned = _owned();
        return owned.length == ADDRESS_LENGTH ? abi.decode(owned, (address)) : address(0);
    }

    /// @notice The passkey that owns the pocket: its point, and SHA-256 of its relying party's id. Zeros where an address does.
    function passkey() public view returns (bytes32 x, bytes32 y, bytes32 rpIdHash) {
        bytes memory owned = _owned();
        if (owned.length == PASSKEY_LENGTH) return abi.decode(owned, (bytes32, bytes32, bytes32));
    }

    function _rawSignatureValidation(bytes32 hash, bytes calldata signature)
        internal
        view
        override(AbstractSigner)
        returns (bool)
    {
        address by = owner();
        if (by != address(0)) return Owners.signed(by, hash, signature);
        (bytes32 x, bytes32 y, bytes32 rpIdHash) = passkey();
        (uint256 position, uint256 end) = Reader.bounds(signature);
        return position + Keys.length(Grants.WEBAUTHN, position, end) == end
            && Keys.webAuthn(uint256(x), uint256(y), hash, position, uint256(rpIdHash));
    }

    /// @dev What the factory wrote behind the clone's code.
    function _owned() private view returns (bytes memory) {
        return address(this) == backend ? bytes("") : Clones.fetchCloneArgs(address(this));
    }
}
