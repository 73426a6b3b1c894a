//! Operations, read back from what would be sent to the account (`spec/encoding.md`, "What is sent to the account").

use super::wire;
use crate::backend::steps::Unreadable;
use crate::wire::Opening;
use alloy_primitives::{Address, Bytes, U256, Uint};
use hallpass_policy::eip712::SessionOp;
use hallpass_policy::{Batch, Call, Grant};

/// The calls of a wire, each with target and selector of the rule that it names.
///
/// # Errors
/// [`Unreadable`] where the bytes are not those that an honest sender writes for `grant`.
pub fn operation(grant: &Grant, wire: &[u8]) -> Result<Batch, Unreadable> {
    let cut = || Unreadable("the wire is cut short".to_owned());
    let message = grant.message();
    let mut bytes = Reader(wire);
    // The header up to the relayers has a fixed length but for the key.
    bytes.take(8 + 8 + 16 + 1 + message.key.len() + 6 + 6 + 8 + 8 + 1).ok_or_else(cut)?;
    let modes = bytes.number(1).ok_or_else(cut)?;
    let sent = |mode: usize| usize::from(mode == 2) * 20;
    bytes.take(sent(modes & 15)).ok_or_else(cut)?;
    let op_mode = (modes >> 4) & 7;
    let op_relayer = bytes.take(sent(op_mode)).ok_or_else(cut)?;
    // That it is this grant's is seen below, where the wire is written anew.
    bytes.take(if modes >> 7 == 0 { 32 } else { wire::rest(grant).len() }).ok_or_else(cut)?;
    let rules = bytes.list(message.calls.len(), Reader::rule).ok_or_else(cut)?;
    let meters = bytes.list(message.meters.len(), |b| b.take(2 + 1 + 20 + 15 + 4 + 6).map(|_| ())).ok_or_else(cut)?;
    let lane = bytes.take(24).ok_or_else(cut)?;
    let sequence = bytes.take(8).ok_or_else(cut)?;
    let times = (bytes.number(6).ok_or_else(cut)?, bytes.number(6).ok_or_else(cut)?);
    let max_fee = bytes.minimal().ok_or_else(cut)?;
    let length = bytes.number(3).ok_or_else(cut)?;
    let calls = Bytes::copy_from_slice(bytes.take(length).ok_or_else(cut)?);
    let signature = bytes.0;
    if message.keyKind == 1 && signature.len() != 65 {
        return Err(Unreadable("a signature is r, s and v".to_owned()));
    }
    // A mode of 1 names the caller, who is not in the bytes: the grant's relayer, or one of the further ones, or anyone.
    let caller = match (modes & 15, op_mode) {
        (1, _) => grant.relayer,
        (_, 1) => grant.rest.relayers.first().copied().unwrap_or(Address::with_last_byte(1)),
        _ => Address::ZERO,
    };
    let op = SessionOp {
        grant: grant.id(),
        nonce: U256::from_be_slice(&[lane, sequence].concat()),
        validFrom: Uint::from(times.0),
        validUntil: Uint::from(times.1),
        relayer: match op_mode {
            0 => Address::ZERO,
            1 => caller,
            _ => Address::from_slice(op_relayer),
        },
        maxFee: Uint::saturating_from(max_fee),
        calls: calls.clone(),
    };
    let again = wire::execute(grant, &op, &Opening { rules, meters, caller }, signature);
    if again != wire {
        return Err(Unreadable("the wire is not the one form of an operation of this grant".to_owned()));
    }
    calls_of(grant, &calls)
}

/// The calls of a `SessionOp`.
///
/// # Errors
/// [`Unreadable`] where they are cut short, or name a rule that the grant has not.
pub fn calls_of(grant: &Grant, packed: &[u8]) -> Result<Batch, Unreadable> {
    let mut bytes = Reader(packed);
    let mut calls = Vec::new();
    while !bytes.0.is_empty() {
        let number = bytes.number(2).ok_or_else(|| Unreadable("a call is cut short".to_owned()))?;
        let rule = grant.calls.get(number).ok_or_else(|| Unreadable(format!("there is no rule {number}")))?;
        let rest = (|| Some((bytes.take(4)?, bytes.minimal()?, bytes.number(3)?)))();
        let (_, value, length) = rest.ok_or_else(|| Unreadable("a call is cut short".to_owned()))?;
        let arguments = bytes.take(length).ok_or_else(|| Unreadable("a call is cut short".to_owned()))?;
        let data = match rule.selector() {
            None if arguments.is_empty() => Bytes::new(),
            None => return Err(Unreadable(format!("rule {number} takes no arguments"))),
            Some(selector) => [&selector[..], arguments].concat().into(),
        };
        calls.push(Call { to: rule.target, value, data });
    }
    if calls.is_empty() {
        return Err(Unreadable("an operation makes at least one call".to_owned()));
    }
    Ok(Batch { chain: grant.chain, calls })
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, n: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    /// A big-endian number of at most six bytes.
    fn number(&mut self, n: usize) -> Option<usize> {
        self.take(n)?.iter().try_fold(0_usize, |sum, b| sum.checked_mul(256)?.checked_add(usize::from(*b)))
    }

    fn minimal(&mut self) -> Option<U256> {
        let n = self.number(1)?;
        let bytes = self.take(n)?;
        if bytes.first() == Some(&0) { None } else { U256::try_from_be_slice(bytes) }
    }

    /// A list of which some are opened: their places. The hashes of the others are passed over.
    fn list(&mut self, count: usize, mut open: impl FnMut(&mut Self) -> Option<()>) -> Option<Vec<u16>> {
        let all = self.number(2)?;
        let opened = self.number(1)?;
        if all != count || opened > all {
            return None;
        }
        let mut places = Vec::new();
        for _ in 0..opened {
            places.push(u16::try_from(self.number(2)?).ok()?);
            open(self)?;
        }
        self.take(all.checked_sub(opened)?.checked_mul(32)?)?;
        Some(places)
    }

    fn rule(&mut self) -> Option<()> {
        self.take(20)?;
        let signature = self.number(1)?;
        self.take(signature)?;
        self.minimal()?;
        let checks = self.number(2)?;
        self.take(checks).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Backend, Sent};
    use crate::contracts::Suite;
    use crate::hallpass::{Home, backend::Hallpass, fixture};
    use alloy_primitives::aliases::U192;
    use hallpass_policy::eval::{At, Facts};
    use hallpass_policy::{Ledger, OpBounds, Status, authorise};

    #[test]
    fn what_is_sent_is_read_back_and_nothing_else_is() {
        let backend = Hallpass::new(Suite::load().unwrap(), Home::Delegated);
        let start = fixture::start();
        let relayer = Address::with_last_byte(9);
        for bound in [Address::ZERO, relayer] {
            let grant = fixture::grant(&backend, bound);
            let ledger = Ledger {
                frozen: false,
                epoch: 3,
                status: Status::Active,
                base: 0,
                used: 0,
                lanes: Vec::new(),
                meters: Vec::new(),
            };
            let call = |to: u8, value: u64, data: Vec<u8>| Call {
                to: grant.calls[usize::from(to)].target,
                value: U256::from(value),
                data: data.into(),
            };
            let moved = [&grant.calls[0].selector().unwrap()[..], &[0; 64]].concat();
            let batch = Batch { chain: grant.chain, calls: vec![call(0, 0, moved), call(1, 5, Vec::new())] };
            let op = OpBounds {
                valid_from: start,
                valid_until: start.plus(60).unwrap(),
                lane: U192::ZERO,
                sequence: 3,
                relayer: bound,
                max_fee: 0,
                gas_floors: vec![1000],
            };
            let at = At { now: start, chain: grant.chain, caller: Some(relayer) };
            let allowed = authorise(&grant, &ledger, &batch, &op, &at, &Facts::default()).unwrap();
            let ask = backend.op_to_sign(&grant, &allowed, relayer).unwrap();
            assert_eq!(ask[0].digest, allowed.digest());
            let sent = backend.op_calls(&grant, &allowed, relayer, &[], &[vec![7; 65].into()]).unwrap();
            assert_eq!(backend.read_calls(&grant, &sent).unwrap(), batch);
            let reads_the_same = |i: &usize| {
                let mut data = sent[0].data.to_vec();
                data[*i] ^= 1;
                let changed = Sent { data: data.into(), ..sent[0].clone() };
                backend.read_calls(&grant, &[changed]).is_ok_and(|read| read == batch)
            };
            // Only what is no part of a call: nonce, times, gas floors, signature.
            let same = (0..sent[0].data.len()).filter(reads_the_same).count();
            assert_eq!(same, 24 + 8 + 6 + 6 + 2 * 4 + 65);
            let signed = backend.to_sign(&grant, &crate::backend::Step::Install).unwrap();
            assert_eq!(backend.read_grant(&signed, &grant.rest.labels).unwrap().grant, grant);
        }
    }
}
