// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution, IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Book} from "../utils/Book.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {ModularAccount} from "../utils/Modular.sol";
import {ModuleFixture} from "../utils/ModuleFixture.sol";
import {UserOpFixture} from "../utils/UserOpFixture.sol";

/// @dev A session of a modular account by relay and by user operations, with a second account of the same owner beside.
contract ModuleActor is ModuleFixture, Book {
    ModularAccount private _second;
    uint64 private _epoch;

    function start() external {
        setUp();
        vm.warp(T0 + 1);
        _second = _modular();
        _moduleInstall(_grantNow());
        Grant memory theirs = _grantNow();
        theirs.account = address(_second);
        _moduleInstall(theirs);
    }

    function relay(uint8 amount, uint8 lane, bool fee) external {
        Grant memory g = _grantNow();
        amount %= 110;
        Op memory op = _op(_transfer(amount));
        op.nonce |= uint256(lane % 3) << 64;
        if (fee) op.maxFee = 1000;
        bytes memory wire = _openRun(g, op, BUNDLER);
        _sends(g, BUNDLER, address(module), abi.encodeCall(module.execute, (address(account), wire)), amount, op.maxFee);
        // What was made for one account, at the other.
        if (_calls(BUNDLER, address(module), abi.encodeCall(module.execute, (address(_second), wire)))) ++odd;
    }

    function userOp(uint8 amount, bool starved) external {
        Grant memory g = _grantNow();
        amount %= 110;
        bytes memory call = abi.encodePacked(address(token), uint256(0), _transferData(amount));
        PackedUserOperation memory op = _userOp(abi.encodeCall(IERC7579Execution.execute, (bytes32(0), call)));
        if (starved) op.accountGasLimits = bytes32(VERIFICATION_GAS << 128 | 5000);
        _handles(g, _signUserOp(g, _now(TRANSFER), op), amount);
    }

    function userBatch(uint8 first, uint8 second) external {
        Grant memory g = _grantNow();
        (first, second) = (first % 60, second % 60);
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, _transferData(first));
        calls[1] = Execution(address(token), 0, _transferData(second));
        _handles(g, _signUserOp(g, _now(TRANSFER, 2), _userOp(_batchData(calls))), uint256(first) + second);
    }

    /// @dev Takes the module out and puts it back: nothing of before goes on, and the owner grants anew.
    function reinstall(bool executor) external {
        Grant memory g = _grantNow();
        uint256 kind = executor ? EXECUTOR : VALIDATOR;
        _unplug(kind);
        _plug(modular, kind);
        bytes memory wire = _openRun(g, _op(_transfer(1)), BUNDLER);
        if (_calls(BUNDLER, address(module), abi.encodeCall(module.execute, (address(account), wire)))) ++replays;
        (_epoch,) = module.accountState(address(account));
        if (block.timestamp < g.notAfter) _moduleInstall(_grantNow());
    }

    function freeze(bool on) external {
        vm.prank(address(modular));
        if (on) module.freeze();
        else module.unfreeze();
    }

    /// @notice What is left of the first account's tokens, and of the second's.
    function remaining() external view returns (uint256, uint256) {
        return (token.balanceOf(address(account)), token.balanceOf(address(_second)));
    }

    /// @notice What is counted of the second account, which nothing was signed for.
    function counted() external view returns (uint256 spent) {
        Grant memory theirs = _current();
        theirs.account = address(_second);
        spent = _spent(theirs) + _feesSpent(theirs);
    }

    function _grantNow() private view returns (Grant memory g) {
        g = _current();
        g.epoch = _epoch;
    }

    function setUp() public override(ModuleFixture, UserOpFixture) {
        ModuleFixture.setUp();
    }

    function _lead() internal pure override(ModuleFixture, UserOpFixture) returns (uint48) {
        return 1;
    }

    function _nonceKey() internal view override(ModuleFixture, UserOpFixture) returns (uint192) {
        return ModuleFixture._nonceKey();
    }

    function _tag() internal pure override(ModuleFixture, UserOpFixture) returns (bytes memory) {
        return "";
    }

    function _spent(Grant memory g) internal view override(ModuleFixture, UserOpFixture) returns (uint256) {
        return ModuleFixture._spent(g);
    }

    function _feesSpent(Grant memory g) internal view override(ModuleFixture, UserOpFixture) returns (uint256) {
        return ModuleFixture._feesSpent(g);
    }
}

/// @notice Under any interleaving of relays, user operations and reinstalls of the module.
contract ModuleInvariant {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    ModuleActor private _actor;

    function setUp() external {
        _actor = new ModuleActor();
        _actor.start();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actor);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = Book.wait_.selector;
        selectors[1] = Book.replay.selector;
        selectors[2] = ModuleActor.relay.selector;
        selectors[3] = ModuleActor.userOp.selector;
        selectors[4] = ModuleActor.userBatch.selector;
        selectors[5] = ModuleActor.reinstall.selector;
        selectors[6] = ModuleActor.freeze.selector;
        targets[0] = FuzzSelector(address(_actor), selectors);
    }

    function invariant_spend_stays_within_the_cap_of_every_window() external view {
        assert(_actor.worst() <= 100);
        assert(_actor.odd() == 0);
        assert(_actor.paid() == _actor.total());
    }

    function invariant_another_account_is_never_touched() external view {
        (uint256 first, uint256 second) = _actor.remaining();
        assert(first + _actor.total() == 1e6 && second == 1e6);
        assert(_actor.counted() == 0);
    }

    function invariant_fees_stay_within_their_caps() external view {
        assert(_actor.worstFees() <= 3 * _actor.fee());
    }

    function invariant_nothing_signed_goes_through_twice() external view {
        assert(_actor.replays() == 0);
    }
}
