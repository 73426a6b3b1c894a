// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fees} from "../../src/libraries/Fees.sol";
import {Frame} from "../../src/libraries/Frame.sol";
import {Meters} from "../../src/libraries/Meters.sol";
import {Reader} from "../../src/libraries/Reader.sol";
import {State} from "../../src/libraries/State.sol";

/// @dev A native meter and an operation, as the frame holds them when calls are judged.
struct Charged {
    uint120 cap;
    uint32 period;
    uint48 anchor;
    uint48 notBefore;
    uint48 validFrom;
    uint48 validUntil;
}

/// @title No window's spend is ever above its cap, and no sum wraps
/// @notice The frame is filled by hand; charging and writing are the shipped ones. `uses` is one use of the meter 7 by value.
contract MetersProof {
    uint256 private constant FIRST = 0;
    uint256 private constant SECOND = 1;

    /// @dev The first meter: its counter stands in the grant's word.
    function check_a_first_meter_never_passes_its_cap(Charged memory m, uint256 grant, uint256 amount) external {
        _judged(m);
        uint256 next = this.first(hex"01000702", m, grant, amount, 0, false);
        _holds(m, State.counter(grant), State.counter(next), amount);
        assert(uint104(next) == uint104(grant));
    }

    /// @dev Any other: a word of its own, with what two calls of a batch ask for.
    function check_another_meter_counts_a_batch(Charged memory m, uint152 counter, uint256 a, uint256 b) external {
        _judged(m);
        uint256 next = this.second(hex"01000702", m, counter, a, b);
        assert(a <= m.cap && b <= m.cap);
        _holds(m, counter, next, a + b);
    }

    function check_a_batch_counts_its_sum(Charged memory m, uint256 grant, uint256 a, uint256 b) external {
        _judged(m);
        uint256 next = this.first(hex"01000702", m, grant, a, b, true);
        assert(a <= m.cap && b <= m.cap);
        _holds(m, State.counter(grant), State.counter(next), a + b);
    }

    /// @dev Denied exactly where one of these holds, and for nothing else.
    function check_denied_only_for_a_reason(Charged memory m, uint256 grant, uint256 amount) external {
        _judged(m);
        uint256 counter = State.counter(grant);
        bool fits;
        if (m.anchor <= m.notBefore && (m.period == 0 || m.period >= 60)) {
            uint256 window = m.period == 0 ? 0 : uint256(m.validFrom - m.anchor) / m.period;
            uint256 last = m.period == 0 ? 0 : uint256(m.validUntil - 1 - m.anchor) / m.period;
            uint256 spent = uint32(counter) == window ? counter >> 32 : 0;
            fits = window <= type(uint32).max && window == last && uint32(counter) <= window && amount <= m.cap
                && spent <= m.cap && spent + amount <= m.cap;
        }
        try this.first(hex"01000702", m, grant, amount, 0, false) returns (uint256) {
            assert(fits);
        } catch {
            assert(!fits);
        }
    }

    /// @dev A window holds the whole life of the operation. The period is a power of two, whose quotients a solver can take apart;
    /// that the window is the quotient for any period is what `_holds` says.
    function check_a_window_holds_the_operation(Charged memory m, uint256 grant, uint256 amount) external {
        _judged(m);
        m.period = 65536;
        uint256 window = uint32(State.counter(this.first(hex"01000702", m, grant, amount, 0, false)));
        assert(m.anchor + window * 65536 <= m.validFrom);
        assert(m.validUntil <= m.anchor + (window + 1) * 65536);
    }

    function check_fees_never_pass_their_cap(uint120 before, uint120 perOp, uint120 cap, uint256 fee) external {
        uint256 next = this.fees(before, perOp, cap, fee);
        if (fee == 0) {
            assert(next >> 32 == before);
        } else {
            assert(fee <= perOp && next >> 32 == uint256(before) + fee && next >> 32 <= cap);
        }
    }

    function first(bytes calldata uses, Charged calldata m, uint256 grant, uint256 a, uint256 b, bool twice)
        external
        returns (uint256)
    {
        uint256 rule = _frame(m, FIRST, uses.length);
        (uint256 begin, uint256 end) = Reader.bounds(uses);
        Frame.set(rule + Frame.CHECKS_END, end);
        Frame.set(Frame.GRANT_WORD, grant);
        Meters.charge(rule, 0, 0, 0, a, begin);
        if (twice) Meters.charge(rule, 0, 0, 0, b, begin);
        return Meters.write();
    }

    function second(bytes calldata uses, Charged calldata m, uint256 counter, uint256 a, uint256 b)
        external
        returns (uint256)
    {
        uint256 rule = _frame(m, SECOND, uses.length);
        (uint256 begin, uint256 end) = Reader.bounds(uses);
        Frame.set(rule + Frame.CHECKS_END, end);
        State.write(Meters.slot(7), counter);
        Meters.charge(rule, 0, 0, 0, a, begin);
        Meters.charge(rule, 0, 0, 0, b, begin);
        assert(Meters.write() == 0);
        return State.read(Meters.slot(7));
    }

    function fees(uint120 before, uint120 perOp, uint120 cap, uint256 fee) external returns (uint256) {
        Frame.open();
        Frame.set(Frame.REST_OPEN, 1);
        Frame.set(Frame.FEE_PER_OP, perOp);
        Frame.set(Frame.FEE_CAP, cap);
        uint256 slot = Meters.slot(Fees.METER);
        // What any write has left: a lifetime meter, below 2^120.
        State.write(slot, uint256(before) << 32);
        Fees.judge(fee);
        Fees.write(fee);
        return State.read(slot);
    }

    /// @dev What `Bounds` has required before.
    function _judged(Charged memory m) private pure {
        if (m.notBefore > m.validFrom || m.validFrom >= m.validUntil) revert();
    }

    function _holds(Charged memory m, uint256 counter, uint256 next, uint256 amount) private pure {
        assert(m.anchor <= m.notBefore);
        uint256 window = m.period == 0 ? 0 : uint256(m.validFrom - m.anchor) / m.period;
        uint256 spent = uint32(counter) == window ? counter >> 32 : 0;
        assert(uint32(counter) <= window && uint32(next) == window);
        assert(next >> 32 == spent + amount);
        assert(next >> 32 <= m.cap);
    }

    function _frame(Charged calldata m, uint256 index, uint256) private pure returns (uint256 rule) {
        Frame.open();
        rule = Frame.RULES;
        uint256 meter = rule + Frame.RULE_SIZE;
        Frame.extend(meter + Frame.METER_SIZE);
        Frame.set(Frame.NOT_BEFORE, m.notBefore);
        Frame.set(Frame.VALID_FROM, m.validFrom);
        Frame.set(Frame.VALID_UNTIL, m.validUntil);
        Frame.set(Frame.RULES_END, meter);
        Frame.set(Frame.METERS_END, meter + Frame.METER_SIZE);
        Frame.set(rule + Frame.MAX_VALUE, type(uint256).max);
        Frame.set(meter + Frame.METER_ID, 7);
        Frame.set(meter + Frame.WHAT, 1);
        Frame.set(meter + Frame.CAP, m.cap);
        Frame.set(meter + Frame.PERIOD, m.period);
        Frame.set(meter + Frame.ANCHOR, m.anchor);
        Frame.set(meter + Frame.METER_INDEX, index);
    }
}
