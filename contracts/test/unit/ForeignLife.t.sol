// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {Kernel} from "../utils/Kernel.sol";
import {Nexus} from "../utils/Nexus.sol";
import {Peer} from "../utils/Peer.sol";
import {PeerFixture} from "../utils/PeerFixture.sol";

/// @notice How grants begin and end on accounts of others, and what is left where the account itself is gone.
abstract contract ForeignLifeTest is PeerFixture {
    function test_the_account_s_own_signature_installs_and_no_other() public {
        Grant memory g = _userGrant();
        bytes memory data = Encode.install(hasher, g);
        bytes32 id = hasher.hash(g);
        bytes[4] memory signatures = [
            _approval(SESSION_KEY, id),
            // Over another hash than what the account hands its validator.
            peer.told(address(ownerKey), _sign(OWNER_KEY, id)),
            _approval(address(account), address(module), OWNER_KEY, id),
            _approval(address(this), address(0xDEAD), OWNER_KEY, id)
        ];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(IHallpass.BadSignature.selector);
            module.install(data, signatures[i]);
        }
        vm.expectRevert(IHallpass.NotOwner.selector);
        module.install(data, "");
        _refusesRun(IHallpass.GrantUnknown.selector, g, _transfer(1));
        module.install(data, _approval(OWNER_KEY, id));
        _runs(g, _transfer(1));
    }

    function test_the_account_itself_needs_no_signature() public {
        Grant memory g = _userGrant();
        bytes memory data = Encode.install(hasher, g);
        vm.prank(address(account));
        module.install(data, "");
        _runs(g, _transfer(1));
        bytes32 id = hasher.hash(g);
        vm.prank(address(account));
        module.end(address(account), id, "");
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
    }

    function test_a_signature_ends_and_the_ender_and_the_key_do() public {
        Grant memory g = _moduleInstalled();
        bytes32 end = _endHash(hasher.hash(g));
        bytes memory by = _approval(SESSION_KEY, end);
        bytes32 id = hasher.hash(g);
        vm.expectRevert(IHallpass.BadSignature.selector);
        module.end(address(account), id, by);
        module.end(address(account), id, _approval(OWNER_KEY, end));
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
        g.salt = bytes16(uint128(2));
        _moduleInstall(g);
        bytes32 digest = _digest(address(module), _endHash(hasher.hash(g)));
        module.endFor(Encode.install(hasher, g), Encode.rest(hasher, g), _sign(ENDER_KEY, digest));
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
        g.salt = bytes16(uint128(3));
        _moduleInstall(g);
        digest = _digest(address(module), _endHash(hasher.hash(g)));
        module.surrender(Encode.install(hasher, g), "", _sign(SESSION_KEY, digest));
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
    }

    function test_a_signature_moves_the_epoch() public {
        Grant memory g = _moduleInstalled();
        bytes32 next = keccak256(abi.encode(keccak256("Epoch(address account,uint64 next)"), address(account), 7));
        module.moveEpoch(address(account), 7, _approval(OWNER_KEY, next));
        _refusesRun(IHallpass.EpochMoved.selector, g, _transfer(1));
    }

    function test_a_frozen_account_executes_nothing_and_it_alone_unfreezes() public {
        Grant memory g = _moduleInstalled();
        vm.prank(address(account));
        module.freeze();
        _refusesRun(IHallpass.AccountFrozen.selector, g, _transfer(1));
        module.unfreeze();
        _refusesRun(IHallpass.AccountFrozen.selector, g, _transfer(1));
        vm.prank(address(account));
        module.unfreeze();
        _runs(g, _transfer(1));
    }

    function test_uninstalling_ends_everything_and_reinstalling_revives_nothing() public {
        for (uint256 kind = VALIDATOR; kind <= EXECUTOR; ++kind) {
            Grant memory g = _userGrant();
            (g.epoch,) = module.accountState(address(account));
            _moduleInstall(g);
            bytes memory wire = _wire(g, _op(_transfer(1)));
            bytes memory data = Encode.install(hasher, g);
            bytes memory approval = _approval(OWNER_KEY, hasher.hash(g));
            // The executor was installed after the validator, so each is the last of its own list.
            _unplug(kind);
            assert(!modular.isModuleInstalled(kind, address(module), ""));
            _refusesRun(IHallpass.EpochMoved.selector, address(account), wire);
            _plug(modular, kind);
            _refusesRun(IHallpass.EpochMoved.selector, address(account), wire);
            vm.expectRevert(IHallpass.EpochMoved.selector);
            module.install(data, approval);
        }
        assertEq(token.balanceOf(PAYEE), 0);
    }

    function test_a_module_that_is_not_the_account_s_executor_moves_nothing() public {
        _unplug(EXECUTOR);
        Grant memory g = _userGrant();
        (g.epoch,) = module.accountState(address(account));
        _moduleInstall(g);
        bytes memory wire = _wire(g, _op(_transfer(1)));
        (bool success, bytes memory reason) =
            address(module).call(abi.encodeCall(module.execute, (address(account), wire)));
        assert(!success && bytes4(reason) == IHallpass.CallFailed.selector);
        assertEq(_spent(g), 0);
        assertEq(token.balanceOf(PAYEE), 0);
    }

    /// @dev An account that was delegated to (EIP-7702) may be delegated away: to nothing, or to an address without code.
    function test_an_account_whose_code_is_gone_spends_nothing() public {
        Grant memory g = _moduleInstalled();
        bytes[3] memory codes = [bytes(""), abi.encodePacked(hex"ef0100", address(0xC0DE1E55)), hex"00"];
        bytes memory wire = _wire(g, _op(_transfer(1)));
        bytes memory paid = _wire(g, _op(_pay(1 ether)));
        uint256 nonce = _nonces(g);
        bytes memory whole = address(account).code;
        for (uint256 i; i < 3; ++i) {
            vm.etch(address(account), codes[i]);
            _fails(wire);
            _fails(paid);
            assertEq(_spent(g), 0);
            assertEq(_nonces(g), nonce);
        }
        // What was refused is still good: nothing of it was counted.
        vm.etch(address(account), whole);
        module.execute(address(account), wire);
        module.execute(address(account), paid);
        assertEq(token.balanceOf(PAYEE), 1);
    }

    function _fails(bytes memory wire) private {
        (bool success,) = address(module).call(abi.encodeCall(module.execute, (address(account), wire)));
        assert(!success);
    }

    function _nonces(Grant memory g) private view returns (uint256) {
        (, uint32 base, uint64 used,,) = module.grantState(address(account), hasher.hash(g));
        return uint256(base) << 64 | used;
    }
}

contract NexusLifeTest is ForeignLifeTest {
    function _peer() internal override returns (Peer) {
        return new Nexus();
    }
}

contract KernelLifeTest is ForeignLifeTest {
    function _peer() internal override returns (Peer) {
        return new Kernel();
    }
}
