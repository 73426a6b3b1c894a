// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op, OpCall} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant, Meter} from "../utils/GrantHasher.sol";

contract MetersTest is Fixture {
    uint128 private _salt;

    function test_the_cap_is_inclusive() public {
        Grant memory g = _installed();
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(101));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(type(uint256).max));
        _executes(g, _transfer(60));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(41));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(type(uint256).max - 59));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer((1 << 120) - 59));
        _executes(g, _transfer(40));
        _executes(g, _transfer(0));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(1));
        (,,,, uint120 spent) = account.grantState(hasher.hash(g));
        assertEq(spent, 100);
    }

    function test_a_batch_counts_its_sum() public {
        Grant memory g = _installed();
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(_transfer(60), _transfer(41)));
        _executes(g, bytes.concat(_transfer(60), _transfer(40)));
        assertEq(token.balanceOf(PAYEE), 100);
    }

    function test_rules_share_a_meter() public {
        Grant memory g = _installed();
        bytes memory approve = _call(APPROVE, abi.encode(address(1), 41));
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(_transfer(60), approve));
        _executes(g, bytes.concat(_transfer(59), approve));
    }

    function test_meters_beyond_the_first_count_too() public {
        Grant memory g = _installed();
        bytes memory note = _note(600);
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(note, note));
        _executes(g, bytes.concat(note, _transfer(1), _pay(3), _move(), _move()));
        _denies(IHallpass.MeterExceeded.selector, g, note);
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(_move(), _move()));
        _executes(g, bytes.concat(_move(), _note(400)));
        (uint32 window, uint120 spent) = account.meterState(0, g.salt, 7);
        assert(window == 0 && spent == 1000);
        (window, spent) = account.meterState(0, g.salt, 3);
        assert(window == 0 && spent == 3);
        (, spent) = account.meterState(0, g.salt, 5);
        assertEq(spent, 3);
        (, spent) = account.meterState(0, g.salt, 0);
        assertEq(spent, 0);
    }

    function test_native_value_is_metered() public {
        Grant memory g = _installed();
        _executes(g, bytes.concat(_pay(1 ether), _pay(0.5 ether)));
        _denies(IHallpass.MeterExceeded.selector, g, _pay(0.5 ether + 1));
        _executes(g, _pay(0.5 ether));
        assertEq(PAYEE.balance, 2 ether);
    }

    function test_grants_do_not_share_counters() public {
        Grant memory g = _installed();
        _executes(g, bytes.concat(_transfer(100), _note(1000)));
        g.salt = bytes16(uint128(77));
        _install(g);
        _executes(g, bytes.concat(_transfer(100), _note(1000)));
    }

    function test_a_window_lasts_a_period_from_the_anchor() public {
        Grant memory g = _grant();
        g.meters[0].anchor = T0 - 30;
        g.meters[0].period = 60;
        _install(g);
        // Window 0 is [T0 - 30, T0 + 30).
        Op memory op = _op(_transfer(100));
        op.validUntil = T0 + 31;
        _denies(IHallpass.WindowCrossed.selector, _wire(g, op));
        op.validUntil = T0 + 30;
        account.execute(_wire(g, op));
        vm.warp(T0 + 29);
        op = _op(_transfer(1));
        op.validUntil = T0 + 30;
        _denies(IHallpass.MeterExceeded.selector, _wire(g, op));
        vm.warp(T0 + 30);
        _executes(g, _transfer(100));
        (,,, uint32 window, uint120 spent) = account.grantState(hasher.hash(g));
        assert(window == 1 && spent == 100);
        // An operation signed for the window that was counted before is too late.
        vm.warp(T0 + 29);
        op = _op(_transfer(0));
        op.validUntil = T0 + 30;
        _denies(IHallpass.WindowPast.selector, _wire(g, op));
    }

    function test_windows_of_the_other_meters_reset_too() public {
        Grant memory g = _installed();
        _executes(g, bytes.concat(_move(), _move(), _move()));
        vm.warp(T0 + 59);
        Op memory op = _op(_move());
        op.validUntil = T0 + 60;
        _denies(IHallpass.MeterExceeded.selector, _wire(g, op));
        vm.warp(T0 + 60);
        _executes(g, _move());
        (uint32 window, uint120 spent) = account.meterState(0, g.salt, 3);
        assert(window == 1 && spent == 1);
        vm.warp(T0 + 59);
        _denies(IHallpass.WindowPast.selector, _wire(g, op));
    }

    function test_a_cap_of_all_120_bits_does_not_overflow() public {
        Grant memory g = _grant();
        g.meters[3].cap = type(uint120).max;
        _install(g);
        _executes(g, _note(type(uint120).max));
        _denies(IHallpass.MeterExceeded.selector, g, _note(1));
        _denies(IHallpass.MeterExceeded.selector, g, _note(type(uint256).max));
    }

    function test_a_meter_must_be_opened_and_be_in_the_grant() public {
        Grant memory g = _installed();
        _denies(IHallpass.Malformed.selector, _wire(g, _op(_transfer(1)), ALL, ALL ^ 1));
        g.meters[0].id = 1;
        _badGrant(g, _transfer(1));
    }

    function test_what_is_metered_fixes_the_amount() public {
        for (uint8 what; what < 6; ++what) {
            for (uint8 amount; amount < 5; ++amount) {
                // A token meter (2) takes the argument too, but of a token's own functions.
                bool right = (what == 1 && amount == 2) || (what == 3 && amount == 1) || (what == 4 && amount == 3);
                Grant memory g = _grant();
                g.meters[3].what = what;
                _takesNotes(g, hex"72011f", amount == 3 ? Encode.usePath(7, 0) : Encode.use(7, amount));
                g.salt = bytes16(++_salt);
                _install(g);
                bytes memory wire = _wire(g, _op(_note(1)));
                if (!right) vm.expectRevert(IHallpass.BadGrant.selector);
                account.execute(wire);
            }
        }
    }

    function test_meters_that_no_grant_may_have() public {
        Grant memory g = _grant();
        g.meters[0].token = address(probe);
        _badGrant(g, _transfer(1));
        g = _grant();
        g.meters[0].period = 59;
        _badGrant(g, _transfer(1));
        g = _grant();
        g.meters[0].anchor = T0 + 1;
        _badGrant(g, _transfer(1));
        g.meters[0].period = 0;
        _badGrant(g, _transfer(1));
    }

    function test_value_that_no_meter_counts_is_in_no_grant() public {
        Grant memory g = _grant();
        g.calls[TYPES].maxValue = 1;
        _badGrant(g, _call(TYPES, abi.encode(0, 0, 0)));
        g = _grant();
        g.calls[TRANSFER].maxValue = 1;
        _badGrant(g, _transfer(1));
    }

    function test_an_amount_is_an_unsigned_argument() public {
        Grant memory g = _grant();
        _takesNotes(g, hex"720121", Encode.usePath(7, 0));
        _badGrant(g, _note(1));
        _takesNotes(g, hex"720160", Encode.usePath(7, 0));
        _badGrant(g, _note(1));
        _takesNotes(g, hex"72011f", Encode.usePath(7, 1));
        _badGrant(g, _note(1));
    }

    function test_each_use_of_a_rule_is_charged() public {
        Grant memory g = _grant();
        _takesNotes(g, hex"72011f", bytes.concat(hex"02" hex"000301" hex"000703", Encode.path(0)));
        g.salt = bytes16(++_salt);
        _install(g);
        uint256 amount = g.meters[3].cap;
        _denies(IHallpass.MeterExceeded.selector, g, _note(amount + 1));
        _executes(g, _note(amount));
        _executes(g, _note(0));
        _denies(IHallpass.MeterExceeded.selector, g, _note(1));
        _executes(g, _note(0));
        _denies(IHallpass.MeterExceeded.selector, g, _note(0));
        (, uint120 spent) = account.meterState(g.epoch, g.salt, 3);
        assertEq(spent, 3);
        (, spent) = account.meterState(g.epoch, g.salt, 7);
        assertEq(spent, amount);
    }

    function test_calls_are_judged_in_order() public {
        Grant memory g = _installed();
        bytes memory failing = _call(TRANSFER, abi.encode(address(1), 1));
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(_transfer(101), failing));
        _denies(IHallpass.ConditionFailed.selector, g, bytes.concat(failing, _transfer(101)));
    }

    function _badGrant(Grant memory g, bytes memory calls) private {
        g.salt = bytes16(++_salt);
        _install(g);
        _denies(IHallpass.BadGrant.selector, g, calls);
    }

    function _takesNotes(Grant memory g, bytes memory layout, bytes memory uses) private view {
        g.calls[NOTE].checks = Encode.checks(layout, 0, "", uses);
    }

    function _note(uint256 amount) private view returns (bytes memory) {
        return _call(NOTE, abi.encode(amount));
    }
}
