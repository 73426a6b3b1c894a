// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Opens pockets at addresses that are known before
interface IHallpassFactory {
    /// @notice The implementation has no code.
    error NoImplementation();

    /// @notice A pocket was opened.
    event Opened(address indexed owner, uint256 index, address pocket);

    /// @notice Opens the pocket `index` of `owner`, or does nothing where it is open. Open to anyone: the address fixes the owner.
    function open(address owner, uint256 index) external returns (address pocket);

    /// @notice Opens a pocket and installs a grant in it.
    /// @param grant the grant, as for the account's `install`
    /// @param signature the owner's
    function openAndInstall(address owner, uint256 index, bytes calldata grant, bytes calldata signature)
        external
        returns (address pocket);

    /// @notice The address of a pocket, whether open or not.
    function pocketOf(address owner, uint256 index) external view returns (address);

    /// @notice What every pocket delegates to, and grants name as their backend.
    function implementation() external view returns (address);
}
