// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op, OpCall} from "../utils/Encode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {Obedient} from "../utils/Modular.sol";
import {ModuleFixture} from "../utils/ModuleFixture.sol";
import {OddToken, Relayer} from "../utils/Payees.sol";

/// @dev Notes the gas that it is given.
contract Thirsty {
    uint256 public seen;

    function drink(bytes calldata) external payable {
        seen = gasleft();
    }
}

/// @notice What the module pays a relayer, and the gas that a relayer owes the calls.
contract ModuleMoneyTest is ModuleFixture {
    address private constant CALLER = address(0xCA11E4);
    uint32 private constant FLOOR = 500_000;

    Thirsty private _thirsty;

    function setUp() public override {
        super.setUp();
        _thirsty = new Thirsty();
    }

    function test_the_caller_is_paid_by_the_account() public {
        Grant memory g = _feeGrant(address(0));
        _moduleInstall(g);
        _sends(g, 40);
        assertEq(CALLER.balance, 40);
        assertEq(_feesSpent(g), 40);
        _refuses(IHallpass.FeeOverCap.selector, g, 51);
        _refuses(IHallpass.FeeOverCap.selector, g, 31);
        _sends(g, 30);
        _refuses(IHallpass.FeeOverCap.selector, g, 1);
        g = _feeGrant(address(token));
        g.salt = bytes16(uint128(2));
        _moduleInstall(g);
        _sends(g, 40);
        assertEq(token.balanceOf(CALLER), 40);
        assertEq(address(module).balance + token.balanceOf(address(module)), 0);
    }

    function test_what_cannot_be_paid_undoes_all() public {
        Grant memory g = _feeGrant(address(0));
        _moduleInstall(g);
        Relayer relayer = new Relayer();
        relayer.refuse(true);
        Op memory op = _op(_transfer(1));
        op.maxFee = 40;
        bytes memory data = abi.encodeCall(module.execute, (address(account), _openRun(g, op, address(relayer))));
        vm.expectRevert(IHallpass.FeeNotPaid.selector);
        relayer.send(address(module), data);
        assertEq(token.balanceOf(PAYEE), 0);
        assertEq(_feesSpent(g), 0);
        OddToken odd = new OddToken();
        g = _feeGrant(address(odd));
        g.salt = bytes16(uint128(2));
        _moduleInstall(g);
        odd.answer(abi.encode(false));
        _refuses(IHallpass.FeeNotPaid.selector, g, 1);
        odd.answer(abi.encode(2));
        _refuses(IHallpass.FeeNotPaid.selector, g, 1);
        odd.answer(hex"01");
        _refuses(IHallpass.FeeNotPaid.selector, g, 1);
        odd.answer(abi.encode(true));
        _sends(g, 1);
        odd.answer("");
        _sends(g, 1);
        g = _feeGrant(address(0xC0DE1E55));
        g.salt = bytes16(uint128(3));
        _moduleInstall(g);
        _refuses(IHallpass.FeeNotPaid.selector, g, 1);
    }

    function test_a_relayer_that_comes_back_while_it_is_paid_finds_all_counted() public {
        Grant memory g = _feeGrant(address(0));
        _moduleInstall(g);
        Relayer relayer = new Relayer();
        (Op memory op, Op memory other) = (_op(_transfer(1)), _op(_transfer(1)));
        (op.maxFee, other.maxFee) = (40, 31);
        relayer.bring(abi.encodeCall(module.execute, (address(account), _openRun(g, other, address(relayer)))));
        relayer.send(address(module), abi.encodeCall(module.execute, (address(account), _openRun(g, op, address(relayer)))));
        assert(relayer.againFailed());
        assertEq(bytes32(relayer.againReason()), bytes32(IHallpass.FeeOverCap.selector));
        assertEq(address(relayer).balance, 40);
    }

    function test_no_module_and_nothing_behind_the_account_is_money() public {
        Obedient other = new Obedient();
        vm.prank(address(modular));
        modular.installModule(FALLBACK, address(other), abi.encodePacked(token.transfer.selector));
        address[4] memory tokens = [address(account), address(module), address(ENTRY_POINT), address(other)];
        for (uint256 i; i < 4; ++i) {
            Grant memory g = _feeGrant(tokens[i]);
            g.salt = bytes16(uint128(0x600 + i));
            _moduleInstall(g);
            _refuses(IHallpass.TargetForbidden.selector, g, 1);
        }
        assertEq(other.count(), 0);
    }

    function test_a_floor_is_kept_however_little_gas_a_relayer_sends() public {
        _starve(0, 32);
        _starve(1, 32);
    }

    function test_a_floor_is_kept_for_long_calldata() public {
        _starve(0, 20_000);
        _starve(0, 200_000);
    }

    function test_a_floor_of_all_32_bits_is_not_met() public {
        Grant memory g = _starved();
        _moduleInstall(g);
        bytes memory wire = _wire(g, _op(_drink(type(uint32).max, 0, 32)));
        vm.expectRevert(IHallpass.GasFloorUnmet.selector);
        module.execute{gas: 10_000_000}(address(account), wire);
    }

    /// @dev Finds the least gas with which the operation executes; at every gas, the callee has its floor or is not called.
    function _starve(uint256 value, uint256 length) private {
        Grant memory g = _starved();
        g.salt = bytes16(uint128(length * 2 + value));
        _moduleInstall(g);
        bytes memory wire = _wire(g, _op(_drink(FLOOR, value, length)));
        (uint256 low, uint256 high) = (uint256(FLOOR), 20_000_000);
        bool once;
        uint256 state = vm.snapshotState();
        while (high - low > 500) {
            uint256 middle = (low + high) / 2;
            (bool success,) =
                address(module).call{gas: middle}(abi.encodeCall(module.execute, (address(account), wire)));
            // `seen` is read a few steps into the callee.
            if (success) {
                once = true;
                assert(_thirsty.seen() + 200 >= FLOOR);
                high = middle;
            } else {
                low = middle;
            }
            vm.revertToState(state);
        }
        assert(once);
    }

    function _starved() private view returns (Grant memory g) {
        g = _userGrant();
        g.calls[NOTE] =
            CallRule(address(_thirsty), "drink(bytes)", 1, Encode.checks(hex"720162", 0, "", Encode.use(5, 2)));
    }

    function _drink(uint32 floor, uint256 value, uint256 length) private pure returns (bytes memory) {
        return Encode.call(OpCall(NOTE, floor, value, abi.encode(new bytes(length))));
    }

    function _feeGrant(address feeToken) private view returns (Grant memory g) {
        g = _userGrant();
        (g.rest.gas.feeToken, g.rest.gas.feePerOp, g.rest.gas.feeCap) = (feeToken, 50, 70);
    }

    function _sends(Grant memory g, uint120 fee) private {
        Op memory op = _op(_transfer(0));
        op.maxFee = fee;
        bytes memory wire = _openRun(g, op, CALLER);
        vm.prank(CALLER);
        module.execute(address(account), wire);
    }

    function _refuses(bytes4 selector, Grant memory g, uint120 fee) private {
        Op memory op = _op(_transfer(1));
        op.maxFee = fee;
        bytes memory wire = _openRun(g, op, CALLER);
        vm.prank(CALLER);
        _refusesRun(selector, address(account), wire);
        assertEq(token.balanceOf(PAYEE), 0);
    }
}
