// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {TestWallet} from "./TestWallet.sol";

/// @title What an ERC-6492 signature may name as its preparation, harmless and hostile
contract TestFactory {
    uint256 public prepared;

    constructor() payable {}

    /// @notice Deploys a wallet; its address follows from the arguments.
    function deploy(TestWallet.Manner how, address owner, bytes32 salt) public returns (TestWallet wallet) {
        prepared += 1;
        wallet = new TestWallet{salt: salt}(how, owner);
    }

    /// @notice Deploys what was asked, and then calls itself broken.
    function deployAndRevert(TestWallet.Manner how, address owner, bytes32 salt) external {
        deploy(how, owner, salt);
        revert("after the fact");
    }

    /// @notice Deploys, gives its own money away and destroys itself.
    function deployAndDestroy(TestWallet.Manner how, address owner, bytes32 salt, address payable heir) external {
        deploy(how, owner, salt);
        selfdestruct(heir);
    }

    /// @notice Deploys, and leaves no gas for what comes after.
    function deployAndBurn(TestWallet.Manner how, address owner, bytes32 salt) external {
        deploy(how, owner, salt);
        while (true) {}
    }

    /// @notice Deploys, and answers with as much as its gas lets it.
    function deployAndBomb(TestWallet.Manner how, address owner, bytes32 salt) external {
        deploy(how, owner, salt);
        assembly ("memory-safe") {
            return(0, 800000)
        }
    }

    /// @notice Is done, and did nothing.
    function pretend() external pure {}
}

/// @title A wallet that stands, and takes signatures of its owner only after anybody has told it to
/// @notice The second use of ERC-6492: a preparation of a wallet that has code.
contract SleepingWallet {
    address public immutable owner;
    bool public awake;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice The preparation.
    function wake() external {
        awake = true;
    }

    /// @notice ERC-1271.
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (!awake || signature.length != 65) return 0xffffffff;
        address signer = ecrecover(
            digest, uint8(signature[64]), bytes32(signature[0:32]), bytes32(signature[32:64])
        );
        return signer != address(0) && signer == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}
