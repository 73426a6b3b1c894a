// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Arguments, Checks} from "./Checks.sol";
import {Reader} from "./Reader.sol";
import {State} from "./State.sol";
import {CallRule, Meter, Wire} from "./Wire.sol";
import {Words} from "./Words.sol";

/// @title Caps in fixed windows
/// @notice A meter's counter is read when a batch first uses it, counted in memory over the calls, and written once after.
library Meters {
    uint256 private constant NATIVE = 1;
    uint256 private constant TOKEN = 2;
    uint256 private constant CALLS = 3;
    uint256 private constant CUSTOM = 4;

    uint256 private constant ONE = 1;
    uint256 private constant VALUE = 2;
    uint256 private constant PATH = 3;

    uint256 private constant MIN_PERIOD = 60;

    /// @notice Charges what the rule's uses, at `position`, ask for a call. They must end the rule's `checks`.
    function charge(
        Wire memory wire,
        CallRule memory rule,
        Arguments memory args,
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
                (kind, amount, position) = Checks.step(args, position);
                if (!Words.isUint(kind)) revert IHallpass.BadGrant();
            } else {
                revert IHallpass.BadGrant();
            }
            if (position != end || (rule.maxValue != 0 && from != VALUE)) revert IHallpass.BadGrant();

            Meter memory meter = wire.meters[_find(wire, id)];
            _fits(meter, from, rule.target);
            if (!meter.used) _open(wire, meter, grantWord);
            uint256 spent = meter.spent;
            if (amount > meter.cap || spent > meter.cap - amount) revert IHallpass.MeterExceeded();
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
            Meter[] memory meters = wire.meters;
            uint256 count = meters.length;
            bool found;
            for (uint256 i; i < count; ++i) {
                if (meters[i].id != id) continue;
                // Two meters of one id would count in two places.
                if (found) revert IHallpass.BadGrant();
                (found, place) = (true, i);
            }
            if (found) return place;
            if (count == wire.meterCount) revert IHallpass.BadGrant();
            revert IHallpass.Malformed();
        }
    }

    /// @dev What is metered fixes what is counted.
    function _fits(Meter memory meter, uint256 from, address target) private pure {
        uint256 what = meter.what;
        bool fits;
        if (what == TOKEN) fits = from == PATH && meter.token == target;
        else if (what == NATIVE) fits = from == VALUE;
        else if (what == CALLS) fits = from == ONE;
        else if (what == CUSTOM) fits = from == PATH;
        if (!fits) revert IHallpass.BadGrant();
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
                window = (wire.op.validFrom - anchor) / period;
                if (window != (wire.op.validUntil - 1 - anchor) / period) revert IHallpass.WindowCrossed();
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
