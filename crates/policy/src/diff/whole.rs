//! Time, account, key, relaying, gas.

use super::{Changes, Effect, catalogue as say};
use crate::draft::{Draft, Span};
use crate::grant::{Gas, SessionKey};
use alloy_primitives::{Address, hex};
use std::collections::BTreeSet;

pub fn compare(old: &Draft, new: &Draft, out: &mut Changes) {
    if old.chain != new.chain {
        let says = say::field("chain", &old.chain.to_string(), &new.chain.to_string());
        out.changed(Effect::Both, "chainId", says);
    }
    let address = |a: &Address| a.to_checksum(None);
    field(old.account.as_ref(), new.account.as_ref(), "account", Effect::Both, &address, out);
    backend(old, new, out);
    field(old.epoch.as_ref(), new.epoch.as_ref(), "epoch", Effect::Unknown, &u64::to_string, out);
    if old.salt != new.salt {
        out.changed(Effect::Neutral, "salt", say::SALT);
    }
    field(old.key.as_ref(), new.key.as_ref(), "key", Effect::Both, &key, out);
    time(old, new, out);
    if old.sequences.0 != new.sequences.0 {
        let effect = if new.sequences.0 < old.sequences.0 { Effect::Wider } else { Effect::Narrower };
        let (before, after) = (old.sequences.0.to_string(), new.sequences.0.to_string());
        out.changed(effect, "firstSeq", say::number(say::FIRST_SEQUENCE, &before, &after, effect == Effect::Narrower));
    }
    out.bound("endSeq", say::END_SEQUENCE, &old.sequences.1, &new.sequences.1);
    routes(old, new, out);
    relayers(old, new, out);
    gas(old.gas, new.gas, out);
    ender(old, new, out);
    let hash = |h: &alloy_primitives::B256| h.to_string();
    // Evidence of a sign-in that is over gives nothing; another sign-in gives what nobody here knows.
    let effect = if new.rest.login.is_zero() { Effect::Narrower } else { Effect::Unknown };
    field(Some(&old.rest.login), Some(&new.rest.login), "login", effect, &hash, out);
    field(Some(&old.rest.rp_id_hash), Some(&new.rest.rp_id_hash), "rpIdHash", Effect::Unknown, &hash, out);
}

/// A field of which no value is more than another. One that is open may be filled in with anything.
fn field<T: PartialEq>(
    old: Option<&T>,
    new: Option<&T>,
    name: &str,
    effect: Effect,
    show: &dyn Fn(&T) -> String,
    out: &mut Changes,
) {
    if old == new {
        return;
    }
    let effect = if old.is_some() && new.is_some() { effect } else { Effect::Unknown };
    let shown = |value: Option<&T>| value.map_or(say::OPEN.to_owned(), show);
    out.changed(effect, name, say::field(name, &shown(old), &shown(new)));
}

fn key(key: &SessionKey) -> String {
    let (kind, bytes) = key.parts();
    match key {
        SessionKey::Secp256k1(address) => address.to_checksum(None),
        SessionKey::Other(..) => format!("{kind}:{bytes}"),
    }
}

fn backend(old: &Draft, new: &Draft, out: &mut Changes) {
    if new.backend == Some(Address::ZERO) && old.backend.is_some_and(|b| !b.is_zero()) {
        out.changed(Effect::Wider, "backend", say::UNENFORCED);
        return;
    }
    let show = |a: &Address| a.to_checksum(None);
    field(old.backend.as_ref(), new.backend.as_ref(), "backend", Effect::Unknown, &show, out);
}

fn time(old: &Draft, new: &Draft, out: &mut Changes) {
    match (old.time, new.time) {
        (Some(Span::Lasts(a)), Some(Span::Lasts(b))) => out.bound("lasts", say::LIFE, &a, &b),
        (Some(Span::Between(from, until)), Some(Span::Between(start, end))) => {
            if from != start {
                let later = start > from;
                let effect = if later { Effect::Narrower } else { Effect::Wider };
                out.changed(effect, "notBefore", say::moved(say::START, &from.to_string(), &start.to_string(), later));
            }
            if until != end {
                let later = end > until;
                let effect = if later { Effect::Wider } else { Effect::Narrower };
                out.changed(effect, "notAfter", say::moved(say::END, &until.to_string(), &end.to_string(), later));
            }
        }
        (None, None) => {}
        _ => out.changed(Effect::Unknown, "notAfter", say::TIME_FORM),
    }
}

fn routes(old: &Draft, new: &Draft, out: &mut Changes) {
    let (Some(a), Some(b)) = (old.routes, new.routes) else {
        let show = |r: &crate::grant::Routes| r.bits().to_string();
        field(old.routes.as_ref(), new.routes.as_ref(), "routes", Effect::Unknown, &show, out);
        return;
    };
    for (bit, name) in [(1, "direct"), (2, "entrypoint-0.7"), (4, "entrypoint-0.8")] {
        match (a.bits() & bit != 0, b.bits() & bit != 0) {
            (false, true) => out.added(Effect::Wider, "routes", say::route(name, true)),
            (true, false) => out.removed(Effect::Narrower, "routes", say::route(name, false)),
            _ => {}
        }
    }
}

fn relayers(old: &Draft, new: &Draft, out: &mut Changes) {
    let all = |d: &Draft| d.relayer.into_iter().chain(d.rest.relayers.iter().copied()).collect::<BTreeSet<_>>();
    let (before, after) = (all(old), all(new));
    let anyone = |d: &Draft| d.relayer == Some(Address::ZERO);
    let shown = |a: &Address| a.to_checksum(None);
    match (old.relayer.is_some() == new.relayer.is_some(), anyone(old), anyone(new)) {
        (false, ..) => {
            let show = |a: &Address| if a.is_zero() { say::ANYONE.to_owned() } else { shown(a) };
            field(old.relayer.as_ref(), new.relayer.as_ref(), "relayer", Effect::Unknown, &show, out);
        }
        (true, false, true) => out.changed(Effect::Wider, "relayer", say::relayer(say::ANYONE, true)),
        (true, true, false) => {
            let names: Vec<String> = after.iter().map(shown).collect();
            out.changed(Effect::Narrower, "relayer", say::only_relayers(&names.join(say::WITH)));
        }
        _ => {
            for who in after.difference(&before) {
                out.added(Effect::Wider, "relayer", say::relayer(&shown(who), true));
            }
            for who in before.difference(&after) {
                out.removed(Effect::Narrower, "relayer", say::relayer(&shown(who), false));
            }
            if before == after && old.relayer != new.relayer {
                let show = |d: &Draft| d.relayer.as_ref().map_or(say::OPEN.to_owned(), shown);
                // Who sends an operation that names nobody (`spec/policy.md`, T6).
                out.changed(Effect::Neutral, "relayer", say::field("relayer", &show(old), &show(new)));
            }
        }
    }
    for who in new.rest.paymasters.iter().filter(|p| !old.rest.paymasters.contains(p)) {
        out.added(Effect::Wider, "rest.paymasters", say::paymaster(&shown(who), true));
    }
    for who in old.rest.paymasters.iter().filter(|p| !new.rest.paymasters.contains(p)) {
        out.removed(Effect::Narrower, "rest.paymasters", say::paymaster(&shown(who), false));
    }
}

fn gas(old: Option<Gas>, new: Option<Gas>, out: &mut Changes) {
    let (Some(a), Some(b)) = (old, new) else {
        let show = |g: &Gas| g.units_per_op.to_string();
        field(old.as_ref(), new.as_ref(), "gas", Effect::Unknown, &show, out);
        return;
    };
    out.bound("rest.gas.unitsPerOp", say::GAS_UNITS, &a.units_per_op, &b.units_per_op);
    if a.fee_token == b.fee_token {
        out.bound("rest.gas.feePerOp", say::FEE_PER_OP, &a.fee_per_op, &b.fee_per_op);
        out.bound("rest.gas.feeCap", say::FEE_CAP, &a.fee_cap, &b.fee_cap);
    } else {
        out.changed(Effect::Unknown, "rest.gas.feeToken", say::FEE_TOKEN);
    }
}

fn ender(old: &Draft, new: &Draft, out: &mut Changes) {
    match (old.ender.map(|e| e.is_zero()), new.ender.map(|e| e.is_zero())) {
        (Some(false), Some(true)) => out.removed(Effect::Wider, "rest.ender", say::ender(false)),
        (Some(true), Some(false)) => out.added(Effect::Narrower, "rest.ender", say::ender(true)),
        _ => {
            let show = |a: &Address| hex::encode_prefixed(a);
            field(old.ender.as_ref(), new.ender.as_ref(), "ender", Effect::Unknown, &show, out);
        }
    }
}
