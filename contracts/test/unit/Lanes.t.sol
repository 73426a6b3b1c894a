// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

/// @notice Lanes other than 0: each a window of 192 sequences of its own, all under the one grant and its meters.
contract LanesTest is Fixture {
    uint192 private constant LAST = type(uint192).max;

    /// @dev The fixture's grant with every sequence there is.
    function _unbounded() private view returns (Grant memory g) {
        g = _grant();
        g.firstSeq = 0;
    }

    function _open() private returns (Grant memory g) {
        g = _unbounded();
        _install(g);
    }

    function test_a_sequence_of_a_lane_executes_once_in_any_order() public {
        Grant memory g = _open();
        uint64[5] memory sequences = [uint64(7), 3, 191, 1, 190];
        for (uint256 i; i < 5; ++i) {
            bytes memory wire = _wire(g, _lane(9, sequences[i], _transfer(1)));
            account.execute(wire);
            _denies(IHallpass.NonceUsed.selector, wire);
            // Nor as another operation.
            _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(9, sequences[i], _transfer(2))));
        }
        (uint64 base, uint192 used) = account.laneState(hasher.hash(g), 9);
        assertEq(base, 0);
        assertEq(used, 1 << 7 | 1 << 3 | uint192(1) << 191 | 1 << 1 | uint192(1) << 190);
    }

    function test_a_window_of_192_moves_up_and_what_falls_out_is_dead() public {
        Grant memory g = _open();
        account.execute(_wire(g, _lane(1, 5, _transfer(1))));
        account.execute(_wire(g, _lane(1, 100, _transfer(1))));
        account.execute(_wire(g, _lane(1, 192, _transfer(1))));
        (uint64 base,) = account.laneState(hasher.hash(g), 1);
        assertEq(base, 1);
        account.execute(_wire(g, _lane(1, 197, _transfer(1))));
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(1, 5, _transfer(1))));
        account.execute(_wire(g, _lane(1, 6, _transfer(1))));
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(1, 6, _transfer(1))));
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(1, 100, _transfer(1))));
        // To the very end, by more than a word's bits.
        account.execute(_wire(g, _lane(1, type(uint32).max, _transfer(1))));
        (uint64 last, uint192 used) = account.laneState(hasher.hash(g), 1);
        assertEq(last, type(uint32).max - 191);
        assertEq(used, uint192(1) << 191);
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(1, type(uint32).max, _transfer(1))));
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(1, type(uint32).max - 192, _transfer(1))));
        account.execute(_wire(g, _lane(1, type(uint32).max - 191, _transfer(1))));
    }

    function test_lanes_do_not_touch_each_other() public {
        Grant memory g = _open();
        uint192[4] memory lanes = [uint192(0), 1, 2, LAST];
        for (uint256 i; i < 4; ++i) {
            account.execute(_wire(g, _lane(lanes[i], 1, _transfer(1))));
        }
        // Lane 0 far ahead leaves the others where they are, and they leave it.
        account.execute(_wire(g, _lane(0, 1000, _transfer(1))));
        for (uint256 i = 1; i < 4; ++i) {
            account.execute(_wire(g, _lane(lanes[i], 2, _transfer(1))));
        }
        account.execute(_wire(g, _lane(LAST, 5000, _transfer(1))));
        account.execute(_wire(g, _lane(0, 999, _transfer(1))));
        (, uint32 base,,,) = account.grantState(hasher.hash(g));
        assertEq(base, 1000 - 63);
        (uint64 laneBase, uint192 used) = account.laneState(hasher.hash(g), 0);
        assertEq(uint256(laneBase) + used, 0);
    }

    function test_a_signature_is_for_one_lane() public {
        Grant memory g = _open();
        Op memory op = _lane(1, 1, _transfer(1));
        bytes memory signature = _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)));
        op.nonce = 2 << 64 | 1;
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(g, op, ALL, ALL), signature));
        op.nonce = 1;
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(g, op, ALL, ALL), signature));
    }

    function test_another_grant_s_lane_of_the_number_is_another() public {
        Grant memory g = _open();
        account.execute(_wire(g, _lane(7, 300, _transfer(1))));
        Grant memory other = _unbounded();
        other.salt = bytes16(uint128(77));
        _install(other);
        account.execute(_wire(other, _lane(7, 1, _transfer(1))));
        _denies(IHallpass.NonceUsed.selector, _wire(g, _lane(7, 1, _transfer(1))));
    }

    /// @dev Another lane would count the same numbers once more.
    function test_bounded_sequences_are_of_lane_0_alone() public {
        Grant memory g = _grant();
        (g.firstSeq, g.endSeq) = (10, 20);
        _install(g);
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, _lane(0, 9, _transfer(1))));
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, _lane(0, 20, _transfer(1))));
        for (uint64 sequence = 9; sequence <= 20; ++sequence) {
            _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, _lane(1, sequence, _transfer(1))));
            _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, _lane(LAST, sequence, _transfer(1))));
        }
        account.execute(_wire(g, _lane(0, 10, _transfer(1))));
        account.execute(_wire(g, _lane(0, 19, _transfer(1))));
    }

    function test_one_bound_is_enough() public {
        Grant memory above = _grant();
        above.firstSeq = 1;
        _install(above);
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(above, _lane(1, 1, _transfer(1))));
        Grant memory below = _grant();
        (below.salt, below.firstSeq, below.endSeq) = (bytes16(uint128(0x77)), 0, (1 << 32) - 1);
        _install(below);
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(below, _lane(1, 1, _transfer(1))));
    }

    function test_sequences_of_every_lane_are_below_2_to_the_32() public {
        Grant memory g = _open();
        for (uint192 lane = 0; lane < 2; ++lane) {
            _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, _lane(lane, uint64(1 << 32) + 10, _transfer(1))));
        }
    }

    function test_no_number_of_lanes_spends_more() public {
        Grant memory g = _open();
        for (uint192 lane = 0; lane < 10; ++lane) {
            account.execute(_wire(g, _lane(lane, 1, _transfer(10))));
        }
        for (uint192 lane = 0; lane < 12; ++lane) {
            _denies(IHallpass.MeterExceeded.selector, _wire(g, _lane(lane, 2, _transfer(1))));
        }
        // What was denied used nothing up.
        account.execute(_wire(g, _lane(3, 2, _transfer(0))));
    }

    function test_a_lane_is_used_up_before_the_first_call() public {
        Grant memory g = _open();
        bytes memory wire = _wire(g, _lane(4, 1, bytes.concat(_move(), _transfer(1))));
        probe.callBack(address(account), abi.encodeCall(IHallpass.execute, (wire)));
        account.execute(wire);
        assert(probe.backFailed());
        assertEq(bytes32(probe.backReason()), bytes32(IHallpass.NonceUsed.selector));
        assertEq(token.balanceOf(PAYEE), 1);
    }

    function test_an_end_ends_every_lane() public {
        Grant memory g = _open();
        bytes32 id = hasher.hash(g);
        account.execute(_wire(g, _lane(4, 1, _transfer(1))));
        vm.prank(address(account));
        account.end(id, "");
        _denies(IHallpass.GrantEnded.selector, _wire(g, _lane(4, 2, _transfer(1))));
        _denies(IHallpass.GrantEnded.selector, _wire(g, _lane(5, 1, _transfer(1))));
    }

    /// @dev Any row of sequences against a naive model: each at most once, none below the highest less 191.
    function testFuzz_a_lane_is_a_set_with_a_moving_floor(uint16[12] memory sequences, uint192 lane) public {
        Grant memory g = _grant();
        g.firstSeq = 0;
        _install(g);
        if (lane == 0) lane = 1;
        uint256 highest;
        bool[] memory used = new bool[](1024);
        for (uint256 i; i < 12; ++i) {
            uint64 sequence = sequences[i] % 1024;
            Op memory op = _lane(lane, sequence, _transfer(0));
            if (used[sequence] || sequence + 191 < highest) {
                _denies(IHallpass.NonceUsed.selector, _wire(g, op));
                continue;
            }
            account.execute(_wire(g, op));
            used[sequence] = true;
            if (sequence > highest) highest = sequence;
        }
    }

    function _lane(uint192 lane, uint64 sequence_, bytes memory calls) private returns (Op memory op) {
        op = _op(calls);
        op.nonce = uint256(lane) << 64 | sequence_;
    }
}
