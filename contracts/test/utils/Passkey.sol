// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";

import {Vm} from "./Vm.sol";

/// @title Signs as a P-256 key and as a passkey do
library Passkey {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;
    uint256 internal constant KEY = 0x9A55;
    /// @dev SHA-256 of hallpass.example, written out: it would be a call of its own wherever it stands.
    bytes32 internal constant RP = 0xc628a87764bf750b778a6856ba0ac1b3c9f961670febbc19f6061ee38884096c;
    bytes internal constant DATA = abi.encodePacked(RP, hex"0500000007");
    bytes internal constant HEAD = '{"type":"webauthn.get","challenge":"';
    bytes internal constant TAIL = ',"origin":"https://hallpass.example","crossOrigin":false}';

    function point(uint256 key) internal pure returns (bytes32 x, bytes32 y) {
        (uint256 x_, uint256 y_) = vm.publicKeyP256(key);
        return (bytes32(x_), bytes32(y_));
    }

    /// @dev r and low s over SHA-256 of `message`.
    function raw(uint256 key, bytes memory message) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = vm.signP256(key, sha256(message));
        if (uint256(s) > ORDER / 2) s = bytes32(ORDER - uint256(s));
        return abi.encodePacked(r, s);
    }

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        return sign(key, digest, DATA, HEAD, TAIL);
    }

    function sign(uint256 key, bytes32 digest, bytes memory data, bytes memory head, bytes memory tail)
        internal
        pure
        returns (bytes memory)
    {
        bytes memory client = bytes.concat(head, bytes(Base64.encodeURL(abi.encodePacked(digest))), '"', tail);
        return form(data, tail, raw(key, bytes.concat(data, sha256(client))));
    }

    function form(bytes memory data, bytes memory tail, bytes memory signature) internal pure returns (bytes memory) {
        return abi.encodePacked(uint16(data.length), data, uint16(tail.length), tail, signature);
    }
}
