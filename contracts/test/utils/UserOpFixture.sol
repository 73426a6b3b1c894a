// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {Encode, Op} from "./Encode.sol";
import {EntryPointCode, IEntryPoint08} from "./EntryPointCode.sol";
import {Fixture} from "./Fixture.sol";
import {Grant} from "./GrantHasher.sol";
import {Vm} from "./Vm.sol";

/// @dev What a session key signs beside the user operation itself.
struct Terms {
    uint48 validFrom;
    uint48 validUntil;
    uint16[] rules;
}

/// @title Builds user operations, signs them as a session and has EntryPoint 0.8 handle them
abstract contract UserOpFixture is Fixture {
    IEntryPoint08 internal constant ENTRY_POINT = EntryPointCode.V08;
    address internal constant BUNDLER = address(0xB07D1E);
    address internal constant PAYMASTER = address(0x9A9);
    bytes32 internal constant BATCH_MODE = bytes32(uint256(1) << 248);

    uint256 internal constant VERIFICATION_GAS = 4_000_000;
    uint256 internal constant CALL_GAS = 1_000_000;
    uint256 internal constant PRE_GAS = 100_000;
    uint256 internal constant PRICE = 1000;
    /// @dev What an operation of `_userOp` may cost.
    uint120 internal constant FEE = uint120((VERIFICATION_GAS + CALL_GAS + PRE_GAS) * PRICE);

    function setUp() public virtual override {
        super.setUp();
        EntryPointCode.deploy();
    }

    /// @dev For every route, with fees for three operations.
    function _userGrant() internal view returns (Grant memory g) {
        g = _grant();
        g.routes = 7;
        g.firstSeq = 0;
        g.rest.gas.feePerOp = FEE;
        g.rest.gas.feeCap = 3 * FEE;
        g.rest.paymasters = new address[](1);
        g.rest.paymasters[0] = PAYMASTER;
    }

    function _userInstalled() internal returns (Grant memory g) {
        g = _userGrant();
        _install(g);
    }

    function _now(uint16 rule) internal view returns (Terms memory) {
        return _now(rule, 1);
    }

    function _now(uint16 rule, uint256 times) internal view returns (Terms memory terms) {
        terms = Terms(uint48(block.timestamp) - _lead(), uint48(block.timestamp) + 59, new uint16[](times));
        for (uint256 i; i < times; ++i) {
            terms.rules[i] = rule;
        }
    }

    function _one(address target, uint256 value, bytes memory data) internal pure returns (Execution[] memory calls) {
        calls = new Execution[](1);
        calls[0] = Execution(target, value, data);
    }

    function _transferData(uint256 amount) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("transfer(address,uint256)", PAYEE, amount);
    }

    function _batchData(Execution[] memory calls) internal pure returns (bytes memory) {
        return abi.encodeCall(IERC7821.execute, (BATCH_MODE, abi.encode(calls)));
    }

    /// @dev An operation of `callData` with the account's next nonce, not signed.
    function _userOp(bytes memory callData) internal view returns (PackedUserOperation memory op) {
        op.sender = address(account);
        op.nonce = ENTRY_POINT.getNonce(address(account), _nonceKey());
        op.callData = callData;
        op.accountGasLimits = bytes32(VERIFICATION_GAS << 128 | CALL_GAS);
        op.preVerificationGas = PRE_GAS;
        op.gasFees = bytes32(PRICE << 128 | PRICE);
    }

    /// @dev One transfer of the fixture's token to the one who may be paid.
    function _transferOp(uint256 amount) internal view returns (PackedUserOperation memory) {
        return _userOp(_batchData(_one(address(token), 0, _transferData(amount))));
    }

    /// @dev How long before now an operation of `_now` begins.
    function _lead() internal pure virtual returns (uint48) {
        return 0;
    }

    function _nonceKey() internal view virtual returns (uint192) {
        return 0;
    }

    /// @dev What stands before the wire in a user operation's signature.
    function _tag() internal pure virtual returns (bytes memory) {
        return hex"01";
    }

    function _sessionHash(bytes32 id, Terms memory terms, bytes32 userOpHash) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "SessionUserOp(bytes32 grant,uint48 validFrom,uint48 validUntil,uint16[] rules,bytes32 userOpHash)"
                ),
                id,
                terms.validFrom,
                terms.validUntil,
                keccak256(abi.encodePacked(terms.rules)),
                userOpHash
            )
        );
    }

    /// @dev The wire without the session key's signature, the rest opened.
    function _userWire(Grant memory g, Terms memory terms) internal view returns (bytes memory) {
        Op memory none;
        return _userWire(Encode.openHeader(hasher, g, none, address(0)), g, terms);
    }

    function _userWire(bytes memory header, Grant memory g, Terms memory terms) internal view returns (bytes memory out) {
        out = bytes.concat(header, Encode.rules(hasher, g.calls, ALL), Encode.meters(hasher, g.meters, ALL));
        out = abi.encodePacked(out, terms.validFrom, terms.validUntil, uint8(terms.rules.length));
        for (uint256 i; i < terms.rules.length; ++i) {
            out = abi.encodePacked(out, terms.rules[i]);
        }
    }

    function _sessionSignature(Grant memory g, Terms memory terms, bytes32 userOpHash)
        internal
        view
        returns (bytes memory)
    {
        return _sign(SESSION_KEY, _digest(address(account), _sessionHash(hasher.hash(g), terms, userOpHash)));
    }

    /// @dev Puts the session's signature into `op`.
    function _signUserOp(Grant memory g, Terms memory terms, PackedUserOperation memory op)
        internal
        view
        returns (PackedUserOperation memory)
    {
        bytes32 hash = ENTRY_POINT.getUserOpHash(op);
        op.signature = bytes.concat(_tag(), _userWire(g, terms), _sessionSignature(g, terms, hash));
        return op;
    }

    function _ops(PackedUserOperation memory op) internal pure returns (PackedUserOperation[] memory ops) {
        ops = new PackedUserOperation[](1);
        ops[0] = op;
    }

    /// @dev Has the EntryPoint handle `op`, and says whether its calls were made.
    function _handle(PackedUserOperation memory op) internal returns (bool) {
        PackedUserOperation[] memory ops = _ops(op);
        vm.recordLogs();
        vm.prank(BUNDLER, BUNDLER);
        ENTRY_POINT.handleOps(ops, payable(BUNDLER));
        return _succeeded();
    }

    /// @dev Of the last operation that the EntryPoint has handled.
    function _succeeded() internal returns (bool success) {
        bytes32 topic = keccak256("UserOperationEvent(bytes32,address,address,uint256,bool,uint256,uint256)");
        bool found;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(ENTRY_POINT) || logs[i].topics[0] != topic) continue;
            (, success,,) = abi.decode(logs[i].data, (uint256, bool, uint256, uint256));
            found = true;
        }
        assert(found);
    }

    /// @dev The account denies `op` in validation.
    function _deniesOp(bytes4 selector, PackedUserOperation memory op) internal {
        _fails(abi.encodeWithSelector(IEntryPoint08.FailedOpWithRevert.selector, 0, "AA23 reverted", bytes.concat(selector)), op);
    }

    function _deniesOp(bytes4 selector, Grant memory g, Terms memory terms, PackedUserOperation memory op) internal {
        _deniesOp(selector, _signUserOp(g, terms, op));
    }

    /// @dev The EntryPoint refuses `op`.
    function _refusesOp(string memory reason, PackedUserOperation memory op) internal {
        _fails(abi.encodeWithSelector(IEntryPoint08.FailedOp.selector, 0, reason), op);
    }

    function _fails(bytes memory reason, PackedUserOperation memory op) private {
        PackedUserOperation[] memory ops = _ops(op);
        vm.expectRevert(reason);
        vm.prank(BUNDLER, BUNDLER);
        ENTRY_POINT.handleOps(ops, payable(BUNDLER));
    }

    function _feesSpent(Grant memory g) internal view virtual returns (uint256 spent) {
        (, spent) = account.meterState(g.epoch, g.salt, type(uint16).max);
    }

    function _spent(Grant memory g) internal view virtual returns (uint256 spent) {
        (,,,, spent) = account.grantState(hasher.hash(g));
    }
}
