// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract LifecycleTest is Fixture {
    function test_install_activates_from_the_first_sequence() public {
        Grant memory g = _grant();
        g.firstSeq = 77;
        bytes32 id = hasher.hash(g);
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _ownerSigned(id);
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Installed(id);
        vm.prank(PAYEE);
        account.install(data, signature);
        (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent) = account.grantState(id);
        assertEq(status, 1);
        assertEq(base, 77);
        assertEq(uint256(used) + window + spent, 0);
    }

    function test_install_needs_this_chain_account_and_backend() public {
        Grant memory g = _grant();
        g.chainId = 1;
        _deniesInstall(IHallpass.WrongChain.selector, g);
        g = _grant();
        g.account = PAYEE;
        _deniesInstall(IHallpass.WrongAccount.selector, g);
        g = _grant();
        g.backend = address(account);
        _deniesInstall(IHallpass.WrongBackend.selector, g);
    }

    function test_install_refuses_impossible_terms() public {
        Grant memory g = _grant();
        g.notAfter = g.notBefore;
        _deniesInstall(IHallpass.BadGrant.selector, g);
        g = _grant();
        g.endSeq = g.firstSeq;
        _deniesInstall(IHallpass.BadGrant.selector, g);
        g.endSeq = (1 << 32) + 1;
        _deniesInstall(IHallpass.BadGrant.selector, g);
        g = _grant();
        g.routes = 0;
        _deniesInstall(IHallpass.BadGrant.selector, g);
        g.routes = 9;
        _deniesInstall(IHallpass.BadGrant.selector, g);
    }

    function test_install_refuses_an_expired_grant() public {
        Grant memory g = _grant();
        vm.warp(g.notAfter);
        _deniesInstall(IHallpass.GrantExpired.selector, g);
        vm.warp(g.notAfter - 1);
        _install(g);
    }

    function test_install_refuses_other_kinds_of_key() public {
        Grant memory g = _grant();
        (g.keyKind, g.key) = (4, new bytes(32));
        _deniesInstall(IHallpass.NotYetSupported.selector, g);
        g.keyKind = 1;
        _deniesInstall(IHallpass.Malformed.selector, g);
        (g.keyKind, g.key) = (5, new bytes(20));
        _deniesInstall(IHallpass.Malformed.selector, g);
        g.keyKind = 0;
        _deniesInstall(IHallpass.Malformed.selector, g);
    }

    function test_install_refuses_bytes_too_few_or_too_many() public {
        Grant memory g = _grant();
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _ownerSigned(hasher.hash(g));
        vm.expectRevert(IHallpass.Malformed.selector);
        account.install(bytes.concat(data, hex"00"), signature);
        assembly {
            mstore(data, sub(mload(data), 1))
        }
        vm.expectRevert(IHallpass.Malformed.selector);
        account.install(data, signature);
    }

    function test_install_needs_the_owners_signature_of_just_this() public {
        Grant memory g = _grant();
        bytes memory data = Encode.install(hasher, g);
        bytes32 id = hasher.hash(g);
        bytes[4] memory signatures = [
            _sign(SESSION_KEY, _digest(address(backend), id)),
            _sign(OWNER_KEY, _digest(address(account), id)),
            _sign(OWNER_KEY, id),
            bytes.concat(_ownerSigned(id), hex"00")
        ];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(IHallpass.BadSignature.selector);
            account.install(data, signatures[i]);
        }
        // Without one the owner alone, as the caller.
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.install(data, "");
        vm.prank(address(account));
        account.install(data, "");
        _executes(g, _transfer(1));
    }

    function test_install_is_once_a_grant_and_once_a_salt() public {
        Grant memory g = _installed();
        _deniesInstall(IHallpass.GrantInstalled.selector, g);
        g.endSeq = 100;
        _deniesInstall(IHallpass.SaltUsed.selector, g);
        // Neighbours in the same word and in the next are free.
        g.salt = bytes16(uint128(0x1235));
        _install(g);
        g.salt = bytes16(uint128(0x1334));
        _install(g);
        // A salt stays used after the end, and is free in another epoch.
        g = _grant();
        account.end(hasher.hash(g), _ownerSigned(_endHash(hasher.hash(g))));
        g.endSeq = 100;
        _deniesInstall(IHallpass.SaltUsed.selector, g);
        account.moveEpoch(1, _ownerSigned(_epochHash(1)));
        g.epoch = 1;
        _install(g);
    }

    function test_the_owner_ends_by_signature_or_by_calling() public {
        Grant memory g = _installed();
        bytes32 id = hasher.hash(g);
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.end(id, "");
        bytes memory signature = _sign(SESSION_KEY, _digest(address(backend), _endHash(id)));
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.end(id, signature);
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Ended(id);
        vm.prank(address(account));
        account.end(id, "");
        _denies(IHallpass.GrantEnded.selector, g, _transfer(1));
        signature = _ownerSigned(_endHash(id));
        vm.expectRevert(IHallpass.GrantEnded.selector);
        account.end(id, signature);
        _deniesInstall(IHallpass.GrantEnded.selector, g);
    }

    function test_a_grant_ended_before_its_install_is_never_installed() public {
        Grant memory g = _grant();
        account.end(hasher.hash(g), _ownerSigned(_endHash(hasher.hash(g))));
        _deniesInstall(IHallpass.GrantEnded.selector, g);
        _denies(IHallpass.GrantEnded.selector, g, _transfer(1));
    }

    function test_the_ender_ends_and_nobody_else_in_its_name() public {
        Grant memory g = _installed();
        _executes(g, _transfer(4));
        bytes32 id = hasher.hash(g);
        bytes memory data = Encode.install(hasher, g);
        bytes memory rest = Encode.rest(hasher, g);
        bytes32 digest = _digest(address(backend), _endHash(id));
        bytes memory signature = _sign(OWNER_KEY, digest);
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.endFor(data, rest, signature);
        // Another `rest` that names the signer is not the grant's.
        g.rest.ender = vm.addr(SESSION_KEY);
        bytes memory forged = Encode.rest(hasher, g);
        signature = _sign(SESSION_KEY, digest);
        vm.expectRevert(IHallpass.Malformed.selector);
        account.endFor(data, forged, signature);
        signature = _sign(ENDER_KEY, digest);
        vm.expectRevert(IHallpass.Malformed.selector);
        account.endFor(data, bytes.concat(rest, hex"00"), signature);
        account.endFor(data, rest, signature);
        // What was counted stays readable.
        (uint8 status,,,, uint120 spent) = account.grantState(id);
        assertEq(status, 2);
        assertEq(spent, 4);
        vm.expectRevert(IHallpass.GrantEnded.selector);
        account.endFor(data, rest, signature);
    }

    function test_a_grant_without_an_ender_has_none() public {
        Grant memory g = _grant();
        g.rest.ender = address(0);
        _install(g);
        bytes memory data = Encode.install(hasher, g);
        bytes memory rest = Encode.rest(hasher, g);
        vm.expectRevert(IHallpass.NotEnder.selector);
        account.endFor(data, rest, new bytes(65));
    }

    function test_an_epoch_ends_all_grants_and_only_rises() public {
        Grant memory g = _installed();
        bytes memory signature = _ownerSigned(_epochHash(5));
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.moveEpoch(6, signature);
        account.moveEpoch(5, signature);
        _denies(IHallpass.EpochMoved.selector, g, _transfer(1));
        vm.expectRevert(IHallpass.BadEpoch.selector);
        account.moveEpoch(5, signature);
        signature = _ownerSigned(_epochHash(4));
        vm.expectRevert(IHallpass.BadEpoch.selector);
        account.moveEpoch(4, signature);
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.moveEpoch(6, "");
        vm.prank(address(account));
        account.moveEpoch(type(uint64).max, "");
        (uint64 epoch, bool frozen) = account.accountState();
        assertEq(epoch, type(uint64).max);
        assert(!frozen);
        g.salt = bytes16(uint128(9));
        _deniesInstall(IHallpass.EpochMoved.selector, g);
    }

    function test_a_frozen_account_executes_nothing() public {
        Grant memory g = _installed();
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.freeze();
        vm.prank(address(account));
        account.freeze();
        _denies(IHallpass.AccountFrozen.selector, g, _transfer(1));
        account.moveEpoch(1, _ownerSigned(_epochHash(1)));
        (uint64 epoch, bool frozen) = account.accountState();
        assert(epoch == 1 && frozen);
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.unfreeze();
        vm.prank(address(account));
        account.unfreeze();
        g.epoch = 1;
        _install(g);
        _executes(g, _transfer(1));
    }

    function _endHash(bytes32 grant) private pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("End(bytes32 grant)"), grant));
    }

    function _epochHash(uint64 next) private view returns (bytes32) {
        return keccak256(abi.encode(keccak256("Epoch(address account,uint64 next)"), address(account), next));
    }
}
