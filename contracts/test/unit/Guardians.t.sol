// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {OwnerFixture, Wallet} from "../utils/OwnerFixture.sol";

/// @dev In the 7702 account; `GuardiansPocketTest` runs it in a pocket.
contract GuardiansTest is OwnerFixture {
    /// keccak256(abi.encode(uint256(keccak256("hallpass.account.v1")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant WORD = 0xa772266c41ef2d176da1a93f4cf4f34531fa9182f0cc1331a94ac7c05a362800;

    uint256 private constant FIRST_KEY = 0x6000;

    uint256[] private _keys;
    address[] private _guardians;

    function setUp() public virtual override {
        super.setUp();
        _name(3);
    }

    function test_the_threshold_freezes() public {
        _set(2);
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Frozen();
        vm.prank(PAYEE);
        _side().freezeBy(2, _guardians, _signatures(_freezeHash(), 5));
        (, bool frozen) = account.accountState();
        assert(frozen);
        Grant memory g = _installed();
        _denies(IHallpass.AccountFrozen.selector, g, _transfer(1));
    }

    function testFuzz_any_that_are_enough_freeze_and_fewer_do_not(uint256 size, uint256 threshold, uint256 who) public {
        size = size % 16 + 1;
        threshold = threshold % size + 1;
        _name(size);
        _set(uint8(threshold));
        bytes[] memory signatures = _signatures(_freezeHash(), who);
        uint256 present;
        for (uint256 i; i < size; ++i) {
            present += who >> i & 1;
        }
        if (present < threshold) vm.expectRevert(IHallpassOwner.TooFewGuardians.selector);
        _side().freezeBy(uint8(threshold), _guardians, signatures);
        (, bool frozen) = account.accountState();
        assert(frozen == (present >= threshold));
    }

    function test_a_guardian_who_calls_need_not_sign() public {
        _set(2);
        bytes[] memory signatures = _signatures(_freezeHash(), 1);
        vm.expectRevert(IHallpassOwner.TooFewGuardians.selector);
        _side().freezeBy(2, _guardians, signatures);
        // The same guardian twice is one.
        vm.prank(_guardians[0]);
        vm.expectRevert(IHallpassOwner.TooFewGuardians.selector);
        _side().freezeBy(2, _guardians, signatures);
        vm.prank(owner);
        vm.expectRevert(IHallpassOwner.TooFewGuardians.selector);
        _side().freezeBy(2, _guardians, signatures);
        vm.prank(_guardians[2]);
        _side().freezeBy(2, _guardians, signatures);
    }

    function test_a_contract_is_a_guardian() public {
        address wallet = address(new Wallet(vm.addr(77)));
        _guardians = new address[](1);
        _guardians[0] = wallet;
        _set(1);
        bytes[] memory signatures = new bytes[](1);
        bytes32 digest = _digest(address(backend), _freezeHash());
        signatures[0] = _sign(78, digest);
        vm.expectRevert(IHallpass.BadSignature.selector);
        _side().freezeBy(1, _guardians, signatures);
        signatures[0] = _sign(77, digest);
        _side().freezeBy(1, _guardians, signatures);
        vm.prank(owner);
        account.unfreeze();
        signatures[0] = "";
        Wallet(wallet).forward(
            address(account), abi.encodeCall(IHallpassOwner.freezeBy, (1, _guardians, signatures))
        );
    }

    function test_the_set_must_be_the_accounts() public {
        bytes[] memory signatures = _signatures(_freezeHash(), 7);
        _refusesSet(3, signatures);
        vm.expectRevert(IHallpassOwner.NotGuardians.selector);
        _side().freezeBy(0, new address[](0), new bytes[](0));
        _set(2);
        _refusesSet(1, signatures);
        _refusesSet(3, signatures);
        address replaced = _guardians[2];
        _guardians[2] = address(type(uint160).max);
        _refusesSet(2, signatures);
        _guardians[2] = replaced;
        vm.expectRevert(IHallpass.Malformed.selector);
        _side().freezeBy(2, _guardians, new bytes[](2));
        vm.expectRevert(IHallpass.Malformed.selector);
        _side().freezeBy(2, _guardians, new bytes[](4));
        _side().freezeBy(2, _guardians, signatures);
    }

    function test_every_signature_that_is_there_must_be_its_guardians() public {
        _set(2);
        bytes[] memory signatures = _signatures(_freezeHash(), 7);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        _refusesFreeze(signatures);
        signatures = _signatures(_freezeHash(), 7);
        signatures[2] = signatures[1];
        _refusesFreeze(signatures);
        signatures[2] = _sign(SESSION_KEY, _digest(address(backend), _freezeHash()));
        _refusesFreeze(signatures);
    }

    function test_a_freeze_is_of_this_account_chain_backend_and_count() public {
        _set(2);
        bytes32 type_ = keccak256("Freeze(address account,uint24 count)");
        _refusesFreeze(_signatures(keccak256(abi.encode(type_, PAYEE, 0)), 7));
        _refusesFreeze(_signatures(keccak256(abi.encode(type_, account, 1)), 7));
        bytes[] memory signatures = _signatures(_freezeHash(), 7);
        vm.chainId(1);
        _refusesFreeze(signatures);
        vm.chainId(8453);
        bytes[] memory others = new bytes[](3);
        others[0] = _sign(_keys[0], _digest(address(account), _freezeHash()));
        _refusesFreeze(others);
        _side().freezeBy(2, _guardians, signatures);
        // Brought again it changes nothing, until the owner unfreezes: then it is dead.
        _side().freezeBy(2, _guardians, signatures);
        vm.prank(owner);
        account.unfreeze();
        _refusesFreeze(signatures);
        (, uint24 count) = _side().guardianState();
        assertEq(count, 1);
        _side().freezeBy(2, _guardians, _signatures(_freezeHash(), 6));
    }

    function test_unfreezing_kills_what_was_signed_and_not_yet_brought() public {
        _set(2);
        bytes[] memory signatures = _signatures(_freezeHash(), 7);
        vm.prank(owner);
        account.unfreeze();
        _refusesFreeze(signatures);
    }

    function test_guardians_end_a_grant_for_good() public {
        _set(2);
        Grant memory g = _installed();
        bytes32 id = hasher.hash(g);
        bytes32 hash = keccak256(abi.encode(keccak256("End(bytes32 grant)"), id));
        bytes[] memory signatures = _signatures(hash, 3);
        vm.expectRevert(IHallpass.BadSignature.selector);
        _side().endBy(~id, 2, _guardians, signatures);
        signatures[1] = "";
        vm.expectRevert(IHallpassOwner.TooFewGuardians.selector);
        _side().endBy(id, 2, _guardians, signatures);
        _executes(g, _transfer(1));
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Ended(id);
        _side().endBy(id, 2, _guardians, _signatures(hash, 3));
        _denies(IHallpass.GrantEnded.selector, g, _transfer(1));
        // A freeze is not an end, nor the other way.
        _refusesFreeze(_signatures(hash, 7));
        signatures = _signatures(_freezeHash(), 7);
        vm.expectRevert(IHallpass.BadSignature.selector);
        _side().endBy(id, 2, _guardians, signatures);
    }

    function test_guardians_do_nothing_else() public {
        _set(1);
        _side().freezeBy(1, _guardians, _signatures(_freezeHash(), 7));
        Grant memory g = _grant();
        bytes memory data = Encode.install(hasher, g);
        bytes memory installs = _sign(_keys[0], _digest(address(backend), hasher.hash(g)));
        bytes32 moved = keccak256(abi.encode(keccak256("Epoch(address account,uint64 next)"), account, 9));
        bytes memory moves = _sign(_keys[0], _digest(address(backend), moved));
        bytes32 called = _structHash(address(account), 1, UNTIL, _calls(PAYEE, 1, ""));
        bytes memory calls =
            _withSignature(_calls(PAYEE, 1, ""), 1, UNTIL, _sign(_keys[0], _digest(address(backend), called)));
        bytes[8] memory attempts = [
            abi.encodeCall(IHallpass.unfreeze, ()),
            abi.encodeCall(IHallpass.freeze, ()),
            abi.encodeCall(IHallpassOwner.setGuardians, (0, new address[](0))),
            abi.encodeCall(IHallpass.moveEpoch, (9, "")),
            abi.encodeCall(IERC7821.execute, (BATCH, abi.encode(_calls(PAYEE, 1, "")))),
            abi.encodeCall(IHallpass.moveEpoch, (9, moves)),
            abi.encodeCall(IHallpass.install, (data, installs)),
            abi.encodeCall(IERC7821.execute, (BATCH_WITH_DATA, calls))
        ];
        for (uint256 i; i < attempts.length; ++i) {
            vm.prank(_guardians[0]);
            (bool success, bytes memory reason) = address(account).call(attempts[i]);
            assert(!success);
            assert(bytes4(reason) == (i < 5 ? IHallpass.NotOwner.selector : IHallpass.BadSignature.selector));
        }
    }

    function test_the_owner_changes_and_unsets_guardians_at_once() public {
        _set(2);
        bytes[] memory signatures = _signatures(_freezeHash(), 7);
        address[] memory old = _guardians;
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpassOwner.GuardiansSet(0, new address[](0));
        vm.prank(owner);
        _side().setGuardians(0, new address[](0));
        (uint160 set,) = _side().guardianState();
        assertEq(set, 0);
        vm.expectRevert(IHallpassOwner.NotGuardians.selector);
        _side().freezeBy(2, old, signatures);
        vm.expectRevert(IHallpassOwner.NotGuardians.selector);
        _side().freezeBy(0, new address[](0), new bytes[](0));
        vm.expectRevert(IHallpass.NotOwner.selector);
        _side().setGuardians(1, old);
    }

    function test_the_owner_sets_guardians_by_a_signature() public {
        bytes memory data = abi.encodeCall(IHallpassOwner.setGuardians, (2, _guardians));
        _execute(BATCH_WITH_DATA, _signedCalls(_calls(address(0), 0, data)));
        (uint160 set,) = _side().guardianState();
        assertEq(set, uint160(uint256(keccak256(abi.encode(uint8(2), _guardians)))));
        _side().freezeBy(2, _guardians, _signatures(_freezeHash(), 6));
        _execute(BATCH_WITH_DATA, _signedCalls(_calls(address(0), 0, abi.encodeCall(IHallpass.unfreeze, ()))));
    }

    function test_a_set_is_ascending_and_its_threshold_can_be_met() public {
        _refusesToSet(0);
        _refusesToSet(4);
        _name(16);
        _set(16);
        _name(17);
        _refusesToSet(1);
        _guardians = new address[](0);
        _refusesToSet(1);
        _guardians = new address[](2);
        (_guardians[0], _guardians[1]) = (address(2), address(1));
        _refusesToSet(1);
        (_guardians[0], _guardians[1]) = (address(2), address(2));
        _refusesToSet(1);
        (_guardians[0], _guardians[1]) = (address(0), address(2));
        _refusesToSet(1);
    }

    function test_what_shares_the_word_stays_as_it_was() public {
        vm.prank(owner);
        account.moveEpoch(type(uint64).max, "");
        _set(2);
        uint160 id = uint160(uint256(keccak256(abi.encode(uint8(2), _guardians))));
        _word(id, 0, 0);
        _side().freezeBy(2, _guardians, _signatures(_freezeHash(), 7));
        _word(id, 0, 1);
        vm.prank(owner);
        _side().setGuardians(0, new address[](0));
        _word(0, 0, 1);
        vm.prank(owner);
        account.unfreeze();
        _word(0, 1, 0);
        // The count begins anew rather than run into the set, whose lowest bit is free here.
        vm.store(address(account), WORD, bytes32(uint256(2) << 96 | uint256(type(uint24).max) << 72 | type(uint64).max));
        vm.prank(owner);
        account.freeze();
        _word(2, type(uint24).max, 1);
        vm.prank(owner);
        account.unfreeze();
        _word(2, 0, 0);
    }

    function test_moving_the_epoch_keeps_the_guardians() public {
        _set(2);
        vm.prank(owner);
        account.moveEpoch(3, "");
        _side().freezeBy(2, _guardians, _signatures(_freezeHash(), 7));
        (uint64 epoch, bool frozen) = account.accountState();
        assert(epoch == 3 && frozen);
    }

    /// @dev Keys whose addresses ascend.
    function _name(uint256 size) private {
        _keys = new uint256[](size);
        _guardians = new address[](size);
        for (uint256 i; i < size; ++i) {
            uint256 key = FIRST_KEY + i;
            uint256 place = i;
            for (; place > 0 && _guardians[place - 1] > vm.addr(key); --place) {
                (_keys[place], _guardians[place]) = (_keys[place - 1], _guardians[place - 1]);
            }
            (_keys[place], _guardians[place]) = (key, vm.addr(key));
        }
    }

    function _set(uint8 threshold) private {
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpassOwner.GuardiansSet(threshold, _guardians);
        vm.prank(owner);
        _side().setGuardians(threshold, _guardians);
    }

    function _refusesToSet(uint8 threshold) private {
        vm.prank(owner);
        vm.expectRevert(IHallpassOwner.BadGuardians.selector);
        _side().setGuardians(threshold, _guardians);
    }

    function _refusesSet(uint8 threshold, bytes[] memory signatures) private {
        vm.expectRevert(IHallpassOwner.NotGuardians.selector);
        _side().freezeBy(threshold, _guardians, signatures);
    }

    function _refusesFreeze(bytes[] memory signatures) private {
        vm.expectRevert(IHallpass.BadSignature.selector);
        _side().freezeBy(2, _guardians, signatures);
    }

    function _freezeHash() private view returns (bytes32) {
        (, uint24 count) = _side().guardianState();
        return keccak256(abi.encode(keccak256("Freeze(address account,uint24 count)"), account, count));
    }

    /// @param who a bit for each guardian who signs
    function _signatures(bytes32 structHash, uint256 who) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](_guardians.length);
        for (uint256 i; i < signatures.length; ++i) {
            if (who >> i & 1 == 1) signatures[i] = _sign(_keys[i], _digest(address(backend), structHash));
        }
    }

    function _word(uint160 set, uint24 count, uint8 frozen) private view {
        uint256 word = uint256(set) << 96 | uint256(count) << 72 | uint256(frozen) << 64 | type(uint64).max;
        assertEq(uint256(vm.load(address(account), WORD)), word);
    }
}

contract GuardiansPocketTest is GuardiansTest {
    function setUp() public override {
        super.setUp();
        vm.etch(owner, "");
        _usePocketOf(owner);
    }
}
