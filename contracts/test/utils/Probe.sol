// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A target that takes every call, counts it, and can be told to revert, to burn gas or to call back
contract Probe {
    uint256 public count;
    uint256 public gasSeen;
    bytes public last;
    bytes32 public failOn;
    address public backTo;
    bytes public back;
    bool public backFailed;
    bytes public backReason;

    error Refused(uint256 code);

    /// @notice Reverts whenever called with exactly these bytes.
    function failOn_(bytes calldata data) external {
        failOn = keccak256(data);
    }

    /// @notice From the next call on, calls `to` with `data` first, once.
    function callBack(address to, bytes calldata data) external {
        backTo = to;
        back = data;
    }

    function reset() external {
        count = 0;
    }

    receive() external payable {
        _take();
    }

    fallback() external payable {
        _take();
    }

    function _take() private {
        gasSeen = gasleft();
        if (failOn != 0 && keccak256(msg.data) == failOn) revert Refused(7);
        if (backTo != address(0)) {
            address to = backTo;
            backTo = address(0);
            (bool success, bytes memory reason) = to.call(back);
            backFailed = !success;
            backReason = reason;
        }
        ++count;
        last = msg.data;
    }
}
