// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The owner's side of the account: calls that the owner makes, and guardians, who freeze and end
/// @notice Calls are made through ERC-7821's `execute`; the typed data that is signed is that of `spec/encoding.md`.
interface IHallpassOwner {
    /// @notice `execute` knows batches alone: all or nothing, without delegatecall.
    error UnsupportedExecutionMode();
    /// @notice The set is not strictly ascending, or its threshold is not one to its size, or it has more than 16 members.
    error BadGuardians();
    /// @notice The account has other guardians, or none.
    error NotGuardians();
    /// @notice Fewer guardians signed than the threshold asks for.
    error TooFewGuardians();

    /// @notice The calls that the owner signed under `nonce` were made.
    event OwnerExecuted(uint256 indexed nonce);
    /// @notice The account has these guardians from here on; an empty set is none.
    event GuardiansSet(uint8 threshold, address[] guardians);

    /// @notice Names the guardians in place of all before: `threshold` of them can freeze the account, and end a grant.
    /// They can do nothing else. Owner only; zero and an empty list unset them.
    /// @param guardians 1 to 16, strictly ascending
    function setGuardians(uint8 threshold, address[] calldata guardians) external;

    /// @notice Freezes the account as its guardians. Open to anyone; a guardian who calls need not sign.
    /// @param threshold as it was set
    /// @param guardians as they were set
    /// @param signatures one place for each, over `Freeze`; empty for one who did not sign
    function freezeBy(uint8 threshold, address[] calldata guardians, bytes[] calldata signatures) external;

    /// @notice Ends a grant as the account's guardians, as `freezeBy`.
    /// @param grant its `hashStruct`
    /// @param signatures over `End`
    function endBy(bytes32 grant, uint8 threshold, address[] calldata guardians, bytes[] calldata signatures) external;

    /// @notice What is stored of the guardians.
    /// @return set the last 160 bits of keccak256(abi.encode(threshold, guardians)); zero where there are none
    /// @return unfreezes what `Freeze` signs as its count
    function guardianState() external view returns (uint160 set, uint24 unfreezes);

    /// @notice Whether a nonce of the owner's calls was used.
    function ownerNonceUsed(uint256 nonce) external view returns (bool);
}
