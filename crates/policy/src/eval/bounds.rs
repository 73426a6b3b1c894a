//! Everything about an action that does not depend on its rules.

use super::meters::Frame;
use super::{At, Batch, Code, Denial, Op};
use crate::grant::{FEE_METER, Grant, Routes};
use crate::ledger::{LaneUsed, Ledger, Status};
use alloy_primitives::Address;
use alloy_primitives::aliases::U192;
use hallpass_types::UnixSeconds;

/// Longest life of an operation, in seconds.
pub const MAX_OP_SECONDS: u64 = 600;

/// Judges the operation around calls: bounds, status, nonce.
///
/// # Errors
/// The first [`Denial`].
pub fn operation(grant: &Grant, ledger: &Ledger, batch: &Batch, op: &Op, at: &At) -> Result<Frame, Denial> {
    place(grant, batch, op, at)?;
    started(grant, at)?;
    let frame = time(grant, op, at)?;
    relay(grant, op, at)?;
    paymaster(grant, op)?;
    fee(grant, ledger, op)?;
    if op.gas > grant.rest.gas.units_per_op {
        return Err(Denial::new(Code::GasOverCap, "rest.gas.unitsPerOp")
            .found(op.gas)
            .bound(grant.rest.gas.units_per_op));
    }
    if batch.calls.is_empty() {
        return Err(Denial::new(Code::EmptyBatch, "op.calls"));
    }
    sequence(grant, op)?;
    status(grant, ledger)?;
    nonce(ledger, op)?;
    Ok(frame)
}

/// Judges what has no operation: a message, an app action.
///
/// # Errors
/// The first [`Denial`].
pub fn bare(grant: &Grant, ledger: &Ledger, at: &At) -> Result<Frame, Denial> {
    started(grant, at)?;
    status(grant, ledger)?;
    Ok(Frame { from: at.now, last: at.now })
}

fn place(grant: &Grant, batch: &Batch, op: &Op, at: &At) -> Result<(), Denial> {
    for chain in [at.chain, batch.chain] {
        if chain != grant.chain {
            return Err(Denial::new(Code::WrongChain, "chainId").found(chain).bound(grant.chain));
        }
    }
    let open = grant.routes.bits();
    let route = op.route.unwrap_or(open & open.wrapping_neg());
    if Routes::new(route).is_none() || !route.is_power_of_two() || open & route == 0 {
        return Err(Denial::new(Code::RouteNotAllowed, "routes").found(route).bound(open));
    }
    // Without our contract nobody takes such an operation as the grant means it, and nobody counts it.
    if op.entry.is_some() && grant.backend.is_zero() {
        return Err(Denial::new(Code::RouteNotAllowed, "backend").found(route).bound("no contract enforces the pass"));
    }
    Ok(())
}

fn started(grant: &Grant, at: &At) -> Result<(), Denial> {
    if at.now < grant.not_before {
        return Err(Denial::new(Code::GrantNotStarted, "notBefore").found(at.now).bound(grant.not_before));
    }
    if at.now >= grant.not_after {
        return Err(Denial::new(Code::GrantExpired, "notAfter").found(at.now).bound(grant.not_after));
    }
    Ok(())
}

fn time(grant: &Grant, op: &Op, at: &At) -> Result<Frame, Denial> {
    let from = op.valid_from.unwrap_or(at.now);
    if at.now < from {
        return Err(Denial::new(Code::OpNotYetValid, "op.validFrom").found(at.now).bound(from));
    }
    // Where it is left open it ends as late as may be; the end of a window is then the meters' to judge.
    let latest = from.plus(MAX_OP_SECONDS).map_or(grant.not_after, |end| end.min(grant.not_after));
    let until = op.valid_until.unwrap_or(latest);
    if at.now >= until {
        return Err(Denial::new(Code::OpExpired, "op.validUntil").found(at.now).bound(until));
    }
    let life = until.get().saturating_sub(from.get());
    if life > MAX_OP_SECONDS {
        return Err(Denial::new(Code::OpTooLong, "op.validUntil").found(life).bound(MAX_OP_SECONDS));
    }
    if from < grant.not_before {
        return Err(Denial::new(Code::OpOutsideGrant, "op.validFrom").found(from).bound(grant.not_before));
    }
    if until > grant.not_after {
        return Err(Denial::new(Code::OpOutsideGrant, "op.validUntil").found(until).bound(grant.not_after));
    }
    let last = op.valid_until.map_or(at.now, |until: UnixSeconds| until.minus(1));
    Ok(Frame { from, last })
}

fn relay(grant: &Grant, op: &Op, at: &At) -> Result<(), Denial> {
    // Who bundles is not known on an EntryPoint's route.
    if op.entry.is_some() && !grant.relayer.is_zero() {
        return Err(Denial::new(Code::RelayerNotAllowed, "relayer").found("an EntryPoint").bound(grant.relayer));
    }
    let relayer = op.relayer.unwrap_or(grant.relayer);
    let named = |relayer: Address| relayer == grant.relayer || grant.rest.relayers.contains(&relayer);
    let bound = grant.relayer.is_zero() || named(relayer);
    let sent_by = |relayer: Address| at.caller.is_none_or(|caller| caller == relayer);
    let sent = (relayer.is_zero() || sent_by(relayer)) && (grant.relayer.is_zero() || at.caller.is_none_or(named));
    if bound && sent {
        Ok(())
    } else {
        Err(Denial::new(Code::RelayerNotAllowed, "relayer").found(relayer).bound(grant.relayer))
    }
}

fn paymaster(grant: &Grant, op: &Op) -> Result<(), Denial> {
    match op.entry.and_then(|entry| entry.paymaster) {
        Some(other) if !grant.rest.paymasters.contains(&other) => {
            Err(Denial::new(Code::PaymasterNotAllowed, "rest.paymasters").found(other))
        }
        _ => Ok(()),
    }
}

fn fee(grant: &Grant, ledger: &Ledger, op: &Op) -> Result<(), Denial> {
    if op.fee == 0 {
        return Ok(());
    }
    let gas = &grant.rest.gas;
    // An EntryPoint charges the chain's coin.
    if op.entry.is_some() && !gas.fee_token.is_zero() {
        return Err(Denial::new(Code::FeeOverCap, "rest.gas.feeToken").found(op.fee).bound(0));
    }
    let spent = ledger.meters.iter().find(|s| s.meter == FEE_METER).map_or(0, |s| s.spent);
    let fits = op.fee <= gas.fee_per_op && spent.checked_add(op.fee).is_some_and(|sum| sum <= gas.fee_cap);
    if fits {
        return Ok(());
    }
    let left = gas.fee_per_op.min(gas.fee_cap.saturating_sub(spent));
    Err(Denial::new(Code::FeeOverCap, "rest.gas.feeCap").found(op.fee).bound(left))
}

fn sequence(grant: &Grant, op: &Op) -> Result<(), Denial> {
    // An EntryPoint has the nonces, so a bound of the grant would bound nothing.
    if op.entry.is_some() && grant.bounds_sequences() {
        return Err(Denial::new(Code::SequenceOutOfRange, "endSeq")
            .found("an EntryPoint")
            .bound(format!("{}..{}", grant.first_seq, grant.end_seq)));
    }
    let Some((lane, sequence)) = op.nonce else { return Ok(()) };
    // Numbers that are bounded are counted once: another lane would count them once more.
    if !lane.is_zero() && grant.bounds_sequences() {
        return Err(Denial::new(Code::SequenceOutOfRange, "op.nonce")
            .found(format!("lane {lane}"))
            .bound(format!("{}..{} of lane 0", grant.first_seq, grant.end_seq)));
    }
    if sequence < grant.first_seq || sequence >= grant.end_seq || sequence >= 1 << 32 {
        return Err(Denial::new(Code::SequenceOutOfRange, "op.nonce")
            .found(sequence)
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

fn nonce(ledger: &Ledger, op: &Op) -> Result<(), Denial> {
    if let Some(entry) = op.entry.filter(|entry| entry.sequence < entry.next) {
        return Err(Denial::new(Code::NonceUsed, "op.nonce").found(entry.sequence).bound(entry.next));
    }
    let Some((lane, sequence)) = op.nonce else { return Ok(()) };
    let used = if lane.is_zero() {
        match sequence.checked_sub(u64::from(ledger.base)) {
            None => true,
            Some(bit) if bit < 64 => (ledger.used >> bit) & 1 == 1,
            Some(_) => false,
        }
    } else {
        ledger.lane(lane).is_some_and(|lane| lane.is_used(sequence))
    };
    if used { Err(Denial::new(Code::NonceUsed, "op.nonce").found(sequence)) } else { Ok(()) }
}

impl Ledger {
    /// Marks `sequence` of `lane` as used and adds `costs`, as the chain does when it executes an allowed operation.
    pub fn apply(&mut self, lane: U192, sequence: u32, costs: &[crate::ledger::Cost]) {
        if lane.is_zero() {
            self.use_own(sequence);
        } else {
            self.use_lane(lane, sequence.into());
        }
        self.charge(costs);
    }

    fn use_own(&mut self, sequence: u32) {
        let ahead = sequence.saturating_sub(self.base);
        if ahead < 64 {
            self.used |= 1 << ahead;
        } else {
            let base = sequence - 63;
            self.used = self.used.checked_shr(base - self.base).unwrap_or(0) | 1 << 63;
            self.base = base;
        }
    }

    fn use_lane(&mut self, lane: U192, sequence: u64) {
        let place = self.lanes.iter().position(|l| l.lane == lane).unwrap_or_else(|| {
            self.lanes.push(LaneUsed::fresh(lane));
            self.lanes.len() - 1
        });
        let Some(of) = self.lanes.get_mut(place) else { return };
        let last = U192::BITS as u64 - 1;
        let shift = sequence.saturating_sub(of.base).saturating_sub(last);
        // What is shifted by 192 or more is gone.
        of.used = of.used.wrapping_shr(usize::try_from(shift).unwrap_or(usize::MAX));
        of.base = of.base.saturating_add(shift);
        of.used.set_bit(usize::try_from(sequence.saturating_sub(of.base)).unwrap_or(0), true);
    }

    /// Adds `costs` to their meters.
    pub fn charge(&mut self, costs: &[crate::ledger::Cost]) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Cost;
    use alloy_primitives::U256;

    fn ledger(base: u32) -> Ledger {
        Ledger { frozen: false, epoch: 0, status: Status::Active, base, used: 0, lanes: Vec::new(), meters: Vec::new() }
    }

    #[test]
    fn the_bitmap_slides_as_the_protocol_says() {
        let mut l = ledger(3);
        l.apply(U192::ZERO, 3, &[]);
        l.apply(U192::ZERO, 66, &[]);
        assert_eq!((l.base, l.used), (3, 1 | 1 << 63));
        l.apply(U192::ZERO, 67, &[]);
        assert_eq!((l.base, l.used), (4, 1 << 62 | 1 << 63));
        l.apply(U192::ZERO, 1000, &[]);
        assert_eq!((l.base, l.used), (937, 1 << 63));
        l.apply(U192::ZERO, 1003, &[]);
        assert_eq!((l.base, l.used), (940, 1 << 60 | 1 << 63));
        l.apply(U192::ZERO, 1066, &[]);
        assert_eq!((l.base, l.used), (1003, 1 | 1 << 63));
    }

    #[test]
    fn a_further_lane_is_a_window_of_192_of_its_own() {
        let mut l = ledger(3);
        let lane = |n: u64| U192::from(n);
        let state = |l: &Ledger, n| l.lane(lane(n)).map(|l| (l.base, l.used));
        let bits = |all: &[usize]| all.iter().fold(U192::ZERO, |bits, bit| bits | U192::from(1) << *bit);
        l.apply(lane(7), 0, &[]);
        l.apply(lane(7), 191, &[]);
        assert_eq!(state(&l, 7), Some((0, bits(&[0, 191]))));
        l.apply(lane(7), 192, &[]);
        assert_eq!(state(&l, 7), Some((1, bits(&[190, 191]))));
        l.apply(lane(8), 5, &[]);
        assert_eq!((state(&l, 8), l.base, l.used), (Some((0, bits(&[5]))), 3, 0));
        l.apply(lane(7), 1_000, &[]);
        assert_eq!(state(&l, 7), Some((809, bits(&[191]))));
        l.apply(lane(7), 809, &[]);
        assert_eq!(state(&l, 7), Some((809, bits(&[0, 191]))));
        let used = |sequence| l.lane(lane(7)).unwrap().is_used(sequence);
        assert_eq!((used(808), used(809), used(810), used(1_000), used(1_001)), (true, true, false, true, false));
        assert!(!used(u64::MAX));
    }

    #[test]
    fn a_cost_is_added_within_its_window_and_begins_the_next() {
        let mut l = ledger(0);
        let mut charge = |meter, window, amount: u64| {
            l.charge(&[Cost { meter, window, amount: U256::from(amount) }]);
            l.meters.iter().map(|m| (m.meter, m.window, m.spent)).collect::<Vec<_>>()
        };
        assert_eq!(charge(7, 2, 5), [(7, 2, 5)]);
        assert_eq!(charge(8, 0, 1), [(7, 2, 5), (8, 0, 1)]);
        assert_eq!(charge(7, 2, 6), [(7, 2, 11), (8, 0, 1)]);
        assert_eq!(charge(7, 3, 4), [(7, 3, 4), (8, 0, 1)]);
        assert_eq!(charge(8, 0, 0), [(7, 3, 4), (8, 0, 1)]);
    }
}
