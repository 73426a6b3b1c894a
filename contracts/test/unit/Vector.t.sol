// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {AppRule, CallRule, Grant, Meter, Require, TypedRule} from "../utils/GrantHasher.sol";

contract VectorTest is Fixture {
    /// @dev The grant of `test/js/vector.json`, which viem hashes too.
    function test_solidity_and_viem_hash_the_vector_alike() public view {
        Grant memory g;
        (g.chainId, g.account, g.backend, g.epoch) = (8453, address(0xA11CE), address(0xB0B0B), 2);
        g.salt = bytes16(0x00112233445566778899aabbccddeeff);
        (g.keyKind, g.key) = (1, abi.encodePacked(address(0xC0DE)));
        (g.notBefore, g.notAfter, g.firstSeq, g.endSeq, g.routes) = (1_800_000_000, 1_800_003_600, 1, 1 << 32, 1);
        g.calls = new CallRule[](2);
        g.calls[0] = CallRule(address(0x70CE2), "transfer(address,uint256)", 0, hex"047202601f0000");
        g.calls[1] = CallRule(address(0xBEEF), "", 1 ether, hex"000001000502");
        g.meters = new Meter[](1);
        g.meters[0] = Meter(5, 1, address(0), 2 ether, 86_400, 1_800_000_000);
        g.rest.gas.unitsPerOp = 1_000_000;
        g.rest.ender = address(0xEEDE);
        (g.rest.login, g.rest.labels) = (bytes32(uint256(1)), bytes32(uint256(2)));
        g.rest.relayers = new address[](2);
        (g.rest.relayers[0], g.rest.relayers[1]) = (address(1), address(2));
        g.rest.typed = new TypedRule[](1);
        g.rest.typed[0] = TypedRule("d", "t", hex"01");
        g.rest.apps = new AppRule[](1);
        g.rest.apps[0] = AppRule("chat.example", "post.create", "");
        g.rest.requires = new Require[](1);
        g.rest.requires[0] = Require(1, hex"ff");
        bytes32 expected = 0xac4197e0da9298db9f496d80154dfc20b63a923a5f714f09a62aa7a8a8396654;
        assertEq(hasher.hash(g), expected);
        assertEq(account.grantHash(Encode.install(hasher, g)), expected);
        assertEq(_digest(g.backend, expected), 0x6bc568d44f193c3fd1575480856dcf6816eaced1d0ca35e24aaa2db1be5425af);
    }
}
