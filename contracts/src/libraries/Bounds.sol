// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Fees} from "./Fees.sol";
import {Frame} from "./Frame.sol";
import {Rest} from "./Rest.sol";
import {Words} from "./Words.sol";

/// @title All that can be denied before the grant's state is read
library Bounds {
    uint256 private constant DIRECT = 1;
    uint256 private constant MAX_LIFE = 600;

    /// @dev Sequences of every lane are below it.
    uint256 internal constant SEQUENCES = 1 << 32;

    /// @notice Judges an operation on the direct route.
    /// @param empty whether it has no call
    function direct(bool empty) internal view {
        if (Frame.get(Frame.CHAIN_ID) != block.chainid) revert IHallpass.WrongChain();
        if (Frame.get(Frame.ROUTES) & DIRECT == 0) revert IHallpass.RouteNotAllowed();
        uint256 notBefore = Frame.get(Frame.NOT_BEFORE);
        uint256 notAfter = Frame.get(Frame.NOT_AFTER);
        uint256 validFrom = Frame.get(Frame.VALID_FROM);
        uint256 validUntil = Frame.get(Frame.VALID_UNTIL);
        if (block.timestamp < notBefore) revert IHallpass.GrantNotStarted();
        if (block.timestamp >= notAfter) revert IHallpass.GrantExpired();
        if (block.timestamp < validFrom) revert IHallpass.OpNotYetValid();
        if (block.timestamp >= validUntil) revert IHallpass.OpExpired();
        unchecked {
            // validFrom <= time < validUntil
            if (validUntil - validFrom > MAX_LIFE) revert IHallpass.OpTooLong();
        }
        if (Words.either(validFrom < notBefore, validUntil > notAfter)) revert IHallpass.OpOutsideGrant();
        uint256 granted = Frame.get(Frame.RELAYER);
        uint256 signed = Frame.get(Frame.OP_RELAYER);
        if (granted | signed != 0) {
            // An operation of a grant with a relayer has one too, and whoever has one has the caller.
            if (signed != uint160(msg.sender)) revert IHallpass.RelayerNotAllowed();
            if (granted != 0 && granted != signed) _listed(signed);
        }
        Fees.judge(Frame.get(Frame.MAX_FEE));
        if (empty) revert IHallpass.EmptyBatch();
        uint256 nonce = Frame.get(Frame.NONCE);
        uint256 sequence = uint64(nonce);
        // Numbers that are bounded are counted once: another lane would count them once more.
        if (nonce != sequence) _unbounded();
        if (Words.either(sequence < Frame.get(Frame.FIRST_SEQ), sequence >= Frame.get(Frame.END_SEQ))) {
            revert IHallpass.SequenceOutOfRange();
        }
        if (sequence >= SEQUENCES) revert IHallpass.SequenceOutOfRange();
    }

    /// @notice Judges a user operation, whose nonce is the EntryPoint's. No clock is read: the EntryPoint compares the times.
    /// @param routes the bits that the grant must have
    function userOp(uint256 routes) internal view {
        if (Frame.get(Frame.CHAIN_ID) != block.chainid) revert IHallpass.WrongChain();
        if (Frame.get(Frame.ROUTES) & routes != routes) revert IHallpass.RouteNotAllowed();
        uint256 validFrom = Frame.get(Frame.VALID_FROM);
        uint256 validUntil = Frame.get(Frame.VALID_UNTIL);
        // The EntryPoint's own bound is inclusive, and 0 is none there.
        if (validFrom >= validUntil || validUntil < 2) revert IHallpass.OpExpired();
        unchecked {
            if (validUntil - validFrom > MAX_LIFE) revert IHallpass.OpTooLong();
        }
        if (Words.either(validFrom < Frame.get(Frame.NOT_BEFORE), validUntil > Frame.get(Frame.NOT_AFTER))) {
            revert IHallpass.OpOutsideGrant();
        }
        // Who bundles is not known here.
        if (Frame.get(Frame.RELAYER) | Frame.get(Frame.OP_RELAYER) != 0) revert IHallpass.RelayerNotAllowed();
    }

    /// @notice Judges what comes after its fee.
    /// @param empty whether it has no call
    function userOpCalls(bool empty) internal pure {
        if (empty) revert IHallpass.EmptyBatch();
        // Sequences are not counted.
        _unbounded();
    }

    /// @dev Requires that the grant's sequences are all there are.
    function _unbounded() private pure {
        if (Words.either(Frame.get(Frame.FIRST_SEQ) != 0, Frame.get(Frame.END_SEQ) != SEQUENCES)) {
            revert IHallpass.SequenceOutOfRange();
        }
    }

    /// @dev Requires `relayer` to be one of the grant's further ones, which must be opened.
    function _listed(uint256 relayer) private pure {
        if (!Rest.lists(Frame.get(Frame.RELAYERS_AT), Frame.get(Frame.RELAYERS), relayer)) {
            revert IHallpass.RelayerNotAllowed();
        }
    }
}
