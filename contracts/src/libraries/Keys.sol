// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Grants} from "./Grants.sol";
import {Reader} from "./Reader.sol";

/// @title Who signed a digest, by each kind of key
/// @notice Reads as `Reader` does, without bounds: the caller requires that the signature, as long as `length` says it must
/// be, stops exactly at the end of the bytes it came in.
library Keys {
    uint256 private constant P256_LENGTH = 64;

    /// @dev n / 2 of P-256, rounded down.
    uint256 private constant P256_HALF_ORDER = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8;

    /// @dev The relying party's hash, the flags and the counter, with which authenticator data begins.
    uint256 private constant MIN_DATA = 37;
    uint256 private constant FLAGS = 32;
    /// @dev User present, and user verified.
    uint256 private constant PRESENT_AND_VERIFIED = 0x05;
    /// @dev What WebAuthn's serialisation (Level 2, 5.8.1.1) writes around the challenge of an assertion.
    bytes private constant BEFORE_CHALLENGE = '{"type":"webauthn.get","challenge":"';
    bytes11 private constant AFTER_CHALLENGE = ',"origin":"';
    uint256 private constant CLOSING = 0x7d;

    /// @notice The length that a signature of `kind` at `position` must have.
    /// @dev A signature of a kind that is not judged yet has no form yet either: any that stops at `end` will do.
    function length(uint256 kind, uint256 position, uint256 end) internal pure returns (uint256) {
        unchecked {
            if (kind == Grants.SECP256K1) return 65;
            if (kind == Grants.P256) return P256_LENGTH;
            if (kind == Grants.WEBAUTHN) {
                uint256 data = Reader.u16(position);
                return data + Reader.u16(position + 2 + data) + 4 + P256_LENGTH;
            }
            if (kind != Grants.ED25519 || position > end) revert IHallpass.Malformed();
            return end - position;
        }
    }

    /// @notice Requires that the key of `kind` at `key` signed `digest` by the signature at `signature`.
    /// @param rpIdHash SHA-256 of the relying party's id; other kinds than WebAuthn do not look at it
    function check(uint256 kind, uint256 key, bytes32 digest, uint256 signature, uint256 rpIdHash) internal view {
        if (kind == Grants.SECP256K1) {
            Eip712.checkAt(Reader.u160(key), digest, signature);
            return;
        }
        bool valid;
        unchecked {
            if (kind == Grants.P256) {
                valid = _p256(Reader.word(key), Reader.word(key + 32), _sha256(digest), signature);
            } else if (kind == Grants.WEBAUTHN) {
                valid = webAuthn(Reader.word(key), Reader.word(key + 32), digest, signature, rpIdHash);
            } else {
                revert IHallpass.NotYetSupported();
            }
        }
        if (!valid) revert IHallpass.BadSignature();
    }

    /// @notice Whether the passkey x, y of the relying party signed `digest` as its challenge, its user present and verified.
    /// @dev Of the client data only what follows the challenge is sent. The rest is fixed, so that neither another type than
    /// an assertion nor another challenge can be meant (Level 2, 5.8.1.2, limited verification).
    function webAuthn(uint256 x, uint256 y, bytes32 digest, uint256 signature, uint256 rpIdHash)
        internal
        view
        returns (bool)
    {
        unchecked {
            uint256 dataLength = Reader.u16(signature);
            uint256 data = signature + 2;
            uint256 tail = data + dataLength + 2;
            uint256 tailLength = Reader.u16(tail - 2);
            if (dataLength < MIN_DATA || rpIdHash == 0 || Reader.word(data) != rpIdHash) return false;
            if (Reader.u8(data + FLAGS) & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED) return false;
            if (bytes11(Reader.bytes32_(tail)) != AFTER_CHALLENGE) return false;
            // Of a tail that is shorter than what it must begin with, the last byte is no brace either.
            if (Reader.u8(tail + tailLength - 1) != CLOSING) return false;
            bytes32 message = _message(digest, _slice(data, dataLength), _slice(tail, tailLength));
            return _p256(x, y, message, tail + tailLength);
        }
    }

    /// @dev What an authenticator signs.
    function _message(bytes32 digest, bytes calldata data, bytes calldata tail) private pure returns (bytes32 message) {
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        string memory challenge = Base64.encodeURL(abi.encodePacked(digest));
        bytes32 client = sha256(abi.encodePacked(BEFORE_CHALLENGE, challenge, '"', tail));
        message = sha256(abi.encodePacked(data, client));
        // Nothing of this is used again. Assembly: the memory is given back, for the frame goes on where it ended.
        assembly ("memory-safe") {
            mstore(0x40, free)
        }
    }

    function _slice(uint256 position, uint256 size) private pure returns (bytes calldata data) {
        assembly ("memory-safe") {
            data.offset := position
            data.length := size
        }
    }

    /// @dev Assembly: without an encoder, about 200 gas less. A call that fails must not leave the digest in place of its hash.
    function _sha256(bytes32 digest) private view returns (bytes32 hash) {
        bool success;
        assembly ("memory-safe") {
            mstore(0, digest)
            success := staticcall(gas(), 2, 0, 32, 0, 32)
            hash := mload(0)
        }
        if (!success) revert IHallpass.BadSignature();
    }

    /// @dev Whether the key x, y signed `hash` by the r and s at `position`, s being low. The precompile (EIP-7951) sees to the
    /// rest: r and s from 1 to n - 1, a point on the curve. It answers 32 bytes, or none; none too where there is no precompile.
    /// Assembly: OpenZeppelin's asks a second time, to tell a missing precompile; that is a denial like any other here.
    function _p256(uint256 x, uint256 y, bytes32 hash, uint256 position) private view returns (bool valid) {
        unchecked {
            if (Reader.word(position + 32) > P256_HALF_ORDER) return false;
        }
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hash)
            calldatacopy(add(free, 32), position, 64)
            mstore(add(free, 96), x)
            mstore(add(free, 128), y)
            mstore(0, 0)
            let success := staticcall(gas(), 0x100, free, 160, 0, 32)
            valid := and(and(success, eq(returndatasize(), 32)), eq(mload(0), 1))
        }
    }
}
