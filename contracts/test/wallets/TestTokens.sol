// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title As much of ERC-721 as is read of holders
contract TestNft {
    mapping(address => uint256) public balanceOf;
    mapping(uint256 => address) public ownerOf;

    function mint(address to, uint256 id) external {
        require(ownerOf[id] == address(0), "minted");
        ownerOf[id] = to;
        ++balanceOf[to];
    }

    function transferFrom(address from, address to, uint256 id) external {
        require(ownerOf[id] == from && to != address(0), "not theirs");
        ownerOf[id] = to;
        --balanceOf[from];
        ++balanceOf[to];
    }
}

/// @title As much of ERC-1155 as is read of holders
contract TestItems {
    mapping(address => mapping(uint256 => uint256)) private balances;

    function balanceOf(address account, uint256 id) external view returns (uint256) {
        return balances[account][id];
    }

    function mint(address to, uint256 id, uint256 amount) external {
        balances[to][id] += amount;
    }
}
