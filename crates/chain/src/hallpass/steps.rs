//! What both homes of the account and the module have in common: the card, what is signed for a step or an operation, the wire,
//! and the grant read back.

use super::{routes, wire};
use crate::backend::card::{self, Card, Enforced, Finding};
use crate::backend::steps::{Ender, Party, Reading, Refusal, Step, ToSign, Unreadable};
use crate::backend::{Backend, typed};
use crate::wire::Opening;
use alloy_primitives::{Address, Bytes};
use hallpass_policy::eip712::domain;
use hallpass_policy::labels::Labels;
use hallpass_policy::{Authorised, Grant};
use serde_json::json;

/// The card of a grant of which the place itself lacks `lacks`; `module`: by a module, of which `notes` hold.
#[must_use]
pub fn card(
    backend: &impl Backend,
    grant: &Grant,
    mut lacks: Vec<Finding>,
    module: bool,
    mut notes: Vec<Finding>,
) -> Card {
    let routed = routes::judge(grant, module);
    lacks.extend(routed.lacks);
    notes.extend(routed.notes);
    Card {
        backend: backend.name(),
        contract: backend.contract(),
        whole: Enforced::of(routed.differences, lacks),
        rules: card::rules(grant, |_| Enforced::Exact),
        signer: card::signers_own(grant),
        notes,
        authorisers: backend.authorisers(),
    }
}

/// What has to be signed for a step.
///
/// # Errors
/// [`Refusal`].
pub fn to_sign(backend: &impl Backend, grant: &Grant, step: &Step<'_>) -> Result<Vec<ToSign>, Refusal> {
    backend.compile(grant).held()?;
    Ok(vec![match step {
        Step::Install => typed::grant(grant),
        Step::Replace(with) => {
            backend.compile(with).held()?;
            replaces(grant, with)?;
            typed::replace(grant, with)
        }
        Step::End(Ender::Owner) => typed::end(grant, Party::Owner),
        Step::End(Ender::Key) if grant.rest.ender.is_zero() => {
            return Err(Refusal::NoStep("not_ender", "the grant names no ender".to_owned()));
        }
        Step::End(Ender::Key) => typed::end(grant, Party::Ender),
        Step::End(Ender::Session) => typed::end(grant, Party::SessionKey),
        Step::MoveEpoch => typed::epoch(grant, next_epoch(grant)?),
    }])
}

/// What the session key signs for an operation that `caller` sends directly.
///
/// # Errors
/// [`Refusal`].
pub fn op_to_sign(
    backend: &impl Backend,
    grant: &Grant,
    op: &Authorised,
    caller: Address,
) -> Result<Vec<ToSign>, Refusal> {
    backend.compile(grant).held()?;
    if op.grant() != grant.id() {
        return Err(Refusal::NoStep("grant_unknown", "the operation is another grant's".to_owned()));
    }
    let o = op.op();
    if !o.relayer.is_zero() && o.relayer != caller {
        return Err(Refusal::NoStep("relayer_not_allowed", format!("the operation is {}'s to send", o.relayer)));
    }
    let message = json!({
        "grant": o.grant, "nonce": o.nonce.to_string(),
        "validFrom": o.validFrom.to_string(), "validUntil": o.validUntil.to_string(),
        "relayer": typed::checksum(o.relayer), "maxFee": o.maxFee.to_string(), "calls": o.calls,
    });
    Ok(vec![typed::of(Party::SessionKey, "op", o, &domain(grant.chain.get(), grant.account), &message)])
}

/// The wire of that operation; `signatures` are over [`op_to_sign`].
///
/// # Errors
/// [`Refusal`].
pub fn op_wire(
    backend: &impl Backend,
    grant: &Grant,
    op: &Authorised,
    caller: Address,
    signatures: &[Bytes],
) -> Result<Bytes, Refusal> {
    Refusal::count(op_to_sign(backend, grant, op, caller)?.len(), signatures)?;
    let signature = signatures.first().map(Bytes::as_ref).unwrap_or_default();
    let opening = Opening::needed(grant, &op.verdict().rules, caller);
    Ok(wire::execute(grant, op.op(), &opening, signature).into())
}

/// The grant that an owner is asked to sign.
///
/// # Errors
/// [`Unreadable`].
pub fn read_grant(backend: &impl Backend, signed: &[ToSign], labels: &Labels) -> Result<Reading, Unreadable> {
    let [one] = signed else {
        return Err(Unreadable("one grant is signed, and nothing beside it".to_owned()));
    };
    let grant = typed::read_grant(&one.typed, labels)?;
    backend.compile(&grant).held().map_err(|e| Unreadable(e.to_string()))?;
    Ok(Reading { grant, beside: Vec::new() })
}

/// Who may send it.
#[must_use]
pub fn sender(grant: &Grant, op: &Authorised, caller: Address) -> Party {
    if grant.relayer.is_zero() && op.op().relayer.is_zero() { Party::Anyone } else { Party::Only(caller) }
}

/// The epoch after the grant's.
///
/// # Errors
/// [`Refusal::NoStep`] where there is none.
pub fn next_epoch(grant: &Grant) -> Result<u64, Refusal> {
    let next = grant.epoch.checked_add(1);
    next.ok_or_else(|| Refusal::NoStep("bad_epoch", "there is no epoch after this one".to_owned()))
}

/// Requires what the contract will: the same place, and no meter that is new, another or wider.
///
/// # Errors
/// [`Refusal::NoStep`] naming the difference.
pub fn replaces(from: &Grant, to: &Grant) -> Result<(), Refusal> {
    let no = |says: String| Err(Refusal::NoStep("bad_replacement", says));
    if (from.chain, from.account, from.epoch, from.salt) != (to.chain, to.account, to.epoch, to.salt) {
        return no("a replacement has the chain, account, epoch and salt of what it replaces".to_owned());
    }
    if from.id() == to.id() {
        return no("the replacement is the same grant".to_owned());
    }
    for meter in &to.meters {
        let Some(old) = from.meters.iter().find(|m| m.id == meter.id) else {
            return no(format!("meter {} is new: nothing would have been spent of it", meter.id));
        };
        if (old.what, old.period, old.anchor) != (meter.what, meter.period, meter.anchor) || meter.cap > old.cap {
            return no(format!("meter {} may have a lower cap, and nothing else that is another", meter.id));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::Suite;
    use crate::hallpass::fixture;
    use crate::hallpass::{Home, backend::Hallpass};
    use core::num::NonZeroU32;
    use hallpass_policy::grant::What;
    use hallpass_types::UnixSeconds;

    #[test]
    fn only_a_narrower_grant_in_the_same_place_is_signed_as_a_replacement() {
        let backend = Hallpass::new(Suite::load().unwrap(), Home::Delegated);
        let from = fixture::grant(&backend, Address::ZERO);
        let replaced = |change: fn(&mut Grant)| {
            let mut to = from.clone();
            change(&mut to);
            to_sign(&backend, &from, &Step::Replace(&to)).map(|asked| asked.len()).map_err(|e| e.code())
        };
        assert_eq!(replaced(|g| g.meters[1].cap -= 1), Ok(1));
        assert_eq!(replaced(|g| (g.calls.truncate(1), g.meters.truncate(1)).1), Ok(1));
        assert_eq!(replaced(|g| g.end_seq = 9), Ok(1));
        let refused: [fn(&mut Grant); 10] = [
            |_| {},
            |g| g.account = Address::repeat_byte(0xac),
            |g| g.epoch = 4,
            |g| g.salt = [8; 16],
            |g| g.meters[1].cap += 1,
            |g| g.meters[0].period = NonZeroU32::new(120),
            |g| g.meters[0].anchor = UnixSeconds::new(1_799_999_999).unwrap(),
            |g| g.meters[0].what = What::Custom,
            |g| g.meters[1].id = 9,
            |g| g.chain = hallpass_types::ChainId::new(1).unwrap(),
        ];
        for change in refused {
            assert_eq!(replaced(change), Err("bad_replacement"));
        }
    }
}
