// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArenaToken} from "../../src/demo/ArenaToken.sol";
import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op, OpCall} from "./Encode.sol";
import {CallRule, Grant, GrantHasher, Meter} from "./GrantHasher.sol";
import {Probe} from "./Probe.sol";
import {Vm} from "./Vm.sol";

/// @title An account under EIP-7702, a grant with a rule of each kind, and ways to sign and send operations
abstract contract Fixture {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant OWNER_KEY = 0xA11CE;
    uint256 internal constant SESSION_KEY = 0x5E55;
    uint256 internal constant ENDER_KEY = 0xE4DE;
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint48 internal constant T0 = 1_800_000_000;
    address internal constant PAYEE = address(0xBEEF);

    uint16 internal constant TRANSFER = 0;
    uint16 internal constant MOVE = 1;
    uint16 internal constant PAY = 2;
    uint16 internal constant TYPES = 3;
    uint16 internal constant NOTE = 4;
    uint16 internal constant APPROVE = 5;
    uint256 internal constant ALL = type(uint256).max;

    error NotEqual(uint256 left, uint256 right);

    GrantHasher internal hasher;
    IHallpass internal backend;
    IHallpass internal account;
    ArenaToken internal token;
    Probe internal probe;
    uint256 internal sequence = 1;

    function setUp() public virtual {
        vm.warp(T0);
        vm.chainId(8453);
        // By name, so that the compiler does not optimise them anew inside every test.
        hasher = GrantHasher(vm.deployCode("GrantHasher.sol:GrantHasher"));
        backend = IHallpass(vm.deployCode("Hallpass7702.sol:Hallpass7702"));
        account = IHallpass(vm.addr(OWNER_KEY));
        vm.etch(address(account), address(backend).code);
        token = ArenaToken(vm.deployCode("ArenaToken.sol:ArenaToken", abi.encode(1e12)));
        assert(token.transfer(address(account), 1e9));
        probe = Probe(payable(vm.deployCode("Probe.sol:Probe")));
        vm.deal(address(account), 100 ether);
    }

    function _grant() internal view returns (Grant memory g) {
        g.chainId = uint64(block.chainid);
        g.account = address(account);
        g.backend = address(backend);
        g.salt = bytes16(uint128(0x1234));
        g.keyKind = 1;
        g.key = abi.encodePacked(vm.addr(SESSION_KEY));
        g.notBefore = T0;
        g.notAfter = T0 + 7 days;
        g.firstSeq = 1;
        g.endSeq = 1 << 32;
        g.routes = 1;
        g.rest.ender = vm.addr(ENDER_KEY);
        g.rest.gas.unitsPerOp = 1e6;
        g.calls = new CallRule[](6);
        g.calls[TRANSFER] = CallRule(address(token), "transfer(address,uint256)", 0, _transferChecks());
        g.calls[MOVE] = CallRule(address(probe), "move(uint256,uint8)", 0, _moveChecks());
        g.calls[PAY] = CallRule(PAYEE, "", 1 ether, Encode.checks("", 0, "", Encode.use(5, 2)));
        g.calls[TYPES] = _rule("types(int16,bytes4,bool)", hex"7203214361", 0, "");
        g.calls[NOTE] = CallRule(
            address(probe), "note(uint256)", 0, Encode.checks(hex"72011f", 0, "", Encode.usePath(7, 0))
        );
        g.calls[APPROVE] = CallRule(
            address(token), "approve(address,uint256)", 0, Encode.checks(hex"7202601f", 0, "", Encode.usePath(0, 1))
        );
        g.meters = new Meter[](4);
        g.meters[0] = Meter(0, 2, address(token), 100, 1 days, T0 - 1000);
        g.meters[1] = Meter(3, 3, address(0), 3, 60, T0);
        g.meters[2] = Meter(5, 1, address(0), 2 ether, 0, T0);
        g.meters[3] = Meter(7, 4, address(0), 1000, 0, T0);
    }

    function _transferChecks() internal pure returns (bytes memory) {
        return Encode.checks(hex"7202601f", 1, Encode.cond(1, 0, uint160(PAYEE)), Encode.usePath(0, 1));
    }

    function _moveChecks() internal pure returns (bytes memory) {
        bytes memory heroes = abi.encodePacked(uint8(7), Encode.path(0), uint8(3), uint256(1), uint256(2), uint256(3));
        return Encode.checks(hex"72021f00", 2, bytes.concat(heroes, Encode.cond(3, 1, 3)), Encode.use(3, 1));
    }

    /// @dev A rule for the probe without uses.
    function _rule(string memory signature, bytes memory types, uint8 conditions, bytes memory encoded)
        internal
        view
        returns (CallRule memory)
    {
        return CallRule(address(probe), signature, 0, Encode.checks(types, conditions, encoded, hex"00"));
    }

    function _transfer(uint256 amount) internal pure returns (bytes memory) {
        return _call(TRANSFER, abi.encode(PAYEE, amount));
    }

    function _move() internal pure returns (bytes memory) {
        return _call(MOVE, abi.encode(2, 3));
    }

    function _pay(uint256 value) internal pure returns (bytes memory) {
        return Encode.call(OpCall(PAY, 0, value, ""));
    }

    function _call(uint16 rule, bytes memory arguments) internal pure returns (bytes memory) {
        return Encode.call(OpCall(rule, 0, 0, arguments));
    }

    /// @dev An operation with the next sequence, valid from now.
    function _op(bytes memory calls) internal returns (Op memory) {
        return Op(sequence++, uint48(block.timestamp), uint48(block.timestamp) + 60, address(0), 0, calls);
    }

    function _opHash(Grant memory g, Op memory op) internal view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256(
                    "SessionOp(bytes32 grant,uint256 nonce,uint48 validFrom,uint48 validUntil,address relayer,uint120 maxFee,bytes calls)"
                ),
                hasher.hash(g),
                op.nonce,
                op.validFrom,
                op.validUntil,
                op.relayer,
                op.maxFee,
                keccak256(op.calls)
            )
        );
    }

    function _digest(address contract_, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Hallpass"),
                keccak256("1"),
                block.chainid,
                contract_
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function _unsigned(Grant memory g, Op memory op, uint256 rules, uint256 meters)
        internal
        view
        returns (bytes memory)
    {
        return bytes.concat(
            Encode.header(g, op, address(this), hasher.hashRest(g.rest)),
            Encode.rules(hasher, g.calls, rules),
            Encode.meters(hasher, g.meters, meters),
            Encode.op_(op)
        );
    }

    function _wire(Grant memory g, Op memory op) internal view returns (bytes memory) {
        return _wire(g, op, ALL, ALL);
    }

    function _wire(Grant memory g, Op memory op, uint256 rules, uint256 meters) internal view returns (bytes memory) {
        bytes32 digest = _digest(address(account), _opHash(g, op));
        return bytes.concat(_unsigned(g, op, rules, meters), _sign(SESSION_KEY, digest));
    }

    function _ownerSigned(bytes32 structHash) internal view returns (bytes memory) {
        return _sign(OWNER_KEY, _digest(address(backend), structHash));
    }

    function _installed() internal returns (Grant memory g) {
        g = _grant();
        _install(g);
    }

    function _install(Grant memory g) internal {
        account.install(Encode.install(hasher, g), _ownerSigned(hasher.hash(g)));
    }

    function _executes(Grant memory g, bytes memory calls) internal {
        account.execute(_wire(g, _op(calls)));
    }

    function _denies(bytes4 selector, Grant memory g, bytes memory calls) internal {
        _denies(selector, _wire(g, _op(calls)));
    }

    function _denies(bytes4 selector, bytes memory wire) internal {
        vm.expectRevert(selector);
        account.execute(wire);
    }

    function _deniesInstall(bytes4 selector, Grant memory g) internal {
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _ownerSigned(hasher.hash(g));
        vm.expectRevert(selector);
        account.install(data, signature);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        if (left != right) revert NotEqual(left, right);
    }

    function assertEq(bytes32 left, bytes32 right) internal pure {
        if (left != right) revert NotEqual(uint256(left), uint256(right));
    }
}
