// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "../utils/Encode.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {KeyFixture} from "../utils/KeyFixture.sol";
import {Passkey} from "../utils/Passkey.sol";

/// @notice Sessions of P-256 and WebAuthn keys through the whole of `execute`. What a signature may look like, `Keys.t.sol` shows.
contract SessionKeysTest is KeyFixture {
    function test_each_kind_of_key_executes_what_it_signed_and_once() public {
        for (uint8 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            bytes memory wire = _openWire(g, _op(bytes.concat(_transfer(2), _pay(1))));
            account.execute(wire);
            assertEq(token.balanceOf(PAYEE), 2 * kind);
            _denies(IHallpass.NonceUsed.selector, wire);
            // Another operation is another digest.
            Op memory op = _op(_transfer(1));
            bytes memory signature = _signedAs(kind, _opDigest(g, op));
            op.nonce += 1;
            _denies(IHallpass.BadSignature.selector, bytes.concat(_opened(g, op, address(this)), signature));
            op.nonce -= 1;
            op.calls = _transfer(2);
            _denies(IHallpass.BadSignature.selector, bytes.concat(_opened(g, op, address(this)), signature));
            _denies(IHallpass.MeterExceeded.selector, _openWire(g, _op(_transfer(99))));
        }
    }

    function test_another_key_of_the_kind_does_not_sign() public {
        for (uint8 kind = P256; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            Op memory op = _op(_transfer(1));
            bytes32 digest = _opDigest(g, op);
            bytes memory wire = _opened(g, op, address(this));
            bytes memory other = kind == P256
                ? Passkey.raw(Passkey.KEY + 1, bytes.concat(digest))
                : Passkey.sign(Passkey.KEY + 1, digest);
            _denies(IHallpass.BadSignature.selector, bytes.concat(wire, other));
            // A key that is sent in the grant's place is another grant's.
            (bytes32 x, bytes32 y) = Passkey.point(Passkey.KEY + 1);
            g.key = bytes.concat(x, y);
            _denies(IHallpass.GrantUnknown.selector, bytes.concat(_opened(g, op, address(this)), other));
        }
    }

    function test_s_is_low() public {
        for (uint8 kind = P256; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            bytes memory wire = _openWire(g, _op(_transfer(1)));
            _denies(IHallpass.BadSignature.selector, _flipped(wire));
            account.execute(wire);
        }
    }

    function test_r_and_s_are_not_zero() public {
        Grant memory g = _keyed(_grant(), P256);
        _install(g);
        Op memory op = _op(_transfer(1));
        bytes memory wire = _opened(g, op, address(this));
        bytes memory signature = _signedAs(P256, _opDigest(g, op));
        _denies(IHallpass.BadSignature.selector, bytes.concat(wire, new bytes(64)));
        for (uint256 i; i < 32; ++i) {
            signature[i] = 0;
        }
        _denies(IHallpass.BadSignature.selector, bytes.concat(wire, signature));
    }

    /// @dev A signature is read by the grant's kind: one of another kind is of another length, or of another message.
    function test_a_signature_of_another_kind_is_none() public {
        for (uint8 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            Grant memory g = _keyed(_grant(), kind);
            _install(g);
            Op memory op = _op(_transfer(1));
            for (uint8 as_ = SECP256K1; as_ <= WEBAUTHN; ++as_) {
                if (as_ == kind) continue;
                bytes memory wire = bytes.concat(_opened(g, op, address(this)), _signedAs(as_, _opDigest(g, op)));
                (bool success, bytes memory reason) = _tries(wire);
                assert(!success && reason.length == 4);
                assertEq(bytes32(reason), bytes32(IHallpass.Malformed.selector));
            }
        }
        // The same key under both kinds: two grants, and neither's signature is the other's.
        Grant memory p = _keyed(_grant(), P256);
        Grant memory w = _keyed(_grant(), P256);
        w.keyKind = WEBAUTHN;
        Op memory op_ = _op(_transfer(1));
        _denies(IHallpass.GrantUnknown.selector, bytes.concat(_opened(w, op_, address(this)), _signedAs(3, _opDigest(w, op_))));
        account.execute(_openWire(p, op_));
    }

    function test_the_raw_digest_is_not_what_p256_signs() public {
        Grant memory g = _keyed(_grant(), P256);
        _install(g);
        Op memory op = _op(_transfer(1));
        (bytes32 r, bytes32 s) = vm.signP256(Passkey.KEY, _opDigest(g, op));
        if (uint256(s) > Passkey.ORDER / 2) s = bytes32(Passkey.ORDER - uint256(s));
        _denies(IHallpass.BadSignature.selector, bytes.concat(_opened(g, op, address(this)), r, s));
    }

    function test_a_passkey_is_of_the_grant_s_relying_party_which_is_opened() public {
        Grant memory g = _keyed(_grant(), WEBAUTHN);
        _install(g);
        Op memory op = _op(_transfer(1));
        // Not opened: there is no relying party to compare with.
        bytes memory signature = _signedAs(WEBAUTHN, _opDigest(g, op));
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(g, op, ALL, ALL), signature));
        // Another party's page asked for the signature.
        bytes memory data = abi.encodePacked(sha256("evil.example"), hex"0500000007");
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, data, Passkey.HEAD, Passkey.TAIL));
        // Opened as if it were that party's: another grant.
        g.rest.rpIdHash = sha256("evil.example");
        _denies(IHallpass.GrantUnknown.selector, _asserted(g, op, data, Passkey.HEAD, Passkey.TAIL));
        g.rest.rpIdHash = Passkey.RP;
        account.execute(bytes.concat(_opened(g, op, address(this)), signature));
    }

    function test_a_grant_without_a_relying_party_has_no_passkey() public {
        Grant memory g = _keyed(_grant(), WEBAUTHN);
        g.rest.rpIdHash = 0;
        _install(g);
        Op memory op = _op(_transfer(1));
        bytes memory zero = abi.encodePacked(bytes32(0), hex"0500000007");
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, zero, Passkey.HEAD, Passkey.TAIL));
        bytes memory data = _signedAs(WEBAUTHN, _opDigest(g, op));
        _denies(IHallpass.BadSignature.selector, bytes.concat(_unsigned(g, op, ALL, ALL), data));
    }

    function test_a_passkey_asserts_this_digest_with_its_user_there() public {
        Grant memory g = _keyed(_grant(), WEBAUTHN);
        _install(g);
        Op memory op = _op(_transfer(1));
        // The user not present; not verified.
        bytes memory data = abi.encodePacked(Passkey.RP, hex"0400000007");
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, data, Passkey.HEAD, Passkey.TAIL));
        data = abi.encodePacked(Passkey.RP, hex"0100000007");
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, data, Passkey.HEAD, Passkey.TAIL));
        // A registration; a challenge in a place of the page's choice.
        bytes memory create = '{"type":"webauthn.create","challenge":"';
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, Passkey.DATA, create, Passkey.TAIL));
        bytes memory tail = ',"other":"","origin":"https://hallpass.example"}';
        _denies(IHallpass.BadSignature.selector, _asserted(g, op, Passkey.DATA, Passkey.HEAD, tail));
        // More data, and another origin of the party's, are the authenticator's own affair.
        data = abi.encodePacked(Passkey.RP, hex"8500000007", "extensions");
        account.execute(_asserted(g, op, data, Passkey.HEAD, ',"origin":"https://sub.hallpass.example"}'));
    }

    function test_ed25519_is_not_judged() public {
        Grant memory g = _grant();
        (g.keyKind, g.key) = (4, new bytes(32));
        _deniesInstall(IHallpass.NotYetSupported.selector, g);
        Op memory op = _op(_transfer(1));
        (bool success,) = _tries(bytes.concat(_opened(g, op, address(this)), new bytes(64)));
        assert(!success);
    }

    function _asserted(Grant memory g, Op memory op, bytes memory data, bytes memory head, bytes memory tail)
        private
        view
        returns (bytes memory)
    {
        bytes memory signature = Passkey.sign(Passkey.KEY, _opDigest(g, op), data, head, tail);
        return bytes.concat(_opened(g, op, address(this)), signature);
    }

    /// @dev The other s that verifies, in a wire's last 32 bytes.
    function _flipped(bytes memory wire) private pure returns (bytes memory out) {
        out = bytes.concat(wire);
        uint256 order = Passkey.ORDER;
        assembly {
            let place := add(out, mload(out))
            mstore(place, sub(order, mload(place)))
        }
    }

    function _tries(bytes memory wire) private returns (bool, bytes memory) {
        return address(account).call(abi.encodeCall(IHallpass.execute, (wire)));
    }
}
