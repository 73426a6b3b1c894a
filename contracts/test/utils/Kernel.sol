// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {EntryPointCode} from "./EntryPointCode.sol";
import {Peer} from "./Peer.sol";

/// @dev What these tests ask of Kernel and of its factory.
interface IKernel {
    function initialize(
        bytes21 rootValidator,
        address hook,
        bytes calldata validatorData,
        bytes calldata hookData,
        bytes[] calldata calls
    ) external;
    function createAccount(bytes calldata data, bytes32 salt) external payable returns (address);
    function invalidateNonce(uint32 nonce) external payable;
    function changeRootValidator(
        bytes21 rootValidator,
        address hook,
        bytes calldata validatorData,
        bytes calldata hookData
    ) external payable;
}

/// @title ZeroDev's Kernel v3
contract Kernel is Peer {
    /// @dev Instead of a hook: there is none.
    address internal constant NO_HOOK = address(1);
    bytes4 private constant EXECUTE = bytes4(keccak256("execute(bytes32,bytes)"));

    IKernel private immutable _factory;

    constructor() {
        implementation = _deploy("implementation", abi.encode(address(EntryPointCode.V08)));
        _factory = IKernel(_deploy("factory", abi.encode(implementation)));
    }

    /// @inheritdoc Peer
    function accountId() external pure override returns (string memory) {
        return "kernel.advanced.v0.3.1";
    }

    /// @inheritdoc Peer
    function codeHash() external pure override returns (bytes32) {
        return 0x3d1082b371cb38730cedba13b1663d88dbfde35874357cfbb284ab0498fe2e16;
    }

    /// @inheritdoc Peer
    function json() public view override returns (string memory) {
        return vm.readFile("node_modules/.peers/kernel.json");
    }

    /// @inheritdoc Peer
    function make(address validator, bytes calldata data) external override returns (address) {
        // A byte for the type, one for validators, and the validator.
        bytes21 root = bytes21(abi.encodePacked(bytes1(0x01), validator));
        bytes memory init = abi.encodeCall(IKernel.initialize, (root, NO_HOOK, data, "", new bytes[](0)));
        return _factory.createAccount(init, bytes32(born++));
    }

    /// @inheritdoc Peer
    function toInstall(uint256 kind, bytes4 selector, bytes calldata data) external pure override returns (bytes memory) {
        return hooked(kind, selector, data, NO_HOOK);
    }

    /// @notice What `installModule` takes where the module is to run under `hook`.
    function hooked(uint256 kind, bytes4 selector, bytes calldata data, address hook) public pure returns (bytes memory) {
        // Of the hook's own data the first byte is a flag: not to be set up again.
        bytes memory flag = hex"00";
        // A validator may do nothing for which it has no selector: a session's operation is of `execute` alone.
        if (kind == VALIDATOR) return bytes.concat(bytes20(hook), abi.encode(data, flag, abi.encodePacked(EXECUTE)));
        if (kind == EXECUTOR) return bytes.concat(bytes20(hook), abi.encode(data, flag));
        // A fallback handler is called, and not by delegatecall: the byte before its data is zero.
        if (kind == FALLBACK) return abi.encodePacked(selector, hook, abi.encode(bytes.concat(bytes1(0), data), flag));
        return data;
    }

    /// @inheritdoc Peer
    function toUninstall() external pure override returns (bytes memory) {
        return "";
    }

    /// @inheritdoc Peer
    /// @dev A byte of mode (zero: validate), one of type, the validator, and two of any value.
    function nonceKey(address validator) external pure override returns (uint192) {
        return uint192(1) << 176 | uint192(uint160(validator)) << 16;
    }

    /// @inheritdoc Peer
    /// @dev The root, whichever it is.
    function ownerNonceKey(address) external pure override returns (uint192) {
        return 0;
    }

    /// @inheritdoc Peer
    function wrapped(address account, bytes32 hash) external view override returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Kernel"),
                keccak256("0.3.1"),
                block.chainid,
                account
            )
        );
        bytes32 structHash = keccak256(abi.encode(keccak256("Kernel(bytes32 hash)"), hash));
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @inheritdoc Peer
    function told(address validator, bytes calldata signature) external pure override returns (bytes memory) {
        return abi.encodePacked(bytes1(0x01), validator, signature);
    }
}
