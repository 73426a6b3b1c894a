// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    Execution,
    IERC7579Execution,
    IERC7579ModuleConfig
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IAccountExecute, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {Kernel} from "../utils/Kernel.sol";
import {ModularAccount, Obedient} from "../utils/Modular.sol";
import {Nexus} from "../utils/Nexus.sol";
import {Peer} from "../utils/Peer.sol";
import {PeerFixture} from "../utils/PeerFixture.sol";
import {Terms} from "../utils/UserOpFixture.sol";

/// @notice User operations through EntryPoint 0.8 on accounts of others, with the module as one of their validators.
abstract contract ForeignUserOpsTest is PeerFixture {
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
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, _transferData(40));
        calls[1] = Execution(PAYEE, 1 ether, "");
        Terms memory terms = _now(TRANSFER, 2);
        terms.rules[1] = PAY;
        assert(_handle(_signUserOp(g, terms, _userOp(_batchData(calls)))));
        assertEq(token.balanceOf(PAYEE), 100);
        assertEq(PAYEE.balance, 1 ether);
        assertEq(_spent(g), 100);
        // The routes count as one.
        _refusesRun(IHallpass.MeterExceeded.selector, g, _transfer(1));
    }

    function test_over_the_cap_is_refused_in_validation() public {
        Grant memory g = _moduleInstalled();
        _denies(IHallpass.MeterExceeded.selector, g, TRANSFER, address(token), 0, _transferData(101));
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, _transferData(60));
        calls[1] = Execution(address(token), 0, _transferData(41));
        _deniesOp(IHallpass.MeterExceeded.selector, g, _now(TRANSFER, 2), _userOp(_batchData(calls)));
        assert(_handle(_signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(100)))));
        _denies(IHallpass.MeterExceeded.selector, g, TRANSFER, address(token), 0, _transferData(1));
        assertEq(token.balanceOf(PAYEE), 100);
    }

    function test_a_single_call_is_judged() public {
        Grant memory g = _moduleInstalled();
        bytes memory other = abi.encodeWithSignature("transfer(address,uint256)", address(9), 1);
        _denies(IHallpass.ConditionFailed.selector, g, TRANSFER, address(token), 0, other);
        _denies(IHallpass.NoRule.selector, g, TRANSFER, address(probe), 0, _transferData(1));
        _denies(IHallpass.ValueOverMax.selector, g, PAY, PAYEE, 1 ether + 1, "");
        _denies(IHallpass.BadCalldata.selector, g, TRANSFER, address(token), 0, bytes.concat(_transferData(1), hex"00"));
        PackedUserOperation memory op = _single(address(token), 0, _transferData(1));
        op.signature = bytes.concat(
            _userWire(g, _now(TRANSFER)),
            _sign(OWNER_KEY, _digest(address(account), _sessionHash(hasher.hash(g), _now(TRANSFER), ENTRY_POINT.getUserOpHash(op))))
        );
        _deniesOp(IHallpass.BadSignature.selector, op);
    }

    function test_no_other_mode_and_no_other_function_is_judged() public {
        Grant memory g = _moduleInstalled();
        bytes memory single = abi.encodePacked(address(token), uint256(0), _transferData(1));
        bytes[2] memory data = [single, abi.encode(_one(address(token), 0, _transferData(1)))];
        // Delegate and static calls, try, and other bits of either mode.
        bytes32[8] memory modes = [
            bytes32(hex"ff"), hex"fe", hex"0001", hex"0101", hex"ff01", hex"02", bytes32(uint256(1)), BATCH_MODE | bytes32(uint256(1))
        ];
        for (uint256 i; i < 8; ++i) {
            for (uint256 j; j < 2; ++j) {
                _deniesData(g, abi.encodeCall(IERC7579Execution.execute, (modes[i], data[j])));
            }
        }
        // The wrapper in which the account would make the call that it holds, and what it obeys the EntryPoint in.
        bytes memory inner = _singleData(address(token), 0, _transferData(1));
        _deniesData(g, bytes.concat(IAccountExecute.executeUserOp.selector, inner));
        _deniesData(g, abi.encodeCall(IERC7579ModuleConfig.installModule, (VALIDATOR, address(this), "")));
        _deniesData(g, abi.encodeCall(IERC7579Execution.executeFromExecutor, (SINGLE_MODE, single)));
        assertEq(token.balanceOf(PAYEE), 0);
    }

    function test_what_the_account_trusts_is_no_target() public {
        (Obedient handler, Obedient executor) = (new Obedient(), new Obedient());
        _plug(modular, FALLBACK, address(handler), _selector("move(uint256,uint8)"), "");
        _plug(modular, EXECUTOR, address(executor), 0, "");
        address[7] memory targets = [
            address(account),
            address(module),
            address(ENTRY_POINT),
            address(ownerKey),
            address(handler),
            address(executor),
            address(0)
        ];
        bytes memory move = abi.encodeWithSignature("move(uint256,uint8)", 2, 3);
        for (uint256 i; i < 7; ++i) {
            Grant memory g = _userGrant();
            g.salt = bytes16(uint128(i + 1));
            g.calls[MOVE].target = targets[i];
            _moduleInstall(g);
            _denies(IHallpass.TargetForbidden.selector, g, MOVE, targets[i], 0, move);
            _deniesOp(IHallpass.TargetForbidden.selector, g, _now(MOVE), _userOp(_batchData(_one(targets[i], 0, move))));
        }
    }

    /// @dev The account hands on the module's seconds: never looser than what was signed.
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

    function test_an_operation_is_for_its_own_account_and_validator() public {
        Grant memory g = _moduleInstalled();
        // The owner's validator is asked for it: the session is no owner.
        PackedUserOperation memory op = _single(address(token), 0, _transferData(1));
        op.nonce = uint256(peer.ownerNonceKey(address(ownerKey))) << 64;
        _refusesOp("AA24 signature error", _signUserOp(g, _now(TRANSFER), op));
        // Another account of the same owner.
        ModularAccount second = _modular();
        op = _single(address(token), 0, _transferData(1));
        op.sender = address(second);
        _deniesOp(IHallpass.GrantUnknown.selector, _signUserOp(g, _now(TRANSFER), op));
        Grant memory theirs = _userGrant();
        theirs.account = address(second);
        module.install(
            Encode.install(hasher, theirs), _approval(address(second), address(ownerKey), OWNER_KEY, hasher.hash(theirs))
        );
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        op.signature = bytes.concat(_userWire(theirs, _now(TRANSFER)), _sessionSignature(g, _now(TRANSFER), hash));
        _deniesOp(IHallpass.BadSignature.selector, op);
        // The EntryPoint's nonce: nothing goes twice.
        op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        assert(_handle(op));
        _refusesOp("AA25 invalid account nonce", op);
    }

    function test_a_frozen_or_uninstalled_account_validates_nothing() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        vm.prank(address(account));
        module.freeze();
        _deniesOp(IHallpass.AccountFrozen.selector, op);
        vm.prank(address(account));
        module.unfreeze();
        _unplug(EXECUTOR);
        _deniesOp(IHallpass.EpochMoved.selector, op);
        _unplug(VALIDATOR);
        PackedUserOperation[] memory ops = _ops(op);
        vm.expectRevert();
        vm.prank(BUNDLER, BUNDLER);
        ENTRY_POINT.handleOps(ops, payable(BUNDLER));
    }

    function test_the_owner_s_key_is_as_it_was() public {
        bytes memory data = abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (EXECUTOR, address(module), peer.toUninstall()));
        PackedUserOperation memory op = _userOp(data);
        op.nonce = uint256(peer.ownerNonceKey(address(ownerKey))) << 64;
        op.signature = _sign(OWNER_KEY, ENTRY_POINT.getUserOpHash(op));
        assert(_handle(op));
        assert(!modular.isModuleInstalled(EXECUTOR, address(module), ""));
        (uint64 epoch,) = module.accountState(address(account));
        assertEq(epoch, 1);
    }

    function test_what_was_counted_stays_counted_where_the_call_fails() public {
        Grant memory g = _moduleInstalled();
        vm.mockCallRevert(address(token), _transferData(60), "no");
        assert(!_handle(_signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(60)))));
        assertEq(_spent(g), 60);
        _denies(IHallpass.MeterExceeded.selector, g, TRANSFER, address(token), 0, _transferData(41));
    }

    function _deniesData(Grant memory g, bytes memory data) private {
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(data));
    }

    function _denies(bytes4 selector, Grant memory g, uint16 rule, address target, uint256 value, bytes memory data) private {
        _deniesOp(selector, g, _now(rule), _single(target, value, data));
    }
}

contract NexusUserOpsTest is ForeignUserOpsTest {
    function _peer() internal override returns (Peer) {
        return new Nexus();
    }
}

contract KernelUserOpsTest is ForeignUserOpsTest {
    function _peer() internal override returns (Peer) {
        return new Kernel();
    }
}
