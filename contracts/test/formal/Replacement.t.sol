// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Eip712} from "../../src/libraries/Eip712.sol";
import {Grant} from "../../src/libraries/Grants.sol";
import {Replacement} from "../../src/libraries/Replacement.sol";
import {State} from "../../src/libraries/State.sol";

struct Meter {
    uint16 id;
    uint8 what;
    address token;
    uint120 cap;
    uint32 period;
    uint48 anchor;
}

/// @title A replacement's meter is one of the old grant's, with no higher cap, and goes on where it stood
contract ReplacementProof {
    /// @dev Two meters before, one after.
    function check_a_meter_is_kept_or_narrowed(Meter memory a, Meter memory b, Meter memory to, uint256 word, uint152 second)
        external
    {
        if (a.id >= b.id) return;
        uint256 kept = this.counter(_pack(a), _pack(b), _pack(to), word, second, b.id);
        if (to.id == a.id) {
            _narrower(a, to);
            assert(kept == State.counter(word));
        } else {
            assert(to.id == b.id);
            _narrower(b, to);
            assert(kept == second);
        }
    }

    /// @dev And one that is the old one, or it with a lower cap, is never refused.
    function check_a_narrower_meter_is_taken(Meter memory a, uint120 cap, uint256 word) external {
        Meter memory to = Meter(a.id, a.what, a.token, cap, a.period, a.anchor);
        try this.single(_pack(a), _pack(to), word) returns (uint256 kept) {
            assert(cap <= a.cap && kept == State.counter(word));
        } catch {
            assert(cap > a.cap);
        }
    }

    function counter(
        bytes calldata a,
        bytes calldata b,
        bytes calldata to,
        uint256 word,
        uint256 second,
        uint16 id
    ) external returns (uint256) {
        Grant memory old;
        Grant memory next;
        old.meters = keccak256(abi.encodePacked(_hash(a), _hash(b)));
        next.meters = keccak256(abi.encodePacked(_hash(to)));
        State.write(State.meterSlot(State.meterKey(0, 0, id), 0), second);
        return this.replaced(old, bytes.concat(a, b), next, to, word);
    }

    function single(bytes calldata a, bytes calldata to, uint256 word) external view returns (uint256) {
        Grant memory old;
        Grant memory next;
        old.meters = keccak256(abi.encodePacked(_hash(a)));
        next.meters = keccak256(abi.encodePacked(_hash(to)));
        return this.replaced(old, a, next, to, word);
    }

    function replaced(Grant memory old, bytes calldata a, Grant memory next, bytes calldata to, uint256 word)
        external
        view
        returns (uint256)
    {
        return Replacement.counter(old, a, next, to, word, 0);
    }

    function _narrower(Meter memory old, Meter memory to) private pure {
        assert(to.what == old.what && to.token == old.token && to.period == old.period && to.anchor == old.anchor);
        assert(to.cap <= old.cap);
    }

    function _pack(Meter memory m) private pure returns (bytes memory) {
        return abi.encodePacked(m.id, m.what, m.token, m.cap, m.period, m.anchor);
    }

    /// @dev `hashStruct(Meter)`, by the ABI's own encoder.
    function _hash(bytes calldata m) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                Eip712.METER,
                uint16(bytes2(m[:2])),
                uint8(m[2]),
                address(bytes20(m[3:23])),
                uint120(bytes15(m[23:38])),
                uint32(bytes4(m[38:42])),
                uint48(bytes6(m[42:48]))
            )
        );
    }
}
