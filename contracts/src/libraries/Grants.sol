// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Reader} from "./Reader.sol";
import {Rest} from "./Rest.sol";

/// @dev The words that EIP-712 hashes for a `Grant`, in its order. Every integer was read at its own width.
struct Grant {
    bytes32 typeHash;
    uint256 chainId;
    address account;
    address backend;
    uint256 epoch;
    bytes16 salt;
    uint256 keyKind;
    bytes32 keyHash;
    uint256 notBefore;
    uint256 notAfter;
    uint256 firstSeq;
    uint256 endSeq;
    uint256 routes;
    address relayer;
    bytes32 calls;
    bytes32 meters;
    bytes32 rest;
}

/// @title The grant as `install`, `replace`, `endFor` and `surrender` take it
library Grants {
    uint256 internal constant SECP256K1 = 1;
    uint256 internal constant P256 = 2;
    uint256 internal constant WEBAUTHN = 3;
    uint256 internal constant ED25519 = 4;

    /// @dev Offset of the key in a grant's bytes.
    uint256 internal constant KEY = 74;

    /// @notice `hashStruct(Grant)`: the grant's id.
    /// @dev Assembly: hashing the 17 words where they stand saves encoding them anew, about 600 gas.
    function hash(Grant memory grant) internal pure returns (bytes32 id) {
        assembly ("memory-safe") {
            id := keccak256(grant, 544)
        }
    }

    /// @notice Bytes of a key of `kind`.
    function keyLength(uint256 kind) internal pure returns (uint256) {
        if (kind == SECP256K1) return 20;
        if (kind == P256 || kind == WEBAUTHN) return 64;
        if (kind == ED25519) return 32;
        revert IHallpass.Malformed();
    }

    /// @notice Reads the whole of `data`.
    function read(bytes calldata data) internal pure returns (Grant memory grant) {
        uint256 position;
        assembly ("memory-safe") {
            position := data.offset
        }
        uint256 end = position + data.length;
        grant.typeHash = Eip712.GRANT;
        grant.chainId = Reader.u64(position);
        grant.account = Reader.address_(position + 8);
        grant.backend = Reader.address_(position + 28);
        grant.epoch = Reader.u64(position + 48);
        grant.salt = Reader.bytes16_(position + 56);
        grant.keyKind = Reader.u8(position + 72);
        uint256 length = Reader.u8(position + 73);
        if (length != keyLength(grant.keyKind)) revert IHallpass.Malformed();
        grant.keyHash = bytes32(Reader.hash(position + KEY, length));
        position += KEY + length;
        grant.notBefore = Reader.u48(position);
        grant.notAfter = Reader.u48(position + 6);
        grant.firstSeq = Reader.u64(position + 12);
        grant.endSeq = Reader.u64(position + 20);
        grant.routes = Reader.u8(position + 28);
        grant.relayer = Reader.address_(position + 29);
        grant.calls = Reader.bytes32_(position + 49);
        grant.meters = Reader.bytes32_(position + 81);
        grant.rest = Reader.bytes32_(position + 113);
        if (position + 145 != end) revert IHallpass.Malformed();
    }

    /// @notice Reads the grant's rest, opened in the whole of `data`, into the frame, which must be open.
    function openRest(Grant memory grant, bytes calldata data) internal pure {
        (uint256 start, uint256 end) = Reader.bounds(data);
        (uint256 hash_, uint256 next) = Rest.read(start);
        if (next != end || bytes32(hash_) != grant.rest) revert IHallpass.Malformed();
    }
}
