// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EntryPointCode} from "./EntryPointCode.sol";
import {Peer} from "./Peer.sol";

/// @dev What these tests ask of Nexus and of the contract that sets it up.
interface INexus {
    struct Module {
        address module;
        bytes data;
    }

    function initializeAccount(bytes calldata data) external payable;
    function getInitNexusWithSingleValidatorCalldata(
        Module calldata validator,
        address registry,
        address[] calldata attesters,
        uint8 threshold
    ) external view returns (bytes memory);
}

/// @title Biconomy's Nexus
contract Nexus is Peer {
    /// @dev The head of a list of modules: the one that was installed last stands behind it.
    address private constant SENTINEL = address(1);

    INexus private immutable _bootstrap;

    constructor() {
        implementation = _deploy("implementation", abi.encode(address(EntryPointCode.V08)));
        _bootstrap = INexus(_deploy("bootstrap", ""));
    }

    /// @inheritdoc Peer
    function accountId() external pure override returns (string memory) {
        return "biconomy.nexus.1.0.0";
    }

    /// @inheritdoc Peer
    function codeHash() external pure override returns (bytes32) {
        return 0x7932b5d3915754f6f3418685add1d16a79e5f20028dd911be75602e3288ce7a7;
    }

    /// @inheritdoc Peer
    function json() public view override returns (string memory) {
        return vm.readFile("node_modules/.peers/nexus.json");
    }

    /// @inheritdoc Peer
    /// @dev Without a registry that has to attest its modules.
    function make(address validator, bytes calldata data) external override returns (address) {
        bytes memory init = _bootstrap.getInitNexusWithSingleValidatorCalldata(
            INexus.Module(validator, data), address(0), new address[](0), 0
        );
        return _deploy("proxy", abi.encode(implementation, abi.encodeCall(INexus.initializeAccount, (init))));
    }

    /// @inheritdoc Peer
    function toInstall(uint256 kind, bytes4 selector, bytes calldata data) external pure override returns (bytes memory) {
        // A fallback handler is called, and not by delegatecall: the byte is zero.
        return kind == FALLBACK ? abi.encodePacked(selector, bytes1(0), data) : data;
    }

    /// @inheritdoc Peer
    function toUninstall() external pure override returns (bytes memory) {
        return abi.encode(SENTINEL, "");
    }

    /// @inheritdoc Peer
    /// @dev Three bytes of any value, one of mode (zero: validate), the validator.
    function nonceKey(address validator) public pure override returns (uint192) {
        return uint160(validator);
    }

    /// @inheritdoc Peer
    function ownerNonceKey(address validator) external pure override returns (uint192) {
        return nonceKey(validator);
    }

    /// @inheritdoc Peer
    function wrapped(address, bytes32 hash) external pure override returns (bytes32) {
        return hash;
    }

    /// @inheritdoc Peer
    function told(address validator, bytes calldata signature) external pure override returns (bytes memory) {
        return bytes.concat(bytes20(validator), signature);
    }
}
