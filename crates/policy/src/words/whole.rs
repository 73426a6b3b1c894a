//! What is said of the grant as a whole: who, when, gas, and what is left to the signer.

use super::places::About;
use super::sentences::{length, moment, native, push, text, token_amount};
use super::{Line, Tone, catalogue as say};
use crate::draft::{Draft, Span};
use crate::grant::{Routes, SessionKey};
use alloy_primitives::{Address, U256, hex};

/// The sequences of a grant that writes none.
const ALL_SEQUENCES: (u64, u64) = (0, 1 << 32);

pub fn who(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::WHO);
    if let Some(title) = &d.rest.labels.title {
        push(out, Tone::Plain, say::title(title));
    }
    if let Some(origin) = &d.rest.labels.origin {
        push(out, Tone::Plain, say::origin(origin));
    }
    push(out, Tone::Plain, say::account(d.account.map(text).as_deref(), &d.chain.to_string()));
    let key = d.key.as_ref().map(|key| match key {
        SessionKey::Secp256k1(address) => text(*address),
        SessionKey::Other(kind, bytes) => format!("{bytes} of kind {kind}"),
    });
    push(out, Tone::Plain, say::holder(key.as_deref()));
    if !d.rest.rp_id_hash.is_zero() {
        push(out, Tone::Plain, say::rp_id(&d.rest.rp_id_hash.to_string()));
    }
    if d.backend != Some(Address::ZERO) {
        push(out, Tone::Plain, say::backend(d.backend.map(|b| about.contract(b)).as_deref()));
    }
    match &d.rest.labels.login {
        Some(place) => push(out, Tone::Red, say::login(&place.domain, &place.uri, &place.nonce)),
        None if d.rest.login.is_zero() => {}
        None => push(out, Tone::Red, say::login_somewhere(&d.rest.login.to_string())),
    }
    let salt = d.salt.map(hex::encode_prefixed);
    push(out, Tone::Plain, say::number(salt.as_deref(), d.epoch));
    if d.rest.labels.params.iter().any(|names| !names.is_empty()) {
        push(out, Tone::Plain, say::QUOTED);
    }
    if !about.lists.hash().is_zero() {
        push(out, Tone::Plain, say::lists(&about.lists.hash().to_string()));
    }
}

pub fn when(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::WHEN);
    let sentence = match d.time {
        Some(Span::Between(from, until)) => {
            say::between(&moment(from), &moment(until), &length(until.get().saturating_sub(from.get())))
        }
        Some(Span::Lasts(seconds)) => say::lasts(&length(seconds)),
        None => say::NO_TIME.to_owned(),
    };
    push(out, Tone::Plain, sentence);
    if d.sequences != ALL_SEQUENCES {
        push(out, Tone::Plain, say::sequences(d.sequences.0, d.sequences.1));
    }
    push(out, Tone::Plain, if d.backend == Some(Address::ZERO) { say::SERVER_ENDS } else { say::OWNER_ENDS });
    match d.ender {
        None => push(out, Tone::Plain, say::ENDER_OPEN),
        Some(Address::ZERO) => {}
        Some(ender) => push(out, Tone::Plain, say::ender(&text(ender))),
    }
}

pub fn gas(about: &About<'_>, out: &mut Vec<Line>) {
    let d = about.draft;
    push(out, Tone::Heading, say::GAS);
    match d.relayer {
        None => push(out, Tone::Plain, say::RELAYER_OPEN),
        Some(Address::ZERO) => push(out, Tone::Plain, say::RELAYER_ANY),
        Some(relayer) => push(out, Tone::Plain, say::relayer(&text(relayer))),
    }
    for further in &d.rest.relayers {
        push(out, Tone::Plain, say::further_relayer(&text(*further)));
    }
    let ways =
        |routes: Routes| say::ROUTES.iter().filter(move |(bit, _)| routes.bits() & bit != 0).map(|(_, name)| *name);
    let ways: Option<Vec<&str>> = d.routes.map(|routes| ways(routes).collect());
    push(out, Tone::Plain, ways.map_or(say::ROUTES_OPEN.to_owned(), |ways| say::routes(&ways)));
    for paymaster in &d.rest.paymasters {
        push(out, Tone::Plain, say::paymaster(&about.contract(*paymaster)));
    }
    if d.rest.paymasters.is_empty() && d.routes.is_some_and(|routes| routes != Routes::DIRECT) {
        push(out, Tone::Plain, say::NO_PAYMASTER);
    }
    let Some(g) = d.gas else {
        push(out, Tone::Plain, say::GAS_OPEN);
        return;
    };
    if g.fee_cap > 0 {
        let amount = |n: u128| match g.fee_token {
            Address::ZERO => native(U256::from(n)),
            token => format!("{} of {}", token_amount(about, token, U256::from(n)), about.contract(token)),
        };
        push(out, Tone::Plain, say::fee(&amount(g.fee_per_op), &amount(g.fee_cap)));
    } else {
        push(out, Tone::Plain, say::NO_FEE);
    }
    push(out, Tone::Plain, say::gas_units(&g.units_per_op.to_string()));
}

pub fn signer(d: &Draft, out: &mut Vec<Line>) {
    push(out, Tone::Heading, say::SIGNER);
    if d.backend == Some(Address::ZERO) {
        push(out, Tone::Red, say::SIGNER_ALL);
        return;
    }
    let alone = alone(d);
    if d.backend.is_none() && !d.calls.is_empty() {
        push(out, Tone::Plain, say::BACKEND_OPEN);
    } else if alone.is_empty() && d.rest.requires.is_empty() {
        push(out, Tone::Plain, say::CHAIN_CHECKS_ALL);
    }
    if !alone.is_empty() {
        push(out, Tone::Red, say::signer_rules(&alone));
    }
    if !d.rest.requires.is_empty() {
        push(out, Tone::Plain, say::SIGNER_REQUIRES);
    }
    if d.gas.is_some() {
        push(out, Tone::Plain, say::SIGNER_GAS);
    }
}

/// The rules that no chain sees, from 1.
fn alone(d: &Draft) -> Vec<usize> {
    let first = d.calls.len() + 1;
    (first..first + d.rest.typed.len() + d.rest.apps.len()).collect()
}

/// What a stolen key is good for.
pub fn stolen(d: &Draft, out: &mut Vec<Line>) {
    if d.backend == Some(Address::ZERO) {
        push(out, Tone::Red, say::STOLEN_UNENFORCED);
        return;
    }
    let calls = if d.calls.is_empty() { say::STOLEN_NO_CALLS } else { say::STOLEN_CALLS };
    push(out, Tone::Plain, calls);
    if d.backend.is_none() {
        push(out, Tone::Plain, say::STOLEN_OPEN);
    }
    let alone = alone(d);
    if !alone.is_empty() {
        push(out, Tone::Red, say::stolen_past(&alone));
    }
    if !d.rest.requires.is_empty() {
        push(out, Tone::Red, say::STOLEN_REQUIRES);
    }
    if d.gas.is_some() {
        push(out, Tone::Plain, say::STOLEN_GAS);
    }
}
