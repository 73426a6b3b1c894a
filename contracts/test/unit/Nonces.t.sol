// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract NoncesTest is Fixture {
    /// @dev The naive model: every sequence ever used, and the lowest that may be.
    mapping(uint256 sequence => bool) private _used;
    uint256 private _base;

    function test_a_signature_executes_once() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)));
        account.execute(wire);
        _denies(IHallpass.NonceUsed.selector, wire);
        // Nor does another operation under the same sequence.
        --sequence;
        _denies(IHallpass.NonceUsed.selector, g, _transfer(2));
    }

    function test_sequences_execute_in_any_order() public {
        Grant memory g = _installed();
        uint8[6] memory order = [64, 1, 33, 2, 63, 32];
        for (uint256 i; i < 6; ++i) {
            account.execute(_at(g, order[i]));
        }
        for (uint256 i; i < 6; ++i) {
            _denies(IHallpass.NonceUsed.selector, _at(g, order[i]));
        }
        (, uint32 base, uint64 used,,) = account.grantState(hasher.hash(g));
        assertEq(base, 1);
        assertEq(used, 1 << 63 | 1 | 1 << 32 | 1 << 1 | 1 << 62 | 1 << 31);
    }

    function test_64_ahead_slides_the_window_by_one() public {
        Grant memory g = _installed();
        account.execute(_at(g, 2));
        account.execute(_at(g, 65));
        (, uint32 base, uint64 used,,) = account.grantState(hasher.hash(g));
        assertEq(base, 2);
        assertEq(used, 1 << 63 | 1);
        _denies(IHallpass.NonceUsed.selector, _at(g, 1));
        _denies(IHallpass.NonceUsed.selector, _at(g, 2));
        account.execute(_at(g, 3));
    }

    function test_far_ahead_kills_all_lower() public {
        Grant memory g = _installed();
        account.execute(_at(g, 5));
        account.execute(_at(g, type(uint32).max));
        (, uint32 base, uint64 used,,) = account.grantState(hasher.hash(g));
        assertEq(base, type(uint32).max - 63);
        assertEq(used, 1 << 63);
        _denies(IHallpass.NonceUsed.selector, _at(g, type(uint32).max - 64));
        account.execute(_at(g, type(uint32).max - 63));
    }

    function testFuzz_agrees_with_the_naive_model(uint8[24] calldata steps) public {
        Grant memory g = _installed();
        _base = 1;
        uint256 next = 1;
        for (uint256 i; i < steps.length; ++i) {
            // Walks upward by up to 31, and looks back by up to 127.
            next += steps[i] & 31;
            uint256 back = steps[i] & 127;
            uint256 number = steps[i] > 127 && back < next ? next - back : next;
            bytes memory wire = _at(g, number);
            if (number == 0) continue;
            if (number < _base || _used[number]) {
                _denies(IHallpass.NonceUsed.selector, wire);
                continue;
            }
            account.execute(wire);
            _used[number] = true;
            if (number >= _base + 64) _base = number - 63;
        }
        (, uint32 base, uint64 used,,) = account.grantState(hasher.hash(g));
        assertEq(base, _base);
        for (uint256 i; i < 64; ++i) {
            assert((used >> i & 1 == 1) == _used[_base + i]);
        }
    }

    function _at(Grant memory g, uint256 number) private returns (bytes memory) {
        Op memory op = _op(_call(TYPES, abi.encode(int16(-1), bytes4("abcd"), true)));
        op.nonce = number;
        return _wire(g, op);
    }
}
