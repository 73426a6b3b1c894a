// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Frame} from "./Frame.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title What a token meter may count, and whose tokens they must be (`spec/policy.md`, S1 to S4)
library Spends {
    uint256 private constant TRANSFER = uint256(keccak256("transfer(address,uint256)"));
    uint256 private constant APPROVE = uint256(keccak256("approve(address,uint256)"));
    uint256 private constant INCREASE = uint256(keccak256("increaseAllowance(address,uint256)"));
    uint256 private constant TRANSFER_FROM = uint256(keccak256("transferFrom(address,address,uint256)"));
    uint256 private constant PERMIT =
        uint256(keccak256("permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"));

    uint256 private constant PERMIT2 = uint256(uint160(0x000000000022D473030F116dDEE9F6B43aC78BA3));
    uint256 private constant PERMIT2_APPROVE = uint256(keccak256("approve(address,address,uint160,uint48)"));
    uint256 private constant PERMIT2_TRANSFER_FROM =
        uint256(keccak256("transferFrom(address,address,uint160,address)"));

    /// @notice Requires that the rule's function spends `token`, that the amount is the argument `index`, and that the tokens are
    /// the account's.
    function check(uint256 rule, uint256 token, uint256 index, uint256 arguments) internal pure {
        unchecked {
            uint256 signature = Frame.get(rule + Frame.SIGNATURE);
            uint256 target = Frame.get(rule + Frame.TARGET);
            if (signature == TRANSFER || signature == APPROVE || signature == INCREASE) {
                if (Words.either(target != token, index != 1)) revert IHallpass.BadGrant();
                return;
            }
            if (index != 2) revert IHallpass.BadGrant();
            uint256 owner = Reader.word(arguments);
            if (signature == TRANSFER_FROM || signature == PERMIT) {
                if (target != token) revert IHallpass.BadGrant();
            } else {
                if (target != PERMIT2) revert IHallpass.BadGrant();
                uint256 spent = owner;
                if (signature == PERMIT2_TRANSFER_FROM) spent = Reader.word(arguments + 96);
                else if (signature == PERMIT2_APPROVE) owner = Frame.get(Frame.ACCOUNT);
                else revert IHallpass.BadGrant();
                // A condition of the rule was to pin it.
                if (spent != token) revert IHallpass.BadGrant();
            }
            if (owner != Frame.get(Frame.ACCOUNT)) revert IHallpass.ForeignOwner();
        }
    }
}
