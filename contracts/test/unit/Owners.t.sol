// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {OwnerFixture, Wallet} from "../utils/OwnerFixture.sol";

/// @dev What holds in both homes; `OwnersPocketTest` runs it in a pocket.
contract OwnersTest is OwnerFixture {
    function test_the_owner_makes_calls_in_order_all_or_none() public {
        Execution[] memory calls = _moves();
        vm.prank(owner);
        _execute(BATCH, abi.encode(calls));
        assert(token.balanceOf(PAYEE) == 10 && PAYEE.balance == 1 ether && probe.count() == 1);
        assert(keccak256(probe.last()) == keccak256("hello"));

        probe.failOn_("hello");
        bytes memory reason = abi.encodeWithSignature("Refused(uint256)", 7);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 2, reason));
        _execute(BATCH, abi.encode(calls));
        assert(token.balanceOf(PAYEE) == 10 && PAYEE.balance == 1 ether);
    }

    function test_calls_take_the_value_that_is_sent_along() public {
        vm.deal(owner, 200 ether);
        uint256 all = address(account).balance + (owner == address(account) ? 0 : 5 ether);
        vm.prank(owner);
        IERC7821(address(account)).execute{value: 5 ether}(BATCH, abi.encode(_calls(PAYEE, all, "")));
        assert(PAYEE.balance == all || owner == address(account));
    }

    function test_nobody_else_makes_calls_without_a_signature() public {
        bytes memory data = abi.encode(_moves());
        bytes memory empty = abi.encode(_moves(), bytes(""));
        address[5] memory strangers = [address(this), vm.addr(SESSION_KEY), address(backend), address(factory), address(0)];
        for (uint256 i; i < strangers.length; ++i) {
            vm.prank(strangers[i]);
            _refuses(IHallpass.NotOwner.selector, BATCH, data);
            vm.prank(strangers[i]);
            _refuses(IHallpass.NotOwner.selector, BATCH_WITH_DATA, data);
            vm.prank(strangers[i]);
            _refuses(IHallpass.NotOwner.selector, BATCH_WITH_DATA, empty);
        }
        // The mode without data looks at none.
        _refuses(IHallpass.NotOwner.selector, BATCH, _signedCalls(_moves()));
        vm.prank(owner);
        _execute(BATCH_WITH_DATA, data);
        vm.prank(owner);
        _execute(BATCH_WITH_DATA, empty);
        assertEq(token.balanceOf(PAYEE), 20);
    }

    function test_anyone_brings_what_the_owner_signed_once() public {
        bytes memory data = _signedCalls(_moves());
        assert(!_side().ownerNonceUsed(nonce));
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpassOwner.OwnerExecuted(nonce);
        vm.prank(PAYEE);
        _execute(BATCH_WITH_DATA, data);
        assert(_side().ownerNonceUsed(nonce) && !_side().ownerNonceUsed(nonce + 1) && !_side().ownerNonceUsed(nonce ^ 1 << 64));
        assertEq(token.balanceOf(PAYEE), 10);
        _refuses(IHallpass.NonceUsed.selector, BATCH_WITH_DATA, data);
        // Other calls and another end under the same nonce are no new ones.
        bytes memory other = _ownerSigned(_structHash(address(account), nonce, UNTIL + 1, new Execution[](0)));
        data = _withSignature(new Execution[](0), nonce, UNTIL + 1, other);
        _refuses(IHallpass.NonceUsed.selector, BATCH_WITH_DATA, data);
    }

    function testFuzz_each_nonce_executes_once(uint256 a, uint256 b) public {
        nonce = a;
        unchecked {
            nonce -= 1;
        }
        vm.assume(a != 0 && b != 0);
        _execute(BATCH_WITH_DATA, _signedCalls(_calls(address(probe), 0, "x")));
        nonce = b - 1;
        bytes memory data = _signedCalls(_calls(address(probe), 0, "x"));
        if (a == b) _refuses(IHallpass.NonceUsed.selector, BATCH_WITH_DATA, data);
        else _execute(BATCH_WITH_DATA, data);
        assertEq(probe.count(), a == b ? 1 : 2);
        bytes32 word = keccak256(abi.encode(a >> 8, SLOT));
        assert(uint256(vm.load(address(account), word)) >> (a & 0xff) & 1 == 1);
    }

    function test_a_nonce_is_not_used_by_calls_that_fail() public {
        bytes memory data = _signedCalls(_calls(address(probe), 0, "x"));
        probe.failOn_("x");
        _refuses(IHallpass.CallFailed.selector, data);
        assert(!_side().ownerNonceUsed(nonce));
        probe.failOn_("y");
        _execute(BATCH_WITH_DATA, data);
    }

    function test_a_signature_ends_at_its_time() public {
        bytes memory data = _signedCalls(_calls(address(probe), 0, "x"));
        vm.warp(UNTIL);
        _refuses(IHallpass.OpExpired.selector, BATCH_WITH_DATA, data);
        vm.warp(UNTIL - 1);
        _execute(BATCH_WITH_DATA, data);
    }

    function test_a_signature_is_of_just_these_calls() public {
        Execution[] memory calls = _moves();
        bytes memory signature = _ownerSigned(_structHash(address(account), 9, UNTIL, calls));
        _refused(_withSignature(calls, 8, UNTIL, signature));
        _refused(_withSignature(calls, 9, UNTIL + 1, signature));
        _refused(_withSignature(_calls(PAYEE, 1 ether, ""), 9, UNTIL, signature));
        Execution[] memory changed = _moves();
        changed[1].value += 1;
        _refused(_withSignature(changed, 9, UNTIL, signature));
        changed = _moves();
        changed[1].target = address(1);
        _refused(_withSignature(changed, 9, UNTIL, signature));
        changed = _moves();
        changed[2].callData = "hellp";
        _refused(_withSignature(changed, 9, UNTIL, signature));
        (changed[0], changed[2]) = (calls[2], calls[0]);
        _refused(_withSignature(changed, 9, UNTIL, signature));
        _refused(_withSignature(calls, 9, UNTIL, bytes.concat(signature, hex"00")));
        _refused(_withSignature(calls, 9, UNTIL, ""));
        _execute(BATCH_WITH_DATA, _withSignature(calls, 9, UNTIL, signature));
    }

    function test_a_signature_is_the_owners_in_this_domain() public {
        Execution[] memory calls = _moves();
        bytes32 hash = _structHash(address(account), 9, UNTIL, calls);
        _refused(_withSignature(calls, 9, UNTIL, _sign(SESSION_KEY, _digest(address(backend), hash))));
        _refused(_withSignature(calls, 9, UNTIL, _sign(OWNER_KEY, _digest(address(account), hash))));
        _refused(_withSignature(calls, 9, UNTIL, _sign(OWNER_KEY, hash)));
        // Another account of this owner.
        _refused(_withSignature(calls, 9, UNTIL, _ownerSigned(_structHash(PAYEE, 9, UNTIL, calls))));
        // Another chain.
        bytes memory signature = _ownerSigned(hash);
        vm.chainId(1);
        _refused(_withSignature(calls, 9, UNTIL, signature));
        vm.chainId(8453);
        _execute(BATCH_WITH_DATA, _withSignature(calls, 9, UNTIL, signature));
    }

    function test_only_the_two_modes_are_known() public {
        bytes memory data = abi.encode(_moves());
        bytes32[11] memory modes = [
            bytes32(0),
            hex"ff",
            hex"0101",
            hex"01010000000078210001",
            hex"01000000000078210000",
            hex"01000000000078210002",
            hex"01000000000000000001",
            hex"01000100000000000000",
            hex"01000000000100000000",
            hex"02",
            hex"00010000000078210001"
        ];
        for (uint256 i; i < modes.length; ++i) {
            assert(!IERC7821(address(account)).supportsExecutionMode(modes[i]));
            vm.prank(owner);
            _refuses(IHallpassOwner.UnsupportedExecutionMode.selector, modes[i], data);
        }
        assert(IERC7821(address(account)).supportsExecutionMode(BATCH));
        assert(IERC7821(address(account)).supportsExecutionMode(BATCH_WITH_DATA));
    }

    function test_bytes_that_are_no_calls_are_refused() public {
        bytes[5] memory bad = [
            bytes(""),
            abi.encode(0x20),
            abi.encode(0x20, 1),
            abi.encode(0x20, type(uint256).max),
            abi.encode(type(uint256).max, 0x40)
        ];
        for (uint256 i; i < bad.length; ++i) {
            vm.prank(owner);
            vm.expectRevert();
            _execute(BATCH, bad[i]);
            vm.expectRevert();
            _execute(BATCH_WITH_DATA, bad[i]);
        }
        Execution[] memory none = new Execution[](0);
        _refuses(IHallpass.Malformed.selector, BATCH_WITH_DATA, abi.encode(none, new bytes(37)));
        // The second value out of bounds.
        vm.expectRevert();
        _execute(BATCH_WITH_DATA, abi.encode(0x40, type(uint256).max, 0));
        vm.expectRevert();
        _execute(BATCH_WITH_DATA, abi.encode(0x40, 0x60, 0, 33));
    }

    function test_the_zero_target_is_the_account_itself() public {
        address[] memory guardians = new address[](1);
        guardians[0] = PAYEE;
        Execution[] memory calls = new Execution[](3);
        calls[0] = Execution(address(0), 0, abi.encodeCall(IHallpassOwner.setGuardians, (1, guardians)));
        calls[1] = Execution(address(0), 0, abi.encodeCall(IHallpass.freeze, ()));
        calls[2] = Execution(address(account), 0, abi.encodeCall(IHallpass.moveEpoch, (3, "")));
        _execute(BATCH_WITH_DATA, _signedCalls(calls));
        (uint64 epoch, bool frozen) = account.accountState();
        (uint160 set,) = _side().guardianState();
        assert(epoch == 3 && frozen && set != 0);
    }

    function test_calls_go_on_while_the_account_is_frozen() public {
        vm.prank(owner);
        account.freeze();
        _execute(BATCH_WITH_DATA, _signedCalls(_moves()));
        vm.prank(owner);
        _execute(BATCH, abi.encode(_moves()));
        assertEq(token.balanceOf(PAYEE), 20);
    }

    function test_a_callee_gets_nothing_by_calling_back() public {
        Execution[] memory calls = _calls(address(probe), 0, "x");
        bytes memory again = _signedCalls(calls);
        bytes[4] memory back = [
            abi.encodeCall(IERC7821.execute, (BATCH_WITH_DATA, again)),
            abi.encodeCall(IERC7821.execute, (BATCH, abi.encode(_moves()))),
            abi.encodeCall(IHallpass.freeze, ()),
            abi.encodeCall(IHallpassOwner.setGuardians, (0, new address[](0)))
        ];
        for (uint256 i; i < back.length; ++i) {
            probe.callBack(address(account), back[i]);
            if (i == 0) {
                _execute(BATCH_WITH_DATA, again);
            } else {
                vm.prank(owner);
                _execute(BATCH, abi.encode(calls));
            }
            assert(probe.backFailed());
            bytes4 expected = i == 0 ? IHallpass.NonceUsed.selector : IHallpass.NotOwner.selector;
            assert(bytes4(probe.backReason()) == expected);
        }
        assertEq(probe.count(), back.length);
    }

    /// @dev The account trusts itself as a caller: no rule may reach it, whatever the function.
    function test_a_session_reaches_nothing_of_the_account() public {
        string[6] memory functions = ["freeze()", "unfreeze()", "execute(bytes32,bytes)", "setGuardians(uint8,address[])", "execute(bytes)", ""];
        for (uint256 i; i < functions.length; ++i) {
            Grant memory g = _grant();
            g.salt = bytes16(uint128(i));
            g.calls[NOTE].target = address(account);
            g.calls[NOTE].signature = functions[i];
            _install(g);
            _denies(IHallpass.TargetForbidden.selector, g, _call(NOTE, abi.encode(1)));
        }
    }

    /// @dev A session whose callee forwards: the caller that the account sees is the callee.
    function test_a_session_reaches_nothing_of_the_account_through_another() public {
        Wallet wallet = new Wallet(PAYEE);
        Grant memory g = _installed();
        probe.callBack(address(wallet), abi.encodeCall(Wallet.forward, (address(account), abi.encodeCall(IHallpass.freeze, ()))));
        _executes(g, _call(NOTE, abi.encode(1)));
        assert(probe.backFailed() && bytes4(probe.backReason()) == IHallpass.NotOwner.selector);
    }

    bytes32 internal constant SLOT = 0x8360c2c4ac7878cfd4c45f8e2cc3c319f31a03ab96e7c2f302696efd93261500;

    function test_the_namespace_is_that_of_erc7201() public pure {
        bytes32 slot = keccak256(abi.encode(uint256(keccak256("hallpass.owner.v1")) - 1)) & ~bytes32(uint256(0xff));
        assertEq(slot, SLOT);
    }

    function _moves() internal view returns (Execution[] memory calls) {
        calls = new Execution[](3);
        calls[0] = Execution(address(token), 0, abi.encodeCall(token.transfer, (PAYEE, 10)));
        calls[1] = Execution(PAYEE, 1 ether, "");
        calls[2] = Execution(address(probe), 0, "hello");
    }

    function _refused(bytes memory data) internal {
        _refuses(IHallpass.BadSignature.selector, BATCH_WITH_DATA, data);
    }

    function _refuses(bytes4, bytes memory data) private {
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 0, abi.encodeWithSignature("Refused(uint256)", 7)));
        _execute(BATCH_WITH_DATA, data);
    }
}

contract OwnersPocketTest is OwnersTest {
    function setUp() public override {
        super.setUp();
        vm.etch(owner, "");
        _usePocketOf(owner);
    }

    function test_a_contract_owns_by_its_word() public {
        Wallet wallet = new Wallet(owner);
        _usePocketOf(address(wallet));
        _execute(BATCH_WITH_DATA, _signedCalls(_moves()));
        _refused(_withSignature(_moves(), 1, UNTIL, _sign(SESSION_KEY, _digest(address(backend), _structHash(address(account), 1, UNTIL, _moves())))));
        wallet.forward(address(account), abi.encodeCall(IERC7821.execute, (BATCH, abi.encode(_moves()))));
        assertEq(token.balanceOf(PAYEE), 20);
        // The wallet's key is not the owner.
        vm.prank(owner);
        _refuses(IHallpass.NotOwner.selector, BATCH, abi.encode(_moves()));
        _install(_grant());
    }

    function test_an_owner_with_a_delegation_signs_by_its_key_or_its_code() public {
        Wallet wallet = new Wallet(PAYEE);
        vm.etch(owner, address(wallet).code);
        _execute(BATCH_WITH_DATA, _signedCalls(_moves()));
        vm.etch(owner, address(new Wallet(vm.addr(77))).code);
        bytes32 hash = _digest(address(backend), _structHash(address(account), 1, UNTIL, _moves()));
        _refused(_withSignature(_moves(), 1, UNTIL, _sign(78, hash)));
        _execute(BATCH_WITH_DATA, _withSignature(_moves(), 1, UNTIL, _sign(77, hash)));
        assertEq(token.balanceOf(PAYEE), 20);
    }

    function test_one_pockets_signature_is_not_anothers() public {
        Execution[] memory calls = _moves();
        bytes memory data = _signedCalls(calls);
        account = IHallpass(factory.open(owner, 4));
        _refused(data);
    }

    function test_the_implementation_and_strange_clones_have_no_owner() public {
        Execution[] memory none = new Execution[](0);
        address[2] memory accounts = [address(pockets), address(0x7702)];
        // An address that delegates to the pocket's code has no arguments behind its own.
        vm.etch(accounts[1], abi.encodePacked(hex"ef0100", pockets));
        for (uint256 i; i < 2; ++i) {
            account = IHallpass(accounts[i]);
            vm.prank(owner);
            vm.expectRevert();
            _execute(BATCH, abi.encode(none));
            bytes memory data = _signedCalls(none);
            vm.expectRevert();
            _execute(BATCH_WITH_DATA, data);
        }
    }
}

contract OwnersImplementationTest is OwnerFixture {
    function test_a_signature_for_one_implementation_is_not_anothers() public {
        Execution[] memory calls = _calls(address(probe), 0, "x");
        bytes memory data = _signedCalls(calls);
        IHallpass other = IHallpass(vm.deployCode("Hallpass7702.sol:Hallpass7702"));
        vm.etch(address(account), address(other).code);
        _refuses(IHallpass.BadSignature.selector, BATCH_WITH_DATA, data);
        vm.etch(address(account), address(backend).code);
        _execute(BATCH_WITH_DATA, data);
    }

    function test_the_accounts_own_code_does_not_sign_for_it() public {
        // Were ERC-1271 asked, this nested answer of its own would be taken.
        bytes32 hash = _structHash(address(account), 1, UNTIL, new Execution[](0));
        bytes memory signature = _sign(SESSION_KEY, _digest(address(backend), hash));
        vm.mockCall(address(account), abi.encodeWithSignature("isValidSignature(bytes32,bytes)"), abi.encode(bytes4(0x1626ba7e)));
        _refuses(IHallpass.BadSignature.selector, BATCH_WITH_DATA, _withSignature(new Execution[](0), 1, UNTIL, signature));
    }
}
