// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Keys} from "../../src/libraries/Keys.sol";
import {Reader} from "../../src/libraries/Reader.sol";

/// @title Asks `Keys` as `execute` does: the signature must stop exactly at the end
contract KeysHarness {
    function check(uint256 kind, bytes calldata key, bytes32 digest, bytes calldata signature, bytes32 rpIdHash)
        external
        view
    {
        (uint256 position, uint256 end) = Reader.bounds(signature);
        if (position + Keys.length(kind, position, end) != end) revert IHallpass.Malformed();
        (uint256 place,) = Reader.bounds(key);
        uint256 free = _free();
        Keys.check(kind, place, digest, position, uint256(rpIdHash));
        assert(_free() == free);
    }

    function length(uint256 kind, uint256 position, uint256 end) external pure returns (uint256) {
        return Keys.length(kind, position, end);
    }

    function _free() private pure returns (uint256 free) {
        assembly ("memory-safe") {
            free := mload(0x40)
        }
    }
}
