// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

/// @dev A holder that tries whatever it likes, and a book of what went through.
contract Holder is Fixture {
    uint256 public noted;
    uint256 public executed;
    mapping(uint256 day => uint256) public transferred;
    uint256 public replays;
    bytes[] private _wires;

    function start() external {
        setUp();
        _install(_grant());
    }

    function wait_(uint32 time) external {
        vm.warp(block.timestamp + time % 5 hours);
    }

    function transfer(uint8 amount) external {
        amount %= 120;
        _try(_transfer(amount), amount, 0);
    }

    function batch(uint8 first, uint8 second, uint16 note) external {
        (first, second, note) = (first % 60, second % 60, note % 400);
        bytes memory notes = _call(NOTE, abi.encode(note));
        _try(bytes.concat(_transfer(first), notes, _transfer(second)), uint256(first) + second, note);
    }

    function pay(uint64 value) external {
        _try(_pay(value % 1.2 ether), 0, 0);
    }

    function skip(uint8 by) external {
        sequence += by;
    }

    function replay(uint256 which) external {
        if (_wires.length == 0) return;
        bytes memory wire = _wires[which % _wires.length];
        (bool success,) = address(account).call(abi.encodeCall(account.execute, (wire)));
        if (success) ++replays;
    }

    function paid() external view returns (uint256 tokens, uint256 native) {
        return (token.balanceOf(PAYEE), PAYEE.balance);
    }

    function today() public view returns (uint256) {
        return (block.timestamp - (T0 - 1000)) / 1 days;
    }

    function _try(bytes memory calls, uint256 amount, uint256 note) private {
        bytes memory wire = _wire(_grant(), _op(calls));
        (bool success,) = address(account).call(abi.encodeCall(account.execute, (wire)));
        if (!success) return;
        _wires.push(wire);
        ++executed;
        transferred[today()] += amount;
        noted += note;
    }
}

contract SpendInvariant {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Holder private _holder;

    function setUp() external {
        _holder = new Holder();
        _holder.start();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_holder);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = Holder.wait_.selector;
        selectors[1] = Holder.transfer.selector;
        selectors[2] = Holder.batch.selector;
        selectors[3] = Holder.pay.selector;
        selectors[4] = Holder.skip.selector;
        selectors[5] = Holder.replay.selector;
        targets[0] = FuzzSelector(address(_holder), selectors);
    }

    /// @dev In every window the sum of what went through is within the cap, and is all that was paid.
    function invariant_spend_stays_within_every_cap() external view {
        uint256 sum;
        for (uint256 day; day <= _holder.today(); ++day) {
            uint256 spent = _holder.transferred(day);
            assert(spent <= 100);
            sum += spent;
        }
        (uint256 tokens, uint256 native) = _holder.paid();
        assert(tokens == sum);
        assert(native <= 2 ether);
        assert(_holder.noted() <= 1000);
    }

    function invariant_no_signature_executes_twice() external view {
        assert(_holder.replays() == 0);
    }
}
