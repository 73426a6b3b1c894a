// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Guardians} from "../../src/libraries/Guardians.sol";
import {State} from "../../src/libraries/State.sol";

/// @title A part of a word changes alone, and no two things share a place
contract PackingProof {
    function check_the_counter_changes_alone(uint256 grant, uint152 counter) external pure {
        uint256 next = State.withCounter(grant, counter);
        assert(State.counter(next) == counter);
        assert(uint104(next) == uint104(grant));
    }

    function check_installed(uint32 base) external pure {
        (uint8 status, uint32 base_, uint64 used, uint32 window, uint120 spent) =
            State.grantView(State.installed(base));
        assert(status == State.ACTIVE && base_ == base && used == 0 && window == 0 && spent == 0);
    }

    function check_ended_keeps_the_rest(uint256 grant) external pure {
        uint256 next = State.ended(grant);
        assert(State.status(next) == State.ENDED);
        assert(next >> 8 == grant >> 8);
    }

    function check_the_view_is_the_word(uint256 grant) external pure {
        (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent) = State.grantView(grant);
        uint256 counter = uint256(window) | uint256(spent) << 32;
        assert(grant == (uint256(status) | uint256(base) << 8 | uint256(used) << 40 | counter << 104));
        assert(State.status(grant) == status && State.counter(grant) == counter);
    }

    function check_no_two_meters_share_a_key(uint64 e, bytes16 s, uint16 i, uint64 e2, bytes16 s2, uint16 i2)
        external
        pure
    {
        bool same = e == e2 && s == s2 && i == i2;
        assert(same == (State.meterKey(e, s, i) == State.meterKey(e2, s2, i2)));
    }

    function check_no_two_salts_share_a_bit(uint64 e, bytes16 s, uint64 e2, bytes16 s2) external pure {
        (uint256 key, uint256 bit) = State.saltBit(e, s);
        (uint256 key2, uint256 bit2) = State.saltBit(e2, s2);
        assert(bit != 0 && bit & (bit - 1) == 0);
        assert((e == e2 && s == s2) == (key == key2 && bit == bit2));
    }

    function check_guardians_change_alone(uint256 account, uint160 set) external pure {
        uint256 next = Guardians.withSet(account, set);
        assert(Guardians.set(next) == set);
        assert(uint96(next) == uint96(account));
    }

    function check_freezing_sets_its_bit_alone(uint256 account) external pure {
        assert(Guardians.frozen(account) == account | State.FROZEN);
    }

    function check_unfreezing_clears_its_bit_and_counts(uint256 account) external pure {
        uint256 next = Guardians.unfrozen(account);
        assert(next & State.FROZEN == 0);
        unchecked {
            assert(Guardians.count(next) == uint24(Guardians.count(account) + 1));
        }
        assert(Guardians.set(next) == Guardians.set(account));
        assert(uint64(next) == uint64(account));
        assert(uint8(next >> 64) & 0xfe == uint8(account >> 64) & 0xfe);
    }

    /// @dev Three guardians: whatever is taken as a set ascends from above zero, and its threshold can be met.
    function check_a_set_ascends(uint8 threshold, address a, address b, address c) external view {
        address[] memory list = new address[](3);
        (list[0], list[1], list[2]) = (a, b, c);
        try this.id(threshold, list) returns (uint160) {
            assert(address(0) < a && a < b && b < c && threshold >= 1 && threshold <= 3);
        } catch {
            assert(address(0) >= a || a >= b || b >= c || threshold < 1 || threshold > 3);
        }
    }

    function id(uint8 threshold, address[] calldata guardians) external pure returns (uint160) {
        return Guardians.id(threshold, guardians);
    }
}
