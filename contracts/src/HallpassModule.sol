// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Execution,
    IERC7579Module,
    IERC7579ModuleConfig,
    IERC7579Validator,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Home} from "./Home.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {IHallpassModule} from "./interfaces/IHallpassModule.sol";
import {Calls} from "./libraries/Calls.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Frame} from "./libraries/Frame.sol";
import {State} from "./libraries/State.sol";
import {Lifecycle} from "./Lifecycle.sol";
import {Sessions} from "./Sessions.sol";

/// @title Sessions for any ERC-7579 account
/// @notice It judges as the account of Hallpass does, by the same libraries, and has the account make the calls. It never signs
/// for the account: its ERC-1271 answer is no.
contract HallpassModule is IHallpassModule, IERC7579Validator, Sessions, Lifecycle {
    /// @dev EntryPoint 0.7 and 0.8: a module does not see which of them its account trusts, so a grant must be for both.
    uint256 private constant ENTRY_POINTS = 6;

    uint256 private constant SINGLE = 0;

    /// @inheritdoc IHallpassModule
    function execute(address account, bytes calldata wire) external {
        _execute(account, wire);
    }

    /// @inheritdoc IERC7579Validator
    /// @dev The lower bound is `validFrom` itself, which EntryPoint 0.7 admits and 0.8 does not: never looser.
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash) external returns (uint256) {
        if (op.sender != msg.sender) revert IHallpass.WrongAccount();
        return _validate(msg.sender, op, userOpHash, op.signature, ENTRY_POINTS, 0, true);
    }

    /// @inheritdoc IERC7579Validator
    function isValidSignatureWithSender(address, bytes32, bytes calldata) external pure returns (bytes4) {
        return 0xffffffff;
    }

    /// @inheritdoc IHallpassModule
    function install(bytes calldata grant, bytes calldata signature) external {
        _install(grant, signature);
    }

    /// @inheritdoc IHallpassModule
    function replace(
        bytes calldata from,
        bytes calldata fromMeters,
        bytes calldata to,
        bytes calldata toMeters,
        bytes calldata signature
    ) external {
        _replace(from, fromMeters, to, toMeters, signature);
    }

    /// @inheritdoc IHallpassModule
    function end(address account, bytes32 grant, bytes calldata signature) external {
        _endBy(account, grant, signature);
    }

    /// @inheritdoc IHallpassModule
    function endFor(bytes calldata grant, bytes calldata rest, bytes calldata signature) external {
        _endFor(grant, rest, signature);
    }

    /// @inheritdoc IHallpassModule
    function surrender(bytes calldata grant, bytes calldata rest, bytes calldata signature) external {
        _surrender(grant, rest, signature);
    }

    /// @inheritdoc IHallpassModule
    function moveEpoch(address account, uint64 next, bytes calldata signature) external {
        _moveEpoch(account, next, signature);
    }

    /// @inheritdoc IHallpassModule
    function freeze() external {
        uint256 slot = State.accountSlot(_shared(msg.sender));
        State.write(slot, State.read(slot) | State.FROZEN);
        emit IHallpass.Frozen();
    }

    /// @inheritdoc IHallpassModule
    function unfreeze() external {
        uint256 slot = State.accountSlot(_shared(msg.sender));
        State.write(slot, State.read(slot) & ~State.FROZEN);
        emit IHallpass.Unfrozen();
    }

    /// @inheritdoc IERC7579Module
    /// @dev Nothing to set up: an account has no grants until its owner signs one.
    function onInstall(bytes calldata) external {}

    /// @inheritdoc IERC7579Module
    /// @dev Ends every grant: none comes back with the module. It never fails, so that it cannot keep itself installed. The last
    /// epoch has none after it, and to go round would bring back the first one's grants: there it freezes.
    function onUninstall(bytes calldata) external {
        uint256 slot = State.accountSlot(_shared(msg.sender));
        uint256 word = State.read(slot);
        uint64 epoch = uint64(word);
        if (epoch == type(uint64).max) {
            State.write(slot, word | State.FROZEN);
            emit IHallpass.Frozen();
        } else {
            State.write(slot, word + 1);
            emit IHallpass.EpochMovedTo(epoch + 1);
        }
    }

    /// @inheritdoc IERC7579Module
    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == MODULE_TYPE_VALIDATOR || kind == MODULE_TYPE_EXECUTOR;
    }

    /// @inheritdoc IHallpassModule
    function accountState(address account) external view returns (uint64 epoch, bool frozen) {
        uint256 word = State.read(State.accountSlot(_shared(account)));
        return (uint64(word), word & State.FROZEN != 0);
    }

    /// @inheritdoc IHallpassModule
    function grantState(address account, bytes32 grant)
        external
        view
        returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent)
    {
        return State.grantView(State.read(State.grantSlot(uint256(grant), _shared(account))));
    }

    /// @inheritdoc IHallpassModule
    function laneState(address account, bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used) {
        uint256 word = State.read(State.laneSlot(uint256(grant), lane, _shared(account)));
        return (uint64(word), uint192(word >> 64));
    }

    /// @inheritdoc IHallpassModule
    function meterState(address account, uint64 epoch, bytes16 salt, uint16 id)
        external
        view
        returns (uint32 window, uint120 spent)
    {
        uint256 word = State.read(State.meterSlot(State.meterKey(epoch, salt, id), _shared(account)));
        return (uint32(word), uint120(word >> 32));
    }

    /// @inheritdoc IHallpassModule
    function name() external pure returns (string memory) {
        return "hallpass-7579";
    }

    /// @inheritdoc IHallpassModule
    function version() external pure returns (string memory) {
        return "1";
    }

    /// @inheritdoc Home
    function _backend() internal view override returns (address) {
        return address(this);
    }

    /// @inheritdoc Home
    function _shared(address account) internal pure override returns (uint256) {
        return uint160(account);
    }

    /// @inheritdoc Home
    /// @dev The state of the zero address would be the module's own.
    function _isHome(address account) internal view override returns (bool) {
        return account != address(0) && account != address(this);
    }

    /// @inheritdoc Home
    function _callerOwns(address account) internal view override returns (bool) {
        return msg.sender == account;
    }

    /// @inheritdoc Home
    function _approvedFor(address account, bytes32 structHash, bytes calldata signature) internal view override {
        bytes32 digest = Eip712.digest(address(this), structHash);
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature)) {
            revert IHallpass.BadSignature();
        }
    }

    /// @inheritdoc Home
    /// @dev A module of the account takes the account's word for everything, and to such an account the zero address is itself:
    /// what is opened may name neither.
    function _judged(address account) internal view override {
        uint256 rulesEnd = Frame.get(Frame.RULES_END);
        for (uint256 rule = Frame.RULES; rule < rulesEnd; rule += Frame.RULE_SIZE) {
            address target = address(uint160(Frame.get(rule + Frame.TARGET)));
            bytes4 selector = bytes4(bytes32(Frame.get(rule + Frame.SIGNATURE)));
            if (target == address(0) || _isModule(account, target, selector)) revert IHallpass.TargetForbidden();
        }
    }

    /// @inheritdoc Home
    /// @dev One by one, so that each call's gas floor is looked at just before it: what is sent to the account is put together
    /// before, as its cost grows with the call.
    function _make(address account, uint256 fee) internal override {
        uint256 first = Frame.get(Frame.METERS_END);
        uint256 callsEnd = Frame.get(Frame.CALLS_END);
        // An account may have lost its code (EIP-7702), and a call to none succeeds.
        if (account.code.length == 0) revert IHallpass.CallFailed(0, "");
        for (uint256 call = first; call < callsEnd; call += Frame.CALL_SIZE) {
            bytes memory data =
                abi.encodeCall(IERC7579Execution.executeFromExecutor, (bytes32(SINGLE), Calls.packed(call)));
            if (gasleft() < Calls.needed(call, true)) revert IHallpass.GasFloorUnmet();
            (bool success, bytes memory reason) = account.call(data);
            if (!success) revert IHallpass.CallFailed((call - first) / Frame.CALL_SIZE, reason);
        }
        if (fee != 0) _pay(account, fee);
    }

    /// @dev Has the account pay `fee`, in the grant's fee token or in the chain's coin, to the caller.
    function _pay(address account, uint256 fee) private {
        address token = address(uint160(Frame.get(Frame.FEE_TOKEN)));
        bytes memory data = abi.encodePacked(msg.sender, fee);
        if (token != address(0)) {
            if (Calls.forbidden(uint160(token)) || _isModule(account, token, IERC20.transfer.selector)) {
                revert IHallpass.TargetForbidden();
            }
            data = abi.encodePacked(token, uint256(0), abi.encodeCall(IERC20.transfer, (msg.sender, fee)));
        }
        try IERC7579Execution(account).executeFromExecutor(bytes32(SINGLE), data) returns (bytes[] memory returned) {
            if (token == address(0)) return;
            // As `SafeERC20` has it: nothing, from a contract, or true.
            bytes memory answer = returned[0];
            if (answer.length == 0 ? token.code.length != 0 : answer.length >= 32 && uint256(bytes32(answer)) == 1) return;
        } catch {}
        revert IHallpass.FeeNotPaid();
    }

    /// @dev Whether `target` is a module of the account's, a fallback handler for `selector` among them.
    function _isModule(address account, address target, bytes4 selector) private view returns (bool) {
        for (uint256 kind = MODULE_TYPE_VALIDATOR; kind <= MODULE_TYPE_HOOK; ++kind) {
            bytes memory context = kind == MODULE_TYPE_FALLBACK ? abi.encodePacked(selector) : bytes("");
            if (IERC7579ModuleConfig(account).isModuleInstalled(kind, target, context)) return true;
        }
        return false;
    }
}
