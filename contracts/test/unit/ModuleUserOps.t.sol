// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Execution,
    IERC7579Execution,
    IERC7579ModuleConfig,
    IERC7579Validator
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {ModularAccount} from "../utils/Modular.sol";
import {ModuleFixture} from "../utils/ModuleFixture.sol";
import {Terms} from "../utils/UserOpFixture.sol";

/// @notice User operations through EntryPoint 0.8 of an account whose validator is the module.
contract ModuleUserOpsTest is ModuleFixture {
    bytes32 private constant SINGLE_MODE = 0;

    /// @dev A second into the grants, for the first is left out.
    function setUp() public override {
        super.setUp();
        vm.warp(T0 + 1);
    }

    function test_a_single_call_and_a_batch_run_and_are_counted() public {
        Grant memory g = _moduleInstalled();
        assert(_handle(_signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(60)))));
        assertEq(token.balanceOf(PAYEE), 60);
        assertEq(_spent(g), 60);
        assertEq(_feesSpent(g), FEE);
        assert(_handle(_signUserOp(g, _now(PAY), _single(PAYEE, 1 ether, ""))));
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, _transferData(40));
        calls[1] = Execution(PAYEE, 1 ether, "");
        Terms memory terms = _now(TRANSFER, 2);
        terms.rules[1] = PAY;
        assert(_handle(_signUserOp(g, terms, _userOp(_batchData(calls)))));
        assertEq(token.balanceOf(PAYEE), 100);
        assertEq(PAYEE.balance, 2 ether);
        assertEq(_spent(g), 100);
        // The three routes count as one; three operations were all that the fees allow.
        _refusesRun(IHallpass.MeterExceeded.selector, g, _transfer(1));
        _refusesRun(IHallpass.MeterExceeded.selector, g, _pay(1));
        _deniesOp(IHallpass.FeeOverCap.selector, g, _now(TRANSFER), _single(address(token), 0, _transferData(0)));
    }

    function test_no_other_mode_is_judged() public {
        Grant memory g = _moduleInstalled();
        bytes memory single = abi.encodePacked(address(token), uint256(0), _transferData(1));
        bytes memory batch = abi.encode(_one(address(token), 0, _transferData(1)));
        bytes[2] memory data = [single, batch];
        // Static and delegate calls, try, ERC-7821's with data, and other bits of either mode.
        bytes32[10] memory modes = [
            bytes32(hex"ff"), hex"fe", hex"0001", hex"0101", hex"ff01", hex"01000000000078210001",
            hex"00000000000078210001", hex"02", bytes32(uint256(1)), BATCH_MODE | bytes32(uint256(1))
        ];
        for (uint256 i; i < 10; ++i) {
            for (uint256 j; j < 2; ++j) {
                bytes memory callData = abi.encodeCall(IERC7579Execution.execute, (modes[i], data[j]));
                _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(callData));
            }
        }
        // Nor anything but execute: the account would obey the EntryPoint.
        bytes memory install = abi.encodeCall(IERC7579ModuleConfig.installModule, (VALIDATOR, address(this), ""));
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(install));
        bytes memory executor = abi.encodeCall(IERC7579Execution.executeFromExecutor, (SINGLE_MODE, single));
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(executor));
    }

    function test_one_call_is_not_read_as_the_other_form() public {
        Grant memory g = _moduleInstalled();
        bytes memory batch = abi.encode(_one(address(token), 0, _transferData(1)));
        bytes memory callData = abi.encodeCall(IERC7579Execution.execute, (SINGLE_MODE, batch));
        // Its first 20 bytes are zero, which is the account itself.
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(callData));
        bytes memory single = abi.encodePacked(address(token), uint256(0), _transferData(1));
        callData = abi.encodeCall(IERC7579Execution.execute, (BATCH_MODE, single));
        _deniesOp(IHallpass.BadCalldata.selector, g, _now(TRANSFER), _userOp(callData));
        // Too short for a target and a value; and one call has one rule.
        for (uint256 length; length < 52; length += 17) {
            callData = abi.encodeCall(IERC7579Execution.execute, (SINGLE_MODE, new bytes(length)));
            _deniesOp(IHallpass.BadCalldata.selector, g, _now(TRANSFER), _userOp(callData));
        }
        PackedUserOperation memory op = _single(address(token), 0, _transferData(1));
        _deniesOp(IHallpass.EmptyBatch.selector, g, _now(TRANSFER, 0), op);
        _deniesOp(IHallpass.BadCalldata.selector, g, _now(TRANSFER, 2), op);
        _deniesOp(IHallpass.EmptyBatch.selector, g, _now(TRANSFER, 0), _userOp(_batchData(new Execution[](0))));
        // Moved offset, trailing bytes.
        op.callData[35 + 32] = 0x60;
        _deniesOp(IHallpass.BadCalldata.selector, g, _now(TRANSFER), op);
        op = _single(address(token), 0, _transferData(1));
        op.callData = bytes.concat(op.callData, new bytes(32));
        _deniesOp(IHallpass.BadCalldata.selector, g, _now(TRANSFER), op);
    }

    function test_a_single_call_is_judged_as_one_of_a_batch() public {
        Grant memory g = _moduleInstalled();
        _deniesSingle(IHallpass.TargetForbidden.selector, g, TRANSFER, address(0), 0, _transferData(1));
        _deniesSingle(IHallpass.NoRule.selector, g, TRANSFER, address(probe), 0, _transferData(1));
        _deniesSingle(IHallpass.NoRule.selector, g, APPROVE, address(token), 0, _transferData(1));
        _deniesSingle(IHallpass.NoRule.selector, g, TRANSFER, address(token), 0, "");
        _deniesSingle(IHallpass.NoRule.selector, g, PAY, PAYEE, 0, hex"00");
        _deniesSingle(IHallpass.ValueOverMax.selector, g, TRANSFER, address(token), 1, _transferData(1));
        _deniesSingle(IHallpass.ValueOverMax.selector, g, PAY, PAYEE, 1 ether + 1, "");
        _deniesSingle(IHallpass.BadCalldata.selector, g, TRANSFER, address(token), 0, bytes.concat(_transferData(1), hex"00"));
        _deniesSingle(IHallpass.MeterExceeded.selector, g, TRANSFER, address(token), 0, _transferData(101));
    }

    function test_what_the_account_trusts_is_no_target() public {
        address[4] memory targets = [address(account), address(module), address(ENTRY_POINT), address(ownerKey)];
        for (uint256 i; i < 4; ++i) {
            Grant memory g = _userGrant();
            g.salt = bytes16(uint128(i + 1));
            g.calls[MOVE].target = targets[i];
            _moduleInstall(g);
            bytes memory move = abi.encodeWithSignature("move(uint256,uint8)", 2, 3);
            _deniesSingle(IHallpass.TargetForbidden.selector, g, MOVE, targets[i], 0, move);
            _deniesOp(IHallpass.TargetForbidden.selector, g, _now(MOVE), _userOp(_batchData(_one(targets[i], 0, move))));
        }
    }

    /// @dev Never looser than the direct route: the first second is left out by EntryPoint 0.8.
    function test_the_seconds_are_within_those_that_were_signed() public {
        Grant memory g = _moduleInstalled();
        Terms memory terms = Terms(T0 + 100, T0 + 160, new uint16[](1));
        PackedUserOperation memory op = _signUserOp(g, terms, _single(address(token), 0, _transferData(1)));
        uint256 state = vm.snapshotState();
        for (uint48 time = T0 + 99; time <= T0 + 160; time += time == T0 + 101 ? 58 : 1) {
            vm.warp(time);
            if (time <= T0 + 100 || time >= T0 + 160) _refusesOp("AA22 expired or not due", op);
            else assert(_handle(op));
            vm.revertToState(state);
        }
    }

    function test_a_grant_is_for_both_entry_points() public {
        for (uint8 routes = 1; routes < 8; ++routes) {
            Grant memory g = _userGrant();
            (g.routes, g.salt) = (routes, bytes16(uint128(routes)));
            _moduleInstall(g);
            PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
            if (routes & 6 != 6) _deniesOp(IHallpass.RouteNotAllowed.selector, op);
            else assert(_handle(op));
            if (routes & 1 == 0) _refusesRun(IHallpass.RouteNotAllowed.selector, g, _transfer(1));
        }
    }

    function test_only_the_account_asks_for_itself() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        address[3] memory others = [address(this), address(ENTRY_POINT), vm.addr(OWNER_KEY)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(IHallpass.WrongAccount.selector);
            vm.prank(others[i]);
            module.validateUserOp(op, hash);
        }
        // One who says to be the sender is another account, without the grant.
        op.sender = address(this);
        vm.expectRevert(IHallpass.GrantUnknown.selector);
        module.validateUserOp(op, hash);
        assertEq(_spent(g), 0);
    }

    function test_an_operation_is_for_its_own_account_and_validator() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        // The owner's validator is asked for it: the session is no owner.
        PackedUserOperation memory other = _single(address(token), 0, _transferData(1));
        other.nonce = uint256(uint160(address(ownerKey))) << 96;
        _refusesOp("AA24 signature error", _signUserOp(g, _now(TRANSFER), other));
        // Another account of the same owner, with a grant of the same bytes but for the account.
        ModularAccount second = _modular();
        Grant memory theirs = _userGrant();
        theirs.account = address(second);
        _moduleInstall(theirs);
        other = _single(address(token), 0, _transferData(1));
        other.sender = address(second);
        other.signature = op.signature;
        _deniesOp(IHallpass.BadSignature.selector, other);
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        other.signature = bytes.concat(_userWire(theirs, _now(TRANSFER)), _sessionSignature(g, _now(TRANSFER), hash));
        _deniesOp(IHallpass.BadSignature.selector, other);
        assert(_handle(op));
        assertEq(token.balanceOf(address(second)), 1e6);
        assertEq(_spent(theirs), 0);
    }

    function test_the_owner_s_key_is_as_it_was() public {
        bytes memory uninstall = abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (EXECUTOR, address(module), ""));
        PackedUserOperation memory op = _userOp(uninstall);
        op.nonce = uint256(uint160(address(ownerKey))) << 96;
        op.signature = _sign(OWNER_KEY, ENTRY_POINT.getUserOpHash(op));
        assert(_handle(op));
        assert(!modular.isModuleInstalled(EXECUTOR, address(module), ""));
    }

    function test_a_frozen_or_uninstalled_account_validates_nothing() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        vm.prank(address(modular));
        module.freeze();
        _deniesOp(IHallpass.AccountFrozen.selector, op);
        vm.prank(address(modular));
        module.unfreeze();
        _unplug(EXECUTOR);
        _deniesOp(IHallpass.EpochMoved.selector, op);
        _unplug(VALIDATOR);
        _refusesOp("AA24 signature error", op);
    }

    function test_what_was_counted_stays_counted_where_the_call_fails() public {
        Grant memory g = _moduleInstalled();
        vm.mockCallRevert(address(token), _transferData(60), "no");
        assert(!_handle(_signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(60)))));
        assertEq(_spent(g), 60);
        assertEq(_feesSpent(g), FEE);
        _deniesSingle(IHallpass.MeterExceeded.selector, g, TRANSFER, address(token), 0, _transferData(41));
    }

    function test_no_signature_serves_both_routes() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        (bool success,) = address(module).call(abi.encodeCall(module.execute, (address(account), op.signature)));
        assert(!success);
        bytes memory wire = _wire(g, _op(_transfer(1)));
        op.signature = wire;
        vm.prank(address(modular));
        (success,) = address(module).call(abi.encodeCall(IERC7579Validator.validateUserOp, (op, keccak256(wire))));
        assert(!success);
        assertEq(_spent(g), 0);
    }

    function _single(address target, uint256 value, bytes memory data) private view returns (PackedUserOperation memory) {
        bytes memory call = abi.encodePacked(target, value, data);
        return _userOp(abi.encodeCall(IERC7579Execution.execute, (SINGLE_MODE, call)));
    }

    function _deniesSingle(bytes4 selector, Grant memory g, uint16 rule, address target, uint256 value, bytes memory data)
        private
    {
        _deniesOp(selector, g, _now(rule), _single(target, value, data));
    }
}
