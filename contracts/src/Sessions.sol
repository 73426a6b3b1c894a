// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Home} from "./Home.sol";
import {IHallpass} from "./interfaces/IHallpass.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Calls} from "./libraries/Calls.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Fees} from "./libraries/Fees.sol";
import {Frame} from "./libraries/Frame.sol";
import {Keys} from "./libraries/Keys.sol";
import {Meters} from "./libraries/Meters.sol";
import {Nonces} from "./libraries/Nonces.sol";
import {Reader} from "./libraries/Reader.sol";
import {State} from "./libraries/State.sol";
import {UserOps} from "./libraries/UserOps.sol";
import {Wire} from "./libraries/Wire.sol";

/// @title What a session key signs, judged on either route
abstract contract Sessions is Home {
    /// @dev The direct route: judges everything, writes, then calls.
    function _execute(address account, bytes calldata data) internal {
        (uint256 start, uint256 stop) = Reader.bounds(data);
        uint256 shared = _shared(account);
        (uint256 callsAt, uint256 callsEnd) = Wire.read(start, stop, uint160(account), shared, uint160(_backend()));
        Bounds.direct(callsAt == callsEnd);

        (uint256 id, uint256 slot, uint256 word) = _active(shared);
        uint256 nonce = Frame.get(Frame.NONCE);
        uint256 laneSlot;
        uint256 lane;
        if (nonce >> 64 == 0) {
            word = Nonces.use(word, nonce);
        } else {
            laneSlot = State.laneSlot(id, nonce >> 64, shared);
            lane = Nonces.useLane(State.read(laneSlot), uint64(nonce));
        }
        Frame.set(Frame.GRANT_WORD, word);
        Frame.set(Frame.OP_GRANT, id);
        bytes32 op = bytes32(Frame.hash(Frame.OP, Frame.OP_LENGTH));
        _signed(start, Eip712.digest(account, op), callsEnd);

        Calls.judge(callsAt, callsEnd);
        _judged(account);
        if (laneSlot != 0) State.write(laneSlot, lane);
        uint256 fee = Frame.get(Frame.MAX_FEE);
        Fees.write(fee);
        State.write(slot, Meters.write());
        emit IHallpass.Executed(bytes32(id), nonce);
        _make(account, fee);
    }

    /// @dev The ERC-4337 route: judges and writes; the EntryPoint has the account make the calls, or not, after.
    /// @param wire the opened grant, the times, the rules and the session key's signature
    /// @param routes the bits that the grant must have
    /// @param before how many seconds before `validFrom` the EntryPoint's own bound lies
    /// @param single whether the account knows the mode of a single call
    function _validate(
        address account,
        PackedUserOperation calldata op,
        bytes32 userOpHash,
        bytes calldata wire,
        uint256 routes,
        uint256 before,
        bool single
    ) internal returns (uint256) {
        (uint256 start, uint256 stop) = Reader.bounds(wire);
        uint256 shared = _shared(account);
        (uint256 rulesAt, uint256 rules, uint256 signatureAt) =
            Wire.readUserOp(start, stop, uint160(account), shared, uint160(_backend()));
        Bounds.userOp(routes);
        uint256 fee = UserOps.fee(op);
        Fees.judge(fee);
        Bounds.userOpCalls(rules == 0);

        (uint256 id, uint256 slot, uint256 word) = _active(shared);
        Frame.set(Frame.GRANT_WORD, word);
        bytes32 signed = bytes32(UserOps.hash(id, rulesAt, rules, userOpHash));
        _signed(start, Eip712.digest(account, signed), signatureAt);

        UserOps.judge(op.callData, rulesAt, rules, single);
        _judged(account);
        Fees.write(fee);
        State.write(slot, Meters.write());
        emit IHallpass.Validated(bytes32(id), userOpHash);
        unchecked {
            uint256 from = Frame.get(Frame.VALID_FROM);
            if (from >= before) from -= before;
            return from << 208 | (Frame.get(Frame.VALID_UNTIL) - 1) << 160;
        }
    }

    /// @dev The grant that the frame holds, its slot and its word, if it is in force.
    function _active(uint256 shared) private view returns (uint256 id, uint256 slot, uint256 word) {
        uint256 account = State.read(State.accountSlot(shared));
        if (account & State.FROZEN != 0) revert IHallpass.AccountFrozen();
        if (uint64(account) != Frame.get(Frame.EPOCH)) revert IHallpass.EpochMoved();
        id = Frame.hash(Frame.GRANT, Frame.GRANT_LENGTH);
        slot = State.grantSlot(id, shared);
        word = State.read(slot);
        uint256 status = State.status(word);
        if (status != State.ACTIVE) {
            if (status == State.UNKNOWN) revert IHallpass.GrantUnknown();
            revert IHallpass.GrantEnded();
        }
    }

    /// @dev Requires the session key of the wire from `start` to have signed `digest` by the signature at `signature`.
    function _signed(uint256 start, bytes32 digest, uint256 signature) private view {
        unchecked {
            Keys.check(
                Frame.get(Frame.KEY_KIND), start + Wire.KEY, digest, signature, Frame.get(Frame.RP_ID_HASH)
            );
        }
    }
}
