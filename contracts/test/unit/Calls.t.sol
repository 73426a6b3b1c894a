// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, OpCall} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {Probe} from "../utils/Probe.sol";

contract CallsTest is Fixture {
    bytes private _types = abi.encode(int16(1), bytes4("abcd"), true);

    function test_a_reverting_call_changes_nothing() public {
        Grant memory g = _installed();
        probe.failOn_(abi.encodeWithSignature("note(uint256)", 9));
        bytes memory wire = _wire(g, _op(bytes.concat(_transfer(5), _call(NOTE, abi.encode(9)), _pay(1))));
        bytes memory reason = abi.encodeWithSelector(Probe.Refused.selector, 7);
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 1, reason));
        account.execute(wire);
        (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent) = account.grantState(hasher.hash(g));
        assert(status == 1 && base == 1 && used == 0 && window == 0 && spent == 0);
        (, spent) = account.meterState(0, g.salt, 7);
        assertEq(spent, 0);
        assertEq(token.balanceOf(PAYEE), 0);
        // The same signature may still execute.
        probe.failOn_("other");
        account.execute(wire);
    }

    function test_nothing_is_called_before_all_is_judged() public {
        Grant memory g = _installed();
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(_call(TYPES, _types), _transfer(101)));
        assertEq(probe.count(), 0);
    }

    function test_an_executed_operation_is_reported() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(5)));
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Executed(hasher.hash(g), 1);
        account.execute(wire);
    }

    function test_a_target_that_calls_back_finds_all_written() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(bytes.concat(_call(NOTE, abi.encode(600)), _transfer(60))));
        // The same operation again, from within itself.
        probe.callBack(address(account), abi.encodeCall(IHallpass.execute, (wire)));
        account.execute(wire);
        assert(probe.backFailed());
        assertEq(bytes32(bytes4(probe.backReason())), bytes32(IHallpass.NonceUsed.selector));
        assertEq(token.balanceOf(PAYEE), 60);
    }

    function test_two_nested_operations_share_the_caps() public {
        Grant memory g = _installed();
        bytes memory inner = _wire(g, _op(bytes.concat(_call(NOTE, abi.encode(401)))));
        bytes memory outer = _wire(g, _op(bytes.concat(_call(NOTE, abi.encode(600)))));
        probe.callBack(address(account), abi.encodeCall(IHallpass.execute, (inner)));
        account.execute(outer);
        assertEq(bytes32(bytes4(probe.backReason())), bytes32(IHallpass.MeterExceeded.selector));
        // One that fits is counted beside the outer one, not lost under it.
        inner = _wire(g, _op(_call(NOTE, abi.encode(150))));
        outer = _wire(g, _op(bytes.concat(_call(NOTE, abi.encode(150)), _transfer(3))));
        probe.callBack(address(account), abi.encodeCall(IHallpass.execute, (inner)));
        account.execute(outer);
        assert(!probe.backFailed());
        (, uint120 spent) = account.meterState(0, g.salt, 7);
        assertEq(spent, 900);
        (,, uint64 used,,) = account.grantState(hasher.hash(g));
        assertEq(used, 14);
    }

    function test_a_target_cannot_act_as_the_owner() public {
        Grant memory g = _installed();
        probe.callBack(address(account), abi.encodeCall(IHallpass.freeze, ()));
        _executes(g, _call(TYPES, _types));
        assertEq(bytes32(bytes4(probe.backReason())), bytes32(IHallpass.NotOwner.selector));
    }

    function test_each_call_gets_its_gas_floor() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(Encode.call(OpCall(TYPES, 500_000, 0, _types))));
        bytes memory data = abi.encodeCall(IHallpass.execute, (wire));
        uint256 low = 100_000;
        uint256 high = 1_000_000;
        bytes32 slot = bytes32(uint256(0));
        assertEq(probe.count(), uint256(vm.load(address(probe), slot)));
        // The least gas with which it executes, by halving.
        while (high - low > 50) {
            uint256 middle = (low + high) / 2;
            probe.reset();
            (bool success, bytes memory reason) = this.attempt(data, middle);
            if (success) {
                high = middle;
            } else {
                assertEq(bytes32(bytes4(reason)), bytes32(IHallpass.GasFloorUnmet.selector));
                low = middle;
            }
        }
        account.execute{gas: high}(wire);
        // `gasSeen` is read a few steps into the probe.
        assert(probe.gasSeen() + 200 >= 500_000);
        assert(probe.gasSeen() < 510_000);
    }

    function test_a_floor_of_all_32_bits_is_not_met() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(Encode.call(OpCall(TYPES, type(uint32).max, 0, _types))));
        vm.expectRevert(IHallpass.GasFloorUnmet.selector);
        account.execute{gas: 10_000_000}(wire);
    }

    /// @dev Runs and undoes an execution with a limit of gas.
    function attempt(bytes calldata data, uint256 limit) external returns (bool success, bytes memory reason) {
        try this.attemptAndRevert(data, limit) {}
        catch (bytes memory outcome) {
            (success, reason) = abi.decode(outcome, (bool, bytes));
        }
    }

    function attemptAndRevert(bytes calldata data, uint256 limit) external {
        (bool success, bytes memory reason) = address(account).call{gas: limit}(data);
        bytes memory outcome = abi.encode(success, reason);
        assembly {
            revert(add(outcome, 32), mload(outcome))
        }
    }
}
