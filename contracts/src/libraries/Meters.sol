// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Checks} from "./Checks.sol";
import {Lists} from "./Lists.sol";
import {Reader} from "./Reader.sol";
import {State} from "./State.sol";
import {CallRule, Meter, Wire} from "./Wire.sol";
import {Words} from "./Words.sol";

/// @title Caps in fixed windows
/// @notice A meter's counter is read when a batch first uses it, counted in memory over the calls, and written once after.
library Meters {
    uint256 private constant TOKEN = 2;

    uint256 private constant ONE = 1;
    uint256 private constant VALUE = 2;
    uint256 private constant PATH = 3;

    uint256 private constant MIN_PERIOD = 60;

    /// @notice Charges what the rule's uses, at `position`, ask for a call. They must end the rule's `checks`.
    function charge(
        Wire memory wire,
        CallRule memory rule,
        uint256 types,
        uint256 members,
        uint256 arguments,
        uint256 value,
        uint256 grantWord,
        uint256 position
    ) internal view {
        unchecked {
            uint256 end = rule.checksAt + rule.checksLength;
            uint256 uses = Reader.u8(position);
            if (uses == 0) {
                if (position + 1 != end || rule.maxValue != 0) revert IHallpass.BadGrant();
                return;
            }
            if (uses != 1) revert IHallpass.NotYetSupported();
            uint256 id = Reader.u16(position + 1);
            uint256 from = Reader.u8(position + 3);
            position += 4;
            uint256 amount;
            if (from == ONE) {
                amount = 1;
            } else if (from == VALUE) {
                amount = value;
            } else if (from == PATH) {
                uint256 kind;
                (kind, amount, position) = Checks.step(types, members, arguments, position);
                if (!Words.isUint(kind)) revert IHallpass.BadGrant();
            } else {
                revert IHallpass.BadGrant();
            }
            if (position != end) revert IHallpass.BadGrant();
            if (from != VALUE && rule.maxValue != 0) revert IHallpass.BadGrant();

            Meter memory meter = wire.meters[_find(wire, id)];
            _fits(meter, from, rule.target);
            if (!meter.used) _open(wire, meter, grantWord);
            uint256 spent = meter.spent;
            uint256 cap = meter.cap;
            if (amount > cap) revert IHallpass.MeterExceeded();
            if (spent > cap - amount) revert IHallpass.MeterExceeded();
            meter.spent = spent + amount;
        }
    }

    /// @notice Writes the counters of every used meter but the first.
    /// @return the grant word with the first meter's counter
    function write(Wire memory wire, uint256 grantWord) internal returns (uint256) {
        unchecked {
            Meter[] memory meters = wire.meters;
            uint256 count = meters.length;
            for (uint256 i; i < count; ++i) {
                Meter memory meter = meters[i];
                if (!meter.used) continue;
                uint256 counter = meter.window | meter.spent << 32;
                if (meter.index == 0) grantWord = State.withCounter(grantWord, counter);
                else State.load().meters[State.meterKey(wire.grant.epoch, wire.grant.salt, meter.id)] = counter;
            }
            return grantWord;
        }
    }

    /// @dev The place of the one opened meter `id`. With every meter opened, one that is missing is not in the grant either.
    function _find(Wire memory wire, uint256 id) private pure returns (uint256 place) {
        unchecked {
            uint256 found;
            (place, found) = Lists.find(Lists.pointer(wire.meters), Lists.METER_ID, id);
            if (found == 1) return place;
            // Two meters of one id would count in two places.
            if (found != 0 || wire.meters.length == wire.meterCount) revert IHallpass.BadGrant();
            revert IHallpass.Malformed();
        }
    }

    /// @dev What is metered fixes what is counted: native the value, token the path, calls one, custom the path.
    /// A kind of meter that is none has no amount that fits.
    function _fits(Meter memory meter, uint256 from, address target) private pure {
        uint256 what = meter.what;
        uint256 fitting = (0x0301030200 >> (what << 3)) & 0xff;
        if (from != fitting) revert IHallpass.BadGrant();
        if (what == TOKEN && meter.token != target) revert IHallpass.BadGrant();
    }

    /// @dev Assembly: without a second check of a divisor that is known not to be zero, 28 gas.
    function _divide(uint256 value, uint256 by) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := div(value, by)
        }
    }

    /// @dev Finds the operation's window, and what was spent in it before this batch.
    function _open(Wire memory wire, Meter memory meter, uint256 grantWord) private view {
        unchecked {
            uint256 window;
            uint256 anchor = meter.anchor;
            if (anchor > wire.grant.notBefore) revert IHallpass.BadGrant();
            uint256 period = meter.period;
            if (period != 0) {
                if (period < MIN_PERIOD) revert IHallpass.BadGrant();
                // anchor <= notBefore <= validFrom < validUntil: nothing here goes below zero.
                window = _divide(wire.op.validFrom - anchor, period);
                if (window != _divide(wire.op.validUntil - 1 - anchor, period)) revert IHallpass.WindowCrossed();
                if (window > type(uint32).max) revert IHallpass.BadGrant();
            }
            uint256 counter = meter.index == 0
                ? State.counter(grantWord)
                : State.load().meters[State.meterKey(wire.grant.epoch, wire.grant.salt, meter.id)];
            uint256 counted = uint32(counter);
            if (counted > window) revert IHallpass.WindowPast();
            meter.used = true;
            meter.window = window;
            meter.spent = counted == window ? counter >> 32 : 0;
        }
    }
}
