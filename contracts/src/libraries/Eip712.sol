// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Reader} from "./Reader.sol";
import {Words} from "./Words.sol";

/// @title The typed data of the protocol (EIP-712): type hashes, domains, digests, and who signed
library Eip712 {
    bytes32 internal constant GRANT = keccak256(
        "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,"
        "uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,"
        "CallRule[] calls,Meter[] meters,Rest rest)"
        "AppRule(string app,string verb,bytes checks)"
        "CallRule(address target,string signature,uint256 maxValue,bytes checks)"
        "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)"
        "Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)"
        "Require(uint8 kind,bytes data)"
        "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,"
        "address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)"
        "TypedRule(string domain,string encodeType,bytes checks)"
    );
    bytes32 internal constant CALL_RULE =
        keccak256("CallRule(address target,string signature,uint256 maxValue,bytes checks)");
    bytes32 internal constant METER =
        keccak256("Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)");
    bytes32 internal constant REST = keccak256(
        "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,"
        "address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)"
        "AppRule(string app,string verb,bytes checks)"
        "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)"
        "Require(uint8 kind,bytes data)"
        "TypedRule(string domain,string encodeType,bytes checks)"
    );
    bytes32 internal constant GAS =
        keccak256("Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)");
    bytes32 internal constant SESSION_OP = keccak256(
        "SessionOp(bytes32 grant,uint256 nonce,uint48 validFrom,uint48 validUntil,address relayer,uint120 maxFee,bytes calls)"
    );
    bytes32 internal constant SESSION_USER_OP = keccak256(
        "SessionUserOp(bytes32 grant,uint48 validFrom,uint48 validUntil,uint16[] rules,bytes32 userOpHash)"
    );
    bytes32 internal constant REPLACE = keccak256(
        "Replace(bytes32 from,Grant to)"
        "AppRule(string app,string verb,bytes checks)"
        "CallRule(address target,string signature,uint256 maxValue,bytes checks)"
        "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)"
        "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,"
        "uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,"
        "CallRule[] calls,Meter[] meters,Rest rest)"
        "Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)"
        "Require(uint8 kind,bytes data)"
        "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,"
        "address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)"
        "TypedRule(string domain,string encodeType,bytes checks)"
    );
    bytes32 internal constant END = keccak256("End(bytes32 grant)");
    bytes32 internal constant EPOCH = keccak256("Epoch(address account,uint64 next)");

    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("Hallpass");
    bytes32 private constant VERSION = keccak256("1");
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice What is signed for `structHash` in the domain of `verifyingContract`.
    function digest(address verifyingContract, bytes32 structHash) internal view returns (bytes32 value) {
        bytes32 typeHash = DOMAIN;
        bytes32 name = NAME;
        bytes32 version = VERSION;
        // Assembly: in free memory, without allocating; about 200 gas less than two encodings.
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mstore(add(free, 32), name)
            mstore(add(free, 64), version)
            mstore(add(free, 96), chainid())
            mstore(add(free, 128), verifyingContract)
            let domain := keccak256(free, 160)
            mstore(free, hex"1901")
            mstore(add(free, 2), domain)
            mstore(add(free, 34), structHash)
            value := keccak256(free, 66)
        }
    }

    /// @notice Requires that `signer` signed `hash`; `signature` is r, s, v and nothing more.
    function check(address signer, bytes32 hash, bytes calldata signature) internal view {
        if (signature.length != 65) revert IHallpass.BadSignature();
        uint256 position;
        assembly ("memory-safe") {
            position := signature.offset
        }
        checkAt(uint160(signer), hash, position);
    }

    /// @notice Requires that `signer` signed `hash` by the r, s and v at `position`: low s, v 27 or 28, no zero signer.
    /// @dev Assembly: the call without an encoder, about 100 gas less.
    function checkAt(uint256 signer, bytes32 hash, uint256 position) internal view {
        uint256 s = Reader.word(position + 32);
        uint256 v = Reader.u8(position + 64);
        unchecked {
            if (Words.either(s > HALF_ORDER, v - 27 > 1)) revert IHallpass.BadSignature();
        }
        uint256 recovered;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, hash)
            mstore(add(free, 32), v)
            mstore(add(free, 64), calldataload(position))
            mstore(add(free, 96), s)
            mstore(0, 0)
            // It answers 32 bytes, or none where nobody signed.
            pop(staticcall(gas(), 1, free, 128, 0, 32))
            recovered := mload(0)
        }
        if (Words.either(recovered == 0, recovered != signer)) revert IHallpass.BadSignature();
    }
}
