// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";
import {IAccount, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {EntryPointCode, IEntryPoint08} from "../utils/EntryPointCode.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {Terms, UserOpFixture} from "../utils/UserOpFixture.sol";

/// @dev What the EntryPoint is made to run in its own name by `delegateAndRevert`.
contract Puppeteer {
    function run(address target, bytes calldata data) external {
        (bool success,) = target.call(data);
        assert(success);
    }
}

/// @notice User operations through EntryPoint 0.8, end to end: who may ask, until when, and at what cost.
contract UserOpsTest is UserOpFixture {
    function test_a_session_s_operation_runs_and_is_counted() public {
        Grant memory g = _userInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(5));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        vm.expectEmit(true, false, false, true, address(account));
        emit IHallpass.Validated(hasher.hash(g), hash);
        assert(_handle(op));
        assertEq(token.balanceOf(PAYEE), 5);
        assertEq(_spent(g), 5);
        // The fee is charged whole, though gas was left.
        assertEq(_feesSpent(g), FEE);
        assert(BUNDLER.balance != 0 && BUNDLER.balance < FEE);
        _refusesOp("AA25 invalid account nonce", op);
        assertEq(_spent(g), 5);
    }

    function test_an_owner_s_operation_makes_any_call_even_when_frozen() public {
        vm.prank(address(account));
        account.freeze();
        PackedUserOperation memory op = _userOp(_batchData(_one(address(token), 0, abi.encodeCall(token.transfer, (address(9), 7)))));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        // So that what the account refuses is not first refused for want of money.
        ENTRY_POINT.depositTo{value: 1 ether}(address(account));
        // Another's key, no key, another tag, no tag.
        bytes memory signature = _sign(OWNER_KEY, hash);
        op.signature = bytes.concat(hex"00", _sign(SESSION_KEY, hash));
        _refusesOp("AA24 signature error", op);
        op.signature = hex"00";
        _refusesOp("AA24 signature error", op);
        op.signature = bytes.concat(hex"02", signature);
        _refusesOp("AA24 signature error", op);
        op.signature = "";
        _refusesOp("AA24 signature error", op);
        op.signature = signature;
        _refusesOp("AA24 signature error", op);
        op.signature = bytes.concat(hex"00", signature, hex"00");
        _refusesOp("AA24 signature error", op);
        op.signature = bytes.concat(hex"00", signature);
        assert(_handle(op));
        assertEq(token.balanceOf(address(9)), 7);
        // The owner's, of another operation.
        PackedUserOperation memory next = _userOp(op.callData);
        next.signature = op.signature;
        _refusesOp("AA24 signature error", next);
    }

    function test_an_owner_s_operation_has_no_more_than_execute() public {
        // The EntryPoint makes this call, which is not the owner: the operation is valid and comes to nothing.
        PackedUserOperation memory op = _userOp(abi.encodeCall(IHallpass.moveEpoch, (9, "")));
        op.signature = bytes.concat(hex"00", _sign(OWNER_KEY, ENTRY_POINT.getUserOpHash(op)));
        assert(!_handle(op));
        op = _userOp(_batchData(_one(address(account), 0, abi.encodeCall(IHallpass.moveEpoch, (9, "")))));
        op.signature = bytes.concat(hex"00", _sign(OWNER_KEY, ENTRY_POINT.getUserOpHash(op)));
        assert(_handle(op));
        (uint64 epoch,) = account.accountState();
        assertEq(epoch, 9);
    }

    function test_the_seconds_of_an_operation_are_those_of_the_direct_route() public {
        Grant memory g = _userInstalled();
        Terms memory terms = Terms(T0 + 100, T0 + 160, new uint16[](1));
        PackedUserOperation memory op = _signUserOp(g, terms, _transferOp(5));
        uint256 state = vm.snapshotState();
        vm.warp(T0 + 99);
        _refusesOp("AA22 expired or not due", op);
        vm.warp(T0 + 160);
        _refusesOp("AA22 expired or not due", op);
        vm.warp(T0 + 100);
        assert(_handle(op));
        vm.revertToState(state);
        vm.warp(T0 + 159);
        assert(_handle(op));
    }

    function test_each_entry_point_is_given_the_bound_that_it_compares_by() public {
        Grant memory g = _userInstalled();
        Terms memory terms = Terms(T0 + 100, T0 + 160, new uint16[](1));
        PackedUserOperation memory op = _signUserOp(g, terms, _transferOp(5));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        uint256 state = vm.snapshotState();
        // 0.8 refuses at its lower bound and admits at its upper; 0.7 admits at both.
        assertEq(_validate(address(ENTRY_POINT), op, hash), uint256(T0 + 99) << 208 | uint256(T0 + 159) << 160);
        vm.revertToState(state);
        assertEq(_validate(EntryPointCode.V07, op, hash), uint256(T0 + 100) << 208 | uint256(T0 + 159) << 160);
        assertEq(_spent(g), 5);
    }

    function test_a_life_ends_with_its_grant_and_within_600_seconds() public {
        Grant memory g = _userInstalled();
        PackedUserOperation memory op = _transferOp(1);
        Terms memory terms = Terms(T0, T0 + 601, new uint16[](1));
        _deniesOp(IHallpass.OpTooLong.selector, g, terms, op);
        terms.validUntil = T0;
        _deniesOp(IHallpass.OpExpired.selector, g, terms, op);
        // 0 would be no bound at all, and 1 would be sent as 0.
        (terms.validFrom, terms.validUntil) = (0, 1);
        _deniesOp(IHallpass.OpExpired.selector, g, terms, op);
        (terms.validFrom, terms.validUntil) = (T0 - 1, T0 + 10);
        _deniesOp(IHallpass.OpOutsideGrant.selector, g, terms, op);
        (terms.validFrom, terms.validUntil) = (g.notAfter - 10, g.notAfter + 1);
        _deniesOp(IHallpass.OpOutsideGrant.selector, g, terms, op);
        (terms.validFrom, terms.validUntil) = (T0, T0 + 600);
        assert(_handle(_signUserOp(g, terms, op)));
        vm.warp(g.notAfter - 1);
        (terms.validFrom, terms.validUntil) = (g.notAfter - 10, g.notAfter);
        op = _transferOp(1);
        assert(_handle(_signUserOp(g, terms, op)));
    }

    function test_a_route_is_open_where_its_bit_is_set() public {
        for (uint8 routes = 1; routes < 8; ++routes) {
            Grant memory g = _userGrant();
            (g.routes, g.salt) = (routes, bytes16(uint128(routes)));
            _install(g);
            PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(1));
            if (routes & 4 == 0) _deniesOp(IHallpass.RouteNotAllowed.selector, op);
            else assert(_handle(op));
            op = _signUserOp(g, _now(TRANSFER), _transferOp(1));
            bytes32 hash = ENTRY_POINT.getUserOpHash(op);
            if (routes & 2 == 0) vm.expectRevert(IHallpass.RouteNotAllowed.selector);
            _validate(EntryPointCode.V07, op, hash);
        }
    }

    function test_a_grant_that_counts_on_the_direct_route_is_not_for_the_entry_point() public {
        Grant memory g = _userGrant();
        (g.relayer, g.salt) = (BUNDLER, bytes16(uint128(1)));
        _install(g);
        _deniesOp(IHallpass.RelayerNotAllowed.selector, g, _now(TRANSFER), _transferOp(1));
        g = _userGrant();
        (g.firstSeq, g.salt) = (1, bytes16(uint128(2)));
        _install(g);
        _deniesOp(IHallpass.SequenceOutOfRange.selector, g, _now(TRANSFER), _transferOp(1));
        g = _userGrant();
        (g.endSeq, g.salt) = (1 << 31, bytes16(uint128(3)));
        _install(g);
        _deniesOp(IHallpass.SequenceOutOfRange.selector, g, _now(TRANSFER), _transferOp(1));
        // The header's own byte names the caller, as the operation's relayer and as the grant's.
        g = _userInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(1));
        op.signature[1 + 33 + 20 + 29] = 0x90;
        _deniesOp(IHallpass.RelayerNotAllowed.selector, op);
        op.signature[1 + 33 + 20 + 29] = 0x81;
        _deniesOp(IHallpass.RelayerNotAllowed.selector, op);
    }

    function test_what_it_may_cost_is_bounded_for_one_and_for_all() public {
        Grant memory g = _userGrant();
        g.rest.gas.feeCap = 2 * FEE + 10;
        _install(g);
        PackedUserOperation memory op = _transferOp(1);
        op.preVerificationGas += 1;
        _deniesOp(IHallpass.FeeOverCap.selector, g, _now(TRANSFER), op);
        op = _transferOp(1);
        op.gasFees = bytes32(PRICE + 1);
        _deniesOp(IHallpass.FeeOverCap.selector, g, _now(TRANSFER), op);
        assert(_handle(_signUserOp(g, _now(TRANSFER), _transferOp(1))));
        assert(_handle(_signUserOp(g, _now(TRANSFER), _transferOp(1))));
        assertEq(_feesSpent(g), 2 * FEE);
        op = _transferOp(1);
        (op.accountGasLimits, op.preVerificationGas) = (bytes32(uint256(4_000_000) << 128), 0);
        op.gasFees = bytes32(uint256(1));
        _deniesOp(IHallpass.FeeOverCap.selector, g, _now(TRANSFER), op);
        // What is free costs nothing, and needs no rest.
        op = _transferOp(1);
        op.gasFees = 0;
        Op memory none;
        Terms memory terms = _now(TRANSFER);
        bytes memory closed = Encode.header(g, none, address(0), hasher.hashRest(g.rest));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        op.signature = bytes.concat(hex"01", _userWire(closed, g, terms), _sessionSignature(g, terms, hash));
        assert(_handle(op));
        assertEq(_feesSpent(g), 2 * FEE);
    }

    function test_a_cost_that_overflows_is_over_every_cap() public {
        Grant memory g = _userGrant();
        (g.rest.gas.feePerOp, g.rest.gas.feeCap) = (type(uint120).max, type(uint120).max);
        _install(g);
        PackedUserOperation memory op = _transferOp(1);
        op.gasFees = bytes32(uint256(type(uint128).max));
        op.accountGasLimits = bytes32(ALL);
        op.preVerificationGas = type(uint120).max;
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
        op.preVerificationGas = ALL;
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
        op = _transferOp(1);
        op.preVerificationGas = uint256(1) << 128;
        op.gasFees = bytes32(uint256(1) << 127);
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
        // The product alone is 2^256.
        op = _transferOp(1);
        op.accountGasLimits = bytes32(uint256(1) << 255 | uint256(1) << 127);
        op.preVerificationGas = 0;
        op.gasFees = bytes32(uint256(1) << 127);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint256(1) << 255 | uint256(1) << 127);
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
    }

    function test_fees_above_zero_are_opened_and_in_the_chain_s_coin() public {
        Grant memory g = _userInstalled();
        PackedUserOperation memory op = _transferOp(1);
        Op memory none;
        Terms memory terms = _now(TRANSFER);
        bytes memory closed = Encode.header(g, none, address(0), hasher.hashRest(g.rest));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        op.signature = bytes.concat(hex"01", _userWire(closed, g, terms), _sessionSignature(g, terms, hash));
        _deniesOp(IHallpass.Malformed.selector, op);
        g = _userGrant();
        (g.salt, g.rest.gas.feeToken) = (bytes16(uint128(1)), address(token));
        _install(g);
        _deniesOp(IHallpass.FeeOverCap.selector, g, _now(TRANSFER), op);
    }

    function test_a_paymaster_is_the_grant_s_and_its_gas_is_counted() public {
        Grant memory g = _userGrant();
        g.rest.paymasters = new address[](2);
        (g.rest.paymasters[0], g.rest.paymasters[1]) = (address(8), PAYMASTER);
        _install(g);
        PackedUserOperation memory op = _transferOp(1);
        op.paymasterAndData = abi.encodePacked(address(9), uint128(0), uint128(0), "data");
        _validateDenies(IHallpass.PaymasterNotAllowed.selector, g, op);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint128(1), uint128(0));
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint128(0), uint128(1));
        _validateDenies(IHallpass.FeeOverCap.selector, g, op);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint128(0), uint120(0));
        _validateDenies(IHallpass.PaymasterNotAllowed.selector, g, op);
        op.paymasterAndData = hex"00";
        _validateDenies(IHallpass.PaymasterNotAllowed.selector, g, op);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint128(0), uint128(0), "data");
        op = _signUserOp(g, _now(TRANSFER), op);
        _validate(address(ENTRY_POINT), op, ENTRY_POINT.getUserOpHash(op));
        assertEq(_feesSpent(g), FEE);
        // Where the rest is closed, nobody is listed; a free operation needs it open too.
        op = _transferOp(1);
        op.paymasterAndData = abi.encodePacked(PAYMASTER, uint128(0), uint128(0));
        op.gasFees = 0;
        Op memory none;
        bytes memory closed = Encode.header(g, none, address(0), hasher.hashRest(g.rest));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        op.signature = bytes.concat(hex"01", _userWire(closed, g, _now(0)), _sessionSignature(g, _now(0), hash));
        _deniesOpDirectly(IHallpass.PaymasterNotAllowed.selector, op);
    }

    function test_a_signature_is_for_one_operation_its_times_and_its_rules() public {
        Grant memory g = _userInstalled();
        Terms memory terms = _now(TRANSFER);
        PackedUserOperation memory op = _signUserOp(g, terms, _transferOp(1));
        PackedUserOperation memory other = _transferOp(1);
        other.nonce |= 1 << 64;
        other.signature = op.signature;
        _deniesOp(IHallpass.BadSignature.selector, other);
        bytes memory signed = op.signature;
        bytes memory signature = _sessionSignature(g, terms, ENTRY_POINT.getUserOpHash(op));
        terms.validUntil += 1;
        op.signature = bytes.concat(hex"01", _userWire(g, terms), signature);
        _deniesOp(IHallpass.BadSignature.selector, op);
        terms = _now(APPROVE);
        op.signature = bytes.concat(hex"01", _userWire(g, terms), signature);
        _deniesOp(IHallpass.BadSignature.selector, op);
        op.signature = bytes.concat(signed, hex"00");
        _deniesOp(IHallpass.Malformed.selector, op);
        op.signature = signed;
        assert(_handle(op));
    }

    function test_no_signature_serves_both_routes() public {
        Grant memory g = _userInstalled();
        Op memory direct = _op(_transfer(1));
        bytes32 directDigest = _digest(address(account), _opHash(g, direct));
        PackedUserOperation memory op = _transferOp(1);
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        bytes memory session = _sessionSignature(g, _now(TRANSFER), hash);
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(g, direct, ALL, ALL), session));
        op.signature = bytes.concat(hex"01", _userWire(g, _now(TRANSFER)), _sign(SESSION_KEY, directDigest));
        _deniesOp(IHallpass.BadSignature.selector, op);
        // Nor do the bytes of one stand for the other.
        op.signature = bytes.concat(hex"01", _wire(g, direct));
        bytes memory reason;
        (, reason) = _tryValidate(op, hash);
        assert(reason.length == 4);
        op = _signUserOp(g, _now(TRANSFER), op);
        (bool success,) = address(account).call(abi.encodeCall(IHallpass.execute, (op.signature)));
        assert(!success);
        assertEq(token.balanceOf(PAYEE), 0);
    }

    function test_what_was_counted_stays_counted_where_the_calls_fail() public {
        Grant memory g = _userInstalled();
        vm.mockCallRevert(address(token), _transferData(50), "no");
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(50));
        assert(!_handle(op));
        assertEq(token.balanceOf(PAYEE), 0);
        assertEq(_spent(g), 50);
        assertEq(_feesSpent(g), FEE);
        _refusesOp("AA25 invalid account nonce", op);
        _deniesOp(IHallpass.MeterExceeded.selector, g, _now(TRANSFER), _transferOp(51));
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(51));
        assert(_handle(_signUserOp(g, _now(TRANSFER), _transferOp(49))));
    }

    function test_two_operations_of_a_bundle_do_not_share_what_is_left() public {
        Grant memory g = _userInstalled();
        PackedUserOperation[] memory ops = new PackedUserOperation[](2);
        ops[0] = _signUserOp(g, _now(TRANSFER), _transferOp(60));
        ops[1] = _transferOp(41);
        ops[1].nonce = 7 << 64;
        ops[1] = _signUserOp(g, _now(TRANSFER), ops[1]);
        bytes4 denial = IHallpass.MeterExceeded.selector;
        vm.expectRevert(abi.encodeWithSelector(IEntryPoint08.FailedOpWithRevert.selector, 1, "AA23 reverted", bytes.concat(denial)));
        vm.prank(BUNDLER, BUNDLER);
        ENTRY_POINT.handleOps(ops, payable(BUNDLER));
    }

    function test_the_grant_and_the_account_are_in_force() public {
        Grant memory g = _userGrant();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(1));
        _deniesOp(IHallpass.GrantUnknown.selector, op);
        _install(g);
        vm.prank(address(account));
        account.freeze();
        _deniesOp(IHallpass.AccountFrozen.selector, op);
        vm.prank(address(account));
        account.unfreeze();
        uint256 state = vm.snapshotState();
        bytes32 id = hasher.hash(g);
        vm.prank(address(account));
        account.end(id, "");
        _deniesOp(IHallpass.GrantEnded.selector, op);
        vm.revertToState(state);
        vm.prank(address(account));
        account.moveEpoch(1, "");
        _deniesOp(IHallpass.EpochMoved.selector, op);
    }

    function test_the_entry_points_alone_ask_and_have_calls_made() public {
        Grant memory g = _userInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _transferOp(1));
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        address[5] memory others = [address(this), BUNDLER, EntryPointCode.V06, address(account), vm.addr(SESSION_KEY)];
        for (uint256 i; i < 5; ++i) {
            vm.expectRevert(IHallpass.NotEntryPoint.selector);
            _validate(others[i], op, hash);
            if (others[i] == address(account)) continue;
            vm.expectRevert(IHallpass.NotOwner.selector);
            vm.prank(others[i]);
            IERC7821(address(account)).execute(BATCH_MODE, abi.encode(_one(PAYEE, 1 ether, "")));
        }
        // The owner is the account itself: it executes, and does not validate.
        vm.prank(address(account));
        IERC7821(address(account)).execute(BATCH_MODE, abi.encode(_one(PAYEE, 1, "")));
        assertEq(PAYEE.balance, 1);
    }

    function test_an_entry_point_made_to_speak_for_a_stranger_changes_nothing() public {
        Puppeteer puppeteer = new Puppeteer();
        bytes memory pay = abi.encodeCall(IERC7821.execute, (BATCH_MODE, abi.encode(_one(PAYEE, 1 ether, ""))));
        bytes memory run = abi.encodeCall(Puppeteer.run, (address(account), pay));
        // It runs in the EntryPoint's name, and is always undone.
        vm.expectRevert(abi.encodeWithSignature("DelegateAndRevert(bool,bytes)", true, ""));
        ENTRY_POINT.delegateAndRevert(address(puppeteer), run);
        assertEq(PAYEE.balance, 0);
    }

    function _validate(address entryPoint, PackedUserOperation memory op, bytes32 hash) private returns (uint256) {
        vm.prank(entryPoint);
        return IAccount(address(account)).validateUserOp(op, hash, 0);
    }

    function _tryValidate(PackedUserOperation memory op, bytes32 hash) private returns (bool, bytes memory) {
        vm.prank(address(ENTRY_POINT));
        return address(account).call(abi.encodeCall(IAccount.validateUserOp, (op, hash, 0)));
    }

    function _validateDenies(bytes4 selector, Grant memory g, PackedUserOperation memory op) private {
        _deniesOpDirectly(selector, _signUserOp(g, _now(TRANSFER), op));
    }

    /// @dev Without the EntryPoint's own checks before.
    function _deniesOpDirectly(bytes4 selector, PackedUserOperation memory op) private {
        (bool success, bytes memory reason) = _tryValidate(op, ENTRY_POINT.getUserOpHash(op));
        assert(!success);
        assertEq(bytes32(reason), bytes32(selector));
    }
}
