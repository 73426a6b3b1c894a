//! The grant as a whole: life, key, relaying, gas, labels.

use super::catalogue as say;
use super::tokens::approves;
use super::{Code, Findings, life};
use crate::abi::{Ty, Word};
use crate::diff::view::{self, Place, View};
use crate::draft::Draft;
use crate::grant::{Require, Test, What};
use alloy_primitives::Address;

/// A longer life is a finding, in seconds. A week is what plain words call long, too.
pub const LONG: u64 = 604_800;
/// The end of sequences that bounds nothing: what a grant has that writes none.
pub const ALL_SEQUENCES: u64 = 1 << 32;
const DAY: u64 = 86_400;

pub fn look(d: &Draft, out: &mut Findings) {
    if let Some(life) = life(d).filter(|life| *life > LONG) {
        out.add(Code::LongLife, "notAfter", say::long_life(life.div_ceil(DAY)));
    }
    outside_key(d, out);
    if d.relayer == Some(Address::ZERO) {
        out.add(Code::RelayerAny, "relayer", say::relayer_any());
    }
    if d.ender == Some(Address::ZERO) {
        out.add(Code::NoEnder, "rest.ender", say::no_ender());
    }
    gas(d, out);
    for (name, token) in &d.rest.labels.tokens {
        if !refers_to(d, token.address) {
            out.add(Code::LabelUnused, format!("rest.labels.tokens.{name}"), say::label_unused(name));
        }
    }
}

/// A draft that is not handed out yet names its key only where the vault does not make it (`docs/reference/grant-text.md`).
/// A grant that has its salt was handed out; whose key it has then is not to be seen.
fn outside_key(d: &Draft, out: &mut Findings) {
    if d.key.is_none() || d.salt.is_some() {
        return;
    }
    for (i, _) in d.calls.iter().enumerate().filter(|(_, r)| approves(r)) {
        out.add(Code::OutsideKey, format!("rules[{i}]"), say::outside_key(true));
    }
    for i in 0..d.rest.typed.len() + d.rest.apps.len() {
        out.add(Code::OutsideKey, format!("rules[{}]", d.calls.len() + i), say::outside_key(false));
    }
}

fn gas(d: &Draft, out: &mut Findings) {
    let Some(gas) = d.gas else {
        if !d.calls.is_empty() {
            out.add(Code::GasOpen, "rest.gas.unitsPerOp", say::gas_open());
        }
        return;
    };
    let (per_op, cap) = (gas.fee_per_op, gas.fee_cap);
    let said = match (per_op, cap) {
        (0, 0) => return,
        _ if d.calls.is_empty() => say::fee_without_calls(),
        (0, _) | (_, 0) => say::fee_never(),
        _ if per_op > cap => say::fee_beyond(),
        _ => return,
    };
    out.add(Code::FeeUnused, "rest.gas.feeCap", said);
}

/// Whether an address stands anywhere that is judged by.
fn refers_to(d: &Draft, address: Address) -> bool {
    d.calls.iter().any(|r| r.target == address)
        || d.meters.iter().any(|m| m.what == What::Token(address))
        || d.gas.is_some_and(|g| g.fee_token == address)
        || d.rest.requires.iter().any(|r| matches!(r, Require::Holds { token, .. } if *token == address))
        || d.rest.typed.iter().any(|r| r.domain.verifying_contract == Some(address))
        || view::calls(d).iter().chain(&view::typed(d)).any(|r| compares(r, address))
        || view::apps(d).iter().any(|r| compares(r, address))
}

fn compares<P: Place>(rule: &View<'_, P>, address: Address) -> bool {
    let word = Word::from_address(address);
    rule.conditions.iter().filter(|c| rule.ty(&c.path) == Ty::Address).any(|c| match &c.test {
        Test::Eq(w) | Test::Ne(w) => *w == word,
        Test::In(words) => words.contains(&word),
        _ => false,
    })
}
