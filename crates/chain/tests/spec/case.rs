//! A case as an operation on the direct route: what it leaves open is filled in as `spec/policy.md` has it (T5, T6, N1).

use crate::encode;
use alloy_primitives::aliases::U192;
use alloy_primitives::{Address, Uint};
use hallpass_chain::wire::{self, Opening};
use hallpass_policy::eip712::SessionOp;
use hallpass_policy::eval::meters::window_end;
use hallpass_policy::grant::Grant;
use hallpass_policy::json::ask::Case;
use hallpass_policy::ledger::nonce;
use hallpass_policy::{Batch, Ledger};
use hallpass_types::UnixSeconds;

/// An operation, and who sends it.
pub struct Operation {
    pub caller: Address,
    pub op: SessionOp,
    pub rules: Vec<u16>,
    pub lane: U192,
    pub sequence: u32,
}

/// The operation; `None` where no sequence is left that it could have.
pub fn operation(grant: &Grant, case: &Case, batch: &Batch, rules: Vec<u16>) -> Option<Operation> {
    let op = &case.op;
    let from = op.valid_from.unwrap_or(case.at);
    let until = op.valid_until.unwrap_or_else(|| latest(grant, from, case.at));
    let (lane, sequence) = match op.nonce {
        Some(nonce) => nonce,
        None => (U192::ZERO, free(grant, &case.ledger)?),
    };
    let relayer = op.relayer.unwrap_or(grant.relayer);
    let caller = if relayer.is_zero() { Address::repeat_byte(0xca) } else { relayer };
    let calls = encode::calls(&batch.calls, &rules, &[]);
    let op = SessionOp {
        grant: grant.id(),
        nonce: nonce(lane, sequence),
        validFrom: Uint::from(from.get()),
        validUntil: Uint::from(until.get()),
        relayer,
        maxFee: Uint::from(op.fee),
        calls: calls.into(),
    };
    Some(Operation { caller, op, rules, lane, sequence: u32::try_from(sequence).unwrap_or(u32::MAX) })
}

impl Operation {
    /// The wire. Every meter is opened where a rule uses one that is not there: the chain believes that only then.
    pub fn wire(&self, grant: &Grant, signature: &[u8]) -> Vec<u8> {
        let named: Vec<u16> = self.rules.iter().copied().filter(|r| usize::from(*r) < grant.calls.len()).collect();
        wire::execute(grant, &self.op, &Opening::needed(grant, &named, self.caller), signature)
    }
}

pub fn latest(grant: &Grant, from: UnixSeconds, at: UnixSeconds) -> UnixSeconds {
    let longest = from.plus(600).map_or(grant.not_after, |end| end.min(grant.not_after));
    grant.meters.iter().filter_map(|m| window_end(m, at)).fold(longest, UnixSeconds::min)
}

/// A sequence that may be used.
fn free(grant: &Grant, ledger: &Ledger) -> Option<u64> {
    let base = u64::from(ledger.base);
    let used = |s: &u64| s - base < 64 && ledger.used >> (s - base) & 1 == 1;
    let first = base.max(grant.first_seq);
    (first..grant.end_seq.min(1 << 32)).take(70).find(|s| !used(s))
}
