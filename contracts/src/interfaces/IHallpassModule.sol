// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Sessions for any ERC-7579 account, as its validator and its executor
/// @notice Errors, events and bytes are those of `IHallpass`; a grant's backend is the module, its account the account. The
/// owner is whoever the account lets act as itself, or whose signature its ERC-1271 takes.
interface IHallpassModule {
    /// @notice Executes what a session key signed, by way of the account's `executeFromExecutor`.
    /// @param account the account that granted it
    /// @param wire as for the `execute` of `IHallpass`
    function execute(address account, bytes calldata wire) external;

    /// @notice As in `IHallpass`; the signature is one that the account's ERC-1271 takes.
    function install(bytes calldata grant, bytes calldata signature) external;

    /// @notice As in `IHallpass`.
    function replace(
        bytes calldata from,
        bytes calldata fromMeters,
        bytes calldata to,
        bytes calldata toMeters,
        bytes calldata signature
    ) external;

    /// @notice As in `IHallpass`; without a signature where the account is the caller.
    function end(address account, bytes32 grant, bytes calldata signature) external;

    /// @notice As in `IHallpass`.
    function endFor(bytes calldata grant, bytes calldata rest, bytes calldata signature) external;

    /// @notice As in `IHallpass`.
    function surrender(bytes calldata grant, bytes calldata rest, bytes calldata signature) external;

    /// @notice As in `IHallpass`; without a signature where the account is the caller.
    function moveEpoch(address account, uint64 next, bytes calldata signature) external;

    /// @notice Refuses every operation of the caller's until `unfreeze`.
    function freeze() external;

    /// @notice Undoes `freeze`.
    function unfreeze() external;

    /// @notice The account's epoch, and whether it is frozen.
    function accountState(address account) external view returns (uint64 epoch, bool frozen);

    /// @notice As in `IHallpass`.
    function grantState(address account, bytes32 grant)
        external
        view
        returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent);

    /// @notice As in `IHallpass`.
    function laneState(address account, bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used);

    /// @notice As in `IHallpass`.
    function meterState(address account, uint64 epoch, bytes16 salt, uint16 id)
        external
        view
        returns (uint32 window, uint120 spent);

    /// @notice What the module is called.
    function name() external pure returns (string memory);

    /// @notice Its version; it is also that of the domain and of the storage.
    function version() external pure returns (string memory);
}
