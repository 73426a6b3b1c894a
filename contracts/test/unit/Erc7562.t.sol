// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {IHallpassFactory} from "../../src/interfaces/IHallpassFactory.sol";
import {Grant} from "../utils/GrantHasher.sol";
import {ModuleFixture} from "../utils/ModuleFixture.sol";
import {Trace} from "../utils/Trace.sol";
import {UserOpFixture} from "../utils/UserOpFixture.sol";
import {Vm} from "../utils/Vm.sol";

/// @notice What a bundler asks of validation (ERC-7562), of the account: its own storage alone, and nothing of the block.
contract Erc7562AccountTest is UserOpFixture {
    function test_a_7702_account_s_validation_stays_at_home() public {
        _staysAtHome(_userInstalled());
    }

    function test_a_pocket_s_validation_stays_at_home() public {
        backend = IHallpass(vm.deployCode("HallpassPocket.sol:HallpassPocket"));
        bytes memory arguments = abi.encode(backend);
        account = IHallpass(
            IHallpassFactory(vm.deployCode("HallpassFactory.sol:HallpassFactory", arguments)).open(vm.addr(OWNER_KEY), 0)
        );
        _staysAtHome(_userInstalled());
    }

    function _staysAtHome(Grant memory g) private {
        Vm.AccountAccess[] memory accesses = Trace.twice(_signUserOp(g, _now(TRANSFER), _transferOp(5)));
        uint256 seen;
        for (uint256 i; i < accesses.length; ++i) {
            // The account, its implementation, and a precompile: nobody else is called, or asked for code or balance.
            address who = accesses[i].account;
            // The test's own look at the cheatcodes is recorded too.
            if (who == address(vm)) continue;
            assert(who == address(account) || who == address(backend) || uint160(who) <= 0x100);
            for (uint256 j; j < accesses[i].storageAccesses.length; ++j) {
                assert(accesses[i].storageAccesses[j].account == address(account));
                ++seen;
            }
        }
        assert(seen >= 5);
    }
}

/// @notice And of the module: slots that are the account's, by the account as the innermost key of each.
contract Erc7562ModuleTest is ModuleFixture {
    function test_the_module_s_validation_touches_the_account_s_slots_alone() public {
        vm.warp(T0 + 1);
        Grant memory g = _userGrant();
        _moduleInstall(g);
        // A meter, the fees, the grant and the account.
        PackedUserOperation memory op = _userOp(_batchData(_one(PAYEE, 1, "")));
        Vm.AccountAccess[] memory accesses = Trace.twice(_signUserOp(g, _now(PAY), op));
        uint256 who = uint160(address(account));
        uint256 salt = uint256(uint128(g.salt));
        uint256[4] memory slots = [
            Trace.mapped(who, Trace.STATE),
            Trace.mapped(who, Trace.mapped(uint256(hasher.hash(g)), Trace.STATE + 1)),
            Trace.mapped(who, Trace.mapped(salt << 16 | 5, Trace.STATE + 2)),
            Trace.mapped(who, Trace.mapped(salt << 16 | type(uint16).max, Trace.STATE + 2))
        ];
        uint256 seen;
        for (uint256 i; i < accesses.length; ++i) {
            address callee = accesses[i].account;
            if (callee == address(vm)) continue;
            assert(callee == address(account) || callee == address(module) || uint160(callee) <= 0x100);
            for (uint256 j; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory s = accesses[i].storageAccesses[j];
                if (s.account == address(account)) continue;
                assert(s.account == address(module));
                bool known;
                for (uint256 k; k < 4; ++k) {
                    if (uint256(s.slot) != slots[k]) continue;
                    known = true;
                    seen |= 1 << k;
                }
                assert(known);
            }
        }
        assertEq(seen, 15);
    }
}
