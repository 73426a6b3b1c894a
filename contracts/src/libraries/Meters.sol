// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Checks} from "./Checks.sol";
import {Fees} from "./Fees.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";
import {Spends} from "./Spends.sol";
import {State} from "./State.sol";
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
    /// @param types the layout's offset, 0 for empty calldata
    /// @param flat how many members the arguments have, where each is a word; else 0
    function charge(
        uint256 rule,
        uint256 types,
        uint256 flat,
        uint256 arguments,
        uint256 value,
        uint256 position
    ) internal view {
        unchecked {
            bool native = Frame.get(rule + Frame.MAX_VALUE) == 0;
            for (uint256 uses = Reader.u8(position++); uses != 0; --uses) {
                uint256 id = Reader.u16(position);
                uint256 from = Reader.u8(position + 2);
                position += 3;
                uint256 meter = _find(id);
                uint256 what = _fits(meter, from);
                uint256 amount;
                if (from == PATH) {
                    // A token's amount is an argument of its own, which `Spends` knows by its place.
                    if (what == TOKEN) {
                        Spends.check(rule, Frame.get(meter + Frame.TOKEN), Reader.u24(position) - Checks.ONE_STEP, arguments);
                    }
                    uint256 kind;
                    (kind, amount, position) = Checks.find(types, flat, arguments, position);
                    if (!Words.isUint(kind)) revert IHallpass.BadGrant();
                } else if (from == ONE) {
                    amount = 1;
                } else {
                    amount = value;
                    native = true;
                }
                _charge(meter, amount);
            }
            if (Words.either(position != Frame.get(rule + Frame.CHECKS_END), !native)) revert IHallpass.BadGrant();
        }
    }

    /// @notice Writes the counters of every used meter but the first.
    /// @return grantWord the grant's word with the first meter's counter
    function write() internal returns (uint256 grantWord) {
        unchecked {
            grantWord = Frame.get(Frame.GRANT_WORD);
            uint256 end = Frame.get(Frame.METERS_END);
            for (uint256 meter = Frame.get(Frame.RULES_END); meter < end; meter += Frame.METER_SIZE) {
                if (Frame.get(meter + Frame.USED) == 0) continue;
                uint256 counter = Frame.get(meter + Frame.WINDOW) | Frame.get(meter + Frame.SPENT) << 32;
                if (Frame.get(meter + Frame.METER_INDEX) == 0) grantWord = State.withCounter(grantWord, counter);
                else State.write(slot(Frame.get(meter + Frame.METER_ID)), counter);
            }
        }
    }

    /// @notice Where the counter of the meter `id`, which is not its grant's first, stands.
    function slot(uint256 id) internal pure returns (uint256) {
        uint256 key = State.meterKey(Frame.get(Frame.EPOCH), bytes16(bytes32(Frame.get(Frame.SALT))), id);
        return State.meterSlot(key, Frame.get(Frame.SHARED));
    }

    function _charge(uint256 meter, uint256 amount) private view {
        unchecked {
            if (Frame.get(meter + Frame.USED) == 0) _open(meter);
            uint256 spent = Frame.get(meter + Frame.SPENT);
            uint256 cap = Frame.get(meter + Frame.CAP);
            if (Words.either(amount > cap, spent > cap - amount)) revert IHallpass.MeterExceeded();
            Frame.set(meter + Frame.SPENT, spent + amount);
        }
    }

    /// @dev The record of the one opened meter `id`. Where every meter is opened, one that is missing is not in the grant.
    function _find(uint256 id) private pure returns (uint256 found) {
        unchecked {
            // Its counter is the fees', which are written without a look at any meter's.
            if (id == Fees.METER) revert IHallpass.BadGrant();
            uint256 start = Frame.get(Frame.RULES_END);
            uint256 end = Frame.get(Frame.METERS_END);
            for (uint256 meter = start; meter < end; meter += Frame.METER_SIZE) {
                if (Frame.get(meter + Frame.METER_ID) != id) continue;
                // Two meters of one id would count in two places.
                if (found != 0) revert IHallpass.BadGrant();
                found = meter;
            }
            if (found == 0) {
                if (end - start == Frame.get(Frame.METER_COUNT) * Frame.METER_SIZE) revert IHallpass.BadGrant();
                revert IHallpass.Malformed();
            }
        }
    }

    /// @dev What is metered fixes what is counted: native the value, token the path, calls one, custom the path.
    /// A kind of meter that is none has no amount that fits.
    function _fits(uint256 meter, uint256 from) private pure returns (uint256 what) {
        unchecked {
            what = Frame.get(meter + Frame.WHAT);
            uint256 fitting = (0x0301030200 >> (what << 3)) & 0xff;
            if (Words.either(from != fitting, from == 0)) revert IHallpass.BadGrant();
        }
    }

    /// @dev Assembly: without a second check of a divisor that is known not to be zero, 28 gas.
    function _divide(uint256 value, uint256 by) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := div(value, by)
        }
    }

    /// @dev Finds the operation's window, and what was spent in it before this batch.
    function _open(uint256 meter) private view {
        unchecked {
            uint256 window;
            uint256 anchor = Frame.get(meter + Frame.ANCHOR);
            if (anchor > Frame.get(Frame.NOT_BEFORE)) revert IHallpass.BadGrant();
            uint256 period = Frame.get(meter + Frame.PERIOD);
            if (period != 0) {
                if (period < MIN_PERIOD) revert IHallpass.BadGrant();
                // anchor <= notBefore <= validFrom < validUntil: nothing here goes below zero.
                window = _divide(Frame.get(Frame.VALID_FROM) - anchor, period);
                if (window > type(uint32).max) revert IHallpass.BadGrant();
                if (window != _divide(Frame.get(Frame.VALID_UNTIL) - 1 - anchor, period)) revert IHallpass.WindowCrossed();
            }
            uint256 counter = Frame.get(meter + Frame.METER_INDEX) == 0
                ? State.counter(Frame.get(Frame.GRANT_WORD))
                : State.read(slot(Frame.get(meter + Frame.METER_ID)));
            uint256 counted = uint32(counter);
            if (counted > window) revert IHallpass.WindowPast();
            Frame.set(meter + Frame.USED, 1);
            Frame.set(meter + Frame.WINDOW, window);
            Frame.set(meter + Frame.SPENT, counted == window ? counter >> 32 : 0);
        }
    }
}
