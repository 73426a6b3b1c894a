// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @title An ERC-7579 account that is not ours, with its own ways of being made, asked and told
/// @notice Its bytecode is what `scripts/peers.mjs` took out of an npm package.
abstract contract Peer {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant VALIDATOR = 1;
    uint256 internal constant EXECUTOR = 2;
    uint256 internal constant FALLBACK = 3;
    uint256 internal constant HOOK = 4;

    /// @dev The deterministic deployer, which `EntryPointCode` has put in its place.
    address private constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    address public implementation;
    uint256 internal born;

    /// @notice What the account says to be.
    function accountId() external pure virtual returns (string memory);

    /// @notice Of the implementation on the fixture's chain, for EntryPoint 0.8, at the address where it lands.
    function codeHash() external pure virtual returns (bytes32);

    /// @notice What `scripts/peers.mjs` wrote down.
    function json() public view virtual returns (string memory);

    /// @notice Makes an account whose owner is the key that `validator` is given with `data`.
    function make(address validator, bytes calldata data) external virtual returns (address);

    /// @notice What `installModule` takes, with `data` for the module's own `onInstall`; of a fallback handler, for `selector`.
    function toInstall(uint256 kind, bytes4 selector, bytes calldata data) external view virtual returns (bytes memory);

    /// @notice What `uninstallModule` takes, for the module that was installed last.
    function toUninstall() external view virtual returns (bytes memory);

    /// @notice The EntryPoint's key of nonces for the operations of a validator that was installed later.
    function nonceKey(address validator) external pure virtual returns (uint192);

    /// @notice The same for the validator that the account was made with.
    function ownerNonceKey(address validator) external pure virtual returns (uint192);

    /// @notice What a validator is asked about where the account's ERC-1271 is asked about `hash`.
    function wrapped(address account, bytes32 hash) external view virtual returns (bytes32);

    /// @notice What the account's ERC-1271 takes, of `validator` and its signature.
    function told(address validator, bytes calldata signature) external pure virtual returns (bytes memory);

    /// @dev The code of the file, and behind it the constructor's arguments, by the deterministic deployer.
    function _deploy(string memory key, bytes memory arguments) internal returns (address made) {
        bytes memory code = vm.parseJsonBytes(json(), string.concat(".code.", key));
        (bool success, bytes memory answer) = DEPLOYER.call(bytes.concat(bytes32(born++), code, arguments));
        assert(success && answer.length == 20);
        made = address(bytes20(answer));
        assert(made.code.length != 0);
    }
}
