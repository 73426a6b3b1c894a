// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Grant, Grants} from "./Grants.sol";
import {Lists} from "./Lists.sol";
import {Reader} from "./Reader.sol";

/// @dev An opened rule: first the words that EIP-712 hashes, then where its `checks` lie in the calldata.
struct CallRule {
    bytes32 typeHash;
    address target;
    bytes32 signature;
    uint256 maxValue;
    bytes32 checks;
    uint256 index;
    uint256 checksAt;
    uint256 checksLength;
}

/// @dev An opened meter: first the words that EIP-712 hashes, then what is counted.
struct Meter {
    bytes32 typeHash;
    uint256 id;
    uint256 what;
    address token;
    uint256 cap;
    uint256 period;
    uint256 anchor;
    uint256 index;
    bool used;
    uint256 window;
    uint256 spent;
}

/// @dev The words that EIP-712 hashes for a `SessionOp`.
struct SessionOp {
    bytes32 typeHash;
    bytes32 grant;
    uint256 nonce;
    uint256 validFrom;
    uint256 validUntil;
    address relayer;
    uint256 maxFee;
    bytes32 calls;
}

/// @dev All that `execute` was sent. Offsets are of the calldata.
struct Wire {
    Grant grant;
    SessionOp op;
    CallRule[] rules;
    Meter[] meters;
    uint256 ruleCount;
    uint256 meterCount;
    uint256 keyAt;
    uint256 callsAt;
    uint256 callsEnd;
    uint256 signatureAt;
}

/// @title Reads what is sent to `execute`, and hashes grant and operation from it
library Wires {
    uint256 private constant ZERO = 0;
    uint256 private constant CALLER = 1;
    uint256 private constant IN_FULL = 2;

    /// @notice Reads the whole of `data`. Judges nothing but its form.
    function read(bytes calldata data, address backend) internal view returns (Wire memory wire) {
        unchecked {
            uint256 position;
            assembly ("memory-safe") {
                position := data.offset
            }
            uint256 end = position + data.length;
            position = _header(wire, position, backend);
            position = _rules(wire, position);
            position = _meters(wire, position);
            position = _op(wire, position);
            wire.signatureAt = position;
            // A signature of a kind that is not judged yet has no form yet either.
            if (wire.grant.keyKind == Grants.SECP256K1 ? position + 65 != end : position > end) revert IHallpass.Malformed();
        }
    }

    /// @notice `hashStruct(SessionOp)`.
    /// @dev Assembly: hashed where it stands, as `Grants.hash`.
    function hash(SessionOp memory op) internal pure returns (bytes32 value) {
        assembly ("memory-safe") {
            value := keccak256(op, 256)
        }
    }

    function _header(Wire memory wire, uint256 position, address backend) private view returns (uint256) {
        unchecked {
            Grant memory grant = wire.grant;
            grant.typeHash = Eip712.GRANT;
            grant.chainId = Reader.u64(position);
            grant.account = address(this);
            grant.backend = backend;
            grant.epoch = Reader.u64(position + 8);
            grant.salt = Reader.bytes16_(position + 16);
            uint256 kind = Reader.u8(position + 32);
            uint256 length = Grants.keyLength(kind);
            grant.keyKind = kind;
            wire.keyAt = position + 33;
            grant.keyHash = Reader.hash(position + 33, length);
            position += 33 + length;
            grant.notBefore = Reader.u48(position);
            grant.notAfter = Reader.u48(position + 6);
            grant.firstSeq = Reader.u64(position + 12);
            grant.endSeq = Reader.u64(position + 20);
            grant.routes = Reader.u8(position + 28);
            uint256 relayers = Reader.u8(position + 29);
            position += 30;
            (grant.relayer, position) = _relayer(relayers & 15, position);
            (wire.op.relayer, position) = _relayer(relayers >> 4, position);
            grant.rest = Reader.bytes32_(position);
            return position + 32;
        }
    }

    /// @dev The zero address has one encoding.
    function _relayer(uint256 how, uint256 position) private view returns (address relayer, uint256 next) {
        if (how == ZERO) return (address(0), position);
        if (how == CALLER) return (msg.sender, position);
        relayer = Reader.address_(position);
        if (how != IN_FULL || relayer == address(0)) revert IHallpass.Malformed();
        unchecked {
            next = position + 20;
        }
    }

    function _rules(Wire memory wire, uint256 position) private pure returns (uint256 next) {
        unchecked {
            uint256 count = Reader.u16(position);
            uint256 opened = Reader.u8(position + 2);
            position += 3;
            CallRule[] memory rules = _newRules(opened);
            for (uint256 i; i < opened; ++i) {
                uint256 start = position;
                uint256 length = Reader.u8(start + 22);
                uint256 maxValue;
                (maxValue, position) = Reader.minimal(start + 23 + length);
                uint256 size = Reader.u16(position);
                position += 2;
                rules[i] = CallRule({
                    typeHash: Eip712.CALL_RULE,
                    target: Reader.address_(start + 2),
                    signature: Reader.hash(start + 23, length),
                    maxValue: maxValue,
                    checks: Reader.hash(position, size),
                    index: Reader.u16(start),
                    checksAt: position,
                    checksLength: size
                });
                position += size;
            }
            wire.rules = rules;
            wire.ruleCount = count;
            (wire.grant.calls, next) = _hashList(Lists.pointer(rules), 160, count, position);
        }
    }

    function _meters(Wire memory wire, uint256 position) private pure returns (uint256 next) {
        unchecked {
            uint256 count = Reader.u16(position);
            uint256 opened = Reader.u8(position + 2);
            position += 3;
            Meter[] memory meters = _newMeters(opened);
            for (uint256 i; i < opened; ++i) {
                meters[i] = Meter({
                    typeHash: Eip712.METER,
                    id: Reader.u16(position + 2),
                    what: Reader.u8(position + 4),
                    token: Reader.address_(position + 5),
                    cap: Reader.u120(position + 25),
                    period: Reader.u32(position + 40),
                    anchor: Reader.u48(position + 44),
                    index: Reader.u16(position),
                    used: false,
                    window: 0,
                    spent: 0
                });
                position += 50;
            }
            wire.meters = meters;
            wire.meterCount = count;
            (wire.grant.meters, next) = _hashList(Lists.pointer(meters), 224, count, position);
        }
    }

    /// @dev Room for `count` pointers, each of which must be set. Assembly: `new` would make the structs too, to be
    /// replaced: about 150 gas each.
    function _newRules(uint256 count) private pure returns (CallRule[] memory list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, count)
            mstore(0x40, add(add(list, 32), shl(5, count)))
        }
    }

    /// @dev As `_newRules`.
    function _newMeters(uint256 count) private pure returns (Meter[] memory list) {
        assembly ("memory-safe") {
            list := mload(0x40)
            mstore(list, count)
            mstore(0x40, add(add(list, 32), shl(5, count)))
        }
    }

    /// @dev The EIP-712 hash of a list of `count` members. Those of `opened` are hashed from their first `size` bytes,
    /// after which stands their index; the hashes of all others are in the calldata at `position`, by index. An opened
    /// index that repeats, descends or is not below `count` is never met, and so refused.
    /// Assembly: hashing in place and one load and store a hash; about 100 gas a member less than a bounds-checked array.
    function _hashList(uint256 opened, uint256 size, uint256 count, uint256 position)
        private
        pure
        returns (bytes32 value, uint256 next)
    {
        bool unmet;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let slot := buffer
            let item := add(opened, 32)
            let last := add(item, shl(5, mload(opened)))
            let i := 0
            next := position
            for {} lt(i, count) {} {
                // The next opened index, or the count where there is none that is still to come.
                let index := count
                if lt(item, last) { index := mload(add(mload(item), size)) }
                if or(lt(index, i), gt(index, count)) { index := count }
                for {} lt(i, index) { i := add(i, 1) } {
                    mstore(slot, calldataload(next))
                    next := add(next, 32)
                    slot := add(slot, 32)
                }
                if lt(i, count) {
                    mstore(slot, keccak256(mload(item), size))
                    item := add(item, 32)
                    slot := add(slot, 32)
                    i := add(i, 1)
                }
            }
            value := keccak256(buffer, shl(5, count))
            unmet := lt(item, last)
        }
        if (unmet) revert IHallpass.Malformed();
    }

    function _op(Wire memory wire, uint256 position) private pure returns (uint256 next) {
        unchecked {
            SessionOp memory op = wire.op;
            op.typeHash = Eip712.SESSION_OP;
            op.nonce = Reader.word(position);
            op.validFrom = Reader.u48(position + 32);
            op.validUntil = Reader.u48(position + 38);
            (op.maxFee, position) = Reader.minimal(position + 44);
            uint256 length = Reader.u24(position);
            position += 3;
            op.calls = Reader.hash(position, length);
            wire.callsAt = position;
            next = position + length;
            wire.callsEnd = next;
        }
    }
}
