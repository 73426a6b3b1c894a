// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, OpCall} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";

contract RulesTest is Fixture {
    function test_the_call_is_the_rules_selector_and_the_arguments() public {
        Grant memory g = _installed();
        _executes(g, _call(TYPES, abi.encode(int16(-5), bytes4("abcd"), true)));
        bytes memory expected =
            abi.encodeWithSignature("types(int16,bytes4,bool)", int16(-5), bytes4("abcd"), true);
        assertEq(keccak256(probe.last()), keccak256(expected));
    }

    function test_a_rule_must_exist_and_be_opened() public {
        Grant memory g = _installed();
        _denies(IHallpass.NoRule.selector, g, _call(6, abi.encode(1)));
        _denies(IHallpass.NoRule.selector, g, _call(type(uint16).max, ""));
        _denies(IHallpass.Malformed.selector, _wire(g, _op(_transfer(1)), ALL ^ 1, ALL));
    }

    function test_a_grant_without_rules_allows_nothing() public {
        Grant memory g = _grant();
        g.calls = new CallRule[](0);
        _install(g);
        _denies(IHallpass.NoRule.selector, g, _transfer(1));
    }

    function test_account_backend_and_entry_points_are_forbidden() public {
        address[6] memory targets = [
            address(account),
            address(backend),
            0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789,
            0x0000000071727De22E5E9d8BAf0edAc6f37da032,
            0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108,
            0x433709009B8330FDa32311DF1C2AFA402eD8D009
        ];
        Grant memory g = _grant();
        for (uint256 i; i < 6; ++i) {
            g.salt = bytes16(uint128(i));
            g.calls[NOTE].target = targets[i];
            g.calls[PAY].target = targets[i];
            _install(g);
            _denies(IHallpass.TargetForbidden.selector, g, _call(NOTE, abi.encode(1)));
            _denies(IHallpass.TargetForbidden.selector, g, _pay(1));
        }
    }

    function test_value_is_at_most_the_rules() public {
        Grant memory g = _installed();
        _denies(IHallpass.ValueOverMax.selector, g, _pay(1 ether + 1));
        _denies(IHallpass.ValueOverMax.selector, g, _pay(type(uint256).max));
        _denies(IHallpass.ValueOverMax.selector, g, Encode.call(OpCall(NOTE, 0, 1, abi.encode(1))));
        _executes(g, _pay(1 ether));
        assertEq(PAYEE.balance, 1 ether);
    }

    function test_dirty_words_are_bad_calldata() public {
        Grant memory g = _installed();
        uint256 dirty = uint256(uint160(PAYEE)) | 1 << 160;
        _denies(IHallpass.BadCalldata.selector, g, _call(TRANSFER, abi.encode(dirty, 1)));
        _denies(IHallpass.BadCalldata.selector, g, _call(MOVE, abi.encode(1, 256)));
        bytes4 b = "abcd";
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(uint256(0x8000), b, true)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(int256(-0x8001), b, true)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(1 << 16, b, true)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(1, bytes5("abcde"), true)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(1, bytes32(uint256(1)), true)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TYPES, abi.encode(1, b, 2)));
        _executes(g, _call(TYPES, abi.encode(int256(-0x8000), b, false)));
        _executes(g, _call(TYPES, abi.encode(int256(0x7fff), bytes4(0), true)));
    }

    function test_arguments_have_just_the_layouts_length() public {
        Grant memory g = _installed();
        _denies(IHallpass.BadCalldata.selector, g, _call(TRANSFER, ""));
        _denies(IHallpass.BadCalldata.selector, g, _call(TRANSFER, abi.encode(PAYEE)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TRANSFER, abi.encode(PAYEE, 1, 0)));
        _denies(IHallpass.BadCalldata.selector, g, _call(TRANSFER, bytes.concat(abi.encode(PAYEE, 1), hex"00")));
        _denies(IHallpass.BadCalldata.selector, g, Encode.call(OpCall(PAY, 0, 1, hex"00")));
    }

    function test_empty_calldata_is_not_selector_zero() public {
        Grant memory g = _grant();
        g.calls[PAY].target = address(probe);
        _install(g);
        _executes(g, _pay(5));
        assertEq(probe.last().length, 0);
        assertEq(address(probe).balance, 5);
    }

    function test_a_function_without_arguments_is_its_selector() public {
        Grant memory g = _with(_rule("ping()", hex"7200", 0, ""));
        _executes(g, _call(NOTE, ""));
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("ping()")));
        _denies(IHallpass.BadCalldata.selector, g, _call(NOTE, abi.encode(0)));
    }

    function test_layouts_that_are_none_are_bad_grants() public {
        bytes[12] memory layouts = [
            bytes(hex""), hex"72", hex"60", hex"7101", hex"7202601f1f", hex"720160ff", hex"720164", hex"720173", hex"7201ff",
            hex"72017200", hex"720170000060", hex"720171"
        ];
        for (uint256 i; i < layouts.length; ++i) {
            _deniesRule(IHallpass.BadGrant.selector, i, _rule("f(x)", layouts[i], 0, ""), abi.encode(1));
        }
        // One that claims more members than it names, whatever stands behind it.
        CallRule memory rule = _rule("f(x)", hex"720360", 0, "");
        _deniesRule(IHallpass.BadGrant.selector, 100, rule, abi.encode(0, 0, 0));
        // And a layout for empty calldata.
        rule = _rule("", hex"7200", 0, "");
        _deniesRule(IHallpass.BadGrant.selector, 101, rule, "");
    }

    function test_checks_end_exactly() public {
        bytes memory checks = Encode.checks(hex"72011f", 0, "", hex"00");
        CallRule memory rule = CallRule(address(probe), "note(uint256)", 0, bytes.concat(checks, hex"00"));
        _deniesRule(IHallpass.BadGrant.selector, 1, rule, abi.encode(1));
        rule.checks = hex"0372011f00";
        _deniesRule(IHallpass.BadGrant.selector, 2, rule, abi.encode(1));
        rule.checks = Encode.checks(hex"72011f", 0, "", bytes.concat(Encode.usePath(7, 0), hex"00"));
        _deniesRule(IHallpass.BadGrant.selector, 5, rule, abi.encode(1));
    }

    function _with(CallRule memory rule) private returns (Grant memory g) {
        g = _grant();
        g.calls[NOTE] = rule;
        _install(g);
    }

    function _deniesRule(bytes4 selector, uint256 salt, CallRule memory rule, bytes memory arguments) private {
        Grant memory g = _grant();
        g.salt = bytes16(uint128(salt));
        g.calls[NOTE] = rule;
        _install(g);
        _denies(selector, g, _call(NOTE, arguments));
    }
}
