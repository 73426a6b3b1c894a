// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Shop} from "./Shop.sol";

/// @title The demo's game: each account moves its heroes, and crafts, buys, wears and sells items
contract ArenaGame {
    /// @notice A hero walks north, east, south or west: 0 to 3.
    error NoSuchDirection(uint8 direction);
    /// @notice The account has none of this item.
    error NotOwned(uint256 item);

    /// @notice A hero moved to x, y.
    event Moved(address indexed player, uint256 indexed hero, uint8 direction, int32 x, int32 y);
    /// @notice A recipe gave the item of its number.
    event Crafted(address indexed player, uint256 indexed recipe);
    /// @notice A bought item was handed over.
    event Claimed(address indexed player, uint256 indexed item);
    /// @notice A hero wears an item.
    event Equipped(address indexed player, uint256 indexed hero, uint256 indexed item);
    /// @notice An item was put up for sale.
    event Offered(address indexed player, uint256 indexed item, uint256 price);

    struct Hero {
        int32 x;
        int32 y;
        uint128 item;
    }

    /// @notice Where purchases are paid.
    Shop public immutable shop;
    /// @notice A player's heroes.
    mapping(address player => mapping(uint256 hero => Hero)) public heroes;
    /// @notice How many of an item a player has.
    mapping(address player => mapping(uint256 item => uint256)) public items;

    constructor(Shop shop_) {
        shop = shop_;
    }

    /// @notice Moves a hero by one step.
    function move(uint256 hero, uint8 direction) external {
        Hero storage place = heroes[msg.sender][hero];
        if (direction == 0) place.y += 1;
        else if (direction == 1) place.x += 1;
        else if (direction == 2) place.y -= 1;
        else if (direction == 3) place.x -= 1;
        else revert NoSuchDirection(direction);
        emit Moved(msg.sender, hero, direction, place.x, place.y);
    }

    /// @notice Makes one item.
    function craft(uint256 recipe) external {
        ++items[msg.sender][recipe];
        emit Crafted(msg.sender, recipe);
    }

    /// @notice Hands over an item that was paid at the shop.
    function claim(uint256 item) external {
        shop.redeem(item, msg.sender);
        ++items[msg.sender][item];
        emit Claimed(msg.sender, item);
    }

    /// @notice Has a hero wear an item.
    function equip(uint256 hero, uint256 item) external {
        if (items[msg.sender][item] == 0) revert NotOwned(item);
        heroes[msg.sender][hero].item = uint128(item);
        emit Equipped(msg.sender, hero, item);
    }

    /// @notice Gives an item away for sale.
    function sell(uint256 item, uint256 price) external {
        if (items[msg.sender][item] == 0) revert NotOwned(item);
        --items[msg.sender][item];
        emit Offered(msg.sender, item, price);
    }
}
