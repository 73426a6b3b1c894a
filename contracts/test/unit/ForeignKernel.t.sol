// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IAccountExecute, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, OpCall} from "../utils/Encode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {IKernel, Kernel} from "../utils/Kernel.sol";
import {Peer} from "../utils/Peer.sol";
import {Hook, PeerFixture} from "../utils/PeerFixture.sol";

/// @notice What Kernel has of its own: selectors for a validator, a hook for each module, and nonces of validators.
contract ForeignKernelTest is PeerFixture {
    error InvalidValidator();
    error InvalidNonce();

    Hook private _hook;

    function setUp() public override {
        super.setUp();
        _hook = new Hook();
        vm.warp(T0 + 1);
    }

    function test_a_validator_without_the_selector_of_execute_validates_nothing() public {
        _bare(bytes.concat(bytes20(address(1)), abi.encode(bytes(""), bytes(""), bytes(""))));
        Grant memory g = _moduleInstalled();
        _deniesOp(InvalidValidator.selector, g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        _runs(g, _transfer(1));
        assertEq(token.balanceOf(PAYEE), 1);
    }

    /// @dev Under a hook Kernel takes nothing but its wrapper, which the module takes for another function than `execute`.
    function test_a_validator_under_a_hook_validates_nothing() public {
        _bare(Kernel(address(peer)).hooked(VALIDATOR, 0, "", address(_hook)));
        Grant memory g = _moduleInstalled();
        bytes memory single = _singleData(address(token), 0, _transferData(1));
        // Of what is not wrapped, Kernel looks for the selector at the wrapped one's place.
        _deniesOp(InvalidValidator.selector, g, _now(TRANSFER), _userOp(single));
        bytes memory wrapped = bytes.concat(IAccountExecute.executeUserOp.selector, single);
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _userOp(wrapped));
        _runs(g, _transfer(1));
        assertEq(token.balanceOf(PAYEE), 1);
    }

    function test_an_executor_runs_under_a_hook() public {
        _hookedExecutor();
        Grant memory g = _moduleInstalled();
        _runs(g, bytes.concat(_transfer(1), _transfer(2)));
        assertEq(_hook.asked(), 2);
        assertEq(token.balanceOf(PAYEE), 3);
    }

    /// @dev A known limit: to the question for a hook, a policy or a signer, Kernel answers no to every address.
    function test_kernel_does_not_tell_its_hooks() public {
        _hookedExecutor();
        for (uint256 kind = HOOK; kind <= 6; ++kind) {
            assert(!modular.isModuleInstalled(kind, address(_hook), ""));
        }
        Grant memory g = _userGrant();
        g.calls[NOTE] = CallRule(address(_hook), "tell(uint256)", 0, Encode.checks(hex"72011f", 0, "", hex"00"));
        _moduleInstall(g);
        _runs(g, _call(NOTE, abi.encode(7)));
        assertEq(_hook.told(), 7);
    }

    /// @dev A known limit, as on Nexus.
    function test_a_hook_s_gas_is_taken_from_the_floor() public {
        _hookedExecutor();
        Grant memory g = _moduleInstalled();
        uint32 floor = 500_000;
        // For the meter of moves, whose window is as long as an operation.
        vm.warp(T0);
        bytes memory wire = _wire(g, _op(Encode.call(OpCall(MOVE, floor, 0, abi.encode(2, 3)))));
        _hook.burn(300_000);
        module.execute{gas: 900_000}(address(account), wire);
        assert(probe.count() == 1 && probe.gasSeen() < floor);
    }

    /// @dev A known limit: Kernel says nothing to a validator whose nonce it makes invalid, and still has it as executor.
    function test_invalidating_nonces_ends_the_operations_and_not_the_relays() public {
        Grant memory g = _moduleInstalled();
        PackedUserOperation memory op = _signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)));
        vm.prank(address(account));
        IKernel(address(account)).invalidateNonce(5);
        _deniesOp(InvalidNonce.selector, op);
        assert(modular.isModuleInstalled(VALIDATOR, address(module), ""));
        _runs(g, _transfer(1));
        assertEq(token.balanceOf(PAYEE), 1);
    }

    function test_empty_data_installs_nothing() public {
        modular = _born();
        for (uint256 kind = VALIDATOR; kind <= EXECUTOR; ++kind) {
            vm.prank(address(modular));
            (bool success,) = address(modular).call(abi.encodeCall(modular.installModule, (kind, address(module), "")));
            assert(!success && !modular.isModuleInstalled(kind, address(module), ""));
        }
    }

    /// @dev No selectors bound the root: the module alone says what its sessions may do.
    function test_as_the_root_it_judges_as_ever() public {
        vm.prank(address(account));
        IKernel(address(account)).changeRootValidator(bytes21(abi.encodePacked(bytes1(0x01), address(module))), address(1), "", "");
        Grant memory g = _userGrant();
        // The owner's key is no longer the root, and still a validator.
        _moduleInstall(g);
        _deniesOp(IHallpass.MeterExceeded.selector, g, _now(TRANSFER), _rooted(_singleData(address(token), 0, _transferData(101))));
        bytes memory install = abi.encodeCall(modular.installModule, (EXECUTOR, address(this), ""));
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _rooted(install));
        bytes memory wrapped = bytes.concat(IAccountExecute.executeUserOp.selector, install);
        _deniesOp(IHallpass.TargetForbidden.selector, g, _now(TRANSFER), _rooted(wrapped));
        assert(_handle(_signUserOp(g, _now(TRANSFER), _rooted(_singleData(address(token), 0, _transferData(100))))));
        assertEq(token.balanceOf(PAYEE), 100);
    }

    function _rooted(bytes memory data) private view returns (PackedUserOperation memory op) {
        op = _userOp(data);
        op.nonce = ENTRY_POINT.getNonce(address(account), 0);
    }

    /// @dev Makes the fixture's account one on which the module is an executor, and a validator by `init`.
    function _bare(bytes memory init) private {
        modular = _born();
        account = IHallpass(address(modular));
        vm.prank(address(modular));
        modular.installModule(VALIDATOR, address(module), init);
        _plug(modular, EXECUTOR);
        assert(token.transfer(address(modular), 1e6));
        vm.deal(address(modular), 100 ether);
    }

    function _hookedExecutor() private {
        modular = _born();
        account = IHallpass(address(modular));
        bytes memory init = Kernel(address(peer)).hooked(EXECUTOR, 0, "", address(_hook));
        vm.prank(address(modular));
        modular.installModule(EXECUTOR, address(module), init);
        assert(token.transfer(address(modular), 1e6));
    }

    function _peer() internal override returns (Peer) {
        return new Kernel();
    }
}
