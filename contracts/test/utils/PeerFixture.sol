// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    IERC7579Execution,
    IERC7579Hook,
    IERC7579Module,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {ModularAccount} from "./Modular.sol";
import {ModuleFixture} from "./ModuleFixture.sol";
import {Peer} from "./Peer.sol";

/// @title A hook that notes that it was asked, and may spend gas before the account makes a call
contract Hook is IERC7579Hook {
    uint256 public asked;
    uint256 public told;
    uint256 public burns;

    /// @inheritdoc IERC7579Module
    function onInstall(bytes calldata) external {}

    /// @inheritdoc IERC7579Module
    function onUninstall(bytes calldata) external {}

    /// @dev What a session must never reach.
    function tell(uint256 what) external {
        told = what;
    }

    function burn(uint256 gas_) external {
        burns = gas_;
    }

    /// @inheritdoc IERC7579Hook
    function preCheck(address, uint256, bytes calldata) external returns (bytes memory) {
        uint256 until = gasleft() - burns;
        ++asked;
        while (gasleft() > until) {}
        return "";
    }

    /// @inheritdoc IERC7579Hook
    function postCheck(bytes calldata) external {}

    /// @dev Kernel asks.
    function isInitialized(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IERC7579Module
    function isModuleType(uint256 kind) external pure returns (bool) {
        return kind == MODULE_TYPE_HOOK;
    }
}

/// @title The module's fixture, with an account of somebody else's make in the place of OpenZeppelin's
/// @notice The account answers to ERC-7579's functions: it is called by the type that stands in the fixture.
abstract contract PeerFixture is ModuleFixture {
    uint256 internal constant HOOK = 4;
    bytes32 internal constant SINGLE_MODE = 0;

    Peer internal peer;

    function _peer() internal virtual returns (Peer);

    function _born() internal override returns (ModularAccount) {
        if (address(peer) == address(0)) peer = _peer();
        return ModularAccount(payable(peer.make(address(ownerKey), abi.encodePacked(vm.addr(OWNER_KEY)))));
    }

    function _plug(ModularAccount made, uint256 kind) internal override {
        _plug(made, kind, address(module), 0, "");
    }

    function _plug(ModularAccount made, uint256 kind, address what, bytes4 selector, bytes memory data) internal {
        bytes memory init = peer.toInstall(kind, selector, data);
        vm.prank(address(made));
        made.installModule(kind, what, init);
    }

    function _unplug(uint256 kind) internal override {
        bytes memory data = peer.toUninstall();
        vm.prank(address(modular));
        modular.uninstallModule(kind, address(module), data);
    }

    function _approval(uint256 key, bytes32 structHash) internal view override returns (bytes memory) {
        return _approval(address(modular), address(ownerKey), key, structHash);
    }

    function _approval(address who, address validator, uint256 key, bytes32 structHash)
        internal
        view
        returns (bytes memory)
    {
        return peer.told(validator, _sign(key, peer.wrapped(who, _digest(address(module), structHash))));
    }

    function _endHash(bytes32 grant) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("End(bytes32 grant)"), grant));
    }

    function _nonceKey() internal view override returns (uint192) {
        return peer.nonceKey(address(module));
    }

    function _singleData(address target, uint256 value, bytes memory data) internal pure returns (bytes memory) {
        return abi.encodeCall(IERC7579Execution.execute, (SINGLE_MODE, abi.encodePacked(target, value, data)));
    }

    function _single(address target, uint256 value, bytes memory data) internal view returns (PackedUserOperation memory) {
        return _userOp(_singleData(target, value, data));
    }

    function _selector(string memory signature) internal pure returns (bytes4) {
        return bytes4(keccak256(bytes(signature)));
    }
}
