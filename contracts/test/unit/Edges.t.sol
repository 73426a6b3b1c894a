// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Frame} from "../../src/libraries/Frame.sol";
import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {CallRule, Grant, Meter} from "../utils/GrantHasher.sol";

/// @dev Reverts with as many bytes as it is told.
contract Loud {
    function note(uint256 length) external pure {
        bytes memory reason = new bytes(length);
        for (uint256 i; i < length; ++i) {
            reason[i] = bytes1(uint8(i * 7));
        }
        assembly {
            revert(add(reason, 32), length)
        }
    }
}

/// @dev What fixed places in memory, and a reader that never looks where bytes end, could get wrong.
contract EdgesTest is Fixture {
    function test_the_places_of_the_frame_follow_each_other() public pure {
        assertEq(Frame.CHAIN_ID, Frame.GRANT + 32);
        assertEq(Frame.REST_HASH + 32, Frame.GRANT + Frame.GRANT_LENGTH);
        assertEq(Frame.OP, Frame.GRANT + Frame.GRANT_LENGTH);
        assertEq(Frame.OP_CALLS + 32, Frame.OP + Frame.OP_LENGTH);
        assertEq(Frame.RULE_COUNT, Frame.OP + Frame.OP_LENGTH);
        assertEq(Frame.FEES + 32, Frame.RULES);
        assertEq(Frame.RULE_INDEX, Frame.RULE_HASHED);
        assertEq(Frame.CHECKS_END + 32, Frame.RULE_SIZE);
        assertEq(Frame.METER_INDEX, Frame.METER_HASHED);
        assertEq(Frame.SPENT + 32, Frame.METER_SIZE);
        assertEq(Frame.LENGTH + 32, Frame.CALL_SIZE);
    }

    function test_long_signatures_checks_and_arguments_keep_out_of_each_others_way() public {
        Grant memory g = _grant();
        g.calls[NOTE] = _long();
        g.calls[MOVE].signature = string(_bytes(255));
        _install(g);
        uint256[] memory words = new uint256[](200);
        for (uint256 i; i < 200; ++i) {
            words[i] = uint256(keccak256(abi.encode(i)));
        }
        words[0] = 255;
        bytes memory arguments = abi.encodePacked(words);
        bytes memory long = _call(NOTE, arguments);
        // Whatever else is opened, before and behind.
        for (uint256 opened; opened < 8; ++opened) {
            uint256 rules = 1 << NOTE | 1 | (opened & 1) << MOVE | (opened >> 1 & 1) << APPROVE | (opened >> 2) << PAY;
            account.execute(_wire(g, _op(bytes.concat(_transfer(1), long)), rules, 1 | opened << 1));
            assertEq(keccak256(probe.last()), keccak256(bytes.concat(bytes4(keccak256(_bytes(250))), arguments)));
        }
        assertEq(token.balanceOf(PAYEE), 8);
        words[0] = 256;
        _denies(IHallpass.ConditionFailed.selector, g, _call(NOTE, abi.encodePacked(words)));
    }

    function test_a_batch_of_20_makes_each_call_as_it_was_signed() public {
        Grant memory g = _installed();
        bytes memory calls;
        for (uint256 i; i < 5; ++i) {
            calls = bytes.concat(calls, _transfer(i), _call(NOTE, abi.encode(100 + i)), _pay(i));
            calls = bytes.concat(calls, _call(TYPES, abi.encode(i, bytes4(0), true)));
            if (i % 2 == 0) calls = bytes.concat(calls, _move());
        }
        _executes(g, calls);
        assertEq(token.balanceOf(PAYEE), 10);
        assertEq(PAYEE.balance, 10);
        assertEq(probe.count(), 13);
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("move(uint256,uint8)", 2, 3)));
        (,,,, uint120 spent) = account.grantState(hasher.hash(g));
        assertEq(spent, 10);
        (, spent) = account.meterState(0, g.salt, 7);
        assertEq(spent, 510);
        (, spent) = account.meterState(0, g.salt, 5);
        assertEq(spent, 10);
    }

    function test_a_failed_calls_reason_is_whole_whatever_its_length() public {
        Grant memory g = _grant();
        g.calls[NOTE].target = address(new Loud());
        g.meters[3].cap = 1e6;
        _install(g);
        uint256[4] memory lengths = [uint256(0), 1, 33, 10_000];
        for (uint256 i; i < 4; ++i) {
            bytes memory reason = new bytes(lengths[i]);
            for (uint256 j; j < lengths[i]; ++j) {
                reason[j] = bytes1(uint8(j * 7));
            }
            bytes memory calls = bytes.concat(_transfer(1), _transfer(1), _call(NOTE, abi.encode(lengths[i])), _pay(1));
            bytes memory wire = _wire(g, _op(calls));
            vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 2, reason));
            account.execute(wire);
        }
    }

    function test_bytes_behind_the_wire_are_not_read() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)));
        bytes memory data = abi.encodeCall(IHallpass.execute, (wire));
        // All is there, but the length says less, or more.
        for (uint256 length; length < wire.length + 60; ++length) {
            if (length == wire.length) continue;
            _setLength(data, length);
            (bool success, bytes memory reason) = address(account).call(data);
            assert(!success);
            // Beyond the padding the ABI's own check is first, and says nothing.
            if (length <= data.length - 68) assertEq(bytes32(reason), bytes32(IHallpass.Malformed.selector));
        }
        // Where the bytes begin is the ABI's to say.
        data = abi.encodePacked(IHallpass.execute.selector, uint256(96), bytes32(ALL), bytes32(ALL), wire.length, wire);
        (bool executed,) = address(account).call(data);
        assert(executed);
        assertEq(token.balanceOf(PAYEE), 1);
    }

    function test_lengths_of_all_bits_are_malformed() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        bytes memory header = Encode.header(g, op, address(this), hasher.hashRest(g.rest));
        bytes memory rules = Encode.rules(hasher, g.calls, 1);
        bytes memory meters = Encode.meters(hasher, g.meters, 1);
        bytes memory tail = bytes.concat(Encode.op_(op), new bytes(64), hex"1b");
        bytes4 bad = IHallpass.Malformed.selector;
        // The signature, the checks and the largest value of a rule, from where they stand.
        bytes memory spoiled = bytes.concat(rules);
        spoiled[25] = 0xff;
        _denies(bad, bytes.concat(header, spoiled, meters, tail));
        spoiled = bytes.concat(rules);
        (spoiled[52], spoiled[53]) = (bytes1(0xff), bytes1(0xff));
        _denies(bad, bytes.concat(header, spoiled, meters, tail));
        spoiled = bytes.concat(rules);
        spoiled[51] = 0xff;
        _denies(bad, bytes.concat(header, spoiled, meters, tail));
        // The calls, and a call's arguments.
        spoiled = bytes.concat(tail);
        (spoiled[45], spoiled[46], spoiled[47]) = (bytes1(0xff), bytes1(0xff), bytes1(0xff));
        _denies(bad, bytes.concat(header, rules, meters, spoiled));
        _denies(bad, g, bytes.concat(bytes2(0), bytes4(0), hex"00ffffff", abi.encode(PAYEE, 1)));
        _denies(bad, g, bytes.concat(_transfer(1), bytes2(0), bytes4(0), hex"00ffffff"));
    }

    function test_counts_that_the_wire_does_not_hold_are_malformed() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        bytes memory header = Encode.header(g, op, address(this), hasher.hashRest(g.rest));
        bytes memory tail = bytes.concat(Encode.op_(op), new bytes(64), hex"1b");
        bytes memory rules = Encode.rules(hasher, g.calls, ALL);
        bytes memory meters = Encode.meters(hasher, g.meters, ALL);
        bytes memory rule = Encode.rule(0, g.calls[0]);
        bytes memory meter = Encode.meter(0, g.meters[0]);
        bytes4 bad = IHallpass.Malformed.selector;
        // Opened: one of none, two of one, 255 of six, one of all that a count can say.
        _denies(bad, bytes.concat(header, hex"000001", rule, meters, tail));
        _denies(bad, bytes.concat(header, hex"000102", rule, Encode.rule(1, g.calls[1]), meters, tail));
        _denies(bad, bytes.concat(header, hex"0006ff", rule, meters, tail));
        _denies(bad, bytes.concat(header, hex"ffff01", rule, meters, tail));
        _denies(bad, bytes.concat(header, hex"ffff00", meters, tail));
        _denies(bad, bytes.concat(header, rules, hex"000001", meter, tail));
        _denies(bad, bytes.concat(header, rules, hex"000102", meter, Encode.meter(1, g.meters[1]), tail));
        _denies(bad, bytes.concat(header, rules, hex"0004ff", meter, tail));
        _denies(bad, bytes.concat(header, rules, hex"ffff01", meter, tail));
        // Indices at the end of the count, and of all that an index can say.
        _denies(bad, bytes.concat(header, hex"000101", Encode.rule(1, g.calls[0]), meters, tail));
        _denies(bad, bytes.concat(header, hex"000101", Encode.rule(type(uint16).max, g.calls[0]), meters, tail));
        _denies(bad, bytes.concat(header, rules, hex"000101", Encode.meter(1, g.meters[0]), tail));
        _denies(bad, bytes.concat(header, rules, hex"000101", Encode.meter(type(uint16).max, g.meters[0]), tail));
        // And what is as it should be, of another grant.
        _denies(IHallpass.GrantUnknown.selector, bytes.concat(header, hex"000000", meters, tail));
        _denies(IHallpass.GrantUnknown.selector, bytes.concat(header, rules, hex"000000", tail));
    }

    function test_a_meter_where_a_rule_would_stand_is_no_rule() public {
        Grant memory g = _grant();
        CallRule memory transfer = g.calls[TRANSFER];
        g.calls = new CallRule[](90);
        for (uint256 i; i < 90; ++i) {
            g.calls[i] = transfer;
        }
        // With no rule opened, the first meter stands where the first rule's record would, and its period where the index.
        g.meters[0].period = 86;
        g.meters[0].anchor = T0;
        _install(g);
        Op memory op = _op(_call(86, abi.encode(PAYEE, 1)));
        _denies(IHallpass.Malformed.selector, _wire(g, op, 0, ALL));
        _denies(IHallpass.Malformed.selector, _wire(g, op, 0, 1));
        _denies(IHallpass.Malformed.selector, _wire(g, op, 1 << 85, ALL));
        account.execute(_wire(g, op, 1 << 86, ALL));
        account.execute(_wire(g, _op(_call(89, abi.encode(PAYEE, 1))), 1 << 89 | 1 << 86 | 1, 1));
    }

    function test_a_meter_that_is_not_there_is_the_grants_fault_or_the_senders() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        _denies(IHallpass.Malformed.selector, _wire(g, op, 1, 0));
        _denies(IHallpass.Malformed.selector, _wire(g, op, 1, 2));
        g.meters = new Meter[](0);
        _install(_salted(g));
        _denies(IHallpass.BadGrant.selector, _wire(g, op, 1, 0));
    }

    function test_memory_that_was_written_before_is_not_read_as_a_meters_counter() public {
        Grant memory g = _grant();
        // The hashing of long checks writes over where the meters' records will be.
        g.calls[NOTE] = _long();
        bytes memory conditions = bytes.concat(Encode.cond(1, 0, uint160(PAYEE)), _in(200));
        g.calls[TRANSFER].checks = Encode.checks(hex"7202601f", 2, conditions, Encode.usePath(0, 1));
        _install(g);
        for (uint256 i; i < 2; ++i) {
            _executes(g, _transfer(50));
        }
        _denies(IHallpass.MeterExceeded.selector, g, _transfer(1));
        (,,,, uint120 spent) = account.grantState(hasher.hash(g));
        assertEq(spent, 100);
        (, spent) = account.meterState(0, g.salt, 7);
        assertEq(spent, 0);
    }

    /// @dev A rule of 200 words with a signature and checks near the longest.
    function _long() private view returns (CallRule memory) {
        bytes memory types = abi.encodePacked(hex"72c8", new bytes(200));
        for (uint256 i = 2; i < 202; ++i) {
            types[i] = 0x1f;
        }
        bytes memory set = abi.encodePacked(uint8(7), Encode.path(0), uint8(255));
        for (uint256 i = 1; i < 256; ++i) {
            set = bytes.concat(set, bytes32(i));
        }
        return _rule(string(_bytes(250)), types, 3, bytes.concat(set, set, set));
    }

    /// @dev The second argument is one of 1 to `count`.
    function _in(uint8 count) private pure returns (bytes memory set) {
        set = abi.encodePacked(uint8(7), Encode.path(1), count);
        for (uint256 i = 1; i <= count; ++i) {
            set = bytes.concat(set, bytes32(i));
        }
    }

    function _salted(Grant memory g) private pure returns (Grant memory) {
        g.salt = bytes16(uint128(99));
        return g;
    }

    function _bytes(uint256 length) private pure returns (bytes memory text) {
        text = new bytes(length);
        for (uint256 i; i < length; ++i) {
            text[i] = bytes1(uint8(97 + i % 26));
        }
    }

    function _setLength(bytes memory data, uint256 length) private pure {
        assembly {
            mstore(add(data, 68), length)
        }
    }
}
