// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ArenaGame} from "../../src/demo/ArenaGame.sol";
import {Shop} from "../../src/demo/Shop.sol";
import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";

contract DemoTest is Fixture {
    Shop private _shop;
    ArenaGame private _game;

    function setUp() public override {
        super.setUp();
        uint256[] memory items = new uint256[](1);
        uint256[] memory prices = new uint256[](1);
        (items[0], prices[0]) = (7, 40);
        _shop = Shop(vm.deployCode("Shop.sol:Shop", abi.encode(token, items, prices)));
        _game = ArenaGame(vm.deployCode("ArenaGame.sol:ArenaGame", abi.encode(_shop)));
    }

    function test_a_purchase_is_one_batch_under_one_cap() public {
        Grant memory g = _grant();
        g.calls[TRANSFER].checks =
            Encode.checks(hex"7202601f", 1, Encode.cond(1, 0, uint160(address(_shop))), Encode.usePath(0, 1));
        g.calls[NOTE] = CallRule(address(_game), "claim(uint256)", 0, Encode.checks(hex"72011f", 0, "", hex"00"));
        _install(g);
        bytes memory pay = _call(TRANSFER, abi.encode(_shop, 40));
        bytes memory claim = _call(NOTE, abi.encode(7));
        _executes(g, bytes.concat(pay, claim, pay, claim));
        assertEq(_game.items(address(account), 7), 2);
        assertEq(_shop.accounted(), 80);
        _denies(IHallpass.MeterExceeded.selector, g, bytes.concat(pay, claim));
        bytes memory wire = _wire(g, _op(claim));
        bytes memory reason = abi.encodeWithSelector(Shop.NotPaid.selector, 7, 40);
        vm.expectRevert(abi.encodeWithSelector(IHallpass.CallFailed.selector, 0, reason));
        account.execute(wire);
    }

    function test_the_shop_sells_what_has_a_price_and_pays_its_merchant() public {
        vm.expectRevert(abi.encodeWithSelector(Shop.NotForSale.selector, 8));
        _game.claim(8);
        assert(token.transfer(address(_shop), 40));
        _game.claim(7);
        vm.prank(PAYEE);
        vm.expectRevert(Shop.NotMerchant.selector);
        _shop.withdraw(PAYEE, 40);
        _shop.withdraw(PAYEE, 40);
        assertEq(token.balanceOf(PAYEE), 40);
        assertEq(_shop.accounted(), 0);
    }

    function test_heroes_walk_and_wear_and_items_change_hands() public {
        for (uint8 direction; direction < 4; ++direction) {
            _game.move(1, direction);
        }
        _game.move(1, 1);
        (int32 x, int32 y,) = _game.heroes(address(this), 1);
        assert(x == 1 && y == 0);
        vm.expectRevert(abi.encodeWithSelector(ArenaGame.NoSuchDirection.selector, 4));
        _game.move(1, 4);
        vm.expectRevert(abi.encodeWithSelector(ArenaGame.NotOwned.selector, 2));
        _game.equip(1, 2);
        _game.craft(2);
        _game.equip(1, 2);
        _game.sell(2, 100);
        vm.expectRevert(abi.encodeWithSelector(ArenaGame.NotOwned.selector, 2));
        _game.sell(2, 100);
    }
}
