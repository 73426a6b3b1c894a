// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Bounds} from "../../src/libraries/Bounds.sol";
import {Frame} from "../../src/libraries/Frame.sol";

interface Warp {
    function warp(uint256 time) external;
}

/// @dev What the frame holds of a grant and of an operation when its bounds are judged.
struct Timed {
    uint64 chainId;
    uint48 notBefore;
    uint48 notAfter;
    uint48 validFrom;
    uint48 validUntil;
    uint64 firstSeq;
    uint64 endSeq;
    uint8 routes;
    uint192 lane;
    uint64 sequence;
    address granted;
    address signed;
}

/// @title An operation is judged inside its own time, its grant's, and its grant's sequences; nowhere else
contract TimeProof {
    Warp private constant VM = Warp(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev The direct route, without a fee: allowed exactly where all of this holds.
    function check_direct(Timed memory m, uint48 time, bool empty) external {
        VM.warp(time);
        bool right = m.chainId == block.chainid && m.routes & 1 == 1 && m.notBefore <= time && time < m.notAfter
            && m.validFrom <= time && time < m.validUntil && m.validUntil - m.validFrom <= 600
            && m.notBefore <= m.validFrom && m.validUntil <= m.notAfter && !empty && m.firstSeq <= m.sequence
            && m.sequence < m.endSeq && m.sequence < 2 ** 32;
        // Bounded numbers are counted in one lane.
        if (m.lane != 0) right = right && m.firstSeq == 0 && m.endSeq == 2 ** 32;
        // No relayer is listed: the grant's own, or any that the operation names.
        if (m.granted != address(0)) right = right && m.signed == m.granted;
        if (m.signed != address(0)) right = right && m.signed == address(this);
        try this.direct(m, empty) {
            assert(right);
        } catch {
            assert(!right);
        }
    }

    /// @dev An EntryPoint's: no clock is read, and each second that it admits (0.8 excludes the lower bound that it is given,
    /// 0.7 does not, and 0 is none for the upper) is one of the grant's.
    function check_user_operation(Timed memory m, uint48 time) external {
        try this.userOp(m, 4) {
            assert(m.chainId == block.chainid && m.routes & 4 == 4);
            assert(m.validFrom < m.validUntil && m.validUntil - m.validFrom <= 600);
            assert(m.notBefore <= m.validFrom && m.validUntil <= m.notAfter);
            assert(m.granted == address(0) && m.signed == address(0));
            uint256 last = m.validUntil - 1;
            assert(last != 0);
            uint256 before = m.validFrom == 0 ? 0 : m.validFrom - 1;
            if (time > before && time <= last) assert(m.notBefore <= time && time < m.notAfter);
        } catch {}
    }

    function direct(Timed calldata m, bool empty) external view {
        _frame(m);
        Bounds.direct(empty);
    }

    function userOp(Timed calldata m, uint256 routes) external view {
        _frame(m);
        Bounds.userOp(routes);
    }

    function _frame(Timed calldata m) private pure {
        Frame.open();
        Frame.set(Frame.CHAIN_ID, m.chainId);
        Frame.set(Frame.NOT_BEFORE, m.notBefore);
        Frame.set(Frame.NOT_AFTER, m.notAfter);
        Frame.set(Frame.VALID_FROM, m.validFrom);
        Frame.set(Frame.VALID_UNTIL, m.validUntil);
        Frame.set(Frame.FIRST_SEQ, m.firstSeq);
        Frame.set(Frame.END_SEQ, m.endSeq);
        Frame.set(Frame.ROUTES, m.routes);
        Frame.set(Frame.NONCE, uint256(m.lane) << 64 | m.sequence);
        Frame.set(Frame.RELAYER, uint160(m.granted));
        Frame.set(Frame.OP_RELAYER, uint160(m.signed));
    }
}
