// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Reader} from "../../src/libraries/Reader.sol";
import {Words} from "../../src/libraries/Words.sol";

/// @title A word is canonical exactly where it is a value of its type, and an integer has one minimal encoding
contract WordsProof {
    function canonical(uint256 kind, uint256 word) external pure returns (bool) {
        return Words.canonical(kind, word);
    }

    function minimal(bytes32, bytes32) external pure returns (uint256 value, uint256 next) {
        return Reader.minimal(4);
    }

    function check_uint(uint256 word) external pure {
        bool right = true;
        for (uint256 n = 1; n < 32; ++n) {
            right = right && Words.canonical(n - 1, word) == (word < 2 ** (8 * n));
        }
        assert(right && Words.canonical(31, word));
    }

    function check_int(int256 word) external pure {
        bool right = true;
        for (uint256 n = 1; n < 32; ++n) {
            int256 edge = int256(2 ** (8 * n - 1));
            right = right && Words.canonical(31 + n, uint256(word)) == (word >= -edge && word < edge);
        }
        assert(right && Words.canonical(63, uint256(word)));
    }

    function check_bytesN(uint256 word) external pure {
        bool right = true;
        for (uint256 n = 1; n < 32; ++n) {
            uint256 behind = 2 ** (256 - 8 * n) - 1;
            right = right && Words.canonical(63 + n, word) == (word & behind == 0);
        }
        assert(right && Words.canonical(95, word));
    }

    function check_address_and_bool(uint256 word) external pure {
        assert(Words.canonical(0x60, word) == (word <= type(uint160).max));
        assert(Words.canonical(0x61, word) == (word == 0 || word == 1));
    }

    /// @dev Of a type that is no word, nothing is canonical: it denies.
    function check_no_other_kind_has_words(uint256 kind, uint256 word) external view {
        if (kind <= 0x61) return;
        assert(!Words.isWord(kind));
        try this.canonical(kind, word) returns (bool) {
            assert(false);
        } catch {}
    }

    /// @dev What is read is below 256^n and not below 256^(n - 1), n being its length.
    function check_a_minimal_integer_has_its_length(bytes32 a, bytes32) external pure {
        (uint256 value, uint256 next) = Reader.minimal(4);
        uint256 n = uint8(a[0]);
        assert(n <= 32 && next == 5 + n);
        if (n == 0) assert(value == 0);
        else assert(value >> (8 * (n - 1)) != 0 && (n == 32 || value >> (8 * n) == 0));
    }

    /// @dev Two that are read as one value are the same bytes.
    function check_an_integer_has_one_encoding(bytes32 a, bytes32 b, bytes32 c, bytes32 d) external pure {
        (uint256 value, uint256 next) = Reader.minimal(4);
        (uint256 value2, uint256 next2) = Reader.minimal(68);
        if (value != value2) return;
        assert(next2 == next + 64);
        uint256 n = next - 4;
        if (n < 33) assert(a >> (256 - 8 * n) == c >> (256 - 8 * n));
        else assert(a == c && b[0] == d[0]);
    }

    /// @dev And each has one: its length and its bytes.
    function check_every_integer_is_read(uint256 value) external view {
        uint256 n;
        while (n < 32 && value >> (8 * n) != 0) ++n;
        uint256 shifted = n == 0 ? 0 : value << (256 - 8 * n);
        (uint256 read, uint256 next) = this.minimal(bytes32(n << 248 | shifted >> 8), bytes32(shifted << 248));
        assert(read == value && next == 5 + n);
    }
}
