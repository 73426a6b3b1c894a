// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title A contract wallet that answers ERC-1271 in each way in which one may
/// @notice As an EIP-7702 delegate too: what it needs is immutable.
contract TestWallet {
    /// @dev How it answers. All but the first answer so to any signature.
    enum Manner {
        Owner,
        Reverts,
        Garbage,
        Short,
        Long,
        Nothing,
        Dirty,
        RightAligned,
        True,
        AllOnes,
        BurnsGas,
        Bomb,
        Writes,
        Simulated
    }

    Manner internal immutable manner;
    address public immutable owner;
    uint256 public written;

    constructor(Manner how, address owner_) {
        manner = how;
        owner = owner_;
    }

    /// @notice ERC-1271, honestly for `Owner` alone.
    function isValidSignature(bytes32 digest, bytes calldata signature) external returns (bytes4) {
        bytes4 magic = IERC1271.isValidSignature.selector;
        if (manner == Manner.Owner) {
            (address signer, ECDSA.RecoverError error,) = ECDSA.tryRecover(digest, signature);
            return error == ECDSA.RecoverError.NoError && signer == owner ? magic : bytes4(0xffffffff);
        }
        if (manner == Manner.Reverts) revert("no");
        if (manner == Manner.Garbage) _answer(keccak256(signature), 32);
        if (manner == Manner.Short) _answer(magic, 4);
        if (manner == Manner.Long) _answer(magic, 64);
        if (manner == Manner.Nothing) _answer(magic, 0);
        if (manner == Manner.Dirty) _answer(magic | bytes32(uint256(1)), 32);
        if (manner == Manner.RightAligned) _answer(bytes32(uint256(uint32(magic))), 32);
        if (manner == Manner.True) _answer(bytes32(uint256(1)), 32);
        if (manner == Manner.AllOnes) return 0xffffffff;
        if (manner == Manner.BurnsGas) {
            while (true) {}
        }
        // As much as its gas lets it: who copies it all runs out of gas.
        if (manner == Manner.Bomb) _answer(magic, 700_000);
        if (manner == Manner.Writes) written = 1;
        // Some contracts let everything pass where nobody seems to have sent the call.
        if (manner == Manner.Simulated && (tx.origin != address(0) && msg.sender != address(0))) return 0xffffffff;
        return magic;
    }

    function _answer(bytes32 word, uint256 length) private pure {
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, word)
            return(at, length)
        }
    }
}
