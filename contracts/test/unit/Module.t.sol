// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC7579Utils} from "@openzeppelin/contracts/account/utils/draft-ERC7579Utils.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op, OpCall} from "../utils/Encode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {KeyValidator, ModularAccount, Obedient} from "../utils/Modular.sol";
import {ModuleFixture} from "../utils/ModuleFixture.sol";

/// @notice The module's life in an account that is not ours: whose sessions, until when, and what they never reach.
contract ModuleTest is ModuleFixture {
    function test_a_relay_has_the_account_make_the_calls() public {
        Grant memory g = _moduleInstalled();
        bytes memory wire = _wire(g, _op(bytes.concat(_transfer(60), _pay(1 ether), _move())));
        vm.expectEmit(true, false, false, true, address(module));
        emit IHallpass.Executed(hasher.hash(g), sequence - 1);
        module.execute(address(account), wire);
        assertEq(token.balanceOf(PAYEE), 60);
        assertEq(PAYEE.balance, 1 ether);
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("move(uint256,uint8)", 2, 3)));
        assertEq(_spent(g), 60);
        _refusesRun(IHallpass.NonceUsed.selector, address(account), wire);
        _refusesRun(IHallpass.MeterExceeded.selector, g, _transfer(41));
        _refusesRun(IHallpass.ConditionFailed.selector, g, _call(TRANSFER, abi.encode(address(9), 1)));
        assertEq(address(module).balance, 0);
    }

    function test_a_call_that_fails_undoes_the_batch() public {
        Grant memory g = _moduleInstalled();
        vm.mockCallRevert(address(token), abi.encodeWithSignature("transfer(address,uint256)", PAYEE, 3), "no");
        bytes memory wire = _wire(g, _op(bytes.concat(_pay(1), _transfer(3))));
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 1, "no"));
        module.execute(address(account), wire);
        assertEq(PAYEE.balance, 0);
        assertEq(_spent(g), 0);
    }

    function test_a_session_reaches_neither_the_account_nor_the_module_nor_any_other() public {
        Obedient other = new Obedient();
        vm.prank(address(modular));
        modular.installModule(FALLBACK, address(other), bytes.concat(_selector("move(uint256,uint8)")));
        Obedient executor = new Obedient();
        vm.prank(address(modular));
        modular.installModule(EXECUTOR, address(executor), "");
        Grant memory g = _userGrant();
        address[7] memory targets = [
            address(account),
            address(module),
            address(ENTRY_POINT),
            address(ownerKey),
            address(other),
            address(executor),
            // To an account of this kind the zero address is itself.
            address(0)
        ];
        for (uint256 i; i < 7; ++i) {
            g.salt = bytes16(uint128(0x500 + i));
            g.calls[MOVE].target = targets[i];
            _moduleInstall(g);
            _refusesRun(IHallpass.TargetForbidden.selector, g, _move());
            // As the second of two, and with value.
            _refusesRun(IHallpass.TargetForbidden.selector, g, bytes.concat(_transfer(1), _move()));
        }
        // What was opened beside is looked at too; what is not opened is not.
        _refusesRun(IHallpass.TargetForbidden.selector, address(account), _wire(g, _op(_transfer(1))));
        module.execute(address(account), _wire(g, _op(_transfer(1)), 1, 1));
    }

    function test_a_validator_of_the_account_is_no_target_while_it_is_one() public {
        Grant memory g = _userGrant();
        g.calls[NOTE] = CallRule(address(ownerKey), "rekey(address)", 0, hex"03720160" hex"0000");
        _moduleInstall(g);
        bytes memory rekey = _call(NOTE, abi.encode(vm.addr(SESSION_KEY)));
        _refusesRun(IHallpass.TargetForbidden.selector, g, rekey);
        assert(ownerKey.keys(address(account)) == vm.addr(OWNER_KEY));
        KeyValidator another = new KeyValidator();
        g.salt = bytes16(uint128(1));
        g.calls[NOTE].target = address(another);
        _moduleInstall(g);
        _runs(g, rekey);
        vm.prank(address(modular));
        modular.installModule(VALIDATOR, address(another), abi.encodePacked(vm.addr(OWNER_KEY)));
        _refusesRun(IHallpass.TargetForbidden.selector, g, rekey);
    }

    function test_two_accounts_of_one_owner_share_nothing() public {
        Grant memory g = _moduleInstalled();
        ModularAccount second = _modular();
        bytes memory wire = _wire(g, _op(_transfer(60)));
        _refusesRun(IHallpass.GrantUnknown.selector, address(second), wire);
        // The same grant but for the account, with the same salt.
        Grant memory theirs = _userGrant();
        theirs.account = address(second);
        bytes memory approval = _approval(OWNER_KEY, hasher.hash(g));
        bytes memory data = Encode.install(hasher, theirs);
        vm.expectRevert(IHallpass.BadSignature.selector);
        module.install(data, approval);
        _moduleInstall(theirs);
        _refusesRun(IHallpass.BadSignature.selector, address(second), _relabelled(theirs, g));
        module.execute(address(account), wire);
        assertEq(_spent(theirs), 0);
        // Freezing, ending and moving the one leave the other.
        vm.prank(address(second));
        module.freeze();
        (, bool frozen) = module.accountState(address(account));
        assert(!frozen);
        bytes32 id = hasher.hash(g);
        vm.prank(address(second));
        module.end(address(second), id, "");
        bytes memory epoch =
            _approval(OWNER_KEY, keccak256(abi.encode(keccak256("Epoch(address account,uint64 next)"), address(second), 7)));
        vm.expectRevert(IHallpass.BadSignature.selector);
        module.moveEpoch(address(account), 7, epoch);
        module.moveEpoch(address(second), 7, epoch);
        vm.prank(address(second));
        vm.expectRevert(IHallpass.NotOwner.selector);
        module.moveEpoch(address(account), 9, "");
        vm.prank(address(second));
        vm.expectRevert(IHallpass.NotOwner.selector);
        module.end(address(account), id, "");
        _runs(g, _transfer(40));
        assertEq(_spent(g), 100);
        assertEq(token.balanceOf(address(second)), 1e6);
    }

    function test_it_never_signs_for_the_account() public {
        Grant memory g = _moduleInstalled();
        bytes32 hash = keccak256("anything");
        bytes[3] memory signatures = [_sign(OWNER_KEY, hash), _sign(SESSION_KEY, hash), _wire(g, _op(_transfer(1)))];
        for (uint256 i; i < 3; ++i) {
            assert(module.isValidSignatureWithSender(address(this), hash, signatures[i]) == 0xffffffff);
            bytes memory through = bytes.concat(bytes20(address(module)), signatures[i]);
            assert(IERC1271(address(account)).isValidSignature(hash, through) == 0xffffffff);
        }
    }

    function test_the_account_s_own_signature_installs_and_no_other() public {
        Grant memory g = _userGrant();
        bytes memory data = Encode.install(hasher, g);
        bytes32 id = hasher.hash(g);
        bytes memory byKey = _sign(OWNER_KEY, _digest(address(module), id));
        bytes[5] memory signatures = [
            _approval(SESSION_KEY, id),
            byKey,
            bytes.concat(bytes20(address(module)), byKey),
            bytes.concat(bytes20(address(ownerKey)), _sign(OWNER_KEY, _digest(address(account), id))),
            bytes.concat(bytes20(address(0)), byKey)
        ];
        for (uint256 i; i < 5; ++i) {
            vm.expectRevert(IHallpass.BadSignature.selector);
            module.install(data, signatures[i]);
        }
        vm.expectRevert(IHallpass.NotOwner.selector);
        module.install(data, "");
        // The account itself needs none: whoever makes it call can make it do anything.
        vm.prank(address(modular));
        module.install(data, "");
        // An address without code signs nothing here.
        g.account = vm.addr(0xE0A);
        data = Encode.install(hasher, g);
        byKey = _sign(0xE0A, _digest(address(module), hasher.hash(g)));
        vm.expectRevert(IHallpass.BadSignature.selector);
        module.install(data, byKey);
    }

    function test_no_grant_is_of_no_account_or_of_the_module() public {
        address[2] memory accounts = [address(0), address(module)];
        for (uint256 i; i < 2; ++i) {
            Grant memory g = _userGrant();
            g.account = accounts[i];
            bytes memory data = Encode.install(hasher, g);
            bytes memory rest = Encode.rest(hasher, g);
            bytes32 digest = _digest(address(module), keccak256(abi.encode(keccak256("End(bytes32 grant)"), hasher.hash(g))));
            vm.expectRevert(IHallpass.WrongAccount.selector);
            module.install(data, "");
            bytes memory signature = _sign(SESSION_KEY, digest);
            vm.expectRevert(IHallpass.WrongAccount.selector);
            module.surrender(data, "", signature);
            signature = _sign(ENDER_KEY, digest);
            vm.expectRevert(IHallpass.WrongAccount.selector);
            module.endFor(data, rest, signature);
            vm.expectRevert(IHallpass.BadSignature.selector);
            module.moveEpoch(accounts[i], 4, signature);
            vm.expectRevert(IHallpass.NotOwner.selector);
            module.moveEpoch(accounts[i], 4, "");
        }
    }

    function test_the_ender_and_the_key_end_here_too() public {
        Grant memory g = _moduleInstalled();
        bytes32 digest = _digest(address(module), keccak256(abi.encode(keccak256("End(bytes32 grant)"), hasher.hash(g))));
        module.surrender(Encode.install(hasher, g), "", _sign(SESSION_KEY, digest));
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
        g.salt = bytes16(uint128(2));
        _moduleInstall(g);
        digest = _digest(address(module), keccak256(abi.encode(keccak256("End(bytes32 grant)"), hasher.hash(g))));
        module.endFor(Encode.install(hasher, g), Encode.rest(hasher, g), _sign(ENDER_KEY, digest));
        _refusesRun(IHallpass.GrantEnded.selector, g, _transfer(1));
    }

    function test_a_frozen_account_executes_nothing_and_it_alone_unfreezes() public {
        Grant memory g = _moduleInstalled();
        vm.prank(address(modular));
        module.freeze();
        _refusesRun(IHallpass.AccountFrozen.selector, g, _transfer(1));
        // A stranger's freezing and unfreezing is of the stranger's own.
        module.unfreeze();
        _refusesRun(IHallpass.AccountFrozen.selector, g, _transfer(1));
        vm.prank(address(modular));
        module.unfreeze();
        _runs(g, _transfer(1));
    }

    function test_uninstalling_ends_everything_and_reinstalling_revives_nothing() public {
        for (uint256 kind = VALIDATOR; kind <= EXECUTOR; ++kind) {
            Grant memory g = _userGrant();
            (g.epoch,) = module.accountState(address(account));
            _moduleInstall(g);
            bytes memory wire = _wire(g, _op(_transfer(1)));
            bytes memory approval = _approval(OWNER_KEY, hasher.hash(g));
            _unplug(kind);
            _refusesRun(IHallpass.EpochMoved.selector, address(account), wire);
            _plug(modular, kind);
            _refusesRun(IHallpass.EpochMoved.selector, address(account), wire);
            bytes memory data = Encode.install(hasher, g);
            vm.expectRevert(IHallpass.EpochMoved.selector);
            module.install(data, approval);
        }
    }

    /// @dev The last epoch has none after it: going round would bring back what the first one held.
    function test_uninstalling_in_the_last_epoch_revives_nothing() public {
        Grant memory g = _moduleInstalled();
        vm.prank(address(modular));
        module.moveEpoch(address(modular), type(uint64).max, "");
        Grant memory last = _userGrant();
        last.epoch = type(uint64).max;
        _moduleInstall(last);
        // One unplugging alone: the module is still the account's executor.
        _unplug(VALIDATOR);
        _refuses(g);
        _refuses(last);
        _plug(modular, VALIDATOR);
        _refuses(g);
        _refuses(last);
    }

    function test_a_module_that_is_not_the_account_s_executor_moves_nothing() public {
        Grant memory g = _moduleInstalled();
        _unplug(EXECUTOR);
        (g.epoch,) = module.accountState(address(account));
        _moduleInstall(g);
        bytes memory wire = _wire(g, _op(_transfer(1)));
        bytes memory reason = abi.encodeWithSelector(
            ERC7579Utils.ERC7579UninstalledModule.selector, EXECUTOR, address(module)
        );
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 0, reason));
        module.execute(address(account), wire);
    }

    function test_a_callee_that_comes_back_finds_all_counted() public {
        Grant memory g = _moduleInstalled();
        bytes memory wire = _wire(g, _op(bytes.concat(_move(), _transfer(60))));
        bytes[3] memory others = [wire, _wire(g, _op(_transfer(41))), _wire(g, _op(_transfer(40)))];
        bytes4[3] memory denials = [IHallpass.NonceUsed.selector, IHallpass.MeterExceeded.selector, bytes4(0)];
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 3; ++i) {
            probe.callBack(address(module), abi.encodeCall(module.execute, (address(account), others[i])));
            module.execute(address(account), wire);
            assert(probe.backFailed() == (denials[i] != 0));
            assertEq(bytes32(probe.backReason()), bytes32(denials[i]));
            assertEq(token.balanceOf(PAYEE), denials[i] == 0 ? 100 : 60);
            vm.revertToState(state);
        }
    }

    function test_the_domain_is_the_account_s_and_the_backend_the_module() public {
        Grant memory g = _moduleInstalled();
        Op memory op = _op(_transfer(1));
        bytes memory wire = _unsigned(g, op, ALL, ALL);
        bytes memory signature = _sign(SESSION_KEY, _digest(address(module), _opHash(g, op)));
        _refusesRun(IHallpass.BadSignature.selector, address(account), bytes.concat(wire, signature));
        g.backend = address(account);
        bytes memory data = Encode.install(hasher, g);
        signature = _approval(OWNER_KEY, hasher.hash(g));
        vm.expectRevert(IHallpass.WrongBackend.selector);
        module.install(data, signature);
    }

    function _refuses(Grant memory g) private {
        bytes memory wire = _wire(g, _op(_transfer(1)));
        (bool success,) = address(module).call(abi.encodeCall(module.execute, (address(account), wire)));
        assert(!success);
        assertEq(token.balanceOf(PAYEE), 0);
    }

    /// @dev The bytes of an operation under `to` with a signature that was made under `signed`.
    function _relabelled(Grant memory to, Grant memory signed) private returns (bytes memory) {
        Op memory op = _op(_transfer(1));
        return bytes.concat(_unsigned(to, op, ALL, ALL), _sign(SESSION_KEY, _digest(address(account), _opHash(signed, op))));
    }

    function _selector(string memory signature) private pure returns (bytes4) {
        return bytes4(keccak256(bytes(signature)));
    }
}
