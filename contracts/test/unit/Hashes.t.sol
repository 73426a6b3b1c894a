// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {AppRule, CallRule, Grant, Meter, Require, TypedRule} from "../utils/GrantHasher.sol";

contract HashesTest is Fixture {
    uint256 private _state;

    function testFuzz_the_account_hashes_as_the_book_says(uint256 seed) public {
        _state = seed;
        Grant memory g = _random();
        assertEq(account.grantHash(Encode.install(hasher, g)), hasher.hash(g));
        _install(g);

        // And from an execution's wire, whatever is opened: only a matching hash reaches the signature's check and the rules.
        Op memory op = _op(_call(uint16(g.calls.length), ""));
        _denies(IHallpass.NoRule.selector, _wire(g, op, _next(), _next()));
    }

    function testFuzz_the_ender_is_found_in_any_rest(uint256 seed) public {
        _state = seed;
        Grant memory g = _random();
        bytes32 id = hasher.hash(g);
        bytes32 end = keccak256(abi.encode(keccak256("End(bytes32 grant)"), id));
        bytes memory signature = _sign(ENDER_KEY, _digest(address(backend), end));
        account.endFor(Encode.install(hasher, g), Encode.rest(hasher, g), signature);
        (uint8 status,,,,) = account.grantState(id);
        assertEq(status, 2);
    }

    function test_the_state_lies_where_the_namespace_says() public {
        vm.prank(address(account));
        account.freeze();
        uint256 name = uint256(keccak256("hallpass.account.v1"));
        bytes32 slot = keccak256(abi.encode(name - 1)) & ~bytes32(uint256(0xff));
        assertEq(vm.load(address(account), slot), bytes32(uint256(1 << 64)));
    }

    function test_a_delegation_by_authorization_is_the_same_account() public {
        vm.etch(address(account), "");
        vm.signAndAttachDelegation(address(backend), OWNER_KEY);
        Grant memory g = _installed();
        _executes(g, _transfer(5));
        assert(account.owner() == address(account) && account.backend() == address(backend));
        assertEq(token.balanceOf(PAYEE), 5);
    }

    function _random() private returns (Grant memory g) {
        g = _grant();
        g.salt = bytes16(uint128(_next()));
        g.routes = uint8(_next() % 4) * 2 + 1;
        g.endSeq = uint64(2 + _next() % ((1 << 32) - 1));
        g.calls = new CallRule[](_next() % 6);
        for (uint256 i; i < g.calls.length; ++i) {
            g.calls[i] = CallRule(address(uint160(_next())), _text(100), _next() >> _next() % 257, bytes(_text(600)));
        }
        g.meters = new Meter[](_next() % 6);
        for (uint256 i; i < g.meters.length; ++i) {
            uint256 bits = _next();
            g.meters[i] = Meter(
                uint16(bits), uint8(bits >> 16), address(uint160(_next())), uint120(_next()), uint32(bits >> 24), uint48(bits >> 56)
            );
        }
        g.rest.login = bytes32(_next());
        g.rest.relayers = new address[](_next() % 3);
        g.rest.typed = new TypedRule[](_next() % 3);
        for (uint256 i; i < g.rest.typed.length; ++i) {
            g.rest.typed[i] = TypedRule(_text(80), _text(80), bytes(_text(80)));
        }
        g.rest.apps = new AppRule[](_next() % 3);
        for (uint256 i; i < g.rest.apps.length; ++i) {
            g.rest.apps[i] = AppRule(_text(80), _text(80), bytes(_text(80)));
        }
        g.rest.requires = new Require[](_next() % 3);
        for (uint256 i; i < g.rest.requires.length; ++i) {
            g.rest.requires[i] = Require(uint8(_next()), bytes(_text(80)));
        }
    }

    function _next() private returns (uint256) {
        return _state = uint256(keccak256(abi.encode(_state)));
    }

    function _text(uint256 most) private returns (string memory) {
        bytes memory text = new bytes(_next() % (most + 1));
        for (uint256 i; i < text.length; i += 8) {
            text[i] = bytes1(uint8(_next()));
        }
        return string(text);
    }
}
