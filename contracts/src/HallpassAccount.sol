// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Home} from "./Home.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {Lifecycle} from "./Lifecycle.sol";
import {Calls} from "./libraries/Calls.sol";
import {EntryPoints} from "./libraries/EntryPoints.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {State} from "./libraries/State.sol";
import {Sessions} from "./Sessions.sol";

/// @title The account, but for who owns it
/// @notice There is no initializer: an account is ready, and empty of grants, the moment that it has this code.
abstract contract HallpassAccount is IHallpass, Sessions, Lifecycle {
    /// @inheritdoc IHallpass
    address public immutable backend = address(this);

    /// @notice Takes the chain's coin.
    receive() external payable {}

    /// @inheritdoc IHallpass
    function owner() public view virtual returns (address);

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
        validation = _validate(address(this), op, userOpHash, op.signature, route, before, false);
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
        _end(address(this), grant, signature);
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
    function freeze() external {
        _onlyOwner();
        State.load().account |= State.FROZEN;
        emit Frozen();
    }

    /// @inheritdoc IHallpass
    function unfreeze() external {
        _onlyOwner();
        State.load().account &= ~State.FROZEN;
        emit Unfrozen();
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

    function _onlyOwner() internal view {
        if (!_isOwner(address(this))) revert NotOwner();
    }

    /// @inheritdoc Home
    function _backend() internal view override returns (address) {
        return backend;
    }

    /// @inheritdoc Home
    function _shared(address) internal pure override returns (uint256) {
        return 0;
    }

    /// @inheritdoc Lifecycle
    function _isHome(address account) internal view override returns (bool) {
        return account == address(this);
    }

    /// @inheritdoc Home
    function _isOwner(address) internal view override returns (bool) {
        return msg.sender == owner();
    }

    /// @inheritdoc Home
    function _approved(address, bytes32 structHash, bytes calldata signature) internal view override {
        Eip712.check(owner(), Eip712.digest(backend, structHash), signature);
    }

    /// @inheritdoc Home
    function _make(address, uint256 fee) internal override {
        Calls.make();
        if (fee != 0) Calls.pay(fee);
    }
}
