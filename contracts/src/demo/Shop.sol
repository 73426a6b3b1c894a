// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title The demo's shop: takes a plain token transfer as payment for an item
/// @notice A purchase is one batch: `token.transfer(shop, price)`, then `game.claim(item)`. A payment is not bound to who
/// made it: whoever redeems first has the item. In one batch nobody comes between; a shop in earnest would bind it.
contract Shop {
    using SafeERC20 for IERC20;

    /// @notice The shop does not sell this item.
    error NotForSale(uint256 item);
    /// @notice No payment of the item's price is waiting.
    error NotPaid(uint256 item, uint256 price);
    /// @notice Only the merchant may do this.
    error NotMerchant();

    /// @notice A payment was redeemed by `game` for `buyer`.
    event Sold(address indexed game, address indexed buyer, uint256 item, uint256 price);

    /// @notice What the shop is paid in.
    IERC20 public immutable token;
    /// @notice Who set up the shop, and takes its earnings.
    address public immutable merchant;
    /// @notice What has been redeemed and not yet withdrawn, in the token's smallest unit.
    uint256 public accounted;
    /// @notice What an item costs, in the token's smallest unit; 0 where it is not sold.
    mapping(uint256 item => uint256) public price;

    constructor(IERC20 token_, uint256[] memory items, uint256[] memory prices) {
        token = token_;
        merchant = msg.sender;
        for (uint256 i; i < items.length; ++i) {
            price[items[i]] = prices[i];
        }
    }

    /// @notice Takes one waiting payment for `item`.
    function redeem(uint256 item, address buyer) external {
        uint256 due = price[item];
        if (due == 0) revert NotForSale(item);
        uint256 sum = accounted + due;
        if (token.balanceOf(address(this)) < sum) revert NotPaid(item, due);
        accounted = sum;
        emit Sold(msg.sender, buyer, item, due);
    }

    /// @notice Pays out earnings.
    function withdraw(address to, uint256 amount) external {
        if (msg.sender != merchant) revert NotMerchant();
        accounted -= amount;
        token.safeTransfer(to, amount);
    }
}
