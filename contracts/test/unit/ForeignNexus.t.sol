// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, OpCall} from "../utils/Encode.sol";
import {CallRule, Grant} from "../utils/GrantHasher.sol";
import {Obedient} from "../utils/Modular.sol";
import {Nexus} from "../utils/Nexus.sol";
import {Peer} from "../utils/Peer.sol";
import {Hook, PeerFixture} from "../utils/PeerFixture.sol";

/// @notice What Nexus has of its own: one hook for everything.
contract ForeignNexusTest is PeerFixture {
    Hook private _hook;

    function setUp() public override {
        super.setUp();
        _hook = new Hook();
        _plug(modular, HOOK, address(_hook), 0, "");
        vm.warp(T0 + 1);
    }

    function test_both_routes_run_under_a_hook() public {
        uint256 before = _hook.asked();
        Grant memory g = _moduleInstalled();
        _runs(g, _transfer(1));
        assertEq(_hook.asked(), before + 1);
        assert(_handle(_signUserOp(g, _now(TRANSFER), _single(address(token), 0, _transferData(1)))));
        assertEq(_hook.asked(), before + 2);
        assertEq(token.balanceOf(PAYEE), 2);
    }

    function test_the_hook_is_no_target() public {
        Grant memory g = _userGrant();
        g.calls[NOTE] = CallRule(address(_hook), "tell(uint256)", 0, Encode.checks(hex"72011f", 0, "", hex"00"));
        _moduleInstall(g);
        _refusesRun(IHallpass.BadCalldata.selector, g, _call(NOTE, ""));
        _refusesRun(IHallpass.TargetForbidden.selector, g, _call(NOTE, abi.encode(7)));
        assertEq(_hook.told(), 0);
    }

    /// @dev A known limit: the floor allows the account 60,000 gas of its own, and does not see what a hook spends.
    function test_a_hook_s_gas_is_taken_from_the_floor() public {
        Grant memory g = _moduleInstalled();
        uint32 floor = 500_000;
        // For the meter of moves, whose window is as long as an operation.
        vm.warp(T0);
        bytes memory wire = _wire(g, _op(Encode.call(OpCall(MOVE, floor, 0, abi.encode(2, 3)))));
        _hook.burn(300_000);
        module.execute{gas: 900_000}(address(account), wire);
        assert(probe.count() == 1 && probe.gasSeen() < floor);
    }

    /// @dev A known limit: a fallback handler is asked for by the rule's own selector.
    function test_a_handler_of_another_selector_is_not_seen() public {
        Obedient handler = new Obedient();
        _plug(modular, FALLBACK, address(handler), _selector("move(uint256,uint8)"), "");
        Grant memory g = _userGrant();
        g.calls[NOTE].target = address(handler);
        _moduleInstall(g);
        _runs(g, _call(NOTE, abi.encode(7)));
        assertEq(handler.count(), 1);
        // Pre-validation hooks are a kind of which this build knows nothing.
        assert(!modular.supportsModule(8) && !modular.supportsModule(9));
    }

    function _peer() internal override returns (Peer) {
        return new Nexus();
    }
}
