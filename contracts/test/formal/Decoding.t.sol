// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Judge} from "./Judge.sol";

/// @title Arguments pass exactly where they are the one encoding of their values
/// @notice Static layouts: what passes is what the ABI's own encoder makes of what its decoder reads. Dynamic ones: every length
/// up to the bound, each against the plain definition.
contract DecodingProof is Judge {
    /// @dev transfer(address,uint256), and a word of each other kind.
    function check_words(bytes32 a, bytes32 b, bytes32 c, bytes32 d, bytes32 e) external view {
        bytes memory arguments = abi.encodePacked(a, b, c, d, e);
        bool canonical = uint256(a) >> 160 == 0 && uint256(b) < 2 && uint256(c) < 2 ** 64
            && int256(uint256(d)) >= -8388608 && int256(uint256(d)) < 8388608 && uint256(e) << 32 == 0;
        bool passed = passes(hex"720560610722" hex"43", arguments);
        assert(passed == canonical);
        if (!passed) return;
        (address v, bool w, uint64 x, int24 y, bytes4 z) =
            abi.decode(arguments, (address, bool, uint64, int24, bytes4));
        assert(keccak256(abi.encode(v, w, x, y, z)) == keccak256(arguments));
    }

    /// @dev (uint8, (address, int8)[2]): static types that nest.
    function check_nested(bytes32 a, bytes32 b, bytes32 c, bytes32 d, bytes32 e) external view {
        bool canonical = uint256(a) < 256 && uint256(b) >> 160 == 0 && uint256(d) >> 160 == 0
            && int256(uint256(c)) >= -128 && int256(uint256(c)) < 128 && int256(uint256(e)) >= -128
            && int256(uint256(e)) < 128;
        assert(passes(hex"72020070000272026020", abi.encodePacked(a, b, c, d, e)) == canonical);
    }

    /// @dev Another number of bytes than the layout asks for.
    function check_neither_short_nor_long(bytes32 a, bytes32 b, bytes32 c) external view {
        assert(!passes(hex"7202601f", ""));
        assert(!passes(hex"7202601f", abi.encodePacked(a)));
        assert(!passes(hex"7202601f", abi.encodePacked(a, bytes31(b))));
        assert(!passes(hex"7202601f", abi.encodePacked(a, b, bytes1(c))));
        assert(!passes(hex"7202601f", abi.encodePacked(a, b, c)));
        assert(!passes(hex"7200", abi.encodePacked(bytes1(a))));
    }

    /// @dev (bytes), in 96 bytes: one word of content, whatever is said of its length.
    function check_bytes(bytes32 offset, bytes32 length, bytes32 content) external view {
        uint256 n = uint256(length);
        if (n > 32) {
            assert(!passes(hex"720162", abi.encodePacked(offset, length, content)));
            return;
        }
        for (uint256 i; i <= 32; ++i) {
            if (n != i) continue;
            bool padded = i == 32 || uint256(content) << (8 * i) == 0;
            bool passed = passes(hex"720162", abi.encodePacked(offset, i, content));
            assert(passed == (uint256(offset) == 32 && i != 0 && padded));
            return;
        }
    }

    /// @dev (uint16[]), in 128 bytes.
    function check_array(bytes32 offset, bytes32 length, bytes32 a, bytes32 b) external view {
        bool canonical =
            uint256(offset) == 32 && uint256(length) == 2 && uint256(a) < 65536 && uint256(b) < 65536;
        assert(passes(hex"72017101", abi.encodePacked(offset, length, a, b)) == canonical);
    }

    /// @dev (uint256, (address, bytes)), in 192 bytes: a dynamic tuple.
    function check_dynamic_tuple(bytes32 a, bytes32 offset, bytes32 b, bytes32 inner, bytes32 length, bytes32 content)
        external
        view
    {
        uint256 n = uint256(length);
        if (n > 32) {
            assert(!passes(hex"72021f72026062", abi.encodePacked(a, offset, b, inner, length, content)));
            return;
        }
        for (uint256 i; i <= 32; ++i) {
            if (n != i) continue;
            bool padded = i == 32 || uint256(content) << (8 * i) == 0;
            bool canonical = uint256(offset) == 64 && uint256(b) >> 160 == 0 && uint256(inner) == 64 && i != 0 && padded;
            assert(passes(hex"72021f72026062", abi.encodePacked(a, offset, b, inner, i, content)) == canonical);
            return;
        }
    }

    /// @dev (string[]) of one element, in 160 bytes.
    function check_array_of_text(bytes32 offset, bytes32 count, bytes32 inner, bytes32 length, bytes32 content)
        external
        view
    {
        if (uint256(count) > 3) {
            assert(!passes(hex"72017163", abi.encodePacked(offset, count, inner, length, content)));
            return;
        }
        if (uint256(count) != 1) return;
        for (uint256 i; i <= 32; ++i) {
            if (uint256(length) != i) continue;
            bool padded = i == 32 || uint256(content) << (8 * i) == 0;
            bool canonical = uint256(offset) == 32 && uint256(inner) == 32 && i != 0 && padded;
            assert(passes(hex"72017163", abi.encodePacked(offset, uint256(1), inner, i, content)) == canonical);
            return;
        }
    }
}
