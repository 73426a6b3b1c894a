// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

/// @notice Arguments that are not words side by side. That what is decoded and compared is what the evaluator says, the
/// differential tests in `crates/chain` show; here is what they do not look at.
contract DeepTest is Fixture {
    bytes private constant TEXT = hex"720163";

    /// @dev A text is hashed in memory: what was noted of earlier calls must not lie there.
    function test_texts_of_later_calls_leave_earlier_calls_alone() public {
        Grant memory g = _grant();
        bytes memory long = _bytes(600);
        bytes memory anything = Encode.cond(2, 0, uint256(keccak256("not this")));
        g.calls[NOTE] = _rule("say(string)", TEXT, 1, anything);
        _install(g);
        bytes memory calls = bytes.concat(
            _call(NOTE, abi.encode("first")), _call(NOTE, abi.encode(long)), _call(NOTE, abi.encode(string(_bytes(33))))
        );
        uint256 before = probe.count();
        _executes(g, calls);
        assertEq(probe.count(), before + 3);
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("say(string)", string(_bytes(33)))));
        // The same with every floor that was signed kept.
        _executes(g, bytes.concat(_floored(1_000_000, "a"), _floored(1_000_000, "b")));
        _denies(IHallpass.GasFloorUnmet.selector, g, bytes.concat(_floored(type(uint32).max, "a"), _floored(0, "b")));
    }

    function _floored(uint32 floor, string memory text) private pure returns (bytes memory) {
        bytes memory arguments = abi.encode(text);
        return abi.encodePacked(uint16(NOTE), floor, uint8(0), uint24(arguments.length), arguments);
    }

    function _bytes(uint256 length) private pure returns (bytes memory out) {
        out = new bytes(length);
        for (uint256 i; i < length; ++i) {
            out[i] = bytes1(uint8(uint256(keccak256(abi.encode(i)))));
        }
    }
}
