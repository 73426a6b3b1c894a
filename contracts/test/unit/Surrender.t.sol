// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {KeyFixture} from "../utils/KeyFixture.sol";
import {Passkey} from "../utils/Passkey.sol";

/// @notice A session key ends its own grant, and no other's.
contract SurrenderTest is KeyFixture {
    function test_each_kind_of_key_ends_its_grant_for_good() public {
        for (uint8 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            account.execute(_openWire(g, _op(_transfer(4))));
            bytes32 id = hasher.hash(g);
            bytes memory data = Encode.install(hasher, g);
            bytes memory rest = kind == WEBAUTHN ? Encode.rest(hasher, g) : bytes("");
            bytes memory signature = _signedAs(kind, _endDigest(g));
            vm.expectEmit(true, false, false, true, address(account));
            emit IHallpass.Ended(id);
            vm.prank(address(0xABC));
            account.surrender(data, rest, signature);
            _denies(IHallpass.GrantEnded.selector, _openWire(g, _op(_transfer(1))));
            vm.expectRevert(IHallpass.GrantEnded.selector);
            account.surrender(data, rest, signature);
            _deniesInstall(IHallpass.GrantEnded.selector, g);
            // What was counted stays readable.
            (uint8 status,,,, uint120 spent) = account.grantState(id);
            assertEq(status, 2);
            assertEq(spent, 4);
        }
    }

    function test_nobody_else_ends_in_the_key_s_name() public {
        for (uint8 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            bytes32 end = _endHash(hasher.hash(g));
            bytes32 digest = _endDigest(g);
            // A stranger, the ender, even the owner: each has a way of its own, or none.
            _refuses(g, _foreign(kind, digest));
            _refuses(g, _sign(ENDER_KEY, digest));
            _refuses(g, _sign(OWNER_KEY, digest));
            // The key itself, in the domain of its operations, and over the bare struct.
            _refuses(g, _signedAs(kind, _digest(address(account), end)));
            _refuses(g, _signedAs(kind, end));
            _refuses(g, _signedAs(kind, hasher.hash(g)));
            _refuses(g, "");
            _refuses(g, bytes.concat(_signedAs(kind, digest), hex"00"));
            for (uint8 other = SECP256K1; other <= WEBAUTHN; ++other) {
                if (other != kind) _refuses(g, _signedAs(other, digest));
            }
            account.execute(_openWire(g, _op(_transfer(1))));
        }
    }

    function test_a_signature_ends_one_grant() public {
        for (uint8 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            bytes memory signature = _signedAs(kind, _endDigest(g));
            Grant memory other = _keyed(_grant(), kind);
            other.salt = bytes16(uint128(0x9900) + kind);
            _install(other);
            _refuses(other, signature);
            account.execute(_openWire(other, _op(_transfer(1))));
        }
        // A grant that names a stranger's key is not the one that was installed.
        Grant memory mine = _keyed(_grant(), SECP256K1);
        mine.key = abi.encodePacked(vm.addr(0xBAD));
        bytes memory data = Encode.install(hasher, mine);
        account.surrender(data, "", _sign(0xBAD, _endDigest(mine)));
        account.execute(_openWire(_keyed(_grant(), SECP256K1), _op(_transfer(1))));
    }

    function test_a_passkey_shows_its_relying_party() public {
        Grant memory g = _keyed(_grant(), WEBAUTHN);
        _install(g);
        bytes memory data = Encode.install(hasher, g);
        bytes memory rest = Encode.rest(hasher, g);
        bytes memory signature = _signedAs(WEBAUTHN, _endDigest(g));
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.surrender(data, "", signature);
        vm.expectRevert(IHallpass.Malformed.selector);
        account.surrender(data, bytes.concat(rest, hex"00"), signature);
        // A rest that is not the grant's, for a page of another party.
        g.rest.rpIdHash = sha256("evil.example");
        bytes memory forged = Encode.rest(hasher, g);
        bytes memory theirs = Passkey.sign(
            Passkey.KEY,
            _endDigest(_keyed(_grant(), WEBAUTHN)),
            abi.encodePacked(sha256("evil.example"), hex"0500000007"),
            Passkey.HEAD,
            Passkey.TAIL
        );
        vm.expectRevert(IHallpass.Malformed.selector);
        account.surrender(data, forged, theirs);
        vm.expectRevert(IHallpass.BadSignature.selector);
        account.surrender(data, rest, theirs);
        account.surrender(data, rest, signature);
    }

    function test_s_is_low() public {
        for (uint8 kind = P256; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            bytes memory signature = _signedAs(kind, _endDigest(g));
            uint256 order = Passkey.ORDER;
            assembly {
                let place := add(signature, mload(signature))
                mstore(place, sub(order, mload(place)))
            }
            _refuses(g, signature);
        }
    }

    function test_a_grant_of_another_account_chain_or_backend_is_refused() public {
        Grant memory g = _installed();
        bytes memory signature = _sign(SESSION_KEY, _endDigest(g));
        g.account = PAYEE;
        _refuses(IHallpass.WrongAccount.selector, g, signature);
        g.account = address(account);
        g.chainId = 1;
        _refuses(IHallpass.WrongChain.selector, g, signature);
        g.chainId = 8453;
        g.backend = address(account);
        _refuses(IHallpass.WrongBackend.selector, g, signature);
        (g.keyKind, g.key) = (4, new bytes(32));
        g.backend = address(backend);
        _refuses(IHallpass.NotYetSupported.selector, g, new bytes(64));
    }

    function test_a_frozen_account_s_sessions_can_still_be_given_up() public {
        Grant memory g = _installed();
        vm.prank(address(account));
        account.freeze();
        account.surrender(Encode.install(hasher, g), "", _sign(SESSION_KEY, _endDigest(g)));
        vm.prank(address(account));
        account.unfreeze();
        _denies(IHallpass.GrantEnded.selector, g, _transfer(1));
    }

    function test_what_is_given_up_before_its_install_is_never_installed() public {
        Grant memory g = _grant();
        account.surrender(Encode.install(hasher, g), "", _sign(SESSION_KEY, _endDigest(g)));
        _deniesInstall(IHallpass.GrantEnded.selector, g);
    }

    function _endDigest(Grant memory g) private view returns (bytes32) {
        return _digest(address(backend), _endHash(hasher.hash(g)));
    }

    function _foreign(uint8 kind, bytes32 digest) private pure returns (bytes memory) {
        if (kind == SECP256K1) return _sign(0xBAD, digest);
        if (kind == P256) return Passkey.raw(Passkey.KEY + 1, bytes.concat(digest));
        return Passkey.sign(Passkey.KEY + 1, digest);
    }

    function _refuses(Grant memory g, bytes memory signature) private {
        _refuses(IHallpass.BadSignature.selector, g, signature);
    }

    function _refuses(bytes4 selector, Grant memory g, bytes memory signature) private {
        bytes memory data = Encode.install(hasher, g);
        bytes memory rest = Encode.rest(hasher, g);
        vm.expectRevert(selector);
        account.surrender(data, rest, signature);
    }
}
