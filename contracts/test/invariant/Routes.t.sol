// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {Book} from "../utils/Book.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Grant, Meter} from "../utils/GrantHasher.sol";

/// @dev A session on the direct route and the EntryPoint's, an owner who replaces and ends, and a guardian.
contract RoutesActor is Book {
    address private constant GUARDIAN = address(0x6A2D);

    /// @notice What must never happen: an ended grant is not ended, or a guardian has moved anything.
    uint256 public revived;
    uint256 public trespasses;
    bytes32[] private _ended;

    function start() external {
        setUp();
        _install(_current());
        vm.prank(address(account));
        IHallpassOwner(address(account)).setGuardians(1, _guardians());
    }

    function direct(uint8 amount, uint8 lane, bool fee) external {
        Grant memory g = _current();
        amount %= 110;
        Op memory op = _op(_transfer(amount));
        op.nonce |= uint256(lane % 3) << 64;
        if (fee) op.maxFee = 1000;
        bytes memory wire = bytes.concat(
            Encode.openHeader(hasher, g, op, BUNDLER),
            Encode.rules(hasher, g.calls, 1),
            Encode.meters(hasher, g.meters, 1),
            Encode.op_(op),
            _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)))
        );
        _sends(g, BUNDLER, address(account), abi.encodeCall(IHallpass.execute, (wire)), amount, op.maxFee);
    }

    function userOp(uint8 amount, bool starved) external {
        Grant memory g = _current();
        amount %= 110;
        PackedUserOperation memory op = _transferOp(amount);
        // Validated, and without gas for its calls.
        if (starved) op.accountGasLimits = bytes32(VERIFICATION_GAS << 128 | 5000);
        _handles(g, _signUserOp(g, _now(TRANSFER), op), amount);
    }

    function userBatch(uint8 first, uint8 second) external {
        Grant memory g = _current();
        (first, second) = (first % 60, second % 60);
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, _transferData(first));
        calls[1] = Execution(address(token), 0, _transferData(second));
        _handles(g, _signUserOp(g, _now(TRANSFER, 2), _userOp(_batchData(calls))), uint256(first) + second);
    }

    /// @dev Puts another grant in the place of the one in force.
    function replaceIt() external {
        Grant memory from = _current();
        ++stage;
        Grant memory to = _current();
        bytes32 fromId = hasher.hash(from);
        bytes memory signature = _ownerSigned(keccak256(abi.encode(_replaceType(), fromId, hasher.hash(to))));
        bytes memory meters = _encoded(from.meters);
        try account.replace(Encode.install(hasher, from), meters, Encode.install(hasher, to), meters, signature) {
            _ended.push(fromId);
        } catch {
            --stage;
        }
    }

    /// @dev Ends the grant in force, as one of those who may; another is installed, and the old one tried again.
    function end(uint8 by) external {
        if (by >= 64) return;
        Grant memory g = _current();
        bytes32 id = hasher.hash(g);
        bytes memory data = Encode.install(hasher, g);
        bytes32 digest = _digest(address(backend), keccak256(abi.encode(keccak256("End(bytes32 grant)"), id)));
        if (by % 4 == 0) account.end(id, _sign(OWNER_KEY, digest));
        else if (by % 4 == 1) account.endFor(data, Encode.rest(hasher, g), _sign(ENDER_KEY, digest));
        else if (by % 4 == 2) account.surrender(data, "", _sign(SESSION_KEY, digest));
        else _guardianEnds(id);
        _ended.push(id);
        bytes memory signature = _ownerSigned(id);
        try account.install(data, signature) {
            ++revived;
        } catch {}
        if (block.timestamp >= g.notAfter) return;
        ++salts;
        _install(_current());
    }

    /// @dev A guardian freezes, and tries all else; then the owner thaws, or not yet.
    function guard(bool thaws) external {
        vm.prank(GUARDIAN);
        IHallpassOwner(address(account)).freezeBy(1, _guardians(), new bytes[](1));
        bytes memory pay = abi.encode(_one(address(token), 0, abi.encodeCall(token.transfer, (GUARDIAN, 1))));
        bytes[7] memory calls = [
            abi.encodeCall(IERC7821.execute, (BATCH_MODE, pay)),
            abi.encodeCall(IHallpass.unfreeze, ()),
            abi.encodeCall(IHallpass.freeze, ()),
            abi.encodeCall(IHallpass.moveEpoch, (1, "")),
            abi.encodeCall(IHallpass.end, (hasher.hash(_current()), "")),
            abi.encodeCall(IHallpassOwner.setGuardians, (0, new address[](0))),
            abi.encodeCall(IHallpass.execute, (""))
        ];
        for (uint256 i; i < 7; ++i) {
            if (_calls(GUARDIAN, address(account), calls[i])) ++trespasses;
        }
        if (token.balanceOf(GUARDIAN) + GUARDIAN.balance != 0) ++trespasses;
        if (thaws) thaw();
    }

    function thaw() public {
        vm.prank(address(account));
        account.unfreeze();
    }

    /// @notice Whether each grant that ever ended still is.
    function allEnded() external view returns (bool) {
        for (uint256 i; i < _ended.length; ++i) {
            (uint8 status,,,,) = account.grantState(_ended[i]);
            if (status != 2) return false;
        }
        return true;
    }

    function remaining() external view returns (uint256) {
        return token.balanceOf(address(account));
    }

    function _guardianEnds(bytes32 id) private {
        vm.prank(GUARDIAN);
        IHallpassOwner(address(account)).endBy(id, 1, _guardians(), new bytes[](1));
    }

    function _guardians() private pure returns (address[] memory guardians) {
        guardians = new address[](1);
        guardians[0] = GUARDIAN;
    }

    function _encoded(Meter[] memory meters) private pure returns (bytes memory out) {
        for (uint256 i; i < meters.length; ++i) {
            Meter memory m = meters[i];
            out = abi.encodePacked(out, m.id, m.what, m.token, m.cap, m.period, m.anchor);
        }
    }

    function _replaceType() private pure returns (bytes32) {
        return keccak256(
            "Replace(bytes32 from,Grant to)"
            "AppRule(string app,string verb,bytes checks)"
            "CallRule(address target,string signature,uint256 maxValue,bytes checks)"
            "Gas(uint64 unitsPerOp,address feeToken,uint120 feePerOp,uint120 feeCap)"
            "Grant(uint64 chainId,address account,address backend,uint64 epoch,bytes16 salt,uint8 keyKind,bytes key,uint48 notBefore,uint48 notAfter,uint64 firstSeq,uint64 endSeq,uint8 routes,address relayer,CallRule[] calls,Meter[] meters,Rest rest)"
            "Meter(uint16 id,uint8 what,address token,uint120 cap,uint32 period,uint48 anchor)"
            "Require(uint8 kind,bytes data)"
            "Rest(Gas gas,address ender,bytes32 login,bytes32 labels,bytes32 rpIdHash,address[] relayers,address[] paymasters,TypedRule[] typed,AppRule[] apps,Require[] requires)"
            "TypedRule(string domain,string encodeType,bytes checks)"
        );
    }
}

/// @notice Under any interleaving of routes, replacements, ends and freezes.
contract RoutesInvariant {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    RoutesActor private _actor;

    function setUp() external {
        _actor = new RoutesActor();
        _actor.start();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actor);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        bytes4[] memory selectors = new bytes4[](9);
        selectors[0] = Book.wait_.selector;
        selectors[1] = Book.replay.selector;
        selectors[2] = RoutesActor.direct.selector;
        selectors[3] = RoutesActor.userOp.selector;
        selectors[4] = RoutesActor.userBatch.selector;
        selectors[5] = RoutesActor.replaceIt.selector;
        selectors[6] = RoutesActor.end.selector;
        selectors[7] = RoutesActor.guard.selector;
        selectors[8] = RoutesActor.thaw.selector;
        targets[0] = FuzzSelector(address(_actor), selectors);
    }

    function invariant_spend_stays_within_the_cap_of_every_window() external view {
        assert(_actor.worst() <= 100);
        assert(_actor.odd() == 0);
        assert(_actor.paid() == _actor.total());
        assert(_actor.remaining() + _actor.total() == 1e9);
    }

    function invariant_fees_stay_within_their_caps() external view {
        assert(_actor.worstFees() <= 3 * _actor.fee());
    }

    function invariant_nothing_signed_goes_through_twice() external view {
        assert(_actor.replays() == 0);
    }

    function invariant_ended_is_final() external view {
        assert(_actor.revived() == 0);
        assert(_actor.allEnded());
    }

    function invariant_guardians_move_nothing() external view {
        assert(_actor.trespasses() == 0);
    }
}
