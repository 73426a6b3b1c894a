// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassFactory} from "../../src/interfaces/IHallpassFactory.sol";
import {IHallpassOwner} from "../../src/interfaces/IHallpassOwner.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {OwnerFixture} from "../utils/OwnerFixture.sol";
import {Passkey} from "../utils/Passkey.sol";

interface IPasskey {
    function passkey() external view returns (bytes32 x, bytes32 y, bytes32 rpIdHash);
}

contract PasskeyTest is OwnerFixture {
    bytes32 private _x;
    bytes32 private _y;

    function setUp() public override {
        super.setUp();
        (_x, _y) = Passkey.point(Passkey.KEY);
        backend = pockets;
        account = IHallpass(factory.pocketFor(_x, _y, Passkey.RP, 3));
        assert(token.transfer(address(account), 1000));
        vm.deal(address(account), 10 ether);
    }

    function test_a_passkeys_pocket_opens_with_its_first_grant() public {
        Grant memory g = _grant();
        bytes memory data = Encode.install(hasher, g);
        bytes memory signature = _passkeySigned(hasher.hash(g));
        vm.expectEmit(true, true, false, true, address(factory));
        emit IHallpassFactory.OpenedFor(_x, _y, Passkey.RP, 3, address(account));
        assert(factory.openForAndInstall(_x, _y, Passkey.RP, 3, data, signature) == address(account));
        _executes(g, _transfer(9));
        assertEq(token.balanceOf(PAYEE), 9);
        (bytes32 x, bytes32 y, bytes32 rpIdHash) = IPasskey(address(account)).passkey();
        assert(x == _x && y == _y && rpIdHash == Passkey.RP && account.owner() == address(0));
        // Opening again does nothing.
        assert(factory.openFor(_x, _y, Passkey.RP, 3) == address(account));
    }

    function test_a_passkey_owns_by_its_signature_alone() public {
        _open();
        Execution[] memory calls = _calls(PAYEE, 1 ether, "");
        bytes32 hash = _structHash(address(account), 1, UNTIL, calls);
        bytes memory signature = _passkeySigned(hash);
        _execute(BATCH_WITH_DATA, _withSignature(calls, 1, UNTIL, signature));
        assertEq(PAYEE.balance, 1 ether);
        _refuses(IHallpass.NonceUsed.selector, BATCH_WITH_DATA, _withSignature(calls, 1, UNTIL, signature));
        // The owner has no address, and the zero address is nobody.
        vm.prank(address(0));
        _refuses(IHallpass.NotOwner.selector, BATCH, abi.encode(calls));
        vm.prank(address(0));
        vm.expectRevert(IHallpass.NotOwner.selector);
        account.freeze();
        _execute(BATCH_WITH_DATA, _byPasskey(_calls(address(0), 0, abi.encodeCall(IHallpass.freeze, ())), 2));
        (, bool frozen) = account.accountState();
        assert(frozen);
    }

    function test_a_passkeys_signature_is_of_just_this() public {
        _open();
        Execution[] memory calls = _calls(PAYEE, 1 ether, "");
        bytes32 hash = _structHash(address(account), 1, UNTIL, calls);
        bytes32 digest = _digest(address(backend), hash);
        bytes memory good = _passkeySigned(hash);
        _refused(calls, bytes.concat(good, hex"00"));
        _refused(calls, _shortened(_passkeySigned(hash)));
        _refused(calls, "");
        _refused(calls, new bytes(65));
        _refused(calls, _ownerSigned(hash));
        _refused(calls, Passkey.raw(Passkey.KEY, abi.encodePacked(digest)));
        _refused(calls, Passkey.sign(Passkey.KEY + 1, digest));
        _refused(calls, Passkey.sign(Passkey.KEY, _digest(address(account), hash)));
        _refused(calls, Passkey.sign(Passkey.KEY, _digest(address(backend), _structHash(PAYEE, 1, UNTIL, calls))));
        bytes memory data = abi.encodePacked(sha256("other.example"), hex"0500000007");
        _refused(calls, Passkey.sign(Passkey.KEY, digest, data, Passkey.HEAD, Passkey.TAIL));
        data = abi.encodePacked(Passkey.RP, hex"0100000007");
        _refused(calls, Passkey.sign(Passkey.KEY, digest, data, Passkey.HEAD, Passkey.TAIL));
        vm.chainId(1);
        _refused(calls, good);
        vm.chainId(8453);
        IHallpass first = account;
        account = IHallpass(factory.openFor(_x, _y, Passkey.RP, 4));
        _refused(calls, good);
        account = first;
        _execute(BATCH_WITH_DATA, _withSignature(calls, 1, UNTIL, good));
    }

    function test_a_passkey_ends_moves_and_names_guardians() public {
        _open();
        Grant memory g = _grant();
        bytes32 id = hasher.hash(g);
        account.install(Encode.install(hasher, g), _passkeySigned(id));
        account.end(id, _passkeySigned(keccak256(abi.encode(keccak256("End(bytes32 grant)"), id))));
        bytes32 moved = keccak256(abi.encode(keccak256("Epoch(address account,uint64 next)"), account, 4));
        account.moveEpoch(4, _passkeySigned(moved));
        address[] memory guardians = new address[](1);
        guardians[0] = PAYEE;
        bytes memory data = abi.encodeCall(IHallpassOwner.setGuardians, (1, guardians));
        _execute(BATCH_WITH_DATA, _byPasskey(_calls(address(0), 0, data), 2));
        vm.prank(PAYEE);
        _side().freezeBy(1, guardians, new bytes[](1));
        (uint64 epoch, bool frozen) = account.accountState();
        assert(epoch == 4 && frozen);
        _denies(IHallpass.AccountFrozen.selector, g, _transfer(1));
    }

    function test_a_passkey_signs_for_its_pocket() public {
        _open();
        bytes32 hash = keccak256("order");
        bytes32 nested = _digest(address(account), keccak256(abi.encode(keccak256("PersonalSign(bytes prefixed)"), hash)));
        assert(_valid(hash, Passkey.sign(Passkey.KEY, nested)));
        assert(!_valid(hash, Passkey.sign(Passkey.KEY, hash)));
        assert(!_valid(hash, Passkey.sign(Passkey.KEY + 1, nested)));
        assert(!_valid(hash, ""));
    }

    function test_every_passkey_party_and_index_has_a_pocket_of_its_own() public {
        (bytes32 x, bytes32 y) = Passkey.point(Passkey.KEY + 1);
        address first = _open();
        assert(factory.pocketFor(x, y, Passkey.RP, 3) != first);
        assert(factory.pocketFor(_x, _y, ~Passkey.RP, 3) != first);
        assert(factory.pocketFor(_x, _y, Passkey.RP, 4) != first);
        assert(factory.pocketOf(address(uint160(uint256(_x))), 3) != first);
        // An address's pocket has no passkey.
        (x, y,) = IPasskey(factory.open(PAYEE, 3)).passkey();
        assert(x == 0 && y == 0);
    }

    function test_the_factory_refuses_owners_that_could_own_nothing() public {
        address[2] memory owners = [address(0), address(pockets)];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.open(owners[i], 0);
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.pocketOf(owners[i], 0);
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.openAndInstall(owners[i], 0, "", "");
        }
        uint256 p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
        // The point of x = 0 is on the curve.
        bytes32 root = 0x66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4;
        bytes32[3][7] memory keys = [
            [bytes32(0), 0, Passkey.RP],
            [bytes32(0), root, Passkey.RP],
            [_x, 0, Passkey.RP],
            [_x, _y, 0],
            [_x, bytes32(uint256(_y) ^ 1), Passkey.RP],
            [_y, _x, Passkey.RP],
            [bytes32(p), root, Passkey.RP]
        ];
        for (uint256 i; i < keys.length; ++i) {
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.openFor(keys[i][0], keys[i][1], keys[i][2], 0);
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.pocketFor(keys[i][0], keys[i][1], keys[i][2], 0);
            vm.expectRevert(IHallpassFactory.BadOwner.selector);
            factory.openForAndInstall(keys[i][0], keys[i][1], keys[i][2], 0, "", "");
        }
    }

    function _open() private returns (address) {
        return factory.openFor(_x, _y, Passkey.RP, 3);
    }

    function _passkeySigned(bytes32 structHash) private view returns (bytes memory) {
        return Passkey.sign(Passkey.KEY, _digest(address(backend), structHash));
    }

    function _byPasskey(Execution[] memory calls, uint256 nonce_) private view returns (bytes memory) {
        return
            _withSignature(calls, nonce_, UNTIL, _passkeySigned(_structHash(address(account), nonce_, UNTIL, calls)));
    }

    function _shortened(bytes memory data) private pure returns (bytes memory) {
        assembly {
            mstore(data, sub(mload(data), 1))
        }
        return data;
    }

    function _refused(Execution[] memory calls, bytes memory signature) private {
        _refuses(IHallpass.BadSignature.selector, BATCH_WITH_DATA, _withSignature(calls, 1, UNTIL, signature));
    }
}
