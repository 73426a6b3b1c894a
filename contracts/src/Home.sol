// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What differs between the places where a session is enforced: an account of ours, or a module of somebody else's
abstract contract Home {
    /// @dev What grants name as their backend.
    function _backend() internal view virtual returns (address);

    /// @dev The account, where this contract keeps the state of many; 0 where the state is the account's own.
    function _shared(address account) internal view virtual returns (uint256);

    /// @dev Whether this contract keeps the state of `account`.
    function _isHome(address account) internal view virtual returns (bool);

    /// @dev Whether the caller is the account's owner, who then needs no signature.
    function _callerOwns(address account) internal view virtual returns (bool);

    /// @dev Requires the owner's signature over `structHash` in the Grant domain.
    function _approvedFor(address account, bytes32 structHash, bytes calldata signature) internal view virtual;

    /// @dev What a place denies besides, of what the frame holds, before anything is written.
    function _judged(address account) internal view virtual;

    /// @dev Makes the calls that were judged, then pays `fee` to the caller.
    function _make(address account, uint256 fee) internal virtual;
}
