// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Guarded} from "./Guarded.sol";
import {Home} from "./Home.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {Lifecycle} from "./Lifecycle.sol";
import {Calls} from "./libraries/Calls.sol";
import {EntryPoints} from "./libraries/EntryPoints.sol";
import {State} from "./libraries/State.sol";
import {OwnerCalls} from "./OwnerCalls.sol";
import {Receiver} from "./Receiver.sol";
import {Sessions} from "./Sessions.sol";

/// @title The account, but for who owns it
/// @notice There is no initializer: an account is ready, and empty of grants, the moment that it has this code.
abstract contract HallpassAccount is OwnerCalls, Guarded, Receiver, Sessions, Lifecycle {
    /// @dev The first byte of a user operation's signature.
    bytes1 private constant BY_OWNER = 0x00;
    bytes1 private constant BY_SESSION = 0x01;

    /// @inheritdoc IHallpass
    function execute(bytes calldata data) external {
        _execute(address(this), data);
    }

    /// @inheritdoc IHallpass
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash, uint256 missing)
        external
        returns (uint256 validation)
    {
        (uint256 route, uint256 before) = EntryPoints.route(msg.sender);
        bytes1 tag = bytes1(op.signature);
        if (tag == BY_SESSION) {
            validation = _validate(address(this), op, userOpHash, op.signature[1:], route, before, false);
        } else if (tag != BY_OWNER || op.signature.length < 2 || !_rawSignatureValidation(userOpHash, op.signature[1:])) {
            return ERC4337Utils.SIG_VALIDATION_FAILED;
        }
        EntryPoints.prefund(missing);
    }

    /// @inheritdoc IHallpass
    function install(bytes calldata grant, bytes calldata signature) external {
        _install(grant, signature);
    }

    /// @inheritdoc IHallpass
    function replace(
        bytes calldata from,
        bytes calldata fromMeters,
        bytes calldata to,
        bytes calldata toMeters,
        bytes calldata signature
    ) external {
        _replace(from, fromMeters, to, toMeters, signature);
    }

    /// @inheritdoc IHallpass
    function end(bytes32 grant, bytes calldata signature) external {
        _endBy(address(this), grant, signature);
    }

    /// @inheritdoc IHallpass
    function endFor(bytes calldata grant, bytes calldata rest, bytes calldata signature) external {
        _endFor(grant, rest, signature);
    }

    /// @inheritdoc IHallpass
    function surrender(bytes calldata grant, bytes calldata rest, bytes calldata signature) external {
        _surrender(grant, rest, signature);
    }

    /// @inheritdoc IHallpass
    function moveEpoch(uint64 next, bytes calldata signature) external {
        _moveEpoch(address(this), next, signature);
    }

    /// @inheritdoc IHallpass
    function accountState() external view returns (uint64 epoch, bool frozen) {
        uint256 account = State.load().account;
        return (uint64(account), account & State.FROZEN != 0);
    }

    /// @inheritdoc IHallpass
    function grantState(bytes32 grant)
        external
        view
        returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent)
    {
        return State.grantView(State.load().grants[grant]);
    }

    /// @inheritdoc IHallpass
    function laneState(bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used) {
        uint256 word = State.load().lanes[grant][lane];
        return (uint64(word), uint192(word >> 64));
    }

    /// @inheritdoc IHallpass
    function meterState(uint64 epoch, bytes16 salt, uint16 id) external view returns (uint32 window, uint120 spent) {
        uint256 word = State.load().meters[State.meterKey(epoch, salt, id)];
        return (uint32(word), uint120(word >> 32));
    }

    /// @inheritdoc IHallpass
    function grantHash(bytes calldata grant) external pure returns (bytes32) {
        return _hash(grant);
    }

    /// @inheritdoc Guarded
    function _end(bytes32 grant) internal override {
        _ended(address(this), grant);
    }

    /// @inheritdoc OwnerCalls
    /// @dev An EntryPoint has the account make what `validateUserOp` has passed, and nothing else.
    function _mayExecute(address caller) internal view override returns (bool) {
        return caller == EntryPoints.V08 || caller == EntryPoints.V07 || _isOwner(caller);
    }

    /// @inheritdoc Home
    function _backend() internal view override returns (address) {
        return backend;
    }

    /// @inheritdoc Home
    function _shared(address) internal pure override returns (uint256) {
        return 0;
    }

    /// @inheritdoc Home
    function _isHome(address account) internal view override returns (bool) {
        return account == address(this);
    }

    /// @inheritdoc Home
    function _callerOwns(address) internal view override returns (bool) {
        return _isOwner(msg.sender);
    }

    /// @inheritdoc Home
    function _approvedFor(address, bytes32 structHash, bytes calldata signature) internal view override {
        _approved(structHash, signature);
    }

    /// @inheritdoc Home
    /// @dev An account of ours has no modules.
    function _judged(address) internal view override {}

    /// @inheritdoc Home
    function _make(address, uint256 fee) internal override {
        Calls.make();
        if (fee != 0) Calls.pay(fee);
    }
}
