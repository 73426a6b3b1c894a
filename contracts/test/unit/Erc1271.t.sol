// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {OwnerFixture, Wallet} from "../utils/OwnerFixture.sol";

contract Erc1271Test is OwnerFixture {
    string private constant PERMIT = "PermitTransferFrom(address spender,uint256 amount,uint256 nonce)";
    string private constant FIELDS = " contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)";

    function test_a_7702_account_signs_by_its_key_as_before() public view {
        bytes32 hash = keccak256("order");
        assert(_valid(hash, _sign(OWNER_KEY, hash)));
        assert(!_valid(~hash, _sign(OWNER_KEY, hash)));
        assert(!_valid(hash, bytes.concat(_sign(OWNER_KEY, hash), hex"00")));
        assert(!_valid(hash, ""));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OWNER_KEY, hash);
        assert(!_valid(hash, abi.encodePacked(r, ORDER - uint256(s), 55 - v)));
    }

    function test_a_session_key_never_signs_for_the_account() public {
        _installed();
        bytes32 hash = keccak256("order");
        assert(!_valid(hash, _sign(SESSION_KEY, hash)));
        assert(!_valid(hash, _sign(SESSION_KEY, _digest(address(account), hash))));
        assert(!_valid(hash, _sign(ENDER_KEY, hash)));

        vm.etch(owner, "");
        _usePocketOf(owner);
        _installed();
        assert(!_valid(hash, _sign(SESSION_KEY, hash)));
        assert(!_valid(hash, _sign(SESSION_KEY, _personal(hash))));
        (bytes32 app, bytes32 contents) = _permit(address(account));
        hash = keccak256(abi.encodePacked(hex"1901", app, contents));
        assert(!_valid(hash, _nested(SESSION_KEY, app, contents)));
        assert(_valid(hash, _nested(OWNER_KEY, app, contents)));
    }

    /// @dev The theft: the owner signs a Permit2 transfer of its own tokens. Permit2 asks the owner of the tokens that the
    /// caller names, and Permit2's typed data do not name it: a pocket that took the owner's plain signature would pay.
    function test_what_the_owner_signed_for_itself_takes_nothing_from_its_pocket() public {
        vm.etch(owner, "");
        _usePocketOf(owner);
        (bytes32 app, bytes32 contents) = _permit(owner);
        bytes32 hash = keccak256(abi.encodePacked(hex"1901", app, contents));
        bytes memory signature = _sign(OWNER_KEY, hash);
        assert(!_valid(hash, signature));
        string memory contentsType = PERMIT;
        assert(!_valid(hash, abi.encodePacked(signature, app, contents, contentsType, uint16(bytes(contentsType).length))));
        // What is nested for this pocket is.
        assert(_valid(hash, _nested(OWNER_KEY, app, contents)));
        // And not for another of the same owner's, nor on another chain.
        bytes memory nested = _nested(OWNER_KEY, app, contents);
        bytes memory personal = _sign(OWNER_KEY, _personal(hash));
        assert(_valid(hash, personal));
        vm.chainId(1);
        assert(!_valid(hash, nested) && !_valid(hash, personal));
        vm.chainId(8453);
        account = IHallpass(factory.open(owner, 4));
        assert(!_valid(hash, nested) && !_valid(hash, personal));
    }

    function test_what_the_owner_signs_for_the_pocket_grants_nothing() public {
        vm.etch(owner, "");
        _usePocketOf(owner);
        Grant memory g = _grant();
        bytes32 id = hasher.hash(g);
        // A page has the owner sign the grant as the contents of something else.
        bytes32 hash = _digest(address(backend), id);
        _deniesInstallBy(g, _sign(OWNER_KEY, _personal(hash)));
        _deniesInstallBy(g, _sign(OWNER_KEY, _personal(id)));
        assert(!_valid(hash, _ownerSigned(id)));
    }

    function test_a_contract_that_owns_a_pocket_signs_for_it() public {
        _usePocketOf(address(new Wallet(owner)));
        bytes32 hash = keccak256("order");
        assert(_valid(hash, _sign(OWNER_KEY, _personal(hash))));
        assert(!_valid(hash, _sign(OWNER_KEY, hash)));
        assert(!_valid(hash, _sign(SESSION_KEY, _personal(hash))));
    }

    function test_the_implementation_signs_nothing() public {
        account = pockets;
        bytes32 hash = keccak256("order");
        assert(!_valid(hash, _sign(OWNER_KEY, _personal(hash))));
        assert(!_valid(hash, ""));
    }

    function test_the_account_takes_tokens() public {
        for (uint256 i; i < 2; ++i) {
            address to = address(account);
            bytes4 answer = IERC721Receiver(to).onERC721Received(PAYEE, PAYEE, 1, "x");
            assert(answer == IERC721Receiver.onERC721Received.selector);
            answer = IERC1155Receiver(to).onERC1155Received(PAYEE, PAYEE, 1, 2, "x");
            assert(answer == IERC1155Receiver.onERC1155Received.selector);
            answer = IERC1155Receiver(to).onERC1155BatchReceived(PAYEE, PAYEE, new uint256[](2), new uint256[](2), "x");
            assert(answer == IERC1155Receiver.onERC1155BatchReceived.selector);
            assert(IERC165(to).supportsInterface(0x01ffc9a7) && IERC165(to).supportsInterface(0x150b7a02));
            assert(IERC165(to).supportsInterface(0x4e2312e0) && IERC165(to).supportsInterface(0x1626ba7e));
            assert(!IERC165(to).supportsInterface(0xffffffff) && !IERC165(to).supportsInterface(0));
            _usePocketOf(vm.addr(9));
        }
    }

    /// @dev Permit2's domain and the hash of a transfer, which names a spender and no owner.
    function _permit(address spender) private view returns (bytes32 app, bytes32 contents) {
        app = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                0x000000000022D473030F116dDEE9F6B43aC78BA3
            )
        );
        contents = keccak256(abi.encode(keccak256(bytes(PERMIT)), spender, 100, 1));
    }

    /// @dev ERC-7739: what an app's typed data are to this pocket, signed.
    function _nested(uint256 key, bytes32 app, bytes32 contents) private view returns (bytes memory) {
        bytes32 hash = keccak256(
            abi.encode(
                keccak256(abi.encodePacked("TypedDataSign(PermitTransferFrom", FIELDS, PERMIT)),
                contents,
                keccak256("Hallpass"),
                keccak256("1"),
                block.chainid,
                account,
                bytes32(0)
            )
        );
        bytes memory signature = _sign(key, keccak256(abi.encodePacked(hex"1901", app, hash)));
        return abi.encodePacked(signature, app, contents, PERMIT, uint16(bytes(PERMIT).length));
    }

    /// @dev ERC-7739: what a plain hash is to this pocket.
    function _personal(bytes32 hash) private view returns (bytes32) {
        return _digest(address(account), keccak256(abi.encode(keccak256("PersonalSign(bytes prefixed)"), hash)));
    }

    function _deniesInstallBy(Grant memory g, bytes memory signature) private {
        bytes memory data = _data(g);
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.install(data, signature);
    }

    function _data(Grant memory g) private view returns (bytes memory) {
        return Encode.install(hasher, g);
    }
}
