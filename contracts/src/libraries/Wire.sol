// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../interfaces/IHallpass.sol";
import {Eip712} from "./Eip712.sol";
import {Frame} from "./Frame.sol";
import {Grants} from "./Grants.sol";
import {Keys} from "./Keys.sol";
import {Reader} from "./Reader.sol";
import {Rest} from "./Rest.sol";
import {Words} from "./Words.sol";

/// @title Reads an operation and the grant that it is made under into the frame
library Wire {
    /// @dev Offset of the key in the wire.
    uint256 internal constant KEY = 33;

    uint256 private constant ZERO = 0;
    uint256 private constant CALLER = 1;
    uint256 private constant IN_FULL = 2;

    /// @dev In the byte of the relayers: the rest is sent in full, not as its hash.
    uint256 private constant REST_OPEN = 0x80;

    /// @notice Reads the whole of what is sent to `execute` from `position` to `end`. Judges nothing but its form.
    /// @param shared the account in a contract that many accounts share, else 0
    /// @return callsAt the offset of the operation's calls
    /// @return callsEnd the offset after them, which is the signature's
    function read(uint256 position, uint256 end, uint256 account, uint256 shared, uint256 backend)
        internal
        view
        returns (uint256 callsAt, uint256 callsEnd)
    {
        (callsAt, callsEnd) = _op(_grant(position, account, shared, backend));
        _ends(callsEnd, end);
    }

    /// @notice Reads the whole of a user operation's signature. `NONCE` and the operation's relayer and fee are not set.
    /// @return rulesAt the offset of the numbers of the rules, one for each call
    /// @return rules how many
    /// @return signatureAt the offset of the session key's signature
    function readUserOp(uint256 position, uint256 end, uint256 account, uint256 shared, uint256 backend)
        internal
        view
        returns (uint256 rulesAt, uint256 rules, uint256 signatureAt)
    {
        unchecked {
            position = _grant(position, account, shared, backend);
            Frame.set(Frame.VALID_FROM, Reader.u48(position));
            Frame.set(Frame.VALID_UNTIL, Reader.u48(position + 6));
            rules = Reader.u8(position + 12);
            rulesAt = position + 13;
            signatureAt = rulesAt + (rules << 1);
            _ends(signatureAt, end);
        }
    }

    function _ends(uint256 signature, uint256 end) private pure {
        unchecked {
            uint256 length = Keys.length(Frame.get(Frame.KEY_KIND), signature, end);
            if (signature + length != end) revert IHallpass.Malformed();
        }
    }

    function _grant(uint256 position, uint256 account, uint256 shared, uint256 backend) private view returns (uint256) {
        Frame.open();
        Frame.set(Frame.SHARED, shared);
        position = _header(position, account, backend);
        position = _rules(position);
        return _meters(position);
    }

    function _header(uint256 position, uint256 account, uint256 backend) private view returns (uint256) {
        unchecked {
            Frame.set(Frame.GRANT, uint256(Eip712.GRANT));
            Frame.set(Frame.CHAIN_ID, Reader.u64(position));
            Frame.set(Frame.ACCOUNT, account);
            Frame.set(Frame.BACKEND, backend);
            Frame.set(Frame.EPOCH, Reader.u64(position + 8));
            Frame.set(Frame.SALT, Reader.word(position + 16) >> 128 << 128);
            uint256 kind = Reader.u8(position + 32);
            uint256 length = kind == Grants.SECP256K1 ? 20 : Grants.keyLength(kind);
            Frame.set(Frame.KEY_KIND, kind);
            Frame.set(Frame.KEY_HASH, Reader.hash(position + KEY, length));
            position += KEY + length;
            Frame.set(Frame.NOT_BEFORE, Reader.u48(position));
            Frame.set(Frame.NOT_AFTER, Reader.u48(position + 6));
            Frame.set(Frame.FIRST_SEQ, Reader.u64(position + 12));
            Frame.set(Frame.END_SEQ, Reader.u64(position + 20));
            Frame.set(Frame.ROUTES, Reader.u8(position + 28));
            uint256 how = Reader.u8(position + 29);
            position += 30;
            uint256 granted;
            uint256 signed;
            uint256 rest;
            if (how == 0) {
                rest = Reader.word(position);
                position += 32;
            } else {
                (granted, position) = _relayer(how & 15, position);
                (signed, position) = _relayer((how >> 4) & 7, position);
                if (how & REST_OPEN == 0) {
                    rest = Reader.word(position);
                    position += 32;
                } else {
                    (rest, position) = Rest.read(position);
                }
            }
            Frame.set(Frame.RELAYER, granted);
            Frame.set(Frame.OP_RELAYER, signed);
            Frame.set(Frame.REST_HASH, rest);
            return position;
        }
    }

    /// @dev The zero address has one encoding.
    function _relayer(uint256 how, uint256 position) private view returns (uint256 relayer, uint256 next) {
        if (how == ZERO) return (0, position);
        if (how == CALLER) return (uint160(msg.sender), position);
        relayer = Reader.u160(position);
        if (how != IN_FULL || relayer == 0) revert IHallpass.Malformed();
        unchecked {
            next = position + 20;
        }
    }

    function _rules(uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 count = Reader.u16(position);
            uint256 opened = Reader.u8(position + 2);
            position += 3;
            uint256 end = Frame.RULES + opened * Frame.RULE_SIZE;
            Frame.extend(end);
            for (uint256 rule = Frame.RULES; rule < end; rule += Frame.RULE_SIZE) {
                Frame.set(rule, uint256(Eip712.CALL_RULE));
                Frame.set(rule + Frame.RULE_INDEX, Reader.u16(position));
                Frame.set(rule + Frame.TARGET, Reader.u160(position + 2));
                uint256 length = Reader.u8(position + 22);
                position += 23;
                Frame.set(rule + Frame.SIGNATURE, Reader.hash(position, length));
                position += length;
                uint256 maxValue;
                if (Reader.u8(position) == 0) ++position;
                else (maxValue, position) = Reader.minimal(position);
                Frame.set(rule + Frame.MAX_VALUE, maxValue);
                length = Reader.u16(position);
                position += 2;
                Frame.set(rule + Frame.CHECKS_HASH, Reader.hash(position, length));
                Frame.set(rule + Frame.CHECKS_AT, position);
                position += length;
                Frame.set(rule + Frame.CHECKS_END, position);
            }
            Frame.set(Frame.RULE_COUNT, count);
            Frame.set(Frame.RULES_END, end);
            if (opened > count) revert IHallpass.Malformed();
            uint256 others = (count - opened) << 5;
            Frame.set(
                Frame.CALLS_HASH,
                _hashList(Frame.RULES, end, Frame.RULE_SIZE, Frame.RULE_HASHED, count, others, position)
            );
            return position + others;
        }
    }

    function _meters(uint256 position) private pure returns (uint256) {
        unchecked {
            uint256 count = Reader.u16(position);
            uint256 opened = Reader.u8(position + 2);
            position += 3;
            uint256 start = Frame.get(Frame.RULES_END);
            uint256 end = start + opened * Frame.METER_SIZE;
            Frame.extend(end);
            for (uint256 meter = start; meter < end; meter += Frame.METER_SIZE) {
                Frame.set(meter, uint256(Eip712.METER));
                Frame.set(meter + Frame.METER_INDEX, Reader.u16(position));
                Frame.set(meter + Frame.METER_ID, Reader.u16(position + 2));
                Frame.set(meter + Frame.WHAT, Reader.u8(position + 4));
                Frame.set(meter + Frame.TOKEN, Reader.u160(position + 5));
                Frame.set(meter + Frame.CAP, Reader.u120(position + 25));
                Frame.set(meter + Frame.PERIOD, Reader.u32(position + 40));
                Frame.set(meter + Frame.ANCHOR, Reader.u48(position + 44));
                Frame.set(meter + Frame.USED, 0);
                position += 50;
            }
            Frame.set(Frame.METER_COUNT, count);
            Frame.set(Frame.METERS_END, end);
            if (opened > count) revert IHallpass.Malformed();
            uint256 others = (count - opened) << 5;
            Frame.set(
                Frame.METERS_HASH,
                _hashList(start, end, Frame.METER_SIZE, Frame.METER_HASHED, count, others, position)
            );
            return position + others;
        }
    }

    /// @dev The EIP-712 hash of a list of `count` members. Those of the records from `item` to `end` are hashed from their
    /// first `hashed` bytes, behind which stands their index; the hashes of all others, `others` bytes, lie in the calldata
    /// at `position`, by index. Opened indices ascend, and are below the count.
    /// The list is put together behind the records. Each run of others is copied as if it went on to the end of the list:
    /// what is too much is overwritten by the next record and its run, or lies behind the list. A run of its own length would
    /// be a difference of two variables, and solc's optimiser was seen to delete such a copy.
    function _hashList(
        uint256 item,
        uint256 end,
        uint256 size,
        uint256 hashed,
        uint256 count,
        uint256 others,
        uint256 position
    ) private pure returns (uint256) {
        unchecked {
            Frame.copy(end, position, others);
            uint256 least;
            for (; item < end; item += size) {
                uint256 index = Frame.get(item + hashed);
                if (Words.either(index < least, index >= count)) revert IHallpass.Malformed();
                uint256 place = index << 5;
                Frame.set(end + place, Frame.hash(item, hashed));
                // Of the others, as many come before this place as its index less what was opened before.
                Frame.copy(end + place + 32, position + place, others);
                position -= 32;
                least = index + 1;
            }
            return Frame.hash(end, count << 5);
        }
    }

    function _op(uint256 position) private pure returns (uint256 callsAt, uint256 callsEnd) {
        unchecked {
            Frame.set(Frame.OP, uint256(Eip712.SESSION_OP));
            Frame.set(Frame.NONCE, Reader.word(position));
            Frame.set(Frame.VALID_FROM, Reader.u48(position + 32));
            Frame.set(Frame.VALID_UNTIL, Reader.u48(position + 38));
            position += 44;
            uint256 maxFee;
            if (Reader.u8(position) == 0) ++position;
            else (maxFee, position) = Reader.minimal(position);
            Frame.set(Frame.MAX_FEE, maxFee);
            uint256 length = Reader.u24(position);
            callsAt = position + 3;
            callsEnd = callsAt + length;
            Frame.set(Frame.OP_CALLS, Reader.hash(callsAt, length));
        }
    }
}
