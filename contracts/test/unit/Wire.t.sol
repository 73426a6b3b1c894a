// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract WireTest is Fixture {
    function test_any_byte_more_or_less_is_malformed() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)));
        _denies(IHallpass.Malformed.selector, bytes.concat(wire, hex"00"));
        for (uint256 length = wire.length; length > 0;) {
            --length;
            assembly {
                mstore(wire, length)
            }
            // What follows in the calldata is padding: were it read, the walk would still not stop here.
            _denies(IHallpass.Malformed.selector, wire);
        }
    }

    function testFuzz_any_bit_flipped_is_denied(uint256 bit) public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)), 1 << TRANSFER, 1);
        bit %= wire.length * 8;
        wire[bit / 8] ^= bytes1(uint8(1 << bit % 8));
        vm.expectRevert();
        account.execute(wire);
    }

    function test_whatever_subset_is_opened_the_grant_is_the_same() public {
        Grant memory g = _installed();
        for (uint256 opened; opened < 64; ++opened) {
            bytes memory wire = _wire(g, _op(_transfer(1)), opened, opened >> 2);
            bool enough = opened & 1 == 1 && opened >> 2 & 1 == 1;
            if (!enough) vm.expectRevert(IHallpass.Malformed.selector);
            account.execute(wire);
        }
    }

    function test_opened_indices_ascend_once_each_below_the_count() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        bytes memory header = Encode.header(g, op, address(this), hasher.hashRest(g.rest));
        bytes memory meters = Encode.meters(hasher, g.meters, ALL);
        bytes memory tail = bytes.concat(Encode.op_(op), new bytes(64), hex"1b");
        bytes memory r0 = Encode.rule(0, g.calls[0]);
        bytes memory r1 = Encode.rule(1, g.calls[1]);
        bytes memory r6 = Encode.rule(6, g.calls[1]);
        bytes memory hashes;
        for (uint256 i = 2; i < 6; ++i) {
            hashes = bytes.concat(hashes, hasher.hashCall(g.calls[i]));
        }
        bytes[3] memory wrong = [bytes.concat(r1, r0), bytes.concat(r0, r0), bytes.concat(r0, r6)];
        for (uint256 i; i < 3; ++i) {
            bytes memory rules = bytes.concat(hex"000602", wrong[i], hashes);
            _denies(IHallpass.Malformed.selector, bytes.concat(header, rules, meters, tail));
            // With so many hashes that the walk ends where it should, the opened one is still never met.
            rules = bytes.concat(hex"000602", wrong[i], hashes, bytes32(0));
            _denies(IHallpass.Malformed.selector, bytes.concat(header, rules, meters, tail));
            rules = bytes.concat(hex"000602", wrong[i], hashes, bytes32(0), bytes32(0));
            _denies(IHallpass.Malformed.selector, bytes.concat(header, rules, meters, tail));
        }
        bytes memory right = bytes.concat(hex"000602", r0, r1, hashes);
        _denies(IHallpass.BadSignature.selector, bytes.concat(header, right, meters, tail));
    }

    function test_opened_meters_ascend_by_id_too() public {
        Grant memory g = _grant();
        g.meters[1].id = 0;
        _install(g);
        _denies(IHallpass.BadGrant.selector, g, _transfer(1));
    }

    function test_minimal_integers_have_one_form() public {
        Grant memory g = _installed();
        Op memory op = _op(bytes.concat(hex"0002", bytes4(0), hex"0100", hex"000000"));
        _denies(IHallpass.Malformed.selector, _wire(g, op));
        op.calls = bytes.concat(hex"0002", bytes4(0), hex"020001", hex"000000");
        _denies(IHallpass.Malformed.selector, _wire(g, op));
        op.calls = bytes.concat(hex"0002", bytes4(0), hex"21", new bytes(33), hex"000000");
        _denies(IHallpass.Malformed.selector, _wire(g, op));
        op.calls = bytes.concat(hex"0002", bytes4(0), hex"0101", hex"000000");
        account.execute(_wire(g, op));
    }

    function test_calls_end_exactly() public {
        Grant memory g = _installed();
        _denies(IHallpass.Malformed.selector, g, bytes.concat(_transfer(1), hex"00"));
        bytes memory short = _transfer(1);
        assembly {
            mstore(short, sub(mload(short), 1))
        }
        _denies(IHallpass.Malformed.selector, g, short);
        // A length that reaches into the signature.
        _denies(IHallpass.Malformed.selector, g, bytes.concat(hex"000200000000", hex"00", hex"000041"));
    }

    function test_a_relayer_is_written_in_one_of_three_ways() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        bytes memory wire = _wire(g, op);
        for (uint256 how = 3; how < 16; ++how) {
            wire[0x21 + 20 + 29] = bytes1(uint8(how));
            _denies(IHallpass.Malformed.selector, wire);
            wire[0x21 + 20 + 29] = bytes1(uint8(how << 4));
            _denies(IHallpass.Malformed.selector, wire);
        }
    }

    /// @dev Each kind's signature has a length of its own, which the wire's 65 bytes are for two of them.
    function test_a_kind_of_key_is_one_that_is_known() public {
        Grant memory g = _grant();
        for (uint8 kind; kind < 6; ++kind) {
            g.keyKind = kind;
            g.key = new bytes(kind == 4 ? 32 : 64);
            _denies(kind == 4 ? IHallpass.GrantUnknown.selector : IHallpass.Malformed.selector, g, _transfer(1));
        }
    }

    function test_the_session_keys_signature_is_canonical_and_of_this_operation() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        bytes memory open = _unsigned(g, op, ALL, ALL);
        bytes32 digest = _digest(address(account), _opHash(g, op));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SESSION_KEY, digest);
        bytes32 high = bytes32(ORDER - uint256(s));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, r, high, bytes1(v ^ 7)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, r, high, bytes1(v)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, r, s, bytes1(v - 27)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, r, s, bytes1(v ^ 7)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, bytes32(0), s, bytes1(v)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, r, bytes32(0), bytes1(v)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, _sign(OWNER_KEY, digest)));
        bytes memory other = _sign(SESSION_KEY, _digest(address(backend), _opHash(g, op)));
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, other));
        account.execute(bytes.concat(open, r, s, bytes1(v)));
    }

    function test_a_zero_key_is_nobodys() public {
        Grant memory g = _grant();
        g.key = new bytes(20);
        _install(g);
        bytes memory open = _unsigned(g, _op(_transfer(1)), ALL, ALL);
        _denies(IHallpass.BadSignature.selector, bytes.concat(open, new bytes(64), hex"1b"));
    }
}
