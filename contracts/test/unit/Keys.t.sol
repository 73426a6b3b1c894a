// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {KeysHarness} from "../utils/KeysHarness.sol";
import {Passkey} from "../utils/Passkey.sol";
import {Vm} from "../utils/Vm.sol";

contract KeysTest {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 private constant SECP256K1 = 1;
    uint256 private constant P256 = 2;
    uint256 private constant WEBAUTHN = 3;
    uint256 private constant ED25519 = 4;
    uint256 private constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @dev The vectors of `test/js/keys.json`, which node's crypto verifies too.
    bytes private constant KEY =
        hex"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        hex"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
    bytes32 private constant DIGEST = hex"c296df5ee4e5b58987527f2e0e2f9e9b57723428220ab3c73c11837d23c7cf4f";
    bytes private constant SIGNED =
        hex"30702966bf303ed3d806b474c86de409f6498077d0e2275a7421754688c383c3047a659dff1abdbc15a31d55bad88d5520608634ef43d82c34c06bcc58ff94e2";
    bytes private constant ASSERTED =
        hex"4dec15cdbbdfc35dddb6527174d294f30c62bdcf844da31726022644f3755ebe5d772ba699440a8621414d5721caf21d51e5d1910df09ba0f0c0ac7fb67ad820";

    KeysHarness private _keys;
    bytes private _passkey;

    function setUp() public {
        _keys = KeysHarness(vm.deployCode("KeysHarness.sol:KeysHarness"));
        (bytes32 x, bytes32 y) = Passkey.point(Passkey.KEY);
        _passkey = abi.encodePacked(x, y);
    }

    function test_secp256k1_signs_with_low_s_alone() public {
        bytes memory key = abi.encodePacked(vm.addr(7));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(7, DIGEST);
        _keys.check(SECP256K1, key, DIGEST, abi.encodePacked(r, s, v), 0);
        _denies(SECP256K1, key, DIGEST, abi.encodePacked(r, SECP256K1_ORDER - uint256(s), 55 - v));
        _denies(SECP256K1, key, ~DIGEST, abi.encodePacked(r, s, v));
        _denies(SECP256K1, abi.encodePacked(vm.addr(8)), DIGEST, abi.encodePacked(r, s, v));
        // Nobody signs for the zero address.
        _denies(SECP256K1, new bytes(20), DIGEST, abi.encodePacked(bytes32(0), s, v));
    }

    function test_p256_verifies_what_node_signed() public view {
        _keys.check(P256, KEY, DIGEST, SIGNED, 0);
    }

    function test_p256_denies_every_other_digest_key_and_number() public {
        (uint256 r, uint256 s) = abi.decode(SIGNED, (uint256, uint256));
        uint256 n = Passkey.ORDER;
        uint256[2][12] memory bad = [
            [r, n - s],
            [r, s + (1 << 255)],
            [0, s],
            [r, 0],
            [uint256(0), 0],
            [n, s],
            [r, n],
            [type(uint256).max, s],
            [s, r],
            [r + 1, s],
            [n - r, s],
            [uint256(1), 1]
        ];
        for (uint256 i; i < bad.length; ++i) {
            _denies(P256, KEY, DIGEST, abi.encodePacked(bad[i][0], bad[i][1]));
        }
        _denies(P256, KEY, ~DIGEST, SIGNED);
        _denies(P256, _passkey, DIGEST, SIGNED);
        // Off the curve, at infinity, the other point of this x, and x beyond the field.
        (uint256 x, uint256 y) = abi.decode(KEY, (uint256, uint256));
        uint256 p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
        _denies(P256, abi.encodePacked(x, y + 1), DIGEST, SIGNED);
        _denies(P256, new bytes(64), DIGEST, SIGNED);
        _denies(P256, abi.encodePacked(x, p - y), DIGEST, SIGNED);
        _denies(P256, abi.encodePacked(y, x), DIGEST, SIGNED);
        // What signs the digest's bits in place of their hash signs something else.
        (bytes32 r_, bytes32 s_) = vm.signP256(Passkey.KEY, DIGEST);
        if (uint256(s_) > n / 2) s_ = bytes32(n - uint256(s_));
        _denies(P256, _passkey, DIGEST, abi.encodePacked(r_, s_));
        _keys.check(P256, _passkey, DIGEST, Passkey.raw(Passkey.KEY, abi.encodePacked(DIGEST)), 0);
    }

    function testFuzz_p256_verifies_low_s_and_denies_high_s(uint256 key, bytes32 digest) public {
        key = key % (Passkey.ORDER - 1) + 1;
        (bytes32 x, bytes32 y) = Passkey.point(key);
        bytes memory signature = Passkey.raw(key, abi.encodePacked(digest));
        _keys.check(P256, abi.encodePacked(x, y), digest, signature, 0);
        (uint256 r, uint256 s) = abi.decode(signature, (uint256, uint256));
        _denies(P256, abi.encodePacked(x, y), digest, abi.encodePacked(r, Passkey.ORDER - s));
    }

    /// @dev Prague has no precompile at 0x100: a call of it succeeds and answers nothing.
    /// forge-config: default.evm_version = "prague"
    /// forge-config: unoptimized.evm_version = "prague"
    function test_p256_and_webauthn_deny_where_the_precompile_is_missing() public {
        bytes32 hash = sha256(abi.encodePacked(DIGEST));
        (bool success, bytes memory answer) = address(0x100).staticcall(abi.encodePacked(hash, SIGNED, KEY));
        assert(success && answer.length == 0);
        _denies(P256, KEY, DIGEST, SIGNED);
        _denies(WEBAUTHN, KEY, DIGEST, Passkey.form(Passkey.DATA, Passkey.TAIL, ASSERTED));
    }

    function test_p256_takes_no_other_answer_than_one_word_of_one() public {
        vm.mockCall(address(0x100), "", abi.encode(1));
        _keys.check(P256, KEY, ~DIGEST, SIGNED, 0);
        bytes[6] memory answers = [
            bytes(""),
            abi.encode(0),
            abi.encode(2),
            abi.encode(1 << 255 | 1),
            abi.encodePacked(uint256(1), uint8(0)),
            abi.encodePacked(uint248(1))
        ];
        for (uint256 i; i < answers.length; ++i) {
            vm.mockCall(address(0x100), "", answers[i]);
            _denies(P256, KEY, DIGEST, SIGNED);
        }
    }

    /// @dev As where too little gas is left for it.
    function test_p256_does_not_go_on_without_the_hash() public {
        (bytes32 r, bytes32 s) = vm.signP256(Passkey.KEY, DIGEST);
        if (uint256(s) > Passkey.ORDER / 2) s = bytes32(Passkey.ORDER - uint256(s));
        vm.mockCallRevert(address(2), "", "");
        _denies(P256, _passkey, DIGEST, abi.encodePacked(r, s));
    }

    function test_webauthn_verifies_what_node_signed() public view {
        _keys.check(WEBAUTHN, KEY, DIGEST, Passkey.form(Passkey.DATA, Passkey.TAIL, ASSERTED), Passkey.RP);
    }

    function testFuzz_webauthn_takes_any_data_and_tail_of_the_form(
        bytes32 digest,
        uint8 flags,
        bytes calldata data,
        bytes calldata tail
    ) public view {
        bytes memory data_ = abi.encodePacked(Passkey.RP, flags | 5, uint32(9), data);
        bytes memory tail_ = bytes.concat(',"origin":"', tail, "}");
        _keys.check(WEBAUTHN, _passkey, digest, _assert(digest, data_, tail_), Passkey.RP);
    }

    function test_webauthn_wants_the_relying_party() public {
        bytes memory signature = _assert(DIGEST, Passkey.DATA, Passkey.TAIL);
        _denies(WEBAUTHN, _passkey, DIGEST, signature, sha256("other.example"));
        _denies(WEBAUTHN, _passkey, DIGEST, signature, 0);
        bytes memory nobody = abi.encodePacked(bytes32(0), hex"0500000007");
        _denies(WEBAUTHN, _passkey, DIGEST, _assert(DIGEST, nobody, Passkey.TAIL), 0);
    }

    function test_webauthn_wants_the_user_present_and_verified() public {
        for (uint256 flags; flags < 256; ++flags) {
            bytes memory data = abi.encodePacked(Passkey.RP, uint8(flags), uint32(7));
            bytes memory signature = _assert(DIGEST, data, Passkey.TAIL);
            if (flags & 5 == 5) _keys.check(WEBAUTHN, _passkey, DIGEST, signature, Passkey.RP);
            else _denies(WEBAUTHN, _passkey, DIGEST, signature, Passkey.RP);
        }
    }

    function test_webauthn_wants_whole_authenticator_data() public {
        bytes memory data = abi.encodePacked(Passkey.RP, hex"05000000");
        _denies(WEBAUTHN, _passkey, DIGEST, _assert(DIGEST, data, Passkey.TAIL), Passkey.RP);
        data = abi.encodePacked(Passkey.RP);
        _denies(WEBAUTHN, _passkey, DIGEST, _assert(DIGEST, data, Passkey.TAIL), Passkey.RP);
        _denies(WEBAUTHN, _passkey, DIGEST, _assert(DIGEST, "", Passkey.TAIL), Passkey.RP);
    }

    function test_webauthn_wants_the_tail_that_the_serialisation_writes() public {
        bytes[7] memory tails = [
            bytes(""),
            "}",
            ',"origin":"',
            ',"origin":"https://hallpass.example"',
            ',"crossOrigin":false,"origin":"https://hallpass.example"}',
            ' ,"origin":"https://hallpass.example"}',
            ',"origin":"https://hallpass.example"} '
        ];
        for (uint256 i; i < tails.length; ++i) {
            _denies(WEBAUTHN, _passkey, DIGEST, _assert(DIGEST, Passkey.DATA, tails[i]), Passkey.RP);
        }
    }

    function test_webauthn_is_of_this_digest_type_and_low_s() public {
        _denies(WEBAUTHN, _passkey, ~DIGEST, _assert(DIGEST, Passkey.DATA, Passkey.TAIL), Passkey.RP);
        bytes memory made = Passkey.sign(
            Passkey.KEY, DIGEST, Passkey.DATA, '{"type":"webauthn.create","challenge":"', Passkey.TAIL
        );
        _denies(WEBAUTHN, _passkey, DIGEST, made, Passkey.RP);
        (uint256 r, uint256 s) = abi.decode(ASSERTED, (uint256, uint256));
        bytes memory high = abi.encodePacked(r, Passkey.ORDER - s);
        _denies(WEBAUTHN, KEY, DIGEST, Passkey.form(Passkey.DATA, Passkey.TAIL, high), Passkey.RP);
        // One kind's signature is not another's.
        _denies(WEBAUTHN, KEY, DIGEST, Passkey.form(Passkey.DATA, Passkey.TAIL, SIGNED), Passkey.RP);
        _denies(P256, KEY, DIGEST, ASSERTED);
    }

    function testFuzz_webauthn_denies_any_changed_byte(uint256 place, uint8 change) public {
        bytes memory signature = _assert(DIGEST, Passkey.DATA, Passkey.TAIL);
        vm.assume(change != 0);
        place %= signature.length;
        signature[place] ^= bytes1(change);
        // A changed length is refused as malformed.
        vm.expectRevert();
        _keys.check(WEBAUTHN, _passkey, DIGEST, signature, Passkey.RP);
    }

    function test_a_signature_stops_exactly_at_the_end() public {
        bytes[3] memory signatures = [new bytes(65), SIGNED, _assert(DIGEST, Passkey.DATA, Passkey.TAIL)];
        for (uint256 kind = SECP256K1; kind <= WEBAUTHN; ++kind) {
            bytes memory signature = signatures[kind - 1];
            _malformed(kind, bytes.concat(signature, hex"00"));
            assembly {
                mstore(signature, sub(mload(signature), 1))
            }
            _malformed(kind, signature);
            _malformed(kind, "");
        }
        _malformed(WEBAUTHN, hex"ffff");
        _malformed(WEBAUTHN, abi.encodePacked(uint16(0), type(uint16).max));
    }

    function test_ed25519_is_not_yet_supported_and_other_kinds_are_malformed() public {
        for (uint256 size; size < 70; size += 23) {
            vm.expectRevert(IHallpass.NotYetSupported.selector);
            _keys.check(ED25519, KEY, DIGEST, new bytes(size), 0);
        }
        _malformed(0, SIGNED);
        _malformed(5, SIGNED);
        // A walk that left the bytes cannot stop at their end.
        vm.expectRevert(IHallpass.Malformed.selector);
        _keys.length(ED25519, 101, 100);
    }

    function _assert(bytes32 digest, bytes memory data, bytes memory tail) private pure returns (bytes memory) {
        return Passkey.sign(Passkey.KEY, digest, data, Passkey.HEAD, tail);
    }

    function _malformed(uint256 kind, bytes memory signature) private {
        vm.expectRevert(IHallpass.Malformed.selector);
        _keys.check(kind, KEY, DIGEST, signature, Passkey.RP);
    }

    function _denies(uint256 kind, bytes memory key, bytes32 digest, bytes memory signature) private {
        _denies(kind, key, digest, signature, Passkey.RP);
    }

    function _denies(uint256 kind, bytes memory key, bytes32 digest, bytes memory signature, bytes32 rpIdHash) private {
        vm.expectRevert(IHallpass.BadSignature.selector);
        _keys.check(kind, key, digest, signature, rpIdHash);
    }
}
