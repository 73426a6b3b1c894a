// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Asks an account whether a signature is its own
/// @notice The creation code of one `eth_call` without a receiver, which is no transaction and cannot become one. The constructor
/// asks the account (ERC-1271); where the signature came with a preparation (ERC-6492) and the account does not accept it as it
/// stands, it prepares and asks again. Whatever that changed is forgotten with the call. Nothing of this stands on any chain.
///
/// It never reverts, and it copies nothing that a stranger returns: so that whatever an account does, the node answers with one
/// of the words below, and a node that answers anything else has failed.
contract SignatureQuestion {
    /// @dev What the call returns, as a word.
    uint256 internal constant ACCEPTED = 1;
    uint256 internal constant ACCEPTED_WHEN_PREPARED = 2;
    uint256 internal constant REFUSED = 3;
    uint256 internal constant NO_CODE = 4;
    uint256 internal constant PREPARATION_FAILED = 5;

    /// @dev Gas for `isValidSignature`, each time it is asked.
    uint256 internal constant ASK_GAS = 3_000_000;
    /// @dev Gas for the preparation, which usually deploys the account.
    uint256 internal constant PREPARE_GAS = 6_000_000;

    /// @param account Who is asked
    /// @param digest What was signed
    /// @param signature Handed to the account as it is
    /// @param prepares Whether there is a preparation
    /// @param to Whom the preparation calls
    /// @param data What it calls with
    constructor(address account, bytes32 digest, bytes memory signature, bool prepares, address to, bytes memory data) {
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        uint256 verdict = _verdict(account, question, prepares, to, data);
        assembly ("memory-safe") {
            mstore(0, verdict)
            return(0, 32)
        }
    }

    function _verdict(address account, bytes memory question, bool prepares, address to, bytes memory data)
        private
        returns (uint256)
    {
        bool stands = account.code.length != 0;
        if (stands && _accepts(account, question)) return ACCEPTED;
        if (!prepares) return stands ? REFUSED : NO_CODE;
        if (!_prepare(to, data)) return PREPARATION_FAILED;
        if (account.code.length == 0) return NO_CODE;
        return _accepts(account, question) ? ACCEPTED_WHEN_PREPARED : REFUSED;
    }

    /// @dev One word comes back, the selector on its left and nothing beside it: not fewer bytes, not more, not another bit.
    function _accepts(address account, bytes memory question) private view returns (bool accepts) {
        bytes32 expected = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            mstore(0, 0)
            accepts := staticcall(ASK_GAS, account, add(question, 32), mload(question), 0, 32)
            accepts := and(accepts, and(eq(returndatasize(), 32), eq(mload(0), expected)))
        }
    }

    function _prepare(address to, bytes memory data) private returns (bool done) {
        assembly ("memory-safe") {
            done := call(PREPARE_GAS, to, 0, add(data, 32), mload(data), 0, 0)
        }
    }
}
