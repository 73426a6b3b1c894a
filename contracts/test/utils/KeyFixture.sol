// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Encode, Op} from "./Encode.sol";
import {Fixture} from "./Fixture.sol";
import {Grant} from "./GrantHasher.sol";
import {Passkey} from "./Passkey.sol";

/// @title Sessions of every kind of key, and operations with the rest opened
abstract contract KeyFixture is Fixture {
    uint8 internal constant SECP256K1 = 1;
    uint8 internal constant P256 = 2;
    uint8 internal constant WEBAUTHN = 3;

    /// @dev The grant for a session key of `kind`, with a salt of its own.
    function _keyed(Grant memory g, uint8 kind) internal pure returns (Grant memory) {
        g.salt = bytes16(uint128(0x7700) + kind);
        g.keyKind = kind;
        if (kind == SECP256K1) return g;
        (bytes32 x, bytes32 y) = Passkey.point(Passkey.KEY);
        g.key = bytes.concat(x, y);
        if (kind == WEBAUTHN) g.rest.rpIdHash = Passkey.RP;
        return g;
    }

    /// @dev What a session key of `kind` makes of a digest.
    function _signedAs(uint8 kind, bytes32 digest) internal pure returns (bytes memory) {
        if (kind == SECP256K1) return _sign(SESSION_KEY, digest);
        if (kind == P256) return Passkey.raw(Passkey.KEY, bytes.concat(digest));
        return Passkey.sign(Passkey.KEY, digest);
    }

    function _opDigest(Grant memory g, Op memory op) internal view returns (bytes32) {
        return _digest(address(account), _opHash(g, op));
    }

    /// @dev The wire with the rest opened, up to the signature.
    function _opened(Grant memory g, Op memory op, address caller) internal view returns (bytes memory) {
        return bytes.concat(
            Encode.openHeader(hasher, g, op, caller),
            Encode.rules(hasher, g.calls, ALL),
            Encode.meters(hasher, g.meters, ALL),
            Encode.op_(op)
        );
    }

    /// @dev The wire with the rest opened, signed by the grant's kind of key.
    function _openWire(Grant memory g, Op memory op) internal view returns (bytes memory) {
        return bytes.concat(_opened(g, op, address(this)), _signedAs(g.keyKind, _opDigest(g, op)));
    }

    function _endHash(bytes32 grant) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("End(bytes32 grant)"), grant));
    }
}
