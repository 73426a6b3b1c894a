// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A relayer that is a contract: it may refuse what it is paid, or bring another operation while it is
contract Relayer {
    bool public refuses;
    address public account;
    bytes public again;
    bool public againFailed;
    bytes public againReason;

    function refuse(bool refuses_) external {
        refuses = refuses_;
    }

    /// @notice What to bring while being paid.
    function bring(bytes calldata data) external {
        again = data;
    }

    function send(address to, bytes calldata data) external {
        account = to;
        (bool success, bytes memory reason) = to.call(data);
        if (success) return;
        assembly {
            revert(add(reason, 32), mload(reason))
        }
    }

    receive() external payable {
        paid();
    }

    function paid() public {
        if (refuses) revert();
        if (again.length == 0) return;
        bytes memory data = again;
        delete again;
        (bool success, bytes memory reason) = account.call(data);
        (againFailed, againReason) = (!success, reason);
    }
}

/// @title A token that answers a transfer as it is told, and tells who is paid
contract OddToken {
    mapping(address who => uint256) public balanceOf;
    bytes private _answer;

    function answer(bytes calldata answer_) external {
        _answer = answer_;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[to] += amount;
        if (to.code.length != 0) Relayer(payable(to)).paid();
        bytes memory out = _answer;
        assembly {
            return(add(out, 32), mload(out))
        }
    }
}
