// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IHallpass} from "../../src/interfaces/IHallpass.sol";
import {Op} from "../utils/Encode.sol";
import {Fixture} from "../utils/Fixture.sol";
import {Grant} from "../utils/GrantHasher.sol";

contract BoundsTest is Fixture {
    function test_an_operation_inside_every_bound_executes() public {
        _executes(_installed(), _transfer(5));
        assertEq(token.balanceOf(PAYEE), 5);
    }

    function test_another_chain_is_denied() public {
        Grant memory g = _installed();
        bytes memory wire = _wire(g, _op(_transfer(1)));
        vm.chainId(1);
        _denies(IHallpass.WrongChain.selector, wire);
    }

    function test_a_grant_without_the_direct_route_is_denied() public {
        Grant memory g = _grant();
        g.routes = 6;
        _install(g);
        _denies(IHallpass.RouteNotAllowed.selector, g, _transfer(1));
    }

    function test_the_grants_time_is_half_open() public {
        Grant memory g = _grant();
        g.notBefore = T0 + 100;
        g.notAfter = T0 + 200;
        g.meters[0].anchor = T0;
        _install(g);
        Op memory op = _op(_transfer(1));
        (op.validFrom, op.validUntil) = (T0 + 100, T0 + 200);
        bytes memory wire = _wire(g, op);
        vm.warp(T0 + 99);
        _denies(IHallpass.GrantNotStarted.selector, wire);
        vm.warp(T0 + 200);
        _denies(IHallpass.GrantExpired.selector, wire);
        vm.warp(T0 + 199);
        account.execute(wire);
        op.nonce = sequence++;
        wire = _wire(g, op);
        vm.warp(T0 + 100);
        account.execute(wire);
    }

    function test_the_operations_time_is_half_open() public {
        Grant memory g = _installed();
        for (uint256 i; i < 2; ++i) {
            vm.warp(T0 + 50);
            Op memory op = _op(_transfer(1));
            (op.validFrom, op.validUntil) = (T0 + 100, T0 + 200);
            bytes memory wire = _wire(g, op);
            vm.warp(T0 + 99);
            _denies(IHallpass.OpNotYetValid.selector, wire);
            vm.warp(T0 + 200);
            _denies(IHallpass.OpExpired.selector, wire);
            vm.warp(i == 0 ? T0 + 100 : T0 + 199);
            account.execute(wire);
        }
    }

    function test_an_operation_that_ends_before_it_begins_is_never_valid() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        (op.validFrom, op.validUntil) = (T0, T0);
        _denies(IHallpass.OpExpired.selector, _wire(g, op));
        (op.validFrom, op.validUntil) = (T0 + 1, T0 - 1);
        _denies(IHallpass.OpNotYetValid.selector, _wire(g, op));
    }

    function test_an_operation_lives_600_seconds_at_most() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        op.validUntil = T0 + 601;
        _denies(IHallpass.OpTooLong.selector, _wire(g, op));
        op.validUntil = T0 + 600;
        account.execute(_wire(g, op));
    }

    function test_an_operation_stays_inside_the_grants_time() public {
        Grant memory g = _grant();
        g.notAfter = T0 + 100;
        _install(g);
        Op memory op = _op(_transfer(1));
        op.validUntil = T0 + 101;
        _denies(IHallpass.OpOutsideGrant.selector, _wire(g, op));
        (op.validFrom, op.validUntil) = (T0 - 1, T0 + 100);
        _denies(IHallpass.OpOutsideGrant.selector, _wire(g, op));
        op.validFrom = T0;
        account.execute(_wire(g, op));
    }

    function test_relayers_are_zero_or_the_caller() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        op.relayer = PAYEE;
        _denies(IHallpass.RelayerNotAllowed.selector, _wire(g, op));
        op.relayer = address(this);
        account.execute(_wire(g, op));

        g.salt = bytes16(uint128(2));
        g.relayer = address(this);
        _install(g);
        op.relayer = address(0);
        _denies(IHallpass.RelayerNotAllowed.selector, _wire(g, op));
        op.relayer = address(this);
        bytes memory wire = _wire(g, op);
        vm.prank(PAYEE);
        // For another caller the bytes say another relayer, and so another grant.
        _denies(IHallpass.GrantUnknown.selector, wire);
        account.execute(wire);

        g.salt = bytes16(uint128(3));
        g.relayer = PAYEE;
        _install(g);
        _denies(IHallpass.RelayerNotAllowed.selector, _wire(g, op));
        op.relayer = PAYEE;
        _denies(IHallpass.RelayerNotAllowed.selector, _wire(g, op));
    }

    function test_a_fee_needs_the_rest() public {
        Grant memory g = _installed();
        Op memory op = _op(_transfer(1));
        op.maxFee = 1;
        _denies(IHallpass.Malformed.selector, _wire(g, op));
    }

    function test_an_empty_batch_is_denied() public {
        _denies(IHallpass.EmptyBatch.selector, _installed(), "");
    }

    function test_sequences_stay_inside_the_grants_range() public {
        Grant memory g = _grant();
        (g.firstSeq, g.endSeq) = (10, 20);
        _install(g);
        Op memory op = _op(_transfer(1));
        op.nonce = 9;
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, op));
        op.nonce = 20;
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, op));
        op.nonce = 19;
        account.execute(_wire(g, op));
        op.nonce = 10;
        account.execute(_wire(g, op));
        op.nonce = 1 << 32;
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, op));
    }

    function test_bounds_come_before_status_and_signature() public {
        Grant memory g = _grant();
        Op memory op = _op("");
        op.nonce = 1 << 33;
        _denies(IHallpass.EmptyBatch.selector, _wire(g, op));
        op.calls = _transfer(1);
        _denies(IHallpass.SequenceOutOfRange.selector, _wire(g, op));
        op.nonce = 1;
        _denies(IHallpass.GrantUnknown.selector, _wire(g, op));
    }
}
