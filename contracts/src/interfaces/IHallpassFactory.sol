// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Opens pockets at addresses that are known before
interface IHallpassFactory {
    /// @notice The implementation has no code.
    error NoImplementation();
    /// @notice No owner: the zero address, the pockets' implementation, no point of P-256, or a relying party of zero.
    error BadOwner();

    /// @notice A pocket was opened.
    event Opened(address indexed owner, uint256 index, address pocket);
    /// @notice A passkey's pocket was opened.
    event OpenedFor(bytes32 indexed x, bytes32 indexed y, bytes32 rpIdHash, uint256 index, address pocket);

    /// @notice Opens the pocket `index` of `owner`, or does nothing where it is open. Open to anyone: the address fixes the owner.
    function open(address owner, uint256 index) external returns (address pocket);

    /// @notice Opens the pocket `index` of a passkey, as `open`.
    /// @param x the public key's point
    /// @param y the public key's point
    /// @param rpIdHash SHA-256 of the relying party's id
    function openFor(bytes32 x, bytes32 y, bytes32 rpIdHash, uint256 index) external returns (address pocket);

    /// @notice Opens a pocket and installs a grant in it.
    /// @param grant the grant, as for the account's `install`
    /// @param signature the owner's
    function openAndInstall(address owner, uint256 index, bytes calldata grant, bytes calldata signature)
        external
        returns (address pocket);

    /// @notice Opens a passkey's pocket and installs a grant in it.
    /// @param grant the grant, as for the account's `install`
    /// @param signature the passkey's
    function openForAndInstall(
        bytes32 x,
        bytes32 y,
        bytes32 rpIdHash,
        uint256 index,
        bytes calldata grant,
        bytes calldata signature
    ) external returns (address pocket);

    /// @notice The address of a pocket, whether open or not.
    function pocketOf(address owner, uint256 index) external view returns (address);

    /// @notice The address of a passkey's pocket, whether open or not.
    function pocketFor(bytes32 x, bytes32 y, bytes32 rpIdHash, uint256 index) external view returns (address);

    /// @notice What every pocket delegates to, and grants name as their backend.
    function implementation() external view returns (address);
}
