// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Frame} from "./Frame.sol";
import {Meters} from "./Meters.sol";
import {State} from "./State.sol";

/// @title What an operation may cost the account beside its calls
/// @notice Fees are a lifetime meter of their own, and count on no other.
library Fees {
    uint256 internal constant METER = 65535;

    /// @notice Charges `fee`, in the grant's fee token. One of 0 costs nothing; any other asks for an opened rest.
    function judge(uint256 fee) internal view {
        if (fee == 0) return;
        if (Frame.get(Frame.REST_OPEN) == 0) revert IHallpass.Malformed();
        if (fee > Frame.get(Frame.FEE_PER_OP)) revert IHallpass.FeeOverCap();
        unchecked {
            // Both are below 2^120: the fee by its bound, what was spent by the cap.
            uint256 spent = (State.read(Meters.slot(METER)) >> 32) + fee;
            if (spent > Frame.get(Frame.FEE_CAP)) revert IHallpass.FeeOverCap();
            Frame.set(Frame.FEES, spent);
        }
    }

    /// @notice Writes what `judge` has charged.
    function write(uint256 fee) internal {
        if (fee != 0) State.write(Meters.slot(METER), Frame.get(Frame.FEES) << 32);
    }
}
