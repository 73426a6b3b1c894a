// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Vm} from "./Vm.sol";

/// @dev What these tests ask of EntryPoint 0.8.
interface IEntryPoint08 {
    error FailedOp(uint256 index, string reason);
    error FailedOpWithRevert(uint256 index, string reason, bytes inner);

    function handleOps(PackedUserOperation[] calldata ops, address payable beneficiary) external;
    function getUserOpHash(PackedUserOperation calldata op) external view returns (bytes32);
    function getNonce(address sender, uint192 key) external view returns (uint256);
    function depositTo(address account) external payable;
    function balanceOf(address account) external view returns (uint256);
    function delegateAndRevert(address target, bytes calldata data) external;
}

/// @title EntryPoint 0.8 as its authors published it, at its canonical address
/// @notice The bytecode of npm @account-abstraction/contracts 0.8.0, by way of the deterministic deployer and the salt of its
/// authors: with another bytecode it would not land where it must.
library EntryPointCode {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    IEntryPoint08 internal constant V08 = IEntryPoint08(0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108);
    address internal constant V07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address internal constant V06 = 0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789;

    address private constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    bytes private constant DEPLOYER_CODE =
        hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";
    bytes32 private constant SALT = 0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9;

    function deploy() internal {
        vm.etch(DEPLOYER, DEPLOYER_CODE);
        bytes memory code = vm.getCode("node_modules/@account-abstraction/contracts/artifacts/EntryPoint.json");
        (bool success,) = DEPLOYER.call(bytes.concat(SALT, code));
        assert(success && address(V08).code.length != 0);
    }
}
