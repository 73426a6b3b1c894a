// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Nonces} from "../../src/libraries/Nonces.sol";

/// @title A sequence is accepted at most once, whatever comes between
/// @notice By induction over what is accepted: what is accepted was not dead, is dead then, and what is dead stays dead.
contract NoncesProof {
    function use(uint256 grant, uint256 sequence) external pure returns (uint256) {
        return Nonces.use(grant, sequence);
    }

    function useLane(uint256 lane, uint256 sequence) external pure returns (uint256) {
        return Nonces.useLane(lane, sequence);
    }

    function check_accepted_only_alive_and_dead_after(uint256 grant, uint32 sequence) external pure {
        uint256 next = Nonces.use(grant, sequence);
        assert(!_dead(grant, sequence));
        assert(_dead(next, sequence));
    }

    function check_what_is_dead_stays_dead(uint256 grant, uint32 sequence, uint32 other) external pure {
        uint256 next = Nonces.use(grant, sequence);
        assert(!_dead(grant, other) || _dead(next, other));
        assert(_base(next) >= _base(grant));
    }

    /// @dev Nothing else is lost but what slid out.
    function check_another_dies_only_by_sliding_out(uint256 grant, uint32 sequence, uint32 other) external pure {
        uint256 next = Nonces.use(grant, sequence);
        assert(_dead(grant, other) || !_dead(next, other) || other == sequence || other < _base(next));
        assert(_base(next) == _base(grant) || _base(next) + 63 == sequence);
    }

    function check_nothing_but_base_and_bitmap_changes(uint256 grant, uint32 sequence) external pure {
        uint256 next = Nonces.use(grant, sequence);
        assert(uint8(next) == uint8(grant) && next >> 104 == grant >> 104);
    }

    function check_denied_exactly_where_dead(uint256 grant, uint32 sequence) external view {
        try this.use(grant, sequence) returns (uint256) {
            assert(!_dead(grant, sequence));
        } catch {
            assert(_dead(grant, sequence));
        }
    }

    function check_lane_accepted_only_alive_and_dead_after(uint256 lane, uint64 sequence) external pure {
        uint256 next = Nonces.useLane(lane, sequence);
        assert(!_deadLane(lane, sequence));
        assert(_deadLane(next, sequence));
    }

    function check_lane_what_is_dead_stays_dead(uint256 lane, uint64 sequence, uint64 other) external pure {
        uint256 next = Nonces.useLane(lane, sequence);
        assert(!_deadLane(lane, other) || _deadLane(next, other));
        assert(uint64(next) >= uint64(lane));
    }

    function check_lane_another_dies_only_by_sliding_out(uint256 lane, uint64 sequence, uint64 other) external pure {
        uint256 next = Nonces.useLane(lane, sequence);
        assert(_deadLane(lane, other) || !_deadLane(next, other) || other == sequence || other < uint64(next));
    }

    function check_lane_denied_exactly_where_dead(uint256 lane, uint64 sequence) external view {
        try this.useLane(lane, sequence) returns (uint256) {
            assert(!_deadLane(lane, sequence));
        } catch {
            assert(_deadLane(lane, sequence));
        }
    }

    function _base(uint256 grant) private pure returns (uint256) {
        return uint32(grant >> 8);
    }

    /// @dev Below the base, or its bit among the 64 set.
    function _dead(uint256 grant, uint256 sequence) private pure returns (bool) {
        unchecked {
            uint256 base = uint32(grant >> 8);
            if (sequence < base) return true;
            return sequence - base < 64 && (uint64(grant >> 40) >> (sequence - base)) & 1 == 1;
        }
    }

    /// @dev The same of a lane's word and its 192.
    function _deadLane(uint256 lane, uint256 sequence) private pure returns (bool) {
        unchecked {
            uint256 base = uint64(lane);
            if (sequence < base) return true;
            return sequence - base < 192 && (uint192(lane >> 64) >> (sequence - base)) & 1 == 1;
        }
    }
}
