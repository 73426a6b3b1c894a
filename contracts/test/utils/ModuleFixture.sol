// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {HallpassModule} from "../../src/HallpassModule.sol";
import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Encode, Op} from "./Encode.sol";
import {Grant} from "./GrantHasher.sol";
import {KeyValidator, ModularAccount} from "./Modular.sol";
import {UserOpFixture} from "./UserOpFixture.sol";

/// @title A modular account with the module as its validator and executor, beside its owner's key
/// @notice It takes the place of the fixture's account, the module that of the backend.
abstract contract ModuleFixture is UserOpFixture {
    uint256 internal constant VALIDATOR = 1;
    uint256 internal constant EXECUTOR = 2;
    uint256 internal constant FALLBACK = 3;

    HallpassModule internal module;
    KeyValidator internal ownerKey;
    ModularAccount internal modular;

    function setUp() public virtual override {
        super.setUp();
        module = HallpassModule(vm.deployCode("HallpassModule.sol:HallpassModule"));
        ownerKey = new KeyValidator();
        backend = IHallpass(address(module));
        modular = _modular();
        account = IHallpass(address(modular));
    }

    /// @dev An account of the owner's key with the module installed, and money.
    function _modular() internal returns (ModularAccount made) {
        made = _born();
        _plug(made, VALIDATOR);
        _plug(made, EXECUTOR);
        assert(token.transfer(address(made), 1e6));
        vm.deal(address(made), 100 ether);
    }

    function _born() internal virtual returns (ModularAccount) {
        return new ModularAccount(address(ownerKey), abi.encodePacked(vm.addr(OWNER_KEY)));
    }

    function _plug(ModularAccount made, uint256 kind) internal virtual {
        vm.prank(address(made));
        made.installModule(kind, address(module), "");
    }

    function _unplug(uint256 kind) internal virtual {
        vm.prank(address(modular));
        modular.uninstallModule(kind, address(module), "");
    }

    /// @dev What the account's ERC-1271 takes for the owner's.
    function _approval(uint256 key, bytes32 structHash) internal view virtual returns (bytes memory) {
        return bytes.concat(bytes20(address(ownerKey)), _sign(key, _digest(address(module), structHash)));
    }

    function _moduleInstall(Grant memory g) internal {
        module.install(Encode.install(hasher, g), _approval(OWNER_KEY, hasher.hash(g)));
    }

    function _moduleInstalled() internal returns (Grant memory g) {
        g = _userGrant();
        _moduleInstall(g);
    }

    function _runs(Grant memory g, bytes memory calls) internal {
        module.execute(address(account), _wire(g, _op(calls)));
    }

    function _refusesRun(bytes4 selector, Grant memory g, bytes memory calls) internal {
        _refusesRun(selector, address(account), _wire(g, _op(calls)));
    }

    function _refusesRun(bytes4 selector, address who, bytes memory wire) internal {
        vm.expectRevert(selector);
        module.execute(who, wire);
    }

    /// @dev The wire with the rest opened, for operations with a fee.
    function _openRun(Grant memory g, Op memory op, address caller) internal view returns (bytes memory) {
        return bytes.concat(
            Encode.openHeader(hasher, g, op, caller),
            Encode.rules(hasher, g.calls, ALL),
            Encode.meters(hasher, g.meters, ALL),
            Encode.op_(op),
            _sign(SESSION_KEY, _digest(address(account), _opHash(g, op)))
        );
    }

    /// @dev EntryPoint 0.8 leaves out the second of the lower bound.
    function _lead() internal pure virtual override returns (uint48) {
        return 1;
    }

    /// @dev The EntryPoint's nonces say which validator is asked.
    function _nonceKey() internal view virtual override returns (uint192) {
        return uint192(uint160(address(module))) << 32;
    }

    function _tag() internal pure virtual override returns (bytes memory) {
        return "";
    }

    function _spent(Grant memory g) internal view virtual override returns (uint256 spent) {
        (,,,, spent) = module.grantState(g.account, hasher.hash(g));
    }

    function _feesSpent(Grant memory g) internal view virtual override returns (uint256 spent) {
        (, spent) = module.meterState(g.account, g.epoch, g.salt, type(uint16).max);
    }
}
