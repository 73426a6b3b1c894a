// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {CallRule, Grant, GrantHasher, Meter, Rest} from "./GrantHasher.sol";

/// @dev One call of an operation.
struct OpCall {
    uint16 rule;
    uint32 gasFloor;
    uint256 value;
    bytes arguments;
}

/// @dev What a session key signs, before it is bound to a grant.
struct Op {
    uint256 nonce;
    uint48 validFrom;
    uint48 validUntil;
    address relayer;
    uint120 maxFee;
    bytes calls;
}

/// @title Writes the encodings of `spec/encoding.md`
library Encode {
    function minimal(uint256 value) internal pure returns (bytes memory out) {
        uint256 length;
        while (length < 32 && value >> (8 * length) != 0) ++length;
        out = new bytes(length);
        for (uint256 i; i < length; ++i) {
            out[i] = bytes1(uint8(value >> (8 * (length - 1 - i))));
        }
        return bytes.concat(bytes1(uint8(length)), out);
    }

    function path(uint16 step) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), step);
    }

    function cond(uint8 operator, uint16 step, uint256 word) internal pure returns (bytes memory) {
        return abi.encodePacked(operator, path(step), word);
    }

    function use(uint16 id, uint8 amount) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), id, amount);
    }

    function usePath(uint16 id, uint16 step) internal pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), id, uint8(3), path(step));
    }

    /// @param conditions how many are in `encoded`
    function checks(bytes memory types, uint8 conditions, bytes memory encoded, bytes memory uses)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(uint8(types.length), types, conditions, encoded, uses);
    }

    function call(OpCall memory c) internal pure returns (bytes memory) {
        return abi.encodePacked(c.rule, c.gasFloor, minimal(c.value), uint24(c.arguments.length), c.arguments);
    }

    function rule(uint16 index, CallRule memory r) internal pure returns (bytes memory) {
        return abi.encodePacked(
            index,
            r.target,
            uint8(bytes(r.signature).length),
            r.signature,
            minimal(r.maxValue),
            uint16(r.checks.length),
            r.checks
        );
    }

    function meter(uint16 index, Meter memory m) internal pure returns (bytes memory) {
        return abi.encodePacked(index, m.id, m.what, m.token, m.cap, m.period, m.anchor);
    }

    function header(Grant memory g, Op memory op, address caller, bytes32 restHash) internal pure returns (bytes memory) {
        (uint8 low, bytes memory granted) = _relayer(g.relayer, caller);
        (uint8 high, bytes memory signed) = _relayer(op.relayer, caller);
        return abi.encodePacked(
            abi.encodePacked(g.chainId, g.epoch, g.salt, g.keyKind, g.key, g.notBefore, g.notAfter),
            g.firstSeq,
            g.endSeq,
            g.routes,
            low | high << 4,
            granted,
            signed,
            restHash
        );
    }

    /// @dev As `header`, with the grant's rest opened.
    function openHeader(GrantHasher hasher, Grant memory g, Op memory op, address caller)
        internal
        pure
        returns (bytes memory out)
    {
        out = header(g, op, caller, 0);
        bytes memory open = rest(hasher, g);
        uint256 length = out.length - 32;
        bytes memory all = new bytes(length);
        for (uint256 i; i < length; ++i) {
            all[i] = out[i];
        }
        // The byte of the relayers stands behind the header's fixed part and the key.
        uint256 place = 33 + g.key.length + 29;
        all[place] = bytes1(uint8(all[place]) | 0x80);
        return bytes.concat(all, open);
    }

    /// @param opened a bit for each rule that is sent in full
    function rules(GrantHasher hasher, CallRule[] memory list, uint256 opened) internal pure returns (bytes memory) {
        bytes memory open;
        bytes memory hashes;
        uint8 count;
        for (uint16 i; i < list.length; ++i) {
            if (opened >> i & 1 == 1) {
                open = bytes.concat(open, rule(i, list[i]));
                ++count;
            } else {
                hashes = bytes.concat(hashes, hasher.hashCall(list[i]));
            }
        }
        return abi.encodePacked(uint16(list.length), count, open, hashes);
    }

    function meters(GrantHasher hasher, Meter[] memory list, uint256 opened) internal pure returns (bytes memory) {
        bytes memory open;
        bytes memory hashes;
        uint8 count;
        for (uint16 i; i < list.length; ++i) {
            if (opened >> i & 1 == 1) {
                open = bytes.concat(open, meter(i, list[i]));
                ++count;
            } else {
                hashes = bytes.concat(hashes, hasher.hashMeter(list[i]));
            }
        }
        return abi.encodePacked(uint16(list.length), count, open, hashes);
    }

    function op_(Op memory op) internal pure returns (bytes memory) {
        return abi.encodePacked(
            op.nonce, op.validFrom, op.validUntil, minimal(op.maxFee), uint24(op.calls.length), op.calls
        );
    }

    function install(GrantHasher hasher, Grant memory g) internal pure returns (bytes memory) {
        return abi.encodePacked(
            abi.encodePacked(g.chainId, g.account, g.backend, g.epoch, g.salt, g.keyKind, uint8(g.key.length), g.key),
            abi.encodePacked(g.notBefore, g.notAfter, g.firstSeq, g.endSeq, g.routes, g.relayer),
            hasher.hashCalls(g.calls),
            hasher.hashMeters(g.meters),
            hasher.hashRest(g.rest)
        );
    }

    /// @dev The grant's rest, opened.
    function rest(GrantHasher hasher, Grant memory g) internal pure returns (bytes memory) {
        Rest memory r = g.rest;
        uint8 flags;
        bytes memory out;
        if (r.gas.unitsPerOp != 0 || r.gas.feeToken != address(0) || r.gas.feePerOp != 0 || r.gas.feeCap != 0) {
            (flags, out) = (1, abi.encodePacked(r.gas.unitsPerOp, r.gas.feeToken, r.gas.feePerOp, r.gas.feeCap));
        }
        if (r.ender != address(0)) (flags, out) = (flags | 2, bytes.concat(out, bytes20(r.ender)));
        if (r.login != 0) (flags, out) = (flags | 4, bytes.concat(out, r.login));
        if (r.labels != 0) (flags, out) = (flags | 8, bytes.concat(out, r.labels));
        if (r.rpIdHash != 0) (flags, out) = (flags | 16, bytes.concat(out, r.rpIdHash));
        if (r.relayers.length != 0) (flags, out) = (flags | 32, bytes.concat(out, _addresses(r.relayers)));
        if (r.paymasters.length != 0) (flags, out) = (flags | 64, bytes.concat(out, _addresses(r.paymasters)));
        if (r.typed.length + r.apps.length + r.requires.length != 0) {
            flags |= 128;
            out = bytes.concat(out, hasher.hashTyped(r.typed), hasher.hashApps(r.apps), hasher.hashRequires(r.requires));
        }
        return bytes.concat(bytes1(flags), out);
    }

    function _addresses(address[] memory list) private pure returns (bytes memory out) {
        out = abi.encodePacked(uint8(list.length));
        for (uint256 i; i < list.length; ++i) {
            out = bytes.concat(out, bytes20(list[i]));
        }
    }

    function _relayer(address who, address caller) private pure returns (uint8 how, bytes memory full) {
        if (who == address(0)) return (0, full);
        if (who == caller) return (1, full);
        return (2, abi.encodePacked(who));
    }
}
