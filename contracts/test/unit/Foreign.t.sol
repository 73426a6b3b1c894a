// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op, OpCall} from "../utils/Encode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {Kernel} from "../utils/Kernel.sol";
import {KeyValidator, ModularAccount, Obedient} from "../utils/Modular.sol";
import {Nexus} from "../utils/Nexus.sol";
import {Peer} from "../utils/Peer.sol";
import {PeerFixture} from "../utils/PeerFixture.sol";

/// @dev What every ERC-7579 account says of itself.
interface INamed {
    function accountId() external view returns (string memory);
}

/// @notice The direct route on accounts of others: the same module, the same answers.
abstract contract ForeignTest is PeerFixture {
    address private constant CALLER = address(0xCA11E4);

    function test_it_is_the_account_that_is_pinned() public view {
        assertEq(keccak256(bytes(INamed(address(account)).accountId())), keccak256(bytes(peer.accountId())));
        assertEq(keccak256(bytes(vm.parseJsonString(peer.json(), ".accountId"))), keccak256(bytes(peer.accountId())));
        assertEq(peer.implementation().codehash, peer.codeHash());
        // Its proxy has it as its implementation (ERC-1967).
        bytes32 slot = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);
        assertEq(uint256(vm.load(address(account), slot)), uint160(peer.implementation()));
    }

    function test_a_relay_has_it_make_one_call_and_a_batch() public {
        Grant memory g = _moduleInstalled();
        _runs(g, _transfer(30));
        assertEq(token.balanceOf(PAYEE), 30);
        bytes memory wire = _wire(g, _op(bytes.concat(_transfer(30), _pay(1 ether), _move())));
        vm.expectEmit(true, false, false, true, address(module));
        emit IHallpass.Executed(hasher.hash(g), sequence - 1);
        module.execute(address(account), wire);
        assertEq(token.balanceOf(PAYEE), 60);
        assertEq(PAYEE.balance, 1 ether);
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("move(uint256,uint8)", 2, 3)));
        assertEq(_spent(g), 60);
        assertEq(address(module).balance, 0);
    }

    function test_the_cap_is_the_last_that_goes_and_nothing_goes_twice() public {
        Grant memory g = _moduleInstalled();
        _refusesRun(IHallpass.MeterExceeded.selector, g, _transfer(101));
        _refusesRun(IHallpass.MeterExceeded.selector, g, bytes.concat(_transfer(60), _transfer(41)));
        bytes memory wire = _wire(g, _op(_transfer(100)));
        module.execute(address(account), wire);
        _refusesRun(IHallpass.NonceUsed.selector, address(account), wire);
        _refusesRun(IHallpass.MeterExceeded.selector, g, _transfer(1));
        assertEq(token.balanceOf(PAYEE), 100);
        assertEq(_spent(g), 100);
    }

    function test_what_no_rule_allows_is_refused() public {
        Grant memory g = _moduleInstalled();
        _refusesRun(IHallpass.ConditionFailed.selector, g, _call(TRANSFER, abi.encode(address(9), 1)));
        _refusesRun(IHallpass.ConditionFailed.selector, g, bytes.concat(_transfer(1), _call(TRANSFER, abi.encode(address(9), 1))));
        _refusesRun(IHallpass.ValueOverMax.selector, g, _pay(1 ether + 1));
        Op memory op = _op(_transfer(1));
        bytes memory wire = bytes.concat(_unsigned(g, op, ALL, ALL), _sign(OWNER_KEY, _digest(address(account), _opHash(g, op))));
        _refusesRun(IHallpass.BadSignature.selector, address(account), wire);
        assertEq(token.balanceOf(PAYEE) + token.balanceOf(address(9)), 0);
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

    function test_the_account_pays_the_caller_and_what_it_cannot_pay_undoes_all() public {
        Grant memory g = _userGrant();
        (g.rest.gas.feePerOp, g.rest.gas.feeCap) = (50, 70);
        _moduleInstall(g);
        _sends(g, 40);
        assertEq(CALLER.balance, 40);
        g.rest.gas.feeToken = address(token);
        g.salt = bytes16(uint128(2));
        _moduleInstall(g);
        _sends(g, 40);
        assertEq(token.balanceOf(CALLER), 40);
        assertEq(_feesSpent(g), 40);
        vm.mockCall(address(token), abi.encodeWithSignature("transfer(address,uint256)", CALLER, 30), abi.encode(false));
        Op memory op = _op(_transfer(7));
        op.maxFee = 30;
        bytes memory wire = _openRun(g, op, CALLER);
        vm.prank(CALLER);
        _refusesRun(IHallpass.FeeNotPaid.selector, address(account), wire);
        assertEq(_feesSpent(g), 40);
    }

    function test_a_floor_is_kept_however_little_gas_a_relayer_sends() public {
        Grant memory g = _moduleInstalled();
        uint32 floor = 500_000;
        bytes memory wire = _wire(g, _op(Encode.call(OpCall(MOVE, floor, 0, abi.encode(2, 3)))));
        (uint256 low, uint256 high) = (uint256(floor), 20_000_000);
        bool once;
        uint256 state = vm.snapshotState();
        while (high - low > 500) {
            uint256 middle = (low + high) / 2;
            (bool success,) = address(module).call{gas: middle}(abi.encodeCall(module.execute, (address(account), wire)));
            if (success) {
                once = true;
                // It is read a few steps into the callee.
                assert(probe.gasSeen() + 300 >= floor);
                high = middle;
            } else {
                low = middle;
            }
            vm.revertToState(state);
        }
        assert(once);
    }

    function test_a_session_reaches_neither_the_account_nor_the_module_nor_any_other() public {
        (Obedient handler, Obedient executor) = (new Obedient(), new Obedient());
        _plug(modular, FALLBACK, address(handler), _selector("move(uint256,uint8)"), "");
        _plug(modular, EXECUTOR, address(executor), 0, "");
        address[7] memory targets = [
            address(account),
            address(module),
            address(ENTRY_POINT),
            address(ownerKey),
            address(handler),
            address(executor),
            address(0)
        ];
        for (uint256 i; i < 7; ++i) {
            Grant memory g = _userGrant();
            g.salt = bytes16(uint128(0x500 + i));
            g.calls[MOVE].target = targets[i];
            _moduleInstall(g);
            _refusesRun(IHallpass.TargetForbidden.selector, g, _move());
            _refusesRun(IHallpass.TargetForbidden.selector, g, bytes.concat(_transfer(1), _move()));
        }
        assertEq(handler.count() + executor.count(), 0);
    }

    function test_a_validator_of_the_account_is_no_target_while_it_is_one() public {
        KeyValidator another = new KeyValidator();
        Grant memory g = _userGrant();
        g.calls[NOTE] = CallRule(address(another), "rekey(address)", 0, hex"03720160" hex"0000");
        _moduleInstall(g);
        bytes memory rekey = _call(NOTE, abi.encode(vm.addr(SESSION_KEY)));
        _runs(g, rekey);
        _plug(modular, VALIDATOR, address(another), 0, abi.encodePacked(vm.addr(OWNER_KEY)));
        _refusesRun(IHallpass.TargetForbidden.selector, g, rekey);
        assert(another.keys(address(account)) == vm.addr(OWNER_KEY));
    }

    function test_another_account_s_session_is_refused() public {
        Grant memory g = _moduleInstalled();
        ModularAccount second = _modular();
        bytes memory wire = _wire(g, _op(_transfer(60)));
        _refusesRun(IHallpass.GrantUnknown.selector, address(second), wire);
        // The same grant but for the account; and what was signed under the first.
        Grant memory theirs = _userGrant();
        theirs.account = address(second);
        bytes memory data = Encode.install(hasher, theirs);
        bytes memory approval = _approval(OWNER_KEY, hasher.hash(g));
        vm.expectRevert(IHallpass.BadSignature.selector);
        module.install(data, approval);
        module.install(data, _approval(address(second), address(ownerKey), OWNER_KEY, hasher.hash(theirs)));
        Op memory op = _op(_transfer(1));
        bytes memory signature = _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)));
        _refusesRun(IHallpass.BadSignature.selector, address(second), bytes.concat(_unsigned(theirs, op, ALL, ALL), signature));
        module.execute(address(account), wire);
        assertEq(_spent(theirs), 0);
        assertEq(token.balanceOf(address(second)), 1e6);
    }

    function test_it_never_signs_for_the_account() public {
        Grant memory g = _moduleInstalled();
        bytes32 hash = keccak256("anything");
        bytes32 asked = peer.wrapped(address(account), hash);
        // The account does take its owner's.
        bytes memory by = peer.told(address(ownerKey), _sign(OWNER_KEY, asked));
        assert(IERC1271(address(account)).isValidSignature(hash, by) == IERC1271.isValidSignature.selector);
        bytes[3] memory signatures = [_sign(OWNER_KEY, asked), _sign(SESSION_KEY, asked), _wire(g, _op(_transfer(1)))];
        for (uint256 i; i < 3; ++i) {
            by = peer.told(address(module), signatures[i]);
            assert(IERC1271(address(account)).isValidSignature(hash, by) == 0xffffffff);
        }
    }

    function test_a_callee_that_comes_back_finds_all_counted() public {
        Grant memory g = _moduleInstalled();
        bytes memory wire = _wire(g, _op(bytes.concat(_move(), _transfer(60))));
        bytes[2] memory others = [wire, _wire(g, _op(_transfer(41)))];
        bytes4[2] memory denials = [IHallpass.NonceUsed.selector, IHallpass.MeterExceeded.selector];
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 2; ++i) {
            probe.callBack(address(module), abi.encodeCall(module.execute, (address(account), others[i])));
            module.execute(address(account), wire);
            assert(probe.backFailed());
            assertEq(bytes32(probe.backReason()), bytes32(denials[i]));
            assertEq(token.balanceOf(PAYEE), 60);
            vm.revertToState(state);
        }
    }

    function _sends(Grant memory g, uint120 fee) private {
        Op memory op = _op(_transfer(0));
        op.maxFee = fee;
        bytes memory wire = _openRun(g, op, CALLER);
        vm.prank(CALLER);
        module.execute(address(account), wire);
    }
}

contract NexusTest is ForeignTest {
    function _peer() internal override returns (Peer) {
        return new Nexus();
    }
}

contract KernelTest is ForeignTest {
    function _peer() internal override returns (Peer) {
        return new Kernel();
    }
}
