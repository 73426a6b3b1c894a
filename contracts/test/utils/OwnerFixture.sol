// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IERC7821} from "@openzeppelin/contracts/interfaces/draft-IERC7821.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassFactory} from "../../src/interfaces/IHallpassFactory.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {Fixture} from "./Fixture.sol";

/// @title A contract that signs for itself what its one key signed
contract Wallet is IERC1271 {
    address public immutable key;

    constructor(address key_) {
        key = key_;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(hash, uint8(signature[64]), r, s) == key ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function forward(address target, bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory answer) = target.call(data);
        if (!success) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }
}

/// @title What an owner signs and sends, beside the fixture's 7702 account a factory of pockets
abstract contract OwnerFixture is Fixture {
    bytes32 internal constant BATCH = hex"01000000000000000000";
    bytes32 internal constant BATCH_WITH_DATA = hex"01000000000078210001";
    uint48 internal constant UNTIL = T0 + 60;

    IHallpass internal pockets;
    IHallpassFactory internal factory;
    address internal owner;
    uint256 internal nonce = 5 << 64 | 7;

    function setUp() public virtual override {
        super.setUp();
        owner = vm.addr(OWNER_KEY);
        pockets = IHallpass(vm.deployCode("HallpassPocket.sol:HallpassPocket"));
        factory = IHallpassFactory(vm.deployCode("HallpassFactory.sol:HallpassFactory", abi.encode(pockets)));
    }

    /// @dev A pocket takes the place of the 7702 account.
    function _usePocketOf(address who) internal {
        backend = pockets;
        account = IHallpass(factory.open(who, 3));
        assert(token.transfer(address(account), 1000));
        vm.deal(address(account), 10 ether);
    }

    function _calls(address target, uint256 value, bytes memory data) internal pure returns (Execution[] memory calls) {
        calls = new Execution[](1);
        calls[0] = Execution(target, value, data);
    }

    function _structHash(address who, uint256 nonce_, uint48 validUntil, Execution[] memory calls)
        internal
        pure
        returns (bytes32)
    {
        bytes memory hashes;
        for (uint256 i; i < calls.length; ++i) {
            bytes32 type_ = keccak256("Call(address target,uint256 value,bytes data)");
            Execution memory call = calls[i];
            hashes = bytes.concat(
                hashes, keccak256(abi.encode(type_, call.target, call.value, keccak256(call.callData)))
            );
        }
        return keccak256(
            abi.encode(
                keccak256(
                    "OwnerCalls(address account,uint256 nonce,uint48 validUntil,Call[] calls)Call(address target,uint256 value,bytes data)"
                ),
                who,
                nonce_,
                validUntil,
                keccak256(hashes)
            )
        );
    }

    /// @dev The owner's key signs for the account, with the next nonce.
    function _signedCalls(Execution[] memory calls) internal returns (bytes memory) {
        return _withSignature(calls, ++nonce, UNTIL, _ownerSigned(_structHash(address(account), nonce, UNTIL, calls)));
    }

    function _withSignature(Execution[] memory calls, uint256 nonce_, uint48 validUntil, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encode(calls, abi.encodePacked(nonce_, validUntil, signature));
    }

    function _execute(bytes32 mode, bytes memory data) internal {
        IERC7821(address(account)).execute(mode, data);
    }

    function _refuses(bytes4 selector, bytes32 mode, bytes memory data) internal {
        vm.expectRevert(selector);
        IERC7821(address(account)).execute(mode, data);
    }

    function _side() internal view returns (IHallpassOwner) {
        return IHallpassOwner(address(account));
    }

    function _valid(bytes32 hash, bytes memory signature) internal view returns (bool) {
        bytes4 answer = IERC1271(address(account)).isValidSignature(hash, signature);
        assert(answer == IERC1271.isValidSignature.selector || answer == 0xffffffff);
        return answer == IERC1271.isValidSignature.selector;
    }
}
