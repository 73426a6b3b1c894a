// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {EntryPointCode} from "../utils/EntryPointCode.sol";
import {Op} from "../utils/Encode.sol";
import {Grant, Meter} from "../utils/GrantHasher.sol";
import {KeyFixture} from "../utils/KeyFixture.sol";
import {OddToken, Relayer} from "../utils/Payees.sol";

/// @notice What the direct route pays to whoever brings an operation.
contract FeesTest is KeyFixture {
    address private constant CALLER = address(0xCA11E4);

    function test_the_caller_alone_is_paid_what_was_signed() public {
        Grant memory g = _feeGrant(address(0));
        _install(g);
        uint256 before = address(account).balance;
        _sends(CALLER, g, _charged(_transfer(1), 40));
        assertEq(CALLER.balance, 40);
        assertEq(address(account).balance, before - 40);
        assertEq(_fees(g), 40);
        // What is signed for nobody is anyone's; what is signed for another is not the caller's.
        Op memory op = _charged(_transfer(1), 7);
        op.relayer = CALLER;
        bytes memory wire = bytes.concat(_opened(g, op, CALLER), _signedAs(1, _opDigest(g, op)));
        _denies(IHallpass.BadSignature.selector, wire);
        wire = bytes.concat(_opened(g, op, address(this)), _signedAs(1, _opDigest(g, op)));
        _denies(IHallpass.RelayerNotAllowed.selector, wire);
        vm.prank(CALLER);
        account.execute(wire);
        assertEq(CALLER.balance, 47);
    }

    function test_a_token_s_fee_is_on_no_other_meter() public {
        Grant memory g = _feeGrant(address(token));
        _install(g);
        _sends(CALLER, g, _charged(_transfer(100), 50));
        assertEq(token.balanceOf(CALLER), 50);
        assertEq(_fees(g), 50);
        (,,,, uint120 spent) = account.grantState(hasher.hash(g));
        assertEq(spent, 100);
        // Nor does a meter that is spent keep a fee from being paid.
        _sends(CALLER, g, _charged(_transfer(0), 50));
        assertEq(token.balanceOf(CALLER), 100);
    }

    function test_a_fee_is_within_an_operation_s_cap_and_within_all() public {
        Grant memory g = _feeGrant(address(0));
        g.rest.gas.feeCap = 120;
        _install(g);
        _deniesFee(IHallpass.FeeOverCap.selector, g, 51);
        _deniesFee(IHallpass.FeeOverCap.selector, g, type(uint120).max);
        _sends(CALLER, g, _charged(_transfer(0), 50));
        _sends(CALLER, g, _charged(_transfer(0), 50));
        _deniesFee(IHallpass.FeeOverCap.selector, g, 21);
        _sends(CALLER, g, _charged(_transfer(0), 20));
        _deniesFee(IHallpass.FeeOverCap.selector, g, 1);
        _sends(CALLER, g, _charged(_transfer(0), 0));
        assertEq(CALLER.balance, 120);
        // No time brings it back.
        vm.warp(T0 + 3 days);
        _deniesFee(IHallpass.FeeOverCap.selector, g, 1);
    }

    function test_a_fee_that_is_more_than_a_cap_can_say_is_over_it() public {
        Grant memory g = _feeGrant(address(0));
        (g.rest.gas.feePerOp, g.rest.gas.feeCap) = (type(uint120).max, type(uint120).max);
        _install(g);
        Op memory op = _charged(_transfer(0), 7);
        bytes memory head = _opened(g, op, address(this));
        // The fee's one byte becomes 32 of all bits, and 16.
        uint256 place = head.length - op.calls.length - 3 - 2;
        bytes memory tail = abi.encodePacked(uint24(op.calls.length), op.calls, _signedAs(1, _opDigest(g, op)));
        _denies(IHallpass.FeeOverCap.selector, abi.encodePacked(_cut(head, place), uint8(32), ALL, tail));
        _denies(IHallpass.FeeOverCap.selector, abi.encodePacked(_cut(head, place), uint8(16), uint128(1 << 120), tail));
        // And what fits is not what was signed.
        _denies(IHallpass.BadSignature.selector, abi.encodePacked(_cut(head, place), uint8(1), uint8(6), tail));
    }

    function test_a_fee_needs_the_rest_opened() public {
        Grant memory g = _feeGrant(address(0));
        _install(g);
        _denies(IHallpass.Malformed.selector, _wire(g, _charged(_transfer(0), 1)));
        account.execute(_wire(g, _charged(_transfer(0), 0)));
        // Another rest, with higher caps, is another grant's.
        Op memory op = _charged(_transfer(0), 51);
        bytes32 digest = _opDigest(g, op);
        g.rest.gas.feePerOp = 51;
        _denies(IHallpass.GrantUnknown.selector, bytes.concat(_opened(g, op, address(this)), _signedAs(1, digest)));
    }

    function test_the_account_and_what_stands_behind_it_are_no_money() public {
        address[5] memory tokens =
            [address(account), address(backend), EntryPointCode.V06, EntryPointCode.V07, address(EntryPointCode.V08)];
        for (uint256 i; i < 5; ++i) {
            Grant memory g = _feeGrant(tokens[i]);
            g.salt = bytes16(uint128(0x100) + uint128(i));
            _install(g);
            _denies(IHallpass.TargetForbidden.selector, _openWire(g, _charged(_transfer(1), 1)));
            account.execute(_openWire(g, _charged(_transfer(1), 0)));
        }
    }

    function test_what_cannot_be_paid_undoes_all() public {
        Grant memory g = _feeGrant(address(0));
        _install(g);
        Relayer relayer = new Relayer();
        relayer.refuse(true);
        Op memory op = _charged(_transfer(1), 10);
        bytes memory wire = bytes.concat(_opened(g, op, address(relayer)), _signedAs(1, _opDigest(g, op)));
        vm.expectRevert(IHallpass.FeeNotPaid.selector);
        relayer.send(address(account), abi.encodeCall(IHallpass.execute, (wire)));
        assertEq(token.balanceOf(PAYEE), 0);
        assertEq(_fees(g), 0);
        // The account has not enough; then it has.
        vm.deal(address(account), 9);
        vm.expectRevert(IHallpass.FeeNotPaid.selector);
        vm.prank(CALLER);
        account.execute(wire);
        vm.deal(address(account), 10);
        vm.prank(CALLER);
        account.execute(wire);
        assertEq(CALLER.balance, 10);
    }

    function test_a_relayer_that_comes_back_while_it_is_paid_finds_all_counted() public {
        for (uint256 i; i < 2; ++i) {
            Grant memory g = _feeGrant(i == 0 ? address(0) : address(new OddToken()));
            (g.salt, g.rest.gas.feeCap) = (bytes16(uint128(i + 1)), 80);
            _install(g);
            Relayer relayer = new Relayer();
            bytes memory wire = _openWire(g, _charged(_transfer(60), 40));
            // The operation itself, then others over what is left of the fees and of the meter, then one that fits.
            bytes4[4] memory denials =
                [IHallpass.NonceUsed.selector, IHallpass.FeeOverCap.selector, IHallpass.MeterExceeded.selector, bytes4(0)];
            bytes[4] memory others = [
                wire,
                _openWire(g, _charged(_transfer(1), 41)),
                _openWire(g, _charged(_transfer(41), 40)),
                _openWire(g, _charged(_transfer(40), 40))
            ];
            uint256 state = vm.snapshotState();
            for (uint256 j; j < 4; ++j) {
                relayer.bring(abi.encodeCall(IHallpass.execute, (others[j])));
                relayer.send(address(account), abi.encodeCall(IHallpass.execute, (wire)));
                assert(relayer.againFailed() == (denials[j] != 0));
                assertEq(bytes32(relayer.againReason()), bytes32(denials[j]));
                assertEq(_fees(g), denials[j] == 0 ? 80 : 40);
                vm.revertToState(state);
            }
        }
    }

    function test_a_token_that_says_no_or_is_none_pays_nobody() public {
        OddToken odd = new OddToken();
        Grant memory g = _feeGrant(address(odd));
        _install(g);
        // It says false; it says something else; it says nothing; it says true.
        odd.answer(abi.encode(false));
        _fails(g, _charged(_transfer(1), 1));
        odd.answer(abi.encode(2));
        _fails(g, _charged(_transfer(1), 1));
        odd.answer(hex"01");
        _fails(g, _charged(_transfer(1), 1));
        odd.answer("");
        _sends(CALLER, g, _charged(_transfer(0), 1));
        odd.answer(abi.encode(true));
        _sends(CALLER, g, _charged(_transfer(0), 1));
        assertEq(odd.balanceOf(CALLER), 2);
        // An address without code.
        g = _feeGrant(address(0xC0DE1E55));
        g.salt = bytes16(uint128(2));
        _install(g);
        _fails(g, _charged(_transfer(1), 1));
    }

    function test_fees_outlive_nothing_but_their_salt() public {
        Grant memory g = _feeGrant(address(0));
        _install(g);
        _sends(CALLER, g, _charged(_transfer(0), 50));
        Grant memory other = _feeGrant(address(0));
        other.salt = bytes16(uint128(2));
        _install(other);
        assertEq(_fees(other), 0);
        _sends(CALLER, other, _charged(_transfer(0), 50));
        assertEq(_fees(g), 50);
    }

    /// @dev A grant that no compiler writes: a meter with the number of the fees' own would be counted where they are.
    function test_no_meter_shares_the_count_of_the_fees() public {
        Grant memory g = _feeGrant(address(0));
        g.rest.gas.feeCap = 60;
        g.meters[3] = Meter(type(uint16).max, 4, address(0), 1000, 0, T0);
        g.calls[NOTE].checks = abi.encodePacked(hex"0372011f", hex"00", hex"01ffff03010000");
        _install(g);
        Op memory op = _charged(_call(NOTE, abi.encode(0)), 50);
        bytes memory wire = bytes.concat(_opened(g, op, CALLER), _signedAs(1, _opDigest(g, op)));
        vm.prank(CALLER);
        _denies(IHallpass.BadGrant.selector, wire);
    }

    function _feeGrant(address feeToken) private view returns (Grant memory g) {
        g = _grant();
        (g.rest.gas.feeToken, g.rest.gas.feePerOp, g.rest.gas.feeCap) = (feeToken, 50, 1000);
    }

    function _charged(bytes memory calls, uint120 fee) private returns (Op memory op) {
        op = _op(calls);
        op.maxFee = fee;
    }

    function _sends(address caller, Grant memory g, Op memory op) private {
        bytes memory wire = bytes.concat(_opened(g, op, caller), _signedAs(1, _opDigest(g, op)));
        vm.prank(caller);
        account.execute(wire);
    }

    function _fails(Grant memory g, Op memory op) private {
        bytes memory wire = bytes.concat(_opened(g, op, CALLER), _signedAs(1, _opDigest(g, op)));
        vm.prank(CALLER);
        _denies(IHallpass.FeeNotPaid.selector, wire);
        assertEq(token.balanceOf(PAYEE), 0);
    }

    function _deniesFee(bytes4 selector, Grant memory g, uint120 fee) private {
        _denies(selector, _openWire(g, _charged(_transfer(0), fee)));
    }

    function _fees(Grant memory g) private view returns (uint256 spent) {
        (, spent) = account.meterState(g.epoch, g.salt, type(uint16).max);
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory out) {
        out = bytes.concat(data);
        assembly {
            mstore(out, length)
        }
    }
}
