// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Grant} from "./GrantHasher.sol";
import {UserOpFixture} from "./UserOpFixture.sol";

/// @title What an invariant's actor sent, and the book of what went through
/// @notice What a window may spend belongs to a salt of an epoch, whatever grants follow each other under it.
abstract contract Book is UserOpFixture {
    struct Sent {
        address to;
        bytes data;
    }

    /// @notice All tokens that were paid, and the most that were in any one window.
    uint256 public total;
    uint256 public worst;
    /// @notice The most that was charged in fees under any one salt.
    uint256 public worstFees;
    /// @notice What must never happen: something sent twice goes through, or pays; a payment of another amount than was signed.
    uint256 public replays;
    uint256 public odd;
    /// @notice How often anything went through, so that an actor who never does anything is seen.
    uint256 public through;

    uint256 internal salts;
    uint256 internal stage;

    mapping(bytes32 key => mapping(uint256 day => uint256)) private _windows;
    mapping(bytes32 key => uint256) private _charged;
    Sent[] private _sent;

    function wait_(uint16 time) external {
        vm.warp(block.timestamp + time % 3 hours);
    }

    function replay(uint256 which) external {
        if (_sent.length == 0) return;
        Sent memory sent = _sent[which % _sent.length];
        uint256 before = token.balanceOf(PAYEE);
        if (_calls(BUNDLER, sent.to, sent.data) || token.balanceOf(PAYEE) != before) ++replays;
    }

    /// @notice A third of what a grant's fees may come to.
    function fee() external pure returns (uint256) {
        return FEE;
    }

    function paid() external view returns (uint256) {
        return token.balanceOf(PAYEE);
    }

    /// @dev The grant in force, for every route.
    function _current() internal view returns (Grant memory g) {
        g = _userGrant();
        g.salt = bytes16(uint128(0x1000 + salts));
        g.rest.labels = bytes32(stage);
    }

    /// @dev Sends `data` as `from` and enters what it pays, and is charged, under `g`.
    function _sends(Grant memory g, address from, address to, bytes memory data, uint256 amount, uint256 fee) internal {
        uint256 before = token.balanceOf(PAYEE);
        bool success = _calls(from, to, data);
        uint256 moved = token.balanceOf(PAYEE) - before;
        if (moved != 0 && (moved != amount || !success)) ++odd;
        total += moved;
        uint256 day = (block.timestamp - (T0 - 1000)) / 1 days;
        bytes32 key = keccak256(abi.encode(g.account, g.epoch, g.salt));
        uint256 sum = _windows[key][day] += moved;
        if (sum > worst) worst = sum;
        if (!success) return;
        sum = _charged[key] += fee;
        if (sum > worstFees) worstFees = sum;
        ++through;
        _sent.push(Sent(to, data));
    }

    function _handles(Grant memory g, PackedUserOperation memory op, uint256 amount) internal {
        bytes memory data = abi.encodeCall(ENTRY_POINT.handleOps, (_ops(op), payable(BUNDLER)));
        uint256 limits = uint256(op.accountGasLimits);
        uint256 gas_ = (limits >> 128) + uint128(limits) + op.preVerificationGas;
        _sends(g, BUNDLER, address(ENTRY_POINT), data, amount, gas_ * PRICE);
    }

    function _calls(address from, address to, bytes memory data) internal returns (bool success) {
        vm.prank(from, from);
        (success,) = to.call(data);
    }
}
