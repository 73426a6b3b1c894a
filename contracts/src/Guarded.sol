// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Owned} from "./Owned.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {IHallpassOwner} from "./interfaces/IHallpassOwner.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Guardians} from "./libraries/Guardians.sol";
import {Owners} from "./libraries/Owners.sol";
import {State} from "./libraries/State.sol";

/// @title Freezing, and the guardians who may do it beside the owner
/// @notice Guardians freeze and end, and never anything else; what they froze the owner alone unfreezes.
abstract contract Guarded is Owned {
    bytes32 private constant FREEZE = keccak256("Freeze(address account,uint24 count)");

    /// @inheritdoc IHallpass
    function freeze() external {
        _onlyOwner();
        _freeze();
    }

    /// @inheritdoc IHallpass
    function unfreeze() external {
        _onlyOwner();
        State.Layout storage state = State.load();
        state.account = Guardians.unfrozen(state.account);
        emit Unfrozen();
    }

    /// @inheritdoc IHallpassOwner
    function setGuardians(uint8 threshold, address[] calldata guardians) external {
        _onlyOwner();
        State.Layout storage state = State.load();
        state.account = Guardians.withSet(state.account, Guardians.id(threshold, guardians));
        emit GuardiansSet(threshold, guardians);
    }

    /// @inheritdoc IHallpassOwner
    function freezeBy(uint8 threshold, address[] calldata guardians, bytes[] calldata signatures) external {
        uint24 count = Guardians.count(State.load().account);
        _guarded(keccak256(abi.encode(FREEZE, address(this), count)), threshold, guardians, signatures);
        _freeze();
    }

    /// @inheritdoc IHallpassOwner
    function endBy(bytes32 grant, uint8 threshold, address[] calldata guardians, bytes[] calldata signatures) external {
        _guarded(keccak256(abi.encode(Eip712.END, grant)), threshold, guardians, signatures);
        _end(grant);
    }

    /// @inheritdoc IHallpassOwner
    function guardianState() external view returns (uint160 set, uint24 unfreezes) {
        uint256 account = State.load().account;
        return (Guardians.set(account), Guardians.count(account));
    }

    /// @dev Ends a grant for good, whoever asked for it.
    function _end(bytes32 grant) internal virtual;

    function _freeze() private {
        State.Layout storage state = State.load();
        state.account = Guardians.frozen(state.account);
        emit Frozen();
    }

    /// @dev The set is the account's, and as many of it as its threshold asks for signed `structHash` or are the caller.
    function _guarded(
        bytes32 structHash,
        uint8 threshold,
        address[] calldata guardians,
        bytes[] calldata signatures
    ) private view {
        uint160 set = Guardians.set(State.load().account);
        if (set == 0 || Guardians.id(threshold, guardians) != set) revert NotGuardians();
        if (signatures.length != guardians.length) revert Malformed();
        bytes32 digest = Eip712.digest(backend, structHash);
        uint256 present;
        for (uint256 i; i < guardians.length; ++i) {
            if (signatures[i].length == 0) {
                if (msg.sender == guardians[i]) ++present;
            } else if (Owners.signed(guardians[i], digest, signatures[i])) {
                ++present;
            } else {
                revert BadSignature();
            }
        }
        if (present < threshold) revert TooFewGuardians();
    }
}
