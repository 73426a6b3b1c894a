// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Home} from "./Home.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Frame} from "./libraries/Frame.sol";
import {Grant, Grants} from "./libraries/Grants.sol";
import {Keys} from "./libraries/Keys.sol";
import {Reader} from "./libraries/Reader.sol";
import {Replacement} from "./libraries/Replacement.sol";
import {State} from "./libraries/State.sol";

/// @title A grant's life: installed, replaced, ended
abstract contract Lifecycle is Home {
    uint256 private constant ROUTES = 7;

    function _install(bytes calldata data, bytes calldata signature) internal {
        Grant memory grant = Grants.read(data);
        uint256 shared = _new(grant);
        bytes32 id = Grants.hash(grant);
        uint256 slot = _unknown(id, shared);
        (uint256 key, uint256 bit) = State.saltBit(grant.epoch, grant.salt);
        uint256 saltSlot = State.saltSlot(key, shared);
        uint256 salts = State.read(saltSlot);
        if (salts & bit != 0) revert IHallpass.SaltUsed();
        _authorized(grant.account, id, signature);

        State.write(saltSlot, salts | bit);
        State.write(slot, State.installed(grant.firstSeq));
        emit IHallpass.Installed(id);
    }

    function _replace(
        bytes calldata fromData,
        bytes calldata fromMeters,
        bytes calldata toData,
        bytes calldata toMeters,
        bytes calldata signature
    ) internal {
        Grant memory from = Grants.read(fromData);
        Grant memory to = Grants.read(toData);
        _ours(from);
        uint256 shared = _new(to);
        if (from.account != to.account || from.epoch != to.epoch || from.salt != to.salt) {
            revert IHallpass.BadReplacement();
        }
        bytes32 fromId = Grants.hash(from);
        uint256 fromSlot = State.grantSlot(uint256(fromId), shared);
        uint256 word = State.read(fromSlot);
        uint256 status = State.status(word);
        if (status == State.UNKNOWN) revert IHallpass.GrantUnknown();
        if (status == State.ENDED) revert IHallpass.GrantEnded();
        bytes32 toId = Grants.hash(to);
        uint256 toSlot = _unknown(toId, shared);
        uint256 counter = Replacement.counter(from, fromMeters, to, toMeters, word, shared);
        _authorized(to.account, keccak256(abi.encode(Eip712.REPLACE, fromId, toId)), signature);

        State.write(fromSlot, State.ended(word));
        State.write(toSlot, State.withCounter(State.installed(to.firstSeq), counter));
        emit IHallpass.Ended(fromId);
        emit IHallpass.Installed(toId);
        emit IHallpass.Replaced(fromId, toId);
    }

    /// @dev By the owner, as caller or by signature.
    function _endBy(address account, bytes32 grant, bytes calldata signature) internal {
        _authorized(account, keccak256(abi.encode(Eip712.END, grant)), signature);
        _ended(account, grant);
    }

    /// @dev By the key that the grant names as its ender.
    function _endFor(bytes calldata data, bytes calldata rest, bytes calldata signature) internal {
        Frame.open();
        Grant memory grant = Grants.read(data);
        _ours(grant);
        Grants.openRest(grant, rest);
        address ender = address(uint160(Frame.get(Frame.ENDER)));
        if (ender == address(0)) revert IHallpass.NotEnder();
        bytes32 id = Grants.hash(grant);
        Eip712.check(ender, Eip712.digest(_backend(), keccak256(abi.encode(Eip712.END, id))), signature);
        _ended(grant.account, id);
    }

    /// @dev By the session key itself. The rest is needed for a WebAuthn key alone, and else left empty.
    function _surrender(bytes calldata data, bytes calldata rest, bytes calldata signature) internal {
        Frame.open();
        Grant memory grant = Grants.read(data);
        _ours(grant);
        if (rest.length != 0) Grants.openRest(grant, rest);
        bytes32 id = Grants.hash(grant);
        _signedByKey(data, grant.keyKind, keccak256(abi.encode(Eip712.END, id)), signature);
        _ended(grant.account, id);
    }

    /// @dev Ends a grant for good, whether it was installed or not.
    function _ended(address account, bytes32 grant) internal {
        uint256 slot = State.grantSlot(uint256(grant), _shared(account));
        uint256 word = State.read(slot);
        if (State.status(word) == State.ENDED) revert IHallpass.GrantEnded();
        State.write(slot, State.ended(word));
        emit IHallpass.Ended(grant);
    }

    function _moveEpoch(address account, uint64 next, bytes calldata signature) internal {
        _authorized(account, keccak256(abi.encode(Eip712.EPOCH, account, next)), signature);
        uint256 slot = State.accountSlot(_shared(account));
        uint256 word = State.read(slot);
        if (next <= uint64(word)) revert IHallpass.BadEpoch();
        State.write(slot, (word & ~uint256(type(uint64).max)) | next);
        emit IHallpass.EpochMovedTo(next);
    }

    /// @dev `hashStruct` of the grant in `data`.
    function _hash(bytes calldata data) internal pure returns (bytes32) {
        return Grants.hash(Grants.read(data));
    }

    /// @dev The owner is the caller, or has signed `structHash`.
    function _authorized(address account, bytes32 structHash, bytes calldata signature) internal view {
        if (signature.length != 0) _approvedFor(account, structHash, signature);
        else if (!_callerOwns(account)) revert IHallpass.NotOwner();
    }

    /// @dev A grant for this chain and this contract, of an account that may be of this home.
    function _ours(Grant memory grant) private view {
        if (grant.chainId != block.chainid) revert IHallpass.WrongChain();
        if (!_isHome(grant.account)) revert IHallpass.WrongAccount();
        if (grant.backend != _backend()) revert IHallpass.WrongBackend();
    }

    /// @dev Requires what a grant must be to become active.
    function _new(Grant memory grant) private view returns (uint256 shared) {
        _ours(grant);
        if (grant.keyKind > Grants.WEBAUTHN) revert IHallpass.NotYetSupported();
        if (grant.notBefore >= grant.notAfter || grant.firstSeq >= grant.endSeq || grant.endSeq > Bounds.SEQUENCES) {
            revert IHallpass.BadGrant();
        }
        if (grant.routes == 0 || grant.routes > ROUTES) revert IHallpass.BadGrant();
        if (block.timestamp >= grant.notAfter) revert IHallpass.GrantExpired();
        shared = _shared(grant.account);
        if (uint64(State.read(State.accountSlot(shared))) != grant.epoch) revert IHallpass.EpochMoved();
    }

    /// @dev The slot of a grant that was never installed nor ended.
    function _unknown(bytes32 id, uint256 shared) private view returns (uint256 slot) {
        slot = State.grantSlot(uint256(id), shared);
        uint256 status = State.status(State.read(slot));
        if (status == State.ACTIVE) revert IHallpass.GrantInstalled();
        if (status != State.UNKNOWN) revert IHallpass.GrantEnded();
    }

    /// @dev Requires the session key in a grant's bytes to have signed `structHash` in the Grant domain.
    function _signedByKey(bytes calldata data, uint256 kind, bytes32 structHash, bytes calldata signature) private view {
        (uint256 key,) = Reader.bounds(data);
        (uint256 start, uint256 end) = Reader.bounds(signature);
        if (start + Keys.length(kind, start, end) != end) revert IHallpass.BadSignature();
        bytes32 digest = Eip712.digest(_backend(), structHash);
        Keys.check(kind, key + Grants.KEY, digest, start, Frame.get(Frame.RP_ID_HASH));
    }
}
