// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Grant, Meter} from "../utils/GrantHasher.sol";
import {OwnerFixture} from "../utils/OwnerFixture.sol";

/// @notice One grant in another's place: what was spent stays spent, and the old one is dead.
contract ReplaceTest is OwnerFixture {
    function test_the_first_meter_that_stays_keeps_its_count() public {
        Grant memory g = _installed();
        _executes(g, bytes.concat(_transfer(60), _call(NOTE, abi.encode(300)), _pay(1 ether)));
        Grant memory next = _next();
        bytes32 from = hasher.hash(g);
        bytes32 to = hasher.hash(next);
        vm.expectEmit(true, true, false, true, address(account));
        emit IHallpass.Replaced(from, to);
        _replace(g, next);
        (uint8 status,,,, uint120 spent) = account.grantState(to);
        assertEq(status, 1);
        assertEq(spent, 60);
        (status,,,,) = account.grantState(from);
        assertEq(status, 2);
        _denies(IHallpass.MeterExceeded.selector, next, _transfer(41));
        _denies(IHallpass.MeterExceeded.selector, next, _call(NOTE, abi.encode(701)));
        _denies(IHallpass.MeterExceeded.selector, next, bytes.concat(_pay(1 ether), _pay(1)));
        _executes(next, bytes.concat(_transfer(40), _call(NOTE, abi.encode(700)), _pay(1 ether)));
        vm.warp(T0 + 1 days);
        _executes(next, _transfer(100));
    }

    function test_a_meter_that_becomes_the_first_keeps_its_count() public {
        Grant memory g = _installed();
        _executes(g, bytes.concat(_transfer(60), _call(NOTE, abi.encode(600))));
        Grant memory next = _next();
        next.meters = _meters(g, 3);
        _replace(g, next);
        _denies(IHallpass.MeterExceeded.selector, next, _call(NOTE, abi.encode(401)));
        _executes(next, _call(NOTE, abi.encode(300)));
        (,,,, uint120 spent) = account.grantState(hasher.hash(next));
        assertEq(spent, 900);
        // It stays the first in the one after, where the count is no longer where it began.
        Grant memory last = _next();
        (last.meters, last.endSeq) = (next.meters, 999);
        _replace(next, last);
        _denies(IHallpass.MeterExceeded.selector, last, _call(NOTE, abi.encode(101)));
        _executes(last, _call(NOTE, abi.encode(100)));
        // What was dropped does not come back.
        Grant memory again = _next();
        again.endSeq = 998;
        _refuses(IHallpass.BadReplacement.selector, last, again);
        // Nor does any by way of none.
        Grant memory none = _next();
        (none.meters, none.endSeq) = (new Meter[](0), 997);
        _replace(last, none);
        last.endSeq = 996;
        _refuses(IHallpass.BadReplacement.selector, none, last);
    }

    function test_a_windowed_meter_that_becomes_the_first_keeps_its_window() public {
        Grant memory g = _installed();
        vm.warp(T0 + 120);
        _executes(g, bytes.concat(_move(), _move()));
        Grant memory next = _next();
        next.meters = _meters(g, 1);
        _replace(g, next);
        _denies(IHallpass.MeterExceeded.selector, next, bytes.concat(_move(), _move()));
        _executes(next, _move());
        _denies(IHallpass.MeterExceeded.selector, next, _move());
        vm.warp(T0 + 180);
        _executes(next, bytes.concat(_move(), _move(), _move()));
    }

    function test_a_cap_below_what_was_spent_leaves_nothing_in_the_window() public {
        Grant memory g = _installed();
        _executes(g, _transfer(60));
        Grant memory next = _next();
        next.meters[0].cap = 50;
        _replace(g, next);
        _denies(IHallpass.MeterExceeded.selector, next, _transfer(0));
        vm.warp(T0 + 1 days);
        _denies(IHallpass.MeterExceeded.selector, next, _transfer(51));
        _executes(next, _transfer(50));
        // And what was lowered is not raised again.
        Grant memory last = _next();
        last.endSeq = 999;
        _refuses(IHallpass.BadReplacement.selector, next, last);
    }

    function test_no_meter_is_wider_other_new_or_elsewhere() public {
        Grant memory g = _installed();
        for (uint256 i; i < 4; ++i) {
            Grant memory next = _next();
            next.meters[i].cap += 1;
            _refuses(IHallpass.BadReplacement.selector, g, next);
            next = _next();
            next.meters[i].what = next.meters[i].what == 4 ? 3 : 4;
            _refuses(IHallpass.BadReplacement.selector, g, next);
            next = _next();
            next.meters[i].token = address(probe);
            _refuses(IHallpass.BadReplacement.selector, g, next);
            next = _next();
            next.meters[i].period += 1;
            _refuses(IHallpass.BadReplacement.selector, g, next);
            next = _next();
            next.meters[i].anchor -= 1;
            _refuses(IHallpass.BadReplacement.selector, g, next);
            next = _next();
            next.meters[i].id += 1;
            _refuses(IHallpass.BadReplacement.selector, g, next);
        }
        // Another order, one twice, one more.
        Grant memory other = _next();
        (other.meters[0], other.meters[1]) = (other.meters[1], other.meters[0]);
        _refuses(IHallpass.BadReplacement.selector, g, other);
        other = _next();
        other.meters[1] = other.meters[0];
        _refuses(IHallpass.BadReplacement.selector, g, other);
        other = _next();
        other.meters = new Meter[](5);
        for (uint256 i; i < 4; ++i) {
            other.meters[i] = g.meters[i];
        }
        other.meters[4] = Meter(9, 4, address(0), 1, 0, T0);
        _refuses(IHallpass.BadReplacement.selector, g, other);
        // Each one alone, and every two in order.
        uint256 state = vm.snapshotState();
        for (uint256 i; i < 4; ++i) {
            Grant memory next = _next();
            next.meters = new Meter[](1);
            next.meters[0] = g.meters[i];
            _replace(g, next);
            vm.revertToState(state);
        }
    }

    function test_another_salt_epoch_or_account_is_another_grant() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        next.salt = bytes16(uint128(0x1235));
        _refuses(IHallpass.BadReplacement.selector, g, next);
        next = _next();
        next.epoch = 1;
        _refuses(IHallpass.EpochMoved.selector, g, next);
        next = _next();
        next.account = PAYEE;
        _refuses(IHallpass.WrongAccount.selector, g, next);
        next = _next();
        next.backend = address(account);
        _refuses(IHallpass.WrongBackend.selector, g, next);
        next = _next();
        next.chainId = 1;
        _refuses(IHallpass.WrongChain.selector, g, next);
        next = _next();
        next.routes = 0;
        _refuses(IHallpass.BadGrant.selector, g, next);
        next = _next();
        next.notAfter = T0;
        next.notBefore = T0 - 2000;
        _refuses(IHallpass.GrantExpired.selector, g, next);
        // An old epoch's grant is not brought into the new one.
        vm.prank(address(account));
        account.moveEpoch(1, "");
        next = _next();
        next.epoch = 1;
        _refuses(IHallpass.BadReplacement.selector, g, next);
        _refuses(IHallpass.EpochMoved.selector, g, _next());
    }

    function test_the_old_grant_is_in_force_and_the_new_one_new() public {
        Grant memory g = _grant();
        Grant memory next = _next();
        _refuses(IHallpass.GrantUnknown.selector, g, next);
        _install(g);
        // By itself.
        _refuses(IHallpass.GrantInstalled.selector, g, g);
        // By one that the owner ended before it was.
        bytes32 id = hasher.hash(next);
        vm.prank(address(account));
        account.end(id, "");
        _refuses(IHallpass.GrantEnded.selector, g, next);
        next.endSeq = 4;
        id = hasher.hash(g);
        vm.prank(address(account));
        account.end(id, "");
        _refuses(IHallpass.GrantEnded.selector, g, next);
    }

    function test_what_was_signed_under_the_old_grant_is_dead() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        Op memory op = _op(_transfer(1));
        bytes memory signed = _wire(g, op);
        bytes memory signature = _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)));
        _replace(g, next);
        _denies(IHallpass.GrantEnded.selector, signed);
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(next, op, ALL, ALL), signature));
        account.execute(_wire(next, op));
        // Neither is installed again.
        _deniesInstall(IHallpass.GrantEnded.selector, g);
        _deniesInstall(IHallpass.GrantInstalled.selector, next);
    }

    function test_a_replacement_happens_once() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        bytes memory signature = _ownerSigned(_replaceHash(g, next));
        _replace(g, next, signature);
        _refuses(IHallpass.GrantEnded.selector, g, next, signature);
        bytes32 id = hasher.hash(next);
        vm.prank(address(account));
        account.end(id, "");
        _refuses(IHallpass.GrantEnded.selector, g, next, signature);
        // Not the other way round either.
        _refuses(IHallpass.GrantEnded.selector, next, g);
    }

    function test_the_owner_signs_just_this() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        bytes32 hash = _replaceHash(g, next);
        bytes[6] memory signatures = [
            _sign(SESSION_KEY, _digest(address(backend), hash)),
            _sign(ENDER_KEY, _digest(address(backend), hash)),
            _sign(OWNER_KEY, _digest(address(account), hash)),
            _ownerSigned(_replaceHash(next, g)),
            // What would install either of them.
            _ownerSigned(hasher.hash(next)),
            _ownerSigned(hasher.hash(g))
        ];
        for (uint256 i; i < 6; ++i) {
            _refuses(IHallpass.BadSignature.selector, g, next, signatures[i]);
        }
        _refuses(IHallpass.NotOwner.selector, g, next, "");
        // Nor does it install.
        bytes memory data = Encode.install(hasher, next);
        bytes memory signature = _ownerSigned(hash);
        vm.expectRevert(IHallpass.SaltUsed.selector);
        account.install(data, signature);
        Grant memory third = _next();
        third.endSeq = 5;
        _refuses(IHallpass.BadSignature.selector, g, third, signature);
        _executes(g, _transfer(1));
    }

    function test_a_replacement_for_one_pocket_is_for_no_other() public {
        _usePocketOf(owner);
        IHallpass first = account;
        IHallpass second = IHallpass(factory.open(owner, 4));
        Grant memory g = _installed();
        Grant memory next = _next();
        bytes memory signature = _ownerSigned(_replaceHash(g, next));
        account = second;
        Grant memory theirs = _grant();
        _install(theirs);
        _refuses(IHallpass.WrongAccount.selector, g, next, signature);
        _refuses(IHallpass.WrongAccount.selector, theirs, next, signature);
        _refuses(IHallpass.BadSignature.selector, theirs, _next(), signature);
        account = first;
        _refuses(IHallpass.WrongAccount.selector, theirs, next, signature);
        _replace(g, next, signature);
    }

    function test_the_meters_are_those_of_the_grants() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        bytes memory signature = _ownerSigned(_replaceHash(g, next));
        (bytes memory from, bytes memory to) = (Encode.install(hasher, g), Encode.install(hasher, next));
        bytes memory meters = _encoded(g.meters);
        bytes[5] memory others = [
            bytes.concat(meters, hex"00"), bytes.concat(meters, new bytes(48)), new bytes(0), _encoded(_meters(g, 1)), _wider(meters)
        ];
        for (uint256 i; i < 5; ++i) {
            vm.expectRevert(IHallpass.Malformed.selector);
            account.replace(from, others[i], to, meters, signature);
            vm.expectRevert(IHallpass.Malformed.selector);
            account.replace(from, meters, to, others[i], signature);
        }
        account.replace(from, meters, to, meters, signature);
    }

    function test_fees_stay_spent_too() public {
        Grant memory g = _grant();
        (g.rest.gas.feePerOp, g.rest.gas.feeCap) = (50, 60);
        _install(g);
        _pays(g, 40);
        Grant memory next = _grant();
        next.rest = g.rest;
        next.endSeq = 1000;
        _replace(g, next);
        Op memory op = _op(_transfer(0));
        op.maxFee = 21;
        bytes memory wire = _openWire(next, op);
        _denies(IHallpass.FeeOverCap.selector, wire);
        _pays(next, 20);
    }

    function test_sequences_begin_anew() public {
        Grant memory g = _installed();
        Grant memory next = _next();
        next.firstSeq = 9;
        _replace(g, next);
        (, uint32 base,,,) = account.grantState(hasher.hash(next));
        assertEq(base, 9);
    }

    function test_lanes_begin_anew_and_a_new_key_takes_over() public {
        Grant memory g = _grant();
        g.firstSeq = 0;
        _install(g);
        Op memory op = _op(_transfer(1));
        op.nonce = 3 << 64 | 9;
        account.execute(_wire(g, op));
        Grant memory next = _grant();
        next.firstSeq = 0;
        next.key = abi.encodePacked(vm.addr(0xE1));
        _replace(g, next);
        (uint64 base, uint192 used) = account.laneState(hasher.hash(next), 3);
        assertEq(uint256(base) + used, 0);
        _denies(IHallpass.BadSignature.selector, _wire(next, op));
        bytes memory signature = _sign(0xE1, _digest(address(account), _opHash(next, op)));
        account.execute(bytes.concat(_unsigned(next, op, ALL, ALL), signature));
    }

    /// @dev The fixture's grant with other sequences, and so another id.
    function _next() private view returns (Grant memory g) {
        g = _grant();
        g.endSeq = 1000;
    }

    /// @dev The meters of `g` from `first` on.
    function _meters(Grant memory g, uint256 first) private pure returns (Meter[] memory meters) {
        meters = new Meter[](g.meters.length - first);
        for (uint256 i; i < meters.length; ++i) {
            meters[i] = g.meters[first + i];
        }
    }

    function _encoded(Meter[] memory meters) private pure returns (bytes memory out) {
        for (uint256 i; i < meters.length; ++i) {
            Meter memory m = meters[i];
            out = abi.encodePacked(out, m.id, m.what, m.token, m.cap, m.period, m.anchor);
        }
    }

    /// @dev The first meter's cap raised by one.
    function _wider(bytes memory meters) private pure returns (bytes memory out) {
        out = bytes.concat(meters);
        out[37] = bytes1(uint8(out[37]) + 1);
    }

    function _replaceHash(Grant memory from, Grant memory to) private view returns (bytes32) {
        string memory types = string.concat(
            "Replace(bytes32 from,Grant to)",
            "AppRule(string app,string verb,bytes checks)",
            "CallRule(address target,string signature,uint256 maxValue,bytes checks)",
            "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)",
            "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,CallRule[] calls,Meter[] meters,Rest rest)",
            "Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)",
            "Require(uint8 kind,bytes data)",
            "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)",
            "TypedRule(string domain,string encodeType,bytes checks)"
        );
        return keccak256(abi.encode(keccak256(bytes(types)), hasher.hash(from), hasher.hash(to)));
    }

    function _replace(Grant memory from, Grant memory to) private {
        _replace(from, to, _ownerSigned(_replaceHash(from, to)));
    }

    function _replace(Grant memory from, Grant memory to, bytes memory signature) private {
        (bool success, bytes memory reason) = address(account).call(_data(from, to, signature));
        if (success) return;
        assembly {
            revert(add(reason, 32), mload(reason))
        }
    }

    function _refuses(bytes4 selector, Grant memory from, Grant memory to) private {
        _refuses(selector, from, to, _ownerSigned(_replaceHash(from, to)));
    }

    function _refuses(bytes4 selector, Grant memory from, Grant memory to, bytes memory signature) private {
        (bool success, bytes memory reason) = address(account).call(_data(from, to, signature));
        assert(!success && reason.length == 4);
        assertEq(bytes32(reason), bytes32(selector));
    }

    function _data(Grant memory from, Grant memory to, bytes memory signature) private view returns (bytes memory) {
        return abi.encodeCall(
            IHallpass.replace,
            (
                Encode.install(hasher, from),
                _encoded(from.meters),
                Encode.install(hasher, to),
                _encoded(to.meters),
                signature
            )
        );
    }

    function _openWire(Grant memory g, Op memory op) private view returns (bytes memory) {
        return bytes.concat(
            Encode.openHeader(hasher, g, op, address(this)),
            Encode.rules(hasher, g.calls, ALL),
            Encode.meters(hasher, g.meters, ALL),
            Encode.op_(op),
            _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)))
        );
    }

    function _pays(Grant memory g, uint120 fee) private {
        Op memory op = _op(_transfer(0));
        op.maxFee = fee;
        bytes memory wire = _openWire(g, op);
        vm.prank(address(0xCA11E4));
        account.execute(wire);
    }
}
