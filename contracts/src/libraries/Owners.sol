// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Who signed for an address that is no session key: an owner, a guardian
library Owners {
    /// @notice Whether `who` signed `hash`: its key (r, s, v; low s), else its code (ERC-1271).
    /// @dev The key first: an address with a delegation (EIP-7702) has code too, and its key still speaks for it.
    function signed(address who, bytes32 hash, bytes calldata signature) internal view returns (bool) {
        return signedByKey(who, hash, signature)
            || (who.code.length != 0 && SignatureChecker.isValidERC1271SignatureNowCalldata(who, hash, signature));
    }

    /// @notice Whether the key of `who` signed `hash`. Nobody signs for the zero address.
    function signedByKey(address who, bytes32 hash, bytes calldata signature) internal pure returns (bool) {
        (address recovered, ECDSA.RecoverError err,) = ECDSA.tryRecoverCalldata(hash, signature);
        return err == ECDSA.RecoverError.NoError && recovered == who;
    }
}
