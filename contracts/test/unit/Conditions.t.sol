// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract ConditionsTest is Fixture {
    bytes private constant UINT8 = hex"720100";
    bytes private constant INT16 = hex"720121";
    bytes private constant BYTES4 = hex"720143";
    bytes private constant BOOL = hex"720161";
    bytes private constant TWO = hex"7202601f";

    uint128 private _salt;

    function test_the_grants_own_conditions_hold() public {
        Grant memory g = _installed();
        _executes(g, _move());
        _denies(IHallpass.ConditionFailed.selector, g, _call(MOVE, abi.encode(4, 3)));
        _denies(IHallpass.ConditionFailed.selector, g, _call(MOVE, abi.encode(0, 3)));
        _denies(IHallpass.ConditionFailed.selector, g, _call(MOVE, abi.encode(1, 4)));
        _denies(IHallpass.ConditionFailed.selector, g, _call(TRANSFER, abi.encode(address(1), 1)));
    }

    function testFuzz_unsigned_comparisons(uint8 operator, uint8 word, uint8 bound) public {
        operator = uint8(operator % 6 + 1);
        _judges(UINT8, Encode.cond(operator, 0, bound), word, _compare(operator, int256(uint256(word)), int256(uint256(bound))));
    }

    function testFuzz_signed_comparisons(uint8 operator, int16 word, int16 bound) public {
        operator = uint8(operator % 6 + 1);
        bytes memory cond = Encode.cond(operator, 0, uint256(int256(bound)));
        _judges(INT16, cond, uint256(int256(word)), _compare(operator, word, bound));
    }

    function test_comparisons_at_the_edges() public {
        for (uint8 operator = 1; operator < 7; ++operator) {
            for (int16 word = -1; word < 2; ++word) {
                _judges(INT16, Encode.cond(operator, 0, 0), uint256(int256(word)), _compare(operator, word, 0));
                uint256 shifted = uint256(int256(word) + 8);
                _judges(UINT8, Encode.cond(operator, 0, 8), shifted, _compare(operator, word, 0));
            }
        }
    }

    function test_equality_is_of_any_word() public {
        _judges(BYTES4, Encode.cond(1, 0, uint256(bytes32("abcd"))), uint256(bytes32("abcd")), true);
        _judges(BYTES4, Encode.cond(2, 0, uint256(bytes32("abcd"))), uint256(bytes32("abcd")), false);
        _judges(BOOL, Encode.cond(1, 0, 1), 0, false);
        _judges(BOOL, Encode.cond(2, 0, 1), 0, true);
    }

    function test_membership() public {
        bytes memory set = abi.encodePacked(uint8(7), Encode.path(0), uint8(3), uint256(2), uint256(5), uint256(9));
        for (uint256 word; word < 12; ++word) {
            _judges(UINT8, set, word, word == 2 || word == 5 || word == 9);
        }
        int256 minus = -1;
        set = abi.encodePacked(uint8(7), Encode.path(0), uint8(2), uint256(1), minus);
        _judges(INT16, set, uint256(minus), true);
        _judges(INT16, set, 0, false);
    }

    function test_masks() public {
        bytes memory mask = abi.encodePacked(uint8(8), Encode.path(0), uint256(0xf0), uint256(0x30));
        _judges(UINT8, mask, 0x3f, true);
        _judges(UINT8, mask, 0x2f, false);
        _judges(UINT8, mask, 0x7f, false);
        mask = abi.encodePacked(uint8(8), Encode.path(0), bytes32(hex"ffff0000"), bytes32("ab"));
        _judges(BYTES4, mask, uint256(bytes32("abcd")), true);
        _judges(BYTES4, mask, uint256(bytes32("aacd")), false);
    }

    function test_conditions_that_no_grant_may_have() public {
        bytes4 bad = IHallpass.BadGrant.selector;
        // Order of a type without one.
        for (uint8 operator = 3; operator < 7; ++operator) {
            _refuses(bad, BYTES4, Encode.cond(operator, 0, 0));
            _refuses(bad, BOOL, Encode.cond(operator, 0, 0));
            _refuses(bad, TWO, Encode.cond(operator, 0, 0));
        }
        // Operators that are none.
        _refuses(bad, UINT8, Encode.cond(0, 0, 0));
        _refuses(bad, UINT8, Encode.cond(10, 0, 0));
        _refuses(bad, UINT8, Encode.cond(255, 0, 0));
        // Paths that lead nowhere.
        _refuses(bad, UINT8, Encode.cond(1, 1, 0));
        _refuses(bad, TWO, Encode.cond(1, 2, 0));
        _refuses(bad, UINT8, Encode.cond(1, 0xfffd, 0));
        _refuses(bad, UINT8, abi.encodePacked(uint8(1), uint8(0), uint256(0)));
        // Values that the type has not.
        _refuses(bad, UINT8, Encode.cond(2, 0, 256));
        _refuses(bad, BOOL, Encode.cond(2, 0, 2));
        _refuses(bad, INT16, Encode.cond(2, 0, 0x8000));
        _refuses(bad, TWO, Encode.cond(2, 0, 1 << 160));
        // Sets that do not ascend, or are too small.
        _refuses(bad, UINT8, abi.encodePacked(uint8(7), Encode.path(0), uint8(2), uint256(0), uint256(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(7), Encode.path(0), uint8(2), uint256(1), uint256(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(7), Encode.path(0), uint8(1), uint256(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(7), Encode.path(0), uint8(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(7), Encode.path(0), uint8(2), uint256(0), uint256(256)));
        // Masks that expect what they hide, or are of a type without bits.
        _refuses(bad, UINT8, abi.encodePacked(uint8(8), Encode.path(0), uint256(0x0f), uint256(0x10)));
        _refuses(bad, INT16, abi.encodePacked(uint8(8), Encode.path(0), uint256(0), uint256(0)));
        _refuses(bad, BOOL, abi.encodePacked(uint8(8), Encode.path(0), uint256(0), uint256(0)));
        _refuses(bad, TWO, abi.encodePacked(uint8(8), Encode.path(0), uint256(0), uint256(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(8), Encode.path(0), uint256(0x1ff), uint256(0)));
    }

    function test_steps_that_lead_nowhere_are_the_grants_fault() public {
        bytes4 bad = IHallpass.BadGrant.selector;
        _refuses(bad, UINT8, Encode.cond(1, 0xfffd, 0));
        _refuses(bad, UINT8, Encode.cond(1, 0xfffe, 0));
        _refuses(bad, UINT8, Encode.cond(1, 0xffff, 0));
        _refuses(bad, UINT8, abi.encodePacked(uint8(1), uint8(2), uint16(0), uint16(0), uint256(0)));
        _refuses(bad, UINT8, abi.encodePacked(uint8(1), uint8(0), uint256(0)));
    }

    function test_a_condition_beyond_the_checks_denies() public {
        // The count says two, the bytes hold one, and what follows the rule reads as anything but an end.
        Grant memory g = _grant();
        g.calls[NOTE] = _rule("f(x)", UINT8, 2, Encode.cond(1, 0, 0));
        _install(g);
        bytes memory wire = _wire(g, _op(_call(NOTE, abi.encode(0))));
        vm.expectRevert();
        account.execute(wire);
    }

    function _compare(uint8 operator, int256 a, int256 b) private pure returns (bool) {
        if (operator == 1) return a == b;
        if (operator == 2) return a != b;
        if (operator == 3) return a <= b;
        if (operator == 4) return a >= b;
        if (operator == 5) return a < b;
        return a > b;
    }

    function _judges(bytes memory types, bytes memory cond, uint256 word, bool holds) private {
        bytes memory wire = _ruled(types, cond, abi.encode(word));
        if (!holds) vm.expectRevert(IHallpass.ConditionFailed.selector);
        account.execute(wire);
    }

    function _refuses(bytes4 selector, bytes memory types, bytes memory cond) private {
        bytes memory wire = _ruled(types, cond, types.length == 4 ? abi.encode(0, 0) : abi.encode(0));
        _denies(selector, wire);
    }

    function _ruled(bytes memory types, bytes memory cond, bytes memory arguments) private returns (bytes memory) {
        Grant memory g = _grant();
        g.salt = bytes16(++_salt);
        g.calls[NOTE] = _rule("f(x)", types, 1, cond);
        _install(g);
        return _wire(g, _op(_call(NOTE, arguments)));
    }
}
