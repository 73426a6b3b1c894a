// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title The account of Hallpass: executes what a session key signs, inside what its owner granted
/// @notice The bytes that every function takes, and the order of its checks, are those of `spec/encoding.md`.
interface IHallpass {
    /// @notice The grant's chain is not this one.
    error WrongChain();
    /// @notice The grant is another account's.
    error WrongAccount();
    /// @notice The grant names another implementation.
    error WrongBackend();
    /// @notice The grant does not allow the direct route.
    error RouteNotAllowed();
    /// @notice The block's time is before the grant's `notBefore`.
    error GrantNotStarted();
    /// @notice The block's time is at or after the grant's `notAfter`.
    error GrantExpired();
    /// @notice The block's time is before the operation's `validFrom`.
    error OpNotYetValid();
    /// @notice The block's time is at or after the operation's `validUntil`.
    error OpExpired();
    /// @notice The operation lives longer than 600 seconds.
    error OpTooLong();
    /// @notice The operation lives outside the grant's time.
    error OpOutsideGrant();
    /// @notice The caller is not the relayer that was signed, or the operation leaves out the grant's relayer.
    error RelayerNotAllowed();
    /// @notice The fee is above what the grant allows an operation, or above what is left of all its fees.
    error FeeOverCap();
    /// @notice The grant does not list the user operation's paymaster.
    error PaymasterNotAllowed();
    /// @notice An operation makes at least one call.
    error EmptyBatch();
    /// @notice The sequence is outside `firstSeq <= sequence < endSeq`, or not below 2^32.
    error SequenceOutOfRange();
    /// @notice The owner froze the account.
    error AccountFrozen();
    /// @notice The account's epoch is not the grant's.
    error EpochMoved();
    /// @notice No grant with these bytes was installed.
    error GrantUnknown();
    /// @notice The grant was ended.
    error GrantEnded();
    /// @notice The grant is installed already.
    error GrantInstalled();
    /// @notice Another grant of this epoch had the same salt.
    error SaltUsed();
    /// @notice The sequence was used, or the window of sequences has moved past it.
    error NonceUsed();
    /// @notice The signature is not the expected key's, or not canonical.
    error BadSignature();
    /// @notice The grant has no rule of that number.
    error NoRule();
    /// @notice A session never calls its own account, the implementation or an EntryPoint.
    error TargetForbidden();
    /// @notice The call's value is above the rule's maximum.
    error ValueOverMax();
    /// @notice The arguments do not decode strictly.
    error BadCalldata();
    /// @notice A condition of the rule does not hold.
    error ConditionFailed();
    /// @notice A token meter counts the account's own tokens alone.
    error ForeignOwner();
    /// @notice The operation's life lies in more than one window of the meter.
    error WindowCrossed();
    /// @notice The meter already counts a later window.
    error WindowPast();
    /// @notice The meter's cap would be passed.
    error MeterExceeded();
    /// @notice A call failed, and with it all of the operation.
    /// @param index the call's place in the batch
    /// @param reason what it returned
    error CallFailed(uint256 index, bytes reason);
    /// @notice Too little gas is left to give the call the floor that was signed.
    error GasFloorUnmet();
    /// @notice The signed grant breaks a rule of the encoding.
    error BadGrant();
    /// @notice A form that this version does not judge, and so denies.
    error NotYetSupported();
    /// @notice The bytes are not in the one encoding.
    error Malformed();
    /// @notice The caller is no EntryPoint that this account knows.
    error NotEntryPoint();
    /// @notice Only the account's owner may do this.
    error NotOwner();
    /// @notice The grant names no ender.
    error NotEnder();
    /// @notice The new grant is not one that may replace the old: another account, epoch or salt, or a meter that is not the
    /// old one's or has a higher cap.
    error BadReplacement();
    /// @notice The fee could not be paid.
    error FeeNotPaid();
    /// @notice The next epoch must be above the current one.
    error BadEpoch();

    /// @notice An operation was executed.
    event Executed(bytes32 indexed grant, uint256 nonce);
    /// @notice A user operation was judged, and what it may cost was counted; the EntryPoint says how it ended.
    event Validated(bytes32 indexed grant, bytes32 userOpHash);
    /// @notice A grant became active.
    event Installed(bytes32 indexed grant);
    /// @notice A grant was ended, for good.
    event Ended(bytes32 indexed grant);
    /// @notice A grant took another's place and counters. `Ended` and `Installed` say the same of each.
    event Replaced(bytes32 indexed from, bytes32 indexed to);
    /// @notice Every grant of an earlier epoch was ended.
    event EpochMovedTo(uint64 epoch);
    /// @notice The account refuses every operation from here on.
    event Frozen();
    /// @notice The account judges operations again.
    event Unfrozen();

    /// @notice Executes what a session key signed. Open to anyone whom grant and operation allow as relayer.
    /// @param wire the opened grant, the operation and its signature
    function execute(bytes calldata wire) external;

    /// @notice Judges a user operation of ERC-4337, and counts what it may cost. The EntryPoints 0.7 and 0.8 alone.
    /// @return validation the seconds between which the EntryPoint executes it
    function validateUserOp(PackedUserOperation calldata op, bytes32 userOpHash, uint256 missing)
        external
        returns (uint256 validation);

    /// @notice Activates a grant. Open to anyone; the owner's signature decides.
    /// @param grant the grant, its lists as their EIP-712 hashes
    /// @param signature the owner's, over `Grant`; empty where the owner is the caller
    function install(bytes calldata grant, bytes calldata signature) external;

    /// @notice Ends a grant for good, whether installed or not.
    /// @param grant its `hashStruct`
    /// @param signature the owner's, over `End`; empty where the owner is the caller
    function end(bytes32 grant, bytes calldata signature) external;

    /// @notice Puts `to` in the place of `from`, which ends; what was spent stays spent. Open to anyone; the owner's signature decides.
    /// @param from the grant in force, as for `install`
    /// @param fromMeters all its meters
    /// @param to the grant that follows, of the same account, epoch and salt
    /// @param toMeters all its meters: each one of `from`'s, with no higher cap
    /// @param signature the owner's, over `Replace`; empty where the owner is the caller
    function replace(
        bytes calldata from,
        bytes calldata fromMeters,
        bytes calldata to,
        bytes calldata toMeters,
        bytes calldata signature
    ) external;

    /// @notice Ends a grant for good by the key that it names as its ender.
    /// @param grant as for `install`
    /// @param rest the grant's rest, opened
    /// @param signature the ender's, over `End`
    function endFor(bytes calldata grant, bytes calldata rest, bytes calldata signature) external;

    /// @notice Ends a grant for good by its own session key.
    /// @param grant as for `install`
    /// @param rest the grant's rest, opened, where the key is WebAuthn's; else it may be empty
    /// @param signature the session key's, over `End`
    function surrender(bytes calldata grant, bytes calldata rest, bytes calldata signature) external;

    /// @notice Ends every grant of the current epoch.
    /// @param next the new epoch, above the current one
    /// @param signature the owner's, over `Epoch`; empty where the owner is the caller
    function moveEpoch(uint64 next, bytes calldata signature) external;

    /// @notice Refuses every operation until `unfreeze`. Owner only. Grants may still be installed and ended.
    function freeze() external;

    /// @notice Undoes `freeze`. Owner only.
    function unfreeze() external;

    /// @notice Who grants: the account itself under EIP-7702, the pocket's owner otherwise.
    function owner() external view returns (address);

    /// @notice The implementation, which grants name as their backend.
    function backend() external view returns (address);

    /// @notice The account's epoch, and whether it is frozen.
    function accountState() external view returns (uint64 epoch, bool frozen);

    /// @notice What is stored of a grant.
    /// @return status 0 unknown, 1 active, 2 ended
    /// @return base the lowest sequence not yet dead
    /// @return used bit i is set where sequence `base + i` was used
    /// @return window the window that the grant's first meter counts
    /// @return spent what the first meter counts in it
    function grantState(bytes32 grant)
        external
        view
        returns (uint8 status, uint32 base, uint64 used, uint32 window, uint120 spent);

    /// @notice What is stored of a lane of a grant's, other than lane 0.
    /// @return base the lowest sequence not yet dead
    /// @return used bit i is set where sequence `base + i` was used
    function laneState(bytes32 grant, uint192 lane) external view returns (uint64 base, uint192 used);

    /// @notice What is stored of a meter that is not its grant's first.
    function meterState(uint64 epoch, bytes16 salt, uint16 id) external view returns (uint32 window, uint120 spent);

    /// @notice `hashStruct` of the grant in the bytes that `install` takes.
    function grantHash(bytes calldata grant) external view returns (bytes32);
}
