//! Everything about an operation that does not depend on its calls.

use super::{Action, At, Code, Denial, OpBounds};
use crate::grant::Grant;
use crate::ledger::{Ledger, Status};
use alloy_primitives::U256;

/// Longest life of an operation, in seconds.
pub const MAX_OP_SECONDS: u64 = 600;

/// Bounds, then status, then nonce.
///
/// # Errors
/// The first [`Denial`].
pub fn check(grant: &Grant, ledger: &Ledger, action: &Action, op: &OpBounds, at: &At) -> Result<(), Denial> {
    place(grant, action, at)?;
    time(grant, op, at)?;
    relay(grant, action, op, at)?;
    sequence(grant, op)?;
    status(grant, ledger)?;
    nonce(ledger, op)
}

fn place(grant: &Grant, action: &Action, at: &At) -> Result<(), Denial> {
    for chain in [at.chain, action.chain] {
        if chain != grant.chain {
            return Err(Denial::new(Code::WrongChain, "chainId").found(chain).bound(grant.chain));
        }
    }
    if !grant.routes.direct() {
        return Err(Denial::new(Code::RouteNotAllowed, "routes").found(1).bound(grant.routes.bits()));
    }
    Ok(())
}

fn time(grant: &Grant, op: &OpBounds, at: &At) -> Result<(), Denial> {
    if at.now < grant.not_before {
        return Err(Denial::new(Code::GrantNotStarted, "notBefore").found(at.now).bound(grant.not_before));
    }
    if at.now >= grant.not_after {
        return Err(Denial::new(Code::GrantExpired, "notAfter").found(at.now).bound(grant.not_after));
    }
    if at.now < op.valid_from {
        return Err(Denial::new(Code::OpNotYetValid, "op.validFrom").found(at.now).bound(op.valid_from));
    }
    if at.now >= op.valid_until {
        return Err(Denial::new(Code::OpExpired, "op.validUntil").found(at.now).bound(op.valid_until));
    }
    let life = op.valid_until.get() - op.valid_from.get();
    if life > MAX_OP_SECONDS {
        return Err(Denial::new(Code::OpTooLong, "op.validUntil").found(life).bound(MAX_OP_SECONDS));
    }
    if op.valid_from < grant.not_before {
        return Err(Denial::new(Code::OpOutsideGrant, "op.validFrom").found(op.valid_from).bound(grant.not_before));
    }
    if op.valid_until > grant.not_after {
        return Err(Denial::new(Code::OpOutsideGrant, "op.validUntil").found(op.valid_until).bound(grant.not_after));
    }
    Ok(())
}

fn relay(grant: &Grant, action: &Action, op: &OpBounds, at: &At) -> Result<(), Denial> {
    let sent_by =
        |relayer: alloy_primitives::Address| relayer.is_zero() || at.caller.is_none_or(|caller| caller == relayer);
    let bound = grant.relayer.is_zero() || op.relayer == grant.relayer;
    if !bound || !sent_by(grant.relayer) || !sent_by(op.relayer) {
        return Err(Denial::new(Code::RelayerNotAllowed, "relayer").found(op.relayer).bound(grant.relayer));
    }
    if op.max_fee > 0 {
        return Err(Denial::new(Code::FeeOverCap, "rest.gas.feeCap").found(op.max_fee).bound(0));
    }
    let floors = op.gas_floors.iter().fold(0_u64, |sum, floor| sum.saturating_add(u64::from(*floor)));
    if floors > grant.rest.gas.units_per_op {
        return Err(Denial::new(Code::GasOverCap, "rest.gas.unitsPerOp")
            .found(floors)
            .bound(grant.rest.gas.units_per_op));
    }
    if action.calls.is_empty() {
        return Err(Denial::new(Code::EmptyBatch, "op.calls"));
    }
    Ok(())
}

fn sequence(grant: &Grant, op: &OpBounds) -> Result<(), Denial> {
    if op.lane != U256::ZERO {
        return Err(Denial::new(Code::LaneNotSupported, "op.nonce").found(op.lane).bound(0));
    }
    if op.sequence < grant.first_seq || op.sequence >= grant.end_seq || op.sequence >= 1 << 32 {
        return Err(Denial::new(Code::SequenceOutOfRange, "op.nonce")
            .found(op.sequence)
            .bound(format!("{}..{}", grant.first_seq, grant.end_seq)));
    }
    Ok(())
}

fn status(grant: &Grant, ledger: &Ledger) -> Result<(), Denial> {
    if ledger.frozen {
        return Err(Denial::new(Code::AccountFrozen, "account"));
    }
    if ledger.epoch != grant.epoch {
        return Err(Denial::new(Code::EpochMoved, "epoch").found(ledger.epoch).bound(grant.epoch));
    }
    match ledger.status {
        Status::Active => Ok(()),
        Status::Unknown => Err(Denial::new(Code::GrantUnknown, "grant")),
        Status::Ended => Err(Denial::new(Code::GrantEnded, "grant")),
    }
}

fn nonce(ledger: &Ledger, op: &OpBounds) -> Result<(), Denial> {
    let ahead = op.sequence.checked_sub(u64::from(ledger.base));
    let used = match ahead {
        None => true,
        Some(bit) if bit < 64 => (ledger.used >> bit) & 1 == 1,
        Some(_) => false,
    };
    if used { Err(Denial::new(Code::NonceUsed, "op.nonce").found(op.sequence)) } else { Ok(()) }
}

impl Ledger {
    /// Marks `sequence` as used and adds `costs`, as the chain does when it executes an allowed operation.
    pub fn apply(&mut self, sequence: u32, costs: &[crate::ledger::Cost]) {
        let ahead = sequence.saturating_sub(self.base);
        if ahead < 64 {
            self.used |= 1 << ahead;
        } else {
            let base = sequence - 63;
            self.used = self.used.checked_shr(base - self.base).unwrap_or(0) | 1 << 63;
            self.base = base;
        }
        for cost in costs {
            let amount = u128::try_from(cost.amount).unwrap_or(u128::MAX);
            match self.meters.iter_mut().find(|m| m.meter == cost.meter) {
                Some(m) if m.window == cost.window => m.spent = m.spent.saturating_add(amount),
                Some(m) => (m.window, m.spent) = (cost.window, amount),
                None => {
                    self.meters.push(crate::ledger::Spent { meter: cost.meter, window: cost.window, spent: amount })
                }
            }
        }
    }
}
