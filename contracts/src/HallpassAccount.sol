// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Guarded} from "./Guarded.sol";
import {OwnerCalls} from "./OwnerCalls.sol";
import {Receiver} from "./Receiver.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {Calls} from "./libraries/Calls.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Frame} from "./libraries/Frame.sol";
import {Grant, Grants} from "./libraries/Grants.sol";
import {Meters} from "./libraries/Meters.sol";
import {Nonces} from "./libraries/Nonces.sol";
import {Reader} from "./libraries/Reader.sol";
import {State} from "./libraries/State.sol";
import {Wire} from "./libraries/Wire.sol";
import {Words} from "./libraries/Words.sol";

/// @title The account, but for who owns it
/// @notice There is no initializer: an account is ready, and empty of grants, the moment that it has this code.
abstract contract HallpassAccount is OwnerCalls, Guarded, Receiver {
    uint256 private constant DIRECT = 1;
    uint256 private constant ROUTES = 7;
    uint256 private constant MAX_LIFE = 600;
    uint256 private constant SEQUENCES = 1 << 32;

    /// @inheritdoc IHallpass
    function execute(bytes calldata data) external {
        (uint256 start, uint256 stop) = Reader.bounds(data);
        (uint256 callsAt, uint256 callsEnd) = Wire.read(start, stop, uint160(backend));
        _bounds(callsAt == callsEnd);

        State.Layout storage state = State.load();
        uint256 account = state.account;
        if (account & State.FROZEN != 0) revert AccountFrozen();
        if (uint64(account) != Frame.get(Frame.EPOCH)) revert EpochMoved();
        uint256 id = Frame.hash(Frame.GRANT, Frame.GRANT_LENGTH);
        uint256 slot = State.grantSlot(id);
        uint256 word = State.read(slot);
        uint256 status = State.status(word);
        if (status != State.ACTIVE) {
            if (status == State.UNKNOWN) revert GrantUnknown();
            revert GrantEnded();
        }

        Frame.set(Frame.GRANT_WORD, Nonces.use(word, Frame.get(Frame.NONCE)));
        Frame.set(Frame.OP_GRANT, id);
        _signed(start + Wire.KEY, callsEnd);

        Calls.judge(callsAt, callsEnd);
        State.write(slot, Meters.write());
        emit Executed(bytes32(id), Frame.get(Frame.NONCE));
        Calls.make();
    }

    /// @inheritdoc IHallpass
    function install(bytes calldata data, bytes calldata signature) external {
        Grant memory grant = Grants.read(data);
        _ours(grant);
        if (grant.keyKind != Grants.SECP256K1) revert NotYetSupported();
        if (grant.notBefore >= grant.notAfter || grant.firstSeq >= grant.endSeq || grant.endSeq > SEQUENCES) {
            revert BadGrant();
        }
        if (grant.routes == 0 || grant.routes > ROUTES) revert BadGrant();
        if (block.timestamp >= grant.notAfter) revert GrantExpired();

        State.Layout storage state = State.load();
        if (uint64(state.account) != grant.epoch) revert EpochMoved();
        bytes32 id = Grants.hash(grant);
        uint256 status = State.status(state.grants[id]);
        if (status == State.ACTIVE) revert GrantInstalled();
        if (status != State.UNKNOWN) revert GrantEnded();
        (uint256 key, uint256 bit) = State.saltBit(grant.epoch, grant.salt);
        uint256 salts = state.salts[key];
        if (salts & bit != 0) revert SaltUsed();
        _approved(id, signature);

        state.salts[key] = salts | bit;
        state.grants[id] = State.installed(grant.firstSeq);
        emit Installed(id);
    }

    /// @inheritdoc IHallpass
    function end(bytes32 grant, bytes calldata signature) external {
        _authorized(keccak256(abi.encode(Eip712.END, grant)), signature);
        _end(grant);
    }

    /// @inheritdoc IHallpass
    function endFor(bytes calldata data, bytes calldata rest, bytes calldata signature) external {
        Grant memory grant = Grants.read(data);
        _ours(grant);
        address ender = Grants.ender(grant, rest);
        if (ender == address(0)) revert NotEnder();
        bytes32 id = Grants.hash(grant);
        Eip712.check(ender, Eip712.digest(backend, keccak256(abi.encode(Eip712.END, id))), signature);
        _end(id);
    }

    /// @inheritdoc IHallpass
    function moveEpoch(uint64 next, bytes calldata signature) external {
        _authorized(keccak256(abi.encode(Eip712.EPOCH, address(this), next)), signature);
        State.Layout storage state = State.load();
        uint256 account = state.account;
        if (next <= uint64(account)) revert BadEpoch();
        state.account = (account & ~uint256(type(uint64).max)) | next;
        emit EpochMovedTo(next);
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
        uint256 word = State.load().grants[grant];
        return (uint8(word), uint32(word >> 8), uint64(word >> 40), uint32(word >> 104), uint120(word >> 136));
    }

    /// @inheritdoc IHallpass
    function meterState(uint64 epoch, bytes16 salt, uint16 id) external view returns (uint32 window, uint120 spent) {
        uint256 word = State.load().meters[State.meterKey(epoch, salt, id)];
        return (uint32(word), uint120(word >> 32));
    }

    /// @inheritdoc IHallpass
    function grantHash(bytes calldata grant) external pure returns (bytes32) {
        return Grants.hash(Grants.read(grant));
    }

    /// @dev All that can be denied without reading the state.
    function _bounds(bool empty) private view {
        if (Frame.get(Frame.CHAIN_ID) != block.chainid) revert WrongChain();
        if (Frame.get(Frame.ROUTES) & DIRECT == 0) revert RouteNotAllowed();
        uint256 notBefore = Frame.get(Frame.NOT_BEFORE);
        uint256 notAfter = Frame.get(Frame.NOT_AFTER);
        uint256 validFrom = Frame.get(Frame.VALID_FROM);
        uint256 validUntil = Frame.get(Frame.VALID_UNTIL);
        if (block.timestamp < notBefore) revert GrantNotStarted();
        if (block.timestamp >= notAfter) revert GrantExpired();
        if (block.timestamp < validFrom) revert OpNotYetValid();
        if (block.timestamp >= validUntil) revert OpExpired();
        unchecked {
            // validFrom <= time < validUntil
            if (validUntil - validFrom > MAX_LIFE) revert OpTooLong();
        }
        if (Words.either(validFrom < notBefore, validUntil > notAfter)) revert OpOutsideGrant();
        uint256 granted = Frame.get(Frame.RELAYER);
        uint256 signed = Frame.get(Frame.OP_RELAYER);
        if (granted | signed != 0) {
            // An operation of a grant with a relayer has one too, and whoever has one has the caller.
            if (signed != uint160(msg.sender)) revert RelayerNotAllowed();
            if (granted != 0 && granted != uint160(msg.sender)) revert RelayerNotAllowed();
        }
        if (Frame.get(Frame.MAX_FEE) != 0) revert FeeOverCap();
        if (empty) revert EmptyBatch();
        uint256 nonce = Frame.get(Frame.NONCE);
        if (nonce >> 64 != 0) revert LaneNotSupported();
        if (Words.either(nonce < Frame.get(Frame.FIRST_SEQ), nonce >= Frame.get(Frame.END_SEQ))) {
            revert SequenceOutOfRange();
        }
        if (nonce >= SEQUENCES) revert SequenceOutOfRange();
    }

    /// @dev The session key, at `key`, signed the operation by the signature at `signature`.
    function _signed(uint256 key, uint256 signature) private view {
        if (Frame.get(Frame.KEY_KIND) != Grants.SECP256K1) revert NotYetSupported();
        bytes32 op = bytes32(Frame.hash(Frame.OP, Frame.OP_LENGTH));
        Eip712.checkAt(Reader.u160(key), Eip712.digest(address(this), op), signature);
    }

    function _ours(Grant memory grant) private view {
        if (grant.chainId != block.chainid) revert WrongChain();
        if (grant.account != address(this)) revert WrongAccount();
        if (grant.backend != backend) revert WrongBackend();
    }

    /// @dev The owner is the caller, or has signed `structHash`.
    function _authorized(bytes32 structHash, bytes calldata signature) private view {
        if (signature.length == 0) _onlyOwner();
        else _approved(structHash, signature);
    }

    function _end(bytes32 grant) internal override {
        State.Layout storage state = State.load();
        uint256 word = state.grants[grant];
        if (State.status(word) == State.ENDED) revert GrantEnded();
        state.grants[grant] = State.ended(word);
        emit Ended(grant);
    }
}
