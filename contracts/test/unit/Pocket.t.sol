// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";

import {HallpassFactory} from "../../src/HallpassFactory.sol";
import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassFactory} from "../../src/interfaces/IHallpassFactory.sol";
import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract PocketTest is Fixture {
    HallpassFactory private _factory;
    address private _owner;

    function setUp() public override {
        super.setUp();
        _owner = vm.addr(OWNER_KEY);
        vm.etch(_owner, "");
        backend = IHallpass(vm.deployCode("HallpassPocket.sol:HallpassPocket"));
        _factory = HallpassFactory(vm.deployCode("HallpassFactory.sol:HallpassFactory", abi.encode(backend)));
        account = IHallpass(_factory.pocketOf(_owner, 3));
        assert(token.transfer(address(account), 1000));
        vm.deal(address(account), 10 ether);
    }

    function test_a_pocket_opens_with_its_first_grant_and_executes() public {
        Grant memory g = _grant();
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _ownerSigned(hasher.hash(g));
        vm.expectEmit(true, false, false, true, address(_factory));
        emit IHallpassFactory.Opened(_owner, 3, address(account));
        assert(_factory.openAndInstall(_owner, 3, data, signature) == address(account));
        assert(account.owner() == _owner && account.backend() == address(backend));
        _executes(g, bytes.concat(_transfer(9), _pay(5)));
        assert(token.balanceOf(PAYEE) == 9 && PAYEE.balance == 5);
    }

    function test_opening_again_does_nothing() public {
        assert(_factory.open(_owner, 3) == address(account));
        bytes32 code = address(account).codehash;
        assert(_factory.open(_owner, 3) == address(account));
        assertEq(address(account).codehash, code);
        Grant memory g = _grant();
        _factory.openAndInstall(_owner, 3, Encode.install(hasher, g), _ownerSigned(hasher.hash(g)));
    }

    function testFuzz_every_owner_and_index_has_a_pocket_of_its_own(address a, address b, uint256 i, uint256 j) public {
        vm.assume(a != address(0) && a != address(backend) && b != address(0) && b != address(backend));
        address first = _factory.open(a, i);
        assert((first == _factory.pocketOf(b, j)) == (a == b && i == j));
        assert(IHallpass(first).owner() == a);
    }

    function test_the_owner_takes_all_out_and_nobody_else() public {
        _factory.open(_owner, 3);
        IERC7821 pocket = IERC7821(address(account));
        bytes32 batch = hex"01000000000000000000";
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(token), 0, abi.encodeCall(token.transfer, (_owner, 1000)));
        calls[1] = Execution(_owner, 10 ether, "");
        vm.expectRevert(IHallpass.NotOwner.selector);
        pocket.execute(batch, abi.encode(calls));
        vm.prank(_owner);
        pocket.execute(batch, abi.encode(calls));
        assert(token.balanceOf(_owner) == 1e9 + 1000 && address(account).balance == 0);
        vm.prank(_owner);
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 1, ""));
        calls[0].callData = abi.encodeCall(token.transfer, (_owner, 0));
        pocket.execute(batch, abi.encode(calls));
    }

    function test_the_owner_empties_a_frozen_pocket() public {
        _factory.open(_owner, 3);
        vm.prank(_owner);
        account.freeze();
        test_the_owner_takes_all_out_and_nobody_else();
    }

    function test_a_session_never_calls_its_pocket_or_the_implementation() public {
        _factory.open(_owner, 3);
        Grant memory g = _grant();
        g.calls[NOTE].target = address(account);
        g.calls[PAY].target = address(backend);
        _install(g);
        _denies(IHallpass.TargetForbidden.selector, g, _call(NOTE, abi.encode(1)));
        _denies(IHallpass.TargetForbidden.selector, g, _pay(1));
    }

    function test_one_pockets_operation_is_not_anothers() public {
        _factory.open(_owner, 3);
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)));
        IHallpass other = IHallpass(_factory.open(_owner, 4));
        vm.expectRevert(IHallpass.GrantUnknown.selector);
        other.execute(wire);
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _ownerSigned(hasher.hash(g));
        vm.expectRevert(IHallpass.WrongAccount.selector);
        other.install(data, signature);
    }

    function test_the_implementation_has_no_owner() public {
        assert(backend.owner() == address(0));
        vm.expectRevert(IHallpass.NotOwner.selector);
        backend.freeze();
        Grant memory g = _grant();
        g.account = address(backend);
        bytes memory data = Encode.install(hasher, g);
        vm.expectRevert(IHallpass.BadSignature.selector);
        backend.install(data, bytes.concat(new bytes(64), hex"1b"));
    }

    function test_a_factory_needs_an_implementation() public {
        vm.expectRevert();
        vm.deployCode("HallpassFactory.sol:HallpassFactory", abi.encode(PAYEE));
    }
}
