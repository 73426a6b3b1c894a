// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {EntryPointCode} from "../utils/EntryPointCode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {Terms, UserOpFixture} from "../utils/UserOpFixture.sol";

/// @notice The calls of a user operation: what is judged is all that the account will make.
contract UserOpCallsTest is UserOpFixture {
    function setUp() public override {
        super.setUp();
        _install(_g());
    }

    function test_a_batch_is_judged_call_by_call_and_made_as_it_was_judged() public {
        Execution[] memory calls = new Execution[](4);
        calls[0] = Execution(address(token), 0, _transferData(60));
        calls[1] = Execution(PAYEE, 1 ether, "");
        calls[2] = Execution(address(probe), 0, abi.encodeWithSignature("move(uint256,uint8)", 2, 3));
        calls[3] = Execution(address(token), 0, _transferData(40));
        Terms memory terms = _now(TRANSFER, 4);
        (terms.rules[1], terms.rules[2]) = (PAY, MOVE);
        assert(_handle(_signUserOp(_g(), terms, _userOp(_batchData(calls)))));
        assertEq(token.balanceOf(PAYEE), 100);
        assertEq(PAYEE.balance, 1 ether);
        assertEq(keccak256(probe.last()), keccak256(abi.encodeWithSignature("move(uint256,uint8)", 2, 3)));
        // The last call of four is judged as the first is: the sum over the cap, and the value over the rule's.
        calls[3] = Execution(address(token), 0, _transferData(1));
        calls[0] = Execution(PAYEE, 0, "");
        terms.rules[0] = PAY;
        _deniesCalls(IHallpass.MeterExceeded.selector, terms, calls);
        calls[3] = Execution(PAYEE, 1 ether + 1, "");
        terms.rules[3] = PAY;
        _deniesCalls(IHallpass.ValueOverMax.selector, terms, calls);
        calls[3] = Execution(PAYEE, 1 ether, "");
        _deniesCalls(IHallpass.MeterExceeded.selector, terms, calls);
        calls[3] = Execution(address(token), 1, _transferData(0));
        terms.rules[3] = TRANSFER;
        _deniesCalls(IHallpass.ValueOverMax.selector, terms, calls);
    }

    function test_a_rule_is_for_its_target_and_function_alone() public {
        _deniesCall(IHallpass.NoRule.selector, MOVE, address(token), _transferData(1));
        _deniesCall(IHallpass.NoRule.selector, APPROVE, address(token), _transferData(1));
        _deniesCall(IHallpass.NoRule.selector, TRANSFER, address(probe), _transferData(1));
        _deniesCall(IHallpass.NoRule.selector, PAY, PAYEE, _transferData(1));
        _deniesCall(IHallpass.NoRule.selector, PAY, PAYEE, hex"00");
        _deniesCall(IHallpass.NoRule.selector, TRANSFER, address(token), "");
        _deniesCall(IHallpass.NoRule.selector, TRANSFER, address(token), hex"a9059c");
        _deniesCall(IHallpass.NoRule.selector, 12, address(token), _transferData(1));
        _deniesCall(IHallpass.NoRule.selector, type(uint16).max, address(token), _transferData(1));
        _deniesCall(IHallpass.BadCalldata.selector, TRANSFER, address(token), hex"a9059cbb");
        _deniesCall(IHallpass.BadCalldata.selector, TRANSFER, address(token), bytes.concat(_transferData(1), hex"00"));
        bytes memory others = abi.encodeWithSignature("transfer(address,uint256)", address(9), 1);
        _deniesCall(IHallpass.ConditionFailed.selector, TRANSFER, address(token), others);
    }

    function test_the_account_and_what_stands_behind_it_are_no_targets() public {
        bytes memory freeze = abi.encodeCall(IHallpass.freeze, ());
        // In ERC-7821 the zero address is the account.
        _deniesCall(IHallpass.TargetForbidden.selector, 6, address(0), abi.encodeWithSignature("move(uint256,uint8)", 2, 3));
        _deniesCall(IHallpass.TargetForbidden.selector, TRANSFER, address(0), _transferData(1));
        _deniesCall(IHallpass.TargetForbidden.selector, 7, address(account), freeze);
        _deniesCall(IHallpass.TargetForbidden.selector, 8, address(backend), freeze);
        _deniesCall(IHallpass.TargetForbidden.selector, 9, EntryPointCode.V06, freeze);
        _deniesCall(IHallpass.TargetForbidden.selector, 10, EntryPointCode.V07, freeze);
        _deniesCall(IHallpass.TargetForbidden.selector, 11, address(ENTRY_POINT), freeze);
    }

    function test_there_are_as_many_rules_as_calls_and_one_at_least() public {
        Execution[] memory calls = _one(address(token), 0, _transferData(1));
        _deniesCalls(IHallpass.BadCalldata.selector, _now(TRANSFER, 2), calls);
        _deniesCalls(IHallpass.EmptyBatch.selector, _now(TRANSFER, 0), calls);
        calls = new Execution[](2);
        (calls[0], calls[1]) = (Execution(address(token), 0, _transferData(1)), Execution(address(9), 50 ether, ""));
        _deniesCalls(IHallpass.BadCalldata.selector, _now(TRANSFER), calls);
        _deniesCalls(IHallpass.EmptyBatch.selector, _now(TRANSFER, 0), new Execution[](0));
        // 257 calls do not pass as one.
        calls = new Execution[](257);
        for (uint256 i; i < 257; ++i) {
            calls[i] = Execution(address(token), 0, _transferData(0));
        }
        _deniesCalls(IHallpass.BadCalldata.selector, _now(TRANSFER, 1), calls);
    }

    function test_nothing_but_a_batch_in_default_mode() public {
        bytes memory data = abi.encode(_one(address(token), 0, _transferData(1)));
        bytes memory withData = abi.encode(_one(address(token), 0, _transferData(1)), bytes(hex"00"));
        uint8[5] memory types = [0, 2, 0xfe, 0xff, 0x81];
        for (uint256 i; i < 5; ++i) {
            _deniesMode(bytes32(bytes1(types[i])), data);
        }
        // Try mode, the form with the owner's signature behind, and every other bit.
        _deniesMode(bytes32(hex"0101"), data);
        _deniesMode(bytes32(hex"01000000000078210001"), data);
        _deniesMode(bytes32(hex"01000000000078210001"), withData);
        _deniesMode(bytes32(hex"01000000000078210002"), data);
        for (uint256 bit; bit < 248; bit += 13) {
            _deniesMode(BATCH_MODE | bytes32(uint256(1) << bit), data);
        }
        // ERC-7579's single call is none of this account's modes.
        _deniesMode(0, abi.encodePacked(address(token), uint256(0), _transferData(1)));
    }

    function test_nothing_but_execute() public {
        bytes memory data = _batchData(_one(address(token), 0, _transferData(1)));
        bytes memory other = bytes.concat(data);
        other[0] = 0;
        _deniesData(IHallpass.TargetForbidden.selector, other);
        _deniesData(IHallpass.TargetForbidden.selector, "");
        _deniesData(IHallpass.TargetForbidden.selector, hex"e9ae5c53");
        _deniesData(IHallpass.TargetForbidden.selector, abi.encodeCall(IHallpass.freeze, ()));
        // What the EntryPoint itself takes for another function.
        bytes4 executeUserOp = 0x8dd7712f;
        _deniesData(IHallpass.TargetForbidden.selector, bytes.concat(executeUserOp, data));
    }

    function test_calldata_has_the_one_form() public {
        bytes memory data = _batchData(_one(address(token), 0, _transferData(1)));
        // execute, mode, offset, length; offset, count, offset; target, value, offset, length, calldata.
        uint256[6] memory words = [uint256(36), 68, 100, 132, 164, 196];
        for (uint256 i; i < 6; ++i) {
            _deniesWord(data, words[i], 1);
            _deniesWord(data, words[i], ALL);
            _deniesWord(data, words[i], 32);
        }
        // The address dirty above its 20 bytes, its call's offset, and its call's length.
        _deniesWord(data, 196, 1 << 160);
        _deniesWord(data, 196, 1 << 255);
        _deniesWord(data, 260, 32);
        _deniesWord(data, 260, 1 << 255);
        for (uint256 i; i < 8; ++i) {
            _deniesWord(data, 292, 1 << (8 * i + 3));
        }
        _deniesWord(data, 292, ALL);
        _deniesWord(data, 292, ALL - 31);
        // Trailing bytes, missing bytes.
        _deniesData(IHallpass.BadCalldata.selector, bytes.concat(data, hex"00"));
        _deniesData(IHallpass.BadCalldata.selector, bytes.concat(data, new bytes(32)));
        for (uint256 length = 100; length < data.length; length += 17) {
            _deniesData(IHallpass.BadCalldata.selector, _cut(data, length));
        }
        // Two values, and a word behind the one.
        bytes memory two = abi.encode(_one(address(token), 0, _transferData(1)), bytes(""));
        _deniesData(IHallpass.BadCalldata.selector, abi.encodeCall(IERC7821.execute, (BATCH_MODE, two)));
        bytes memory behind = bytes.concat(abi.encode(_one(address(token), 0, _transferData(1))), new bytes(32));
        _deniesData(IHallpass.BadCalldata.selector, abi.encodeCall(IERC7821.execute, (BATCH_MODE, behind)));
    }

    function test_two_calls_do_not_share_bytes() public {
        Execution[] memory calls = new Execution[](2);
        (calls[0], calls[1]) = (Execution(PAYEE, 1, ""), Execution(PAYEE, 2, ""));
        bytes memory data = _batchData(calls);
        // Both heads to the first; the first's to the second; they change places.
        PackedUserOperation memory op = _userOp(_with(data, 196, 64));
        _deniesOp(IHallpass.BadCalldata.selector, _g(), _now(PAY, 2), op);
        op = _userOp(_with(data, 164, 192));
        _deniesOp(IHallpass.BadCalldata.selector, _g(), _now(PAY, 2), op);
        op = _userOp(_with(_with(data, 164, 192), 196, 64));
        _deniesOp(IHallpass.BadCalldata.selector, _g(), _now(PAY, 2), op);
        assert(_handle(_signUserOp(_g(), _now(PAY, 2), _userOp(data))));
        assertEq(PAYEE.balance, 3);
    }

    /// @dev What follows a length that is no multiple of 32 is nobody's: neither judged nor made.
    function test_padding_is_never_part_of_a_call() public {
        Execution[] memory calls = _one(address(token), 0, _transferData(7));
        bytes memory data = _batchData(calls);
        for (uint256 i = 324 + 68; i < 324 + 96; ++i) {
            data[i] = 0xff;
        }
        PackedUserOperation memory op = _signUserOp(_g(), _now(TRANSFER), _userOp(data));
        vm.prank(BUNDLER, BUNDLER);
        try ENTRY_POINT.handleOps(_ops(op), payable(BUNDLER)) {
            assertEq(token.balanceOf(PAYEE), 7);
        } catch {
            assertEq(token.balanceOf(PAYEE), 0);
        }
    }

    /// @dev With rules for what no session may reach.
    function _g() private view returns (Grant memory g) {
        g = _userGrant();
        CallRule[] memory rules = g.calls;
        g.calls = new CallRule[](12);
        for (uint256 i; i < 6; ++i) {
            g.calls[i] = rules[i];
        }
        g.calls[6] = CallRule(address(0), "move(uint256,uint8)", 0, _moveChecks());
        address[5] memory targets =
            [address(account), address(backend), EntryPointCode.V06, EntryPointCode.V07, address(ENTRY_POINT)];
        for (uint256 i; i < 5; ++i) {
            g.calls[7 + i] = CallRule(targets[i], "freeze()", 0, hex"0272000000");
        }
    }

    function _deniesMode(bytes32 mode, bytes memory data) private {
        _deniesData(IHallpass.TargetForbidden.selector, abi.encodeCall(IERC7821.execute, (mode, data)));
    }

    function _deniesData(bytes4 selector, bytes memory data) private {
        _deniesOp(selector, _g(), _now(TRANSFER), _userOp(data));
    }

    function _deniesCall(bytes4 selector, uint16 rule, address target, bytes memory data) private {
        _deniesCalls(selector, _now(rule), _one(target, 0, data));
    }

    function _deniesCalls(bytes4 selector, Terms memory terms, Execution[] memory calls) private {
        _deniesOp(selector, _g(), terms, _userOp(_batchData(calls)));
    }

    /// @dev The word at `place` with `difference` in it is denied, as calldata or as a target.
    function _deniesWord(bytes memory data, uint256 place, uint256 difference) private {
        uint256 word;
        assembly {
            word := mload(add(add(data, 32), place))
        }
        bytes memory spoiled = _with(data, place, word ^ difference);
        PackedUserOperation memory op = _signUserOp(_g(), _now(TRANSFER), _userOp(spoiled));
        vm.prank(BUNDLER, BUNDLER);
        (bool success, bytes memory reason) =
            address(ENTRY_POINT).call(abi.encodeCall(ENTRY_POINT.handleOps, (_ops(op), payable(BUNDLER))));
        assert(!success && reason.length > 4);
        bytes memory inner = abi.encodeWithSelector(IHallpass.BadCalldata.selector);
        bytes memory target = abi.encodeWithSelector(IHallpass.NoRule.selector);
        bytes32 got = keccak256(reason);
        assert(got == _failed(inner) || (place == 196 && got == _failed(target)));
        assertEq(token.balanceOf(PAYEE), 0);
    }

    function _failed(bytes memory inner) private pure returns (bytes32) {
        return keccak256(abi.encodeWithSignature("FailedOpWithRevert(uint256,string,bytes)", 0, "AA23 reverted", inner));
    }

    function _with(bytes memory data, uint256 place, uint256 word) private pure returns (bytes memory out) {
        out = bytes.concat(data);
        assembly {
            mstore(add(add(out, 32), place), word)
        }
    }

    function _cut(bytes memory data, uint256 length) private pure returns (bytes memory out) {
        out = bytes.concat(data);
        assembly {
            mstore(out, length)
        }
    }
}
