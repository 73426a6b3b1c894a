// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Checks} from "../../src/libraries/Checks.sol";
import {Frame} from "../../src/libraries/Frame.sol";
import {Reader} from "../../src/libraries/Reader.sol";
import {UserOps} from "../../src/libraries/UserOps.sol";

/// @title The smallest frame in which the shipped judges run on calldata
contract Judge {
    /// @notice Whether `arguments` pass the layout `types` in a rule without conditions and uses.
    function passes(bytes memory types, bytes memory arguments) public view returns (bool) {
        bytes memory checks = abi.encodePacked(uint8(types.length), types, uint16(0));
        try this.judge(checks, arguments) {
            return true;
        } catch {
            return false;
        }
    }

    function judge(bytes calldata checks, bytes calldata arguments) external view {
        Frame.open();
        uint256 end = Frame.RULES + Frame.RULE_SIZE;
        Frame.extend(end);
        Frame.set(Frame.RULES_END, end);
        Frame.set(Frame.METERS_END, end);
        _rule(Frame.RULES, 0, 1, checks);
        (uint256 start,) = Reader.bounds(arguments);
        Checks.judge(Frame.RULES, 0, start, arguments.length);
    }

    /// @notice Judges a user operation's calldata by two rules, a call each, of these targets and signatures. Every value is
    /// allowed, and counted by the one meter, of the chain's coin.
    /// @return spent the sum of the values
    function batch(
        bytes calldata data,
        uint256[2] calldata targets,
        uint256[2] calldata signatures,
        bytes calldata checks,
        bytes calldata otherChecks
    ) external view returns (uint256 spent) {
        Frame.open();
        uint256 second = Frame.RULES + Frame.RULE_SIZE;
        uint256 meter = second + Frame.RULE_SIZE;
        uint256 end = meter + Frame.METER_SIZE;
        // Behind the records: the numbers of the rules, as the wire has them.
        Frame.extend(end);
        Frame.set(Frame.RULE_COUNT, 2);
        Frame.set(Frame.RULES_END, meter);
        Frame.set(Frame.METERS_END, end);
        Frame.set(Frame.VALID_UNTIL, 1);
        _rule(Frame.RULES, targets[0], signatures[0], checks);
        _rule(second, targets[1], signatures[1], otherChecks);
        Frame.set(second + Frame.RULE_INDEX, 1);
        Frame.set(meter + Frame.METER_ID, 7);
        Frame.set(meter + Frame.WHAT, 1);
        Frame.set(meter + Frame.CAP, type(uint120).max);
        (uint256 numbers,) = Reader.bounds(msg.data[msg.data.length - 4:]);
        UserOps.judge(data, numbers, 2, false);
        return Frame.get(meter + Frame.SPENT);
    }

    function _rule(uint256 rule, uint256 target, uint256 signature, bytes calldata checks) private pure {
        (uint256 start, uint256 end) = Reader.bounds(checks);
        Frame.set(rule + Frame.TARGET, target);
        Frame.set(rule + Frame.SIGNATURE, signature);
        Frame.set(rule + Frame.MAX_VALUE, target == 0 ? 0 : type(uint120).max);
        Frame.set(rule + Frame.CHECKS_AT, start);
        Frame.set(rule + Frame.CHECKS_END, end);
    }
}
